"""Stored methods of customers: what is charged to them, and what goes back to them (CONTRACT §4, stored methods).

A gift card's balance is the shop's own ledger: it moves at once. Charges to a method of the provider `imported` are
recorded, for the merchant to carry out.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from agentpay.commerce.windows import policies
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Payment, PaymentMethod

IMPORTED = "imported"
"""The provider of imported orders: the merchant carries out what is recorded; it counts as succeeded (CONTRACT §4)."""
GIFT_CARD = "gift_card"
"""As a reference: the customer's gift card, made where there is none. As a processor: balances kept here."""


def shown(method: PaymentMethod) -> dict[str, Any]:
    """A method as payments and refunds name it: {"type", "reference", "brand"?, "last4"?}."""
    found = {"type": method.type, "brand": method.brand, "last4": method.last4, "reference": method.external_id}
    return {name: value for name, value in found.items() if value is not None}


async def find(tx: Tx, order: Order, reference: str) -> PaymentMethod:
    """The method of this name that the order's customer stored. Problem 409 `payment_method_unknown`."""
    found = await _of(tx, order, PaymentMethod.external_id == reference)
    if found is None:
        raise Problem("payment_method_unknown", "The customer has no such payment method.", status=409)
    if found.currency != order.currency:
        raise Problem("payment_method_currency", f"This method is not in {order.currency}.", status=409)
    return found


async def gift_card_of(tx: Tx, order: Order) -> PaymentMethod:
    """The customer's gift card, the oldest; an empty one is made where there is none. Problem 409 `customer_unknown`."""
    found = await _of(tx, order, PaymentMethod.type == "gift_card", PaymentMethod.currency == order.currency)
    if found is not None:
        return found
    if order.customer_id is None:
        raise Problem("customer_unknown", "A gift card needs a customer to belong to.", status=409)
    made = PaymentMethod(
        id=new_id(),
        organization_id=tx.organization_id,
        customer_id=order.customer_id,
        external_id=f"gift-{new_id().hex}",
        type="gift_card",
        balance=0,
        currency=order.currency,
        processor=GIFT_CARD,
    )
    tx.session.add(made)
    await tx.session.flush()
    return made


async def gift_card_behind(tx: Tx, order: Order, payment: Payment) -> PaymentMethod | None:
    """The stored gift card that a payment was made with, where it is still known."""
    reference = payment.method.get("reference")
    if payment.method.get("type") != "gift_card" or not reference:
        return None
    return await _of(tx, order, PaymentMethod.type == "gift_card", PaymentMethod.external_id == reference)


async def payer(tx: Tx, order: Order, reference: str | None) -> PaymentMethod | None:
    """The named method, where the shop charges stored ones (`policies.charge_saved_methods`); None: by payment link."""
    if reference is None:
        return None
    found = await gift_card_of(tx, order) if reference == GIFT_CARD else await find(tx, order, reference)
    allowed = (await policies(tx)).charge_saved_methods
    return found if allowed and is_chargeable(found) else None


def is_chargeable(method: PaymentMethod) -> bool:
    """Whether it can be charged here; one that lives with a payment provider is not: its buyer gets a payment link."""
    return method.type == "gift_card" or method.processor == IMPORTED


def require_covers(method: PaymentMethod, amount: int) -> None:
    """Problem 409 `gift_card_insufficient`, extra `balance`."""
    if method.balance is not None and method.balance < amount:
        raise _insufficient(method.balance, method.currency)


async def charge(tx: Tx, order: Order, method: PaymentMethod, amount: int) -> Payment:
    """Charge a locked order's customer; a row of the ledger, succeeded. Problem 409 `gift_card_insufficient`."""
    assert is_chargeable(method), "the caller asks first"
    if method.type == "gift_card":
        await _move(tx, method, -amount)
    payment = Payment(
        id=new_id(),
        organization_id=tx.organization_id,
        order_id=order.id,
        processor=GIFT_CARD if method.type == "gift_card" else IMPORTED,
        processor_id=f"charge:{new_id()}",
        status="succeeded",
        amount=amount,
        currency=order.currency,
        method=shown(method),
    )
    tx.session.add(payment)
    await tx.session.flush()
    return payment


async def credit(tx: Tx, method: PaymentMethod, amount: int) -> None:
    """Put money on a gift card."""
    await _move(tx, method, amount)


async def _move(tx: Tx, method: PaymentMethod, amount: int) -> None:
    """One conditional statement: parallel charges of one card never take more than it holds."""
    balance = await tx.session.scalar(
        update(PaymentMethod)
        .where(
            PaymentMethod.organization_id == tx.organization_id,
            PaymentMethod.id == method.id,
            PaymentMethod.balance + amount >= 0,
        )
        .values(balance=PaymentMethod.balance + amount)
        .returning(PaymentMethod.balance)
        .execution_options(synchronize_session=False)
    )
    if balance is None:
        await tx.session.refresh(method, ["balance"])
        raise _insufficient(method.balance or 0, method.currency)
    await tx.session.refresh(method, ["balance"])


async def _of(tx: Tx, order: Order, *conditions: Any) -> PaymentMethod | None:
    if order.customer_id is None:
        return None
    found: PaymentMethod | None = await tx.session.scalar(
        select(PaymentMethod)
        .where(
            PaymentMethod.organization_id == tx.organization_id,
            PaymentMethod.customer_id == order.customer_id,
            *conditions,
        )
        .order_by(PaymentMethod.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found


def _insufficient(balance: int, currency: str) -> Problem:
    return Problem(
        "gift_card_insufficient", "The gift card does not hold enough.", status=409, balance=balance, currency=currency
    )
