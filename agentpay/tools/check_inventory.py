"""Says whether a product, or one of its variants, is in stock."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import catalog
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.resolve import matching, resolve_product, variant_facts
from agentpay.tools.tool import Arguments, Tool, ToolResult


class CheckInventory(Arguments):
    product: str = Field(min_length=1, max_length=200, description="External id, SKU or name of a product or variant.")
    options: dict[str, str] = Field({}, description='Wanted options, e.g. {"size": "43", "color": "blue"}.')
    quantity: int = Field(1, ge=1, le=10_000)


async def run(context: Context, tx: Tx, arguments: CheckInventory) -> ToolResult:
    variant = await catalog.variant(tx, arguments.product)
    if variant is not None and variant.active:
        rows = (await catalog.variants_of(tx, [variant.product_id]))[variant.product_id]
        fitting = [variant] if not arguments.options else matching(rows, arguments.options)
    else:
        rows = await resolve_product(tx, arguments.product, arguments.options)
        fitting = matching(rows, arguments.options)
    product = await catalog.product(tx, rows[0].product_id)
    if product is None:
        raise Problem("product_not_found", "That product is no longer in the shop.", status=404)
    enough = [row for row in fitting if row.available is None or row.available >= arguments.quantity]
    others = [row for row in rows if row not in fitting and (row.available is None or row.available > 0)]
    data = {
        "product": {"external_id": product.external_id, "title": product.title},
        "in_stock": bool(enough),
        "variants": [variant_facts(row) for row in fitting],
        "alternatives": [variant_facts(row) for row in others],
    }
    shown = {row.external_id for row in fitting}
    view = product.model_copy(update={"variants": [v for v in product.variants if v.external_id in shown]})
    return ToolResult(data, [block("product", view if fitting else product)])


TOOL = Tool(
    name="check_inventory",
    description="Whether a product is in stock in the wanted options; names the variants and what else is available.",
    arguments=CheckInventory,
    run=run,
    agents=frozenset({"sales"}),
)
