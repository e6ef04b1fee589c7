"""Tells everything about one product."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import catalog
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.resolve import resolve_product
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ProductDetails(Arguments):
    product: str = Field(min_length=1, max_length=200, description="External id, SKU or name of the product.")


async def run(context: Context, tx: Tx, arguments: ProductDetails) -> ToolResult:
    rows = await resolve_product(tx, arguments.product)
    product = await catalog.product(tx, rows[0].product_id)
    if product is None:
        raise Problem("product_not_found", "That product is no longer in the shop.", status=404)
    facts = (await catalog.product_facts(tx, [rows[0].product_id]))[rows[0].product_id]
    return ToolResult({"product": {**product.model_dump(mode="json"), **facts}}, [block("product", product)])


TOOL = Tool(
    name="product_details",
    description="Description, attributes, variants, prices and stock of one product.",
    arguments=ProductDetails,
    run=run,
    agents=frozenset({"sales"}),
)
