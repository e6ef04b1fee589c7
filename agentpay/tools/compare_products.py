"""Puts products side by side."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import catalog
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import product_list
from agentpay.tools.context import Context
from agentpay.tools.resolve import resolve_product
from agentpay.tools.tool import Arguments, Tool, ToolResult


class CompareProducts(Arguments):
    products: list[str] = Field(min_length=2, max_length=5, description="External ids, SKUs or names.")


async def run(context: Context, tx: Tx, arguments: CompareProducts) -> ToolResult:
    ids = [(await resolve_product(tx, reference))[0].product_id for reference in arguments.products]
    ids = list(dict.fromkeys(ids))
    if len(ids) < 2:
        raise Problem("same_product", "Both names mean the same product.")
    views = await catalog.products(tx, ids)
    known = await catalog.product_facts(tx, ids)
    facts = [known[identifier] for identifier in ids]
    names = list(dict.fromkeys(name for fact in facts for name in fact["attributes"]))
    data = {
        "products": [view.model_dump(mode="json") for view in views],
        "attributes": {name: [str(fact["attributes"].get(name, "–")) for fact in facts] for name in names},
    }
    return ToolResult(data, [product_list(views)])


TOOL = Tool(
    name="compare_products",
    description="Two to five products side by side: prices, stock and each attribute.",
    arguments=CompareProducts,
    run=run,
    agents=frozenset({"sales"}),
)
