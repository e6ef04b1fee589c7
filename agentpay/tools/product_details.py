"""Tells everything about one product."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agentpay.commerce import catalog
from agentpay.errors import Problem
from agentpay.knowledge.nearest import nearest
from agentpay.knowledge.sentences import sentences
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.resolve import resolve_product
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ProductDetails(Arguments):
    product: str = Field(min_length=1, max_length=200, description="External id, SKU or name of the product.")
    question: str = Field("", max_length=400, description="What the customer asks about it, in their words.")


async def run(context: Context, tx: Tx, arguments: ProductDetails) -> ToolResult:
    rows = await resolve_product(tx, arguments.product)
    product = await catalog.product(tx, rows[0].product_id)
    if product is None:
        raise Problem("product_not_found", "That product is no longer in the shop.", status=404)
    facts = (await catalog.product_facts(tx, [rows[0].product_id]))[rows[0].product_id]
    data: dict[str, Any] = {"product": {**product.model_dump(mode="json"), **facts}}
    if arguments.question:
        told = _told(data["product"])
        near = await nearest(context.services.semantic, arguments.question, list(told))
        data["nearest"] = [{"text": text, "attribute": told[text]} for text in near]
    return ToolResult(data, [block("product", product)])


def _told(product: dict[str, Any]) -> dict[str, str | None]:
    """What is said of a product, a sentence each: the text, and which attribute it tells."""
    texts = [product.get("description") or "", product.get("conversational_description") or ""]
    told: dict[str, str | None] = {sentence: None for text in texts for sentence in sentences(text)}
    attributes = product.get("attributes") or {}
    return told | {f"{name.replace('_', ' ')}: {value}": name for name, value in attributes.items()}


TOOL = Tool(
    name="product_details",
    description="Description, attributes, variants, prices and stock of one product.",
    arguments=ProductDetails,
    run=run,
    agents=frozenset({"sales"}),
)
