"""What a checkout costs, recomputed from the catalogue each time: nothing that came from outside is ever a price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy import func as sql

from agentpay.commerce import discounts, offers, shipping, taxes
from agentpay.commerce.discounts import DiscountDecision
from agentpay.commerce.lines import SaleLine, pricing_lines, requires_shipping, shipping_weight
from agentpay.commerce.pricing import OfferPrice, Totals, compute
from agentpay.commerce.shapes import ShippingOption
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, CheckoutLine, ShippingRate


async def reprice(
    tx: Tx, checkout: Checkout, lines: Sequence[SaleLine], *, now: datetime, code_given: bool = False
) -> Totals:
    """Bring the locked checkout and its lines to what they cost now.

    A code that stopped applying stays on it and takes nothing off; one that was given just now (`code_given`) is refused:
    Problem 422 `discount_invalid`, extra `reason`. An offer that stands no longer comes off. Other problems (422):
    `country_not_served`, `shipping_option_unavailable`.
    """
    offer = await _offer(tx, checkout, lines, now)
    code = await _code(tx, checkout, lines, offer, now, given=code_given)
    rule = code.rule if code else None
    goods = compute(pricing_lines(lines), rule, offer).goods
    option = await _shipping(tx, checkout, lines, goods)
    address = checkout.shipping_address or {}
    tax = await taxes.rule_for(tx, address.get("country"), address.get("region"))
    totals = compute(pricing_lines(lines), rule, offer, option.amount if option else 0, tax)

    checkout.discount_id = code.discount_id if code and code.ok else None
    checkout.shipping_option = option.model_dump() if option else None
    checkout.subtotal = totals.subtotal
    checkout.discount = totals.discount
    checkout.shipping = totals.shipping
    checkout.tax = totals.tax
    checkout.tax_included = totals.tax_included
    checkout.total = totals.total
    await tx.session.flush()
    prices = {line.variant_id: line.unit_price for line in lines}
    for amounts in totals.lines:
        await tx.session.execute(
            update(CheckoutLine)
            .where(
                CheckoutLine.organization_id == tx.organization_id,
                CheckoutLine.checkout_id == checkout.id,
                CheckoutLine.variant_id == amounts.variant_id,
            )
            .values(unit_price=prices[amounts.variant_id], discount=amounts.discount, tax=amounts.tax)
            .execution_options(synchronize_session=False)
        )
    return totals


async def _offer(tx: Tx, checkout: Checkout, lines: Sequence[SaleLine], now: datetime) -> OfferPrice | None:
    if checkout.offer_id is None:
        return None
    try:
        return await offers.verify(
            tx,
            checkout.offer_id,
            conversation_id=checkout.conversation_id,
            customer_id=checkout.customer_id,
            lines=lines,
            now=now,
        )
    except Problem:
        checkout.offer_id = None
        return None


async def _code(
    tx: Tx,
    checkout: Checkout,
    lines: Sequence[SaleLine],
    offer: OfferPrice | None,
    now: datetime,
    *,
    given: bool,
) -> DiscountDecision | None:
    if not checkout.discount_code:
        return None
    decision = await discounts.evaluate(
        tx,
        checkout.discount_code,
        pricing_lines(lines),
        customer_id=checkout.customer_id,
        email=checkout.email,
        now=now,
        offer=offer,
    )
    if given and not decision.ok:
        raise Problem("discount_invalid", decision.detail, reason=decision.reason)
    checkout.discount_code = decision.code
    return decision


async def _shipping(tx: Tx, checkout: Checkout, lines: Sequence[SaleLine], goods: int) -> ShippingOption | None:
    if not requires_shipping(lines):
        return None
    if checkout.shipping_address is None:
        await _check_rate_exists(tx, checkout.shipping_rate)
        return None
    return await shipping.choose(
        tx,
        checkout.shipping_address,
        checkout.shipping_rate,
        goods_subtotal_after_discount=goods,
        weight_grams=shipping_weight(lines),
    )


async def _check_rate_exists(tx: Tx, wanted: str | None) -> None:
    if wanted is None:
        return
    known = await tx.session.scalar(
        select(ShippingRate.id)
        .where(
            and_(
                ShippingRate.organization_id == tx.organization_id,
                or_(ShippingRate.external_id == wanted, sql.lower(ShippingRate.name) == wanted.strip().lower()),
            )
        )
        .limit(1)
    )
    if known is None:
        raise Problem("shipping_option_unavailable", "This shop has no such way of shipping.", options=[])
