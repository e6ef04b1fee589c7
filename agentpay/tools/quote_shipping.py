"""Says what shipping costs."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from pydantic import Field

from agentpay.commerce import carts, shipping
from agentpay.commerce.catalog import VariantRow
from agentpay.errors import Problem
from agentpay.money import country_name
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.resolve import resolve_variant, variant_facts
from agentpay.tools.tool import Arguments, Tool, ToolResult


class QuoteShipping(Arguments):
    country: str | None = Field(
        None, pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2; default: the country of the customer's address."
    )
    product: str | None = Field(
        None, max_length=200, description="Goods beside the cart's: external id, SKU or name of a product."
    )
    options: dict[str, str] = Field({}, description='Which variant of it, e.g. {"size": "43"}.')
    quantity: int = Field(1, ge=1, le=999, description="How many of it.")
    free_from: bool = Field(
        False, description="Only tell where delivery is free, and from what value of goods on. Needs no country."
    )


async def run(context: Context, tx: Tx, arguments: QuoteShipping) -> ToolResult:
    country = (arguments.country or (context.contact.get("shipping_address") or {}).get("country") or "").upper()
    if arguments.free_from:
        free = await shipping.free_rates(tx, country or None)
        return ToolResult({"free_from": [asdict(rate) for rate in free]})
    if not country:
        raise Problem("country_required", "Which country should it go to?")
    facts = await carts.shipping_facts(tx, await carts.cart_id_of(tx, context.conversation))
    goods: dict[str, Any] | None = None
    if arguments.product is not None:
        row = await resolve_variant(tx, product=arguments.product, options=arguments.options)
        goods = {**variant_facts(row), "product_external_id": row.product_external_id, "quantity": arguments.quantity}
        facts = _with(facts, row, arguments.quantity)
    quote = await shipping.quote(
        tx,
        country,
        goods_subtotal_after_discount=facts.goods_after_discount,
        weight_grams=facts.weight_grams,
        requires_shipping=facts.requires_shipping or facts.empty,
    )
    data = {**quote.model_dump(mode="json"), "country_name": country_name(country), "cart_is_empty": facts.empty}
    data |= {"goods": goods} if goods is not None else {}
    return ToolResult(data, [block("shipping_quote", quote)])


def _with(facts: carts.ShippingFacts, row: VariantRow, quantity: int) -> carts.ShippingFacts:
    """What is in the cart, and so many of a variant with it."""
    ships = row.requires_shipping
    return replace(
        facts,
        weight_grams=facts.weight_grams + (row.weight_grams or 0) * quantity * ships,
        requires_shipping=facts.requires_shipping or ships,
        goods_after_discount=facts.goods_after_discount + row.price * quantity,
        empty=False,
    )


TOOL = Tool(
    name="quote_shipping",
    description="Shipping options, prices and days to a country for what is in the cart, and for the goods named beside it.",
    arguments=QuoteShipping,
    run=run,
    agents=frozenset({"sales", "payment"}),
)
