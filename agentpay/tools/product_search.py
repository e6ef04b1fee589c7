"""Finds products."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from agentpay.commerce import catalog
from agentpay.commerce.shapes import ProductView
from agentpay.harm import spares
from agentpay.knowledge.product_search import near_products
from agentpay.knowledge.search import SearchFilters, search
from agentpay.knowledge.suiting import suits
from agentpay.store.session import Tx
from agentpay.tools.blocks import product_list
from agentpay.tools.context import Context
from agentpay.tools.resolve import fitting
from agentpay.tools.tool import Arguments, Tool, ToolResult

_POOL = 30
"""Hits looked at before options and order narrow them down to `limit`."""
_CLOSE = 0.87
"""Share of the best hit's score below which a product only mentions what is looked for: a class about kettles is no kettle."""
_ALL_WORDS, _IN_A_NAME = 0.5, 0.9
"""A score between them: all the words were found, but none of them in a name: a backpack that was tried under a garden hose."""


class ProductSearch(Arguments):
    query: str = Field("", max_length=400, description="What the customer looks for, in their words.")
    price_min: int | None = Field(None, ge=0, description="Minor units of the shop's currency.")
    price_max: int | None = Field(None, ge=0, description="Minor units of the shop's currency.")
    brand: str | None = None
    category: str | None = None
    attributes: dict[str, str] = Field({}, description='Product attributes, e.g. {"waterproof": "yes"}.')
    options: dict[str, str] = Field({}, description='Variant options, e.g. {"size": "43", "color": "blue"}.')
    in_stock: bool = False
    loosely: bool = Field(
        False,
        description="Also what is merely nearest in meaning, for a need that is told as a story: where nothing surely fits.",
    )
    people: int | None = Field(None, ge=1, le=999, description="For how many people it shall be.")
    ages: list[int] = Field([], max_length=10, description="Ages in years of the children it is for.")
    harmless_to: list[str] = Field([], max_length=5, description='Whom it must do no harm, e.g. ["cats", "nuts"].')
    sort: Literal["relevance", "price_asc", "price_desc"] = "relevance"
    limit: int = Field(5, ge=1, le=20)


async def run(context: Context, tx: Tx, arguments: ProductSearch) -> ToolResult:
    filters = SearchFilters(
        price_min=arguments.price_min,
        price_max=arguments.price_max,
        brand=arguments.brand,
        category=arguments.category,
        attributes=arguments.attributes,
        in_stock=arguments.in_stock or None,
    )
    hits = await search(
        tx, arguments.query, limit=_POOL, kinds=("product",), filters=filters, semantic=context.services.semantic
    )
    if not hits and arguments.loosely:
        hits = await near_products(
            tx, arguments.query, limit=_POOL, filters=filters, semantic=context.services.semantic
        )
    best = max((hit.fit for hit in hits), default=0.0)
    mentioned = bool(hits) and hits[0].in_stock and _ALL_WORDS <= best < _IN_A_NAME
    ids = [hit.product_id for hit in hits if hit.product_id is not None and hit.fit >= _CLOSE * best]
    if arguments.harmless_to and arguments.loosely:
        # What does no harm may be told of in other words than what is looked for
        near = await near_products(
            tx, arguments.query, limit=_POOL, filters=filters, semantic=context.services.semantic
        )
        ids += [hit.product_id for hit in near if hit.product_id is not None and hit.product_id not in ids]
    ids, suited = await _suiting(tx, ids, arguments)
    total = len(ids)
    as_found = not arguments.options and arguments.sort == "relevance"
    found = await catalog.products(tx, ids[: arguments.limit] if as_found else ids)
    if arguments.options:
        # Words such as "black" may be part of a name instead of an option: only narrow where something is left
        found = [product for product in found if _offers(product, arguments.options)] or found
        total = len(found)
    if arguments.sort != "relevance":
        found.sort(key=lambda product: product.price_min, reverse=arguments.sort == "price_desc")
    shown = found[: arguments.limit]
    data = {
        "products": [product.model_dump(mode="json") for product in shown],
        "found": total,
        "only_mentioned": mentioned,
        "suited": suited,
    }
    return ToolResult(data, [product_list(shown)] if shown else [])


async def _suiting(tx: Tx, ids: list[UUID], arguments: ProductSearch) -> tuple[list[UUID], bool]:
    """Those that are for so many people of such ages, where any are; else all of which the shop's data does not deny it."""
    if arguments.people is None and not arguments.ages and not arguments.harmless_to:
        return ids, False
    facts = await catalog.product_facts(tx, ids)
    if arguments.harmless_to:
        told = {id: spares(_said_of(own), arguments.harmless_to) for id, own in facts.items()}
        ids = [id for id in ids if told.get(id) is not False]
        if safe := [id for id in ids if told.get(id)]:
            return safe, True
    said = {id: suits(own, own["description"], arguments.people, arguments.ages) for id, own in facts.items()}
    suited = [id for id in ids if said.get(id)]
    return (suited or [id for id in ids if said.get(id) is None] or ids), bool(suited)


def _said_of(facts: dict[str, Any]) -> str:
    return f"{facts['description']} {facts.get('conversational_description') or ''}"


def _offers(product: ProductView, options: dict[str, str]) -> bool:
    return bool(fitting([variant.options for variant in product.variants], options, product.title))


TOOL = Tool(
    name="product_search",
    description="Search the shop's catalogue. Answers at most `limit` products, best first; none means the shop has nothing that fits.",
    arguments=ProductSearch,
    run=run,
    agents=frozenset({"sales"}),
)
