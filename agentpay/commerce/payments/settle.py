"""What a payment's news does to the shop: every effect in the caller's one transaction, each exactly once.

It does not matter who brings the news, a webhook, the card page or the reconciler, how often, or in which order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce import (
    change_links,
    checkout_events,
    checkout_rows,
    checkouts,
    discounts,
    inventory,
    offers,
    orders,
    refunds,
)
from agentpay.commerce.payments.protocol import PaymentChanged, ProviderPayment
from agentpay.errors import Problem
from agentpay.settings import get_settings
from agentpay.store.ids import new_id
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import Cart, CartLine, Checkout, Order, Payment

NOT_COMPLETED = {"code": "payment_not_completed", "message": "The payment was not completed."}
OUT_OF_STOCK = {
    "code": "out_of_stock",
    "message": "The payment came after the goods were sold; it is refunded in full.",
}
REFUNDED = {
    "code": "payment_refunded",
    "message": "The payment could not be used for this checkout; it is refunded in full.",
}


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """What changed. `failure` as in the checkout's shape."""

    checkout_id: UUID
    conversation_id: UUID | None
    order_id: UUID | None
    status: str
    failure: Mapping[str, Any] | None


async def apply(
    tx: Tx, provider: str, change: PaymentChanged, *, now: datetime | None = None, place_order: bool = True
) -> PaymentOutcome | None:
    """Bring the shop in line with a payment; None where nothing changed.

    Success: the order, the ledger, stock, code and offer used up, the cart emptied. After expiry the stock is reserved
    again, and the payment refunded where that fails. Failure: the checkout is open again, its code given back, its stock
    still held. `place_order=False` (the card page, which is told before the webhook) only notes that it was authorised.
    """
    now = now or datetime.now(UTC)
    payment = change.payment
    checkout = await checkout_rows.lock(tx, change.checkout_id)
    outcome: PaymentOutcome | None = None
    if payment.status == "succeeded" and place_order:
        outcome = await _succeeded(tx, provider, checkout, payment, now)
    elif payment.status in ("succeeded", "processing"):
        return await _authorised(tx, checkout, payment)
    elif payment.status in ("failed", "cancelled"):
        outcome = await _failed(tx, provider, checkout, payment, now)
    if outcome is not None:
        ended = outcome.status == "succeeded"
        await checkout_events.emit(tx, "checkout.succeeded" if ended else "checkout.updated", checkout)
    if outcome is not None and outcome.conversation_id is not None:
        await enqueue(
            tx,
            "conversation.payment_update",
            organization_id=str(tx.organization_id),
            conversation_id=str(outcome.conversation_id),
            checkout_id=str(outcome.checkout_id),
        )
    return outcome


async def _authorised(tx: Tx, checkout: Checkout, payment: ProviderPayment) -> PaymentOutcome | None:
    if checkout.status != "confirming" or checkout.provider_reference != payment.id:
        return None
    checkout.status = "confirmed"
    await checkout_events.emit(tx, "checkout.confirmed", checkout)
    return _outcome(checkout)


async def _succeeded(
    tx: Tx, provider: str, checkout: Checkout, payment: ProviderPayment, now: datetime
) -> PaymentOutcome | None:
    entry = await _enter(tx, provider, checkout, payment, "succeeded")
    if entry is None:
        return None
    wrong = (payment.amount, payment.currency) != (checkout.total, checkout.currency)
    if checkout.status in ("succeeded", "cancelled") or wrong:
        # a second payment, or one for what is no longer for sale like that: it must not be kept
        await refunds.give_back(tx, entry, reason="payment_not_needed")
        return await _unusable(tx, checkout, payment, REFUNDED, now)
    changed = await change_links.lock_order(tx, checkout) if checkout.purpose == change_links.PURPOSE else None
    try:
        await checkouts.keep_hold(tx, checkout, now)
    except Problem:
        await refunds.give_back(tx, entry, reason="out_of_stock")
        return await _unusable(tx, checkout, payment, OUT_OF_STOCK, now)
    if changed is None:
        order = await _honour(tx, checkout, now)
    else:
        order = changed
        try:
            await _change(tx, checkout, order)
        except Problem:
            await refunds.give_back(tx, entry, reason="payment_not_needed")
            return await _unusable(tx, checkout, payment, REFUNDED, now)
    entry.order_id = order.id
    await tx.session.flush()
    return _outcome(checkout, order)


