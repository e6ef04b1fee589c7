"""The commerce part of erasing a customer: who they are goes, what was sold and paid stays (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from agentpay.commerce import checkouts
from agentpay.commerce.rows import one
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import (
    Address,
    Checkout,
    Customer,
    MoneyDecision,
    Order,
    OrderChange,
    Payment,
    PaymentMethod,
    Refund,
    Return,
)

_METHOD_KEPT = ("type", "brand", "reference")
"""Of how something was paid: what a later refund and the books need."""


@dataclass(frozen=True, slots=True)
class Purchases:
    """A customer's orders and checkouts, also those bought as a guest with their e-mail address."""

    order_ids: list[UUID]
    checkout_ids: list[UUID]
    conversation_ids: set[UUID]


async def lock(tx: Tx, customer_id: UUID) -> Customer:
    """The customer's row, locked. Raises Problem 404."""
    return await one(tx, Customer, customer_id, lock=True)


async def purchases(tx: Tx, customer: Customer) -> Purchases:
    orders = (
        await tx.session.execute(
            select(Order.id, Order.conversation_id)
            .where(Order.organization_id == tx.organization_id, _of(Order, customer))
            .with_for_update()
        )
    ).all()
    rows = (
        await tx.session.execute(
            select(Checkout.id, Checkout.conversation_id)
            .where(Checkout.organization_id == tx.organization_id, _of(Checkout, customer))
            .with_for_update()
        )
    ).all()
    conversations = {row.conversation_id for row in (*orders, *rows) if row.conversation_id is not None}
    return Purchases([row.id for row in orders], [row.id for row in rows], conversations)


def _of(table: type[Order] | type[Checkout], customer: Customer) -> ColumnElement[bool]:
    """By e-mail address only what belongs to no other customer."""
    mine = table.customer_id == customer.id
    if customer.email is None:
        return mine
    return or_(mine, and_(table.customer_id.is_(None), func.lower(table.email) == customer.email))


async def require_settled(tx: Tx, bought: Purchases) -> None:
    """Raises Problem 409 `payment_in_progress`, `order_unfulfilled`, `return_open` or `refund_pending`: what is under way
    needs to know who the customer is."""
    mine = tx.organization_id
    paying = select(Checkout.id).where(
        Checkout.organization_id == mine,
        Checkout.id.in_(bought.checkout_ids),
        Checkout.status.in_(("confirming", "confirmed")),
    )
    unfulfilled = select(Order.id).where(
        Order.organization_id == mine,
        Order.id.in_(bought.order_ids),
        Order.fulfillment_status == "unfulfilled",
        Order.status.in_(("pending", "paid", "partially_refunded")),
    )
    returning = select(Return.id).where(
        Return.organization_id == mine,
        Return.order_id.in_(bought.order_ids),
        Return.status.in_(("requested", "received")),
    )
    refunding = select(Refund.id).where(
        Refund.organization_id == mine, Refund.order_id.in_(bought.order_ids), Refund.status == "pending"
    )
    for statement, code, detail in (
        (paying, "payment_in_progress", "A payment of this customer is under way; try again when it has ended."),
        (unfulfilled, "order_unfulfilled", "This customer has an order that is not shipped: ship or cancel it first."),
        (returning, "return_open", "This customer has a return that is not refunded or refused yet."),
        (refunding, "refund_pending", "A refund to this customer is under way; try again when it has ended."),
    ):
        found = await tx.session.scalar(select(exists(statement)))
        if found:
            raise Problem(code, detail, status=409)


async def cancel_open(tx: Tx, bought: Purchases, *, base_url: str) -> None:
    """What could still be paid ends, and frees its stock."""
    for checkout_id in await tx.session.scalars(
        select(Checkout.id).where(
            Checkout.organization_id == tx.organization_id,
            Checkout.id.in_(bought.checkout_ids),
            Checkout.status == "open",
        )
    ):
        await checkouts.cancel(tx, checkout_id, base_url=base_url)


async def erase(tx: Tx, customer: Customer, bought: Purchases, conversation_ids: Collection[UUID]) -> None:
    """Empty every personal field. Amounts, lines, dates, statuses and the country that was taxed stay."""
    mine = {"organization_id": tx.organization_id}
    for table in (Address, PaymentMethod):
        await tx.session.execute(delete(table).filter_by(**mine, customer_id=customer.id))
    empty: dict[str, Any] = {"email": None, "shipping_address": None, "note": None}
    country = func.jsonb_build_object("country", Order.shipping_address["country"])
    await tx.session.execute(
        update(Order)
        .filter_by(**mine)
        .where(Order.id.in_(bought.order_ids))
        .values(**empty, tracking=None, details=func.jsonb_strip_nulls(country, type_=JSONB))
    )
    await tx.session.execute(
        update(Checkout)
        .filter_by(**mine)
        .where(Checkout.id.in_(bought.checkout_ids))
        .values(**empty, name=None, details={}, agent_context={}, failure=None)
    )
    await _erase_after_sales(tx, bought)
    await tx.session.execute(
        update(MoneyDecision)
        .filter_by(**mine)
        .where(MoneyDecision.conversation_id.in_(conversation_ids))
        .values(details={})
    )
    names = ("external_id", "email", "name", "phone_number", "whatsapp_id", "preferred_channel")
    await tx.session.execute(
        update(Customer)
        .filter_by(**mine, id=customer.id)
        .values({**dict.fromkeys(names), "details": {}, "anonymized_at": func.now()})
        .execution_options(synchronize_session=False)
    )


async def _erase_after_sales(tx: Tx, bought: Purchases) -> None:
    mine = {"organization_id": tx.organization_id}
    returns = update(Return).filter_by(**mine).where(Return.order_id.in_(bought.order_ids))
    await tx.session.execute(returns.values(reason="", refusal=None, destination=_kept(Return.destination)))
    refunds = update(Refund).filter_by(**mine).where(Refund.order_id.in_(bought.order_ids))
    await tx.session.execute(refunds.values(reason="", destination=_kept(Refund.destination)))
    of_these = or_(Payment.order_id.in_(bought.order_ids), Payment.checkout_id.in_(bought.checkout_ids))
    payments = update(Payment).filter_by(**mine).where(of_these)
    await tx.session.execute(payments.values(method=_kept(Payment.method), failure=None))
    changes = update(OrderChange).filter_by(**mine).where(OrderChange.order_id.in_(bought.order_ids))
    await tx.session.execute(changes.values(plan=OrderChange.plan.op("||")({"address": None})))


def _kept(column: Any) -> ColumnElement[Any]:
    pairs = [part for name in _METHOD_KEPT for part in (name, column[name])]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*pairs), type_=JSONB)