async def _honour(tx: Tx, checkout: Checkout, now: datetime) -> Order:
    await inventory.commit(tx, checkout.id)
    if checkout.discount_id is not None and not await discounts.commit(tx, checkout.id):
        await _count_late(tx, checkout, now)
    if checkout.offer_id is not None:
        await offers.use(tx, checkout.offer_id)
    await _empty_cart(tx, checkout.conversation_id)
    order = await orders.place(tx, checkout, now=now)
    checkout.status = "succeeded"
    checkout.failure = None
    checkout.commitment_level = "authorized"
    return order


async def _change(tx: Tx, checkout: Checkout, order: Order) -> None:
    """What a payment link over a difference pays for. Problem 409 `order_change_over`."""
    await change_links.paid(tx, checkout, order)
    checkout.status = "succeeded"
    checkout.failure = None
    checkout.commitment_level = "authorized"


async def _count_late(tx: Tx, checkout: Checkout, now: datetime) -> None:
    """A payment after expiry: its code was given back. It is counted again if the cap allows; the price paid stands anyway."""
    assert checkout.discount_id is not None
    try:
        await discounts.hold(
            tx, checkout.id, discount_id=checkout.discount_id, customer_id=checkout.customer_id, now=now
        )
    except Problem:
        return
    await discounts.commit(tx, checkout.id)


async def _failed(
    tx: Tx, provider: str, checkout: Checkout, payment: ProviderPayment, now: datetime
) -> PaymentOutcome | None:
    if checkout.status not in ("confirming", "confirmed") or checkout.provider_reference != payment.id:
        return None  # news of an attempt that is over
    if payment.status == "failed":
        await _enter(tx, provider, checkout, payment, "failed")
    await _reopen(tx, checkout, payment.failure.as_json() if payment.failure else NOT_COMPLETED, now)
    return _outcome(checkout)


async def _unusable(
    tx: Tx, checkout: Checkout, payment: ProviderPayment, failure: dict[str, str], now: datetime
) -> PaymentOutcome | None:
    if checkout.status == "succeeded":
        return None
    if checkout.status in ("confirming", "confirmed") and checkout.provider_reference == payment.id:
        await _reopen(tx, checkout, failure, now)
    else:
        checkout.failure = failure
    return _outcome(checkout)


async def _reopen(tx: Tx, checkout: Checkout, failure: dict[str, str], now: datetime) -> None:
    settings = get_settings()
    await discounts.release(tx, checkout.id)
    await inventory.renew(tx, checkout.id, now + timedelta(minutes=settings.reservation_minutes))
    checkout.status = "open"
    checkout.failure = failure
    checkout.expires_at = now + timedelta(hours=settings.checkout_ttl_hours)


async def _enter(tx: Tx, provider: str, checkout: Checkout, payment: ProviderPayment, status: str) -> Payment | None:
    """A row of the ledger; None where this movement is in it already. A failed try moved nothing: it is kept by payment."""
    entry_id = new_id()
    added = await tx.session.scalar(
        insert(Payment)
        .values(
            id=entry_id,
            organization_id=tx.organization_id,
            checkout_id=checkout.id,
            processor=provider,
            processor_id=payment.charge_id or payment.id,
            status=status,
            amount=payment.amount,
            currency=payment.currency,
            method=payment.method,
            failure=payment.failure.as_json() if payment.failure else None,
        )
        .on_conflict_do_nothing()
        .returning(Payment.id)
    )
    return await tx.session.get_one(Payment, entry_id) if added is not None else None


async def _empty_cart(tx: Tx, conversation_id: UUID | None) -> None:
    if conversation_id is None:
        return
    cart_id = await tx.session.scalar(
        update(Cart)
        .where(Cart.organization_id == tx.organization_id, Cart.conversation_id == conversation_id)
        .values(discount_code=None, offer_id=None)
        .returning(Cart.id)
        .execution_options(synchronize_session=False)
    )
    if cart_id is not None:
        await tx.session.execute(
            delete(CartLine)
            .where(CartLine.organization_id == tx.organization_id, CartLine.cart_id == cart_id)
            .execution_options(synchronize_session=False)
        )


def _outcome(checkout: Checkout, order: Order | None = None) -> PaymentOutcome:
    return PaymentOutcome(
        checkout.id, checkout.conversation_id, order.id if order else None, checkout.status, checkout.failure
    )
