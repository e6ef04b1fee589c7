"""Orders: placed by a payment, looked up, fulfilled, cancelled (CONTRACT §3, §4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce import checkout_rows, inventory, refunds, single_change, webhooks
from agentpay.commerce.order_rows import by_id, by_reference, lock, select_orders, units, view, views
from agentpay.commerce.shapes import OrderView
from agentpay.commerce.windows import policies
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, CheckoutLine, Customer, Order, OrderLine, Organization


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose order it is. The e-mail is the one it was placed with, else the customer's."""

    order_id: UUID
    customer_id: UUID | None
    email: str | None


async def get(tx: Tx, order_id: UUID) -> OrderView:
    """Problem 404 `not_found`."""
    return await view(tx, await by_id(tx, order_id))


async def find(tx: Tx, reference: str) -> OrderView | None:
    """By number or external id; case, `#`, spaces and dashes do not matter. Whose order it is is the caller's question."""
    order = await by_reference(tx, reference)
    return await view(tx, order) if order else None


async def owner(tx: Tx, reference: str) -> Owner | None:
    """Who placed the order of this number or external id."""
    order = await by_reference(tx, reference)
    if order is None:
        return None
    email = order.email
    if email is None and order.customer_id is not None:
        email = await tx.session.scalar(
            select(Customer.email).where(
                Customer.organization_id == tx.organization_id, Customer.id == order.customer_id
            )
        )
    return Owner(order.id, order.customer_id, email)


async def for_customer(tx: Tx, customer_id: UUID, *, limit: int = 50) -> list[OrderView]:
    """A customer's orders, the latest placed first."""
    rows = await tx.session.scalars(
        select(Order)
        .where(Order.organization_id == tx.organization_id, Order.customer_id == customer_id)
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .limit(limit)
    )
    return await views(tx, rows.all())


async def for_conversation(tx: Tx, conversation_id: UUID, *, limit: int = 50) -> list[OrderView]:
    """What was bought in a conversation, latest first."""
    return await views(tx, await select_orders(tx, Order.conversation_id == conversation_id, limit=limit))


async def list_(
    tx: Tx,
    *,
    limit: int,
    before: UUID | None = None,
    external_id: str | None = None,
    number: str | None = None,
    status: str | None = None,
    customer_id: UUID | None = None,
    conversation_id: UUID | None = None,
) -> list[OrderView]:
    """Newest first, those older than `before`; every filter that is given must match."""
    conditions = [
        column == value
        for column, value in (
            (Order.external_id, external_id),
            (Order.number, number),
            (Order.status, status),
            (Order.customer_id, customer_id),
            (Order.conversation_id, conversation_id),
        )
        if value is not None
    ]
    if before is not None:
        conditions.append(Order.id < before)
    return await views(tx, await select_orders(tx, *conditions, limit=limit))


async def place(tx: Tx, checkout: Checkout, *, now: datetime) -> Order:
    """The order of a locked checkout that was paid. At most one a checkout: the database's own rule."""
    order = Order(
        id=new_id(),
        organization_id=tx.organization_id,
        external_id=None,
        number=await _next_number(tx),
        customer_id=checkout.customer_id,
        email=checkout.email,
        status="paid",
        fulfillment_status="unfulfilled",
        shipping_address=checkout.shipping_address,
        shipping_option=checkout.shipping_option,
        note=checkout.note,
        subtotal=checkout.subtotal,
        discount=checkout.discount,
        shipping=checkout.shipping,
        tax=checkout.tax,
        tax_included=checkout.tax_included,
        total=checkout.total,
        refunded=0,
        currency=checkout.currency,
        checkout_id=checkout.id,
        conversation_id=checkout.conversation_id,
        discount_code=checkout.discount_code if checkout.discount_id else None,
        details=checkout.details,
        placed_at=now,
    )
    tx.session.add(order)
    await tx.session.flush()
    titles = {line.variant_id: line for line in await checkout_rows.sale_lines(tx, checkout.id)}
    lines = await tx.session.scalars(
        select(CheckoutLine).where(
            CheckoutLine.organization_id == tx.organization_id, CheckoutLine.checkout_id == checkout.id
        )
    )
    await tx.session.execute(
        insert(OrderLine),
        [
            {
                "organization_id": tx.organization_id,
                "order_id": order.id,
                "variant_id": line.variant_id,
                "position": line.position,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "discount": line.discount,
                "tax": line.tax,
                "title": titles[line.variant_id].title,
                "options": titles[line.variant_id].options,
            }
            for line in lines
        ],
    )
    await webhooks.emit(tx, "order.created", lambda: view(tx, order))
    await webhooks.emit(tx, "order.paid", lambda: view(tx, order))
    return order


async def cancel(tx: Tx, order_id: UUID, *, reason: str = "cancelled", now: datetime | None = None) -> OrderView:
    """Cancel an order that has not left yet and give its money back whole (CONTRACT §4). Twice is once, but for a refund that failed.

    Its goods return to the stock. Problems (409): `order_not_cancellable`: shipped, delivered or refunded already;
    `order_changed_before` where `policies.single_change` says so.
    """
    order = await lock(tx, order_id)
    if order.status == "cancelled":
        # its money has gone back, unless the provider refused that: then it is tried again
        if (left := await refunds.refundable(tx, order)) > 0:
            await refunds.give(tx, order, left, reason=reason)
        return await view(tx, order)
    single_change.require_unchanged(order, await policies(tx))
    if order.fulfillment_status != "unfulfilled" or order.status == "refunded":
        state = order.status if order.status == "refunded" else order.fulfillment_status
        raise Problem("order_not_cancellable", f"The order is {state} and cannot be cancelled.", status=409)
    left = await refunds.refundable(tx, order) if order.status != "pending" else 0
    if left > 0:
        await refunds.give(tx, order, left, reason=reason)
    order.status = "cancelled"
    order.details = {**order.details, "cancel_reason": reason}
    order.cancelled_at = now or datetime.now(UTC)
    await inventory.restock(tx, await units(tx, order_id))
    await webhooks.emit(tx, "order.cancelled", lambda: view(tx, order))
    return await view(tx, order)


async def fulfil(
    tx: Tx,
    order_id: UUID,
    status: Literal["shipped", "delivered"],
    *,
    tracking: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> OrderView:
    """Note that the goods left or arrived. Saying so twice changes nothing but `tracking`.

    Problem 409 `order_not_fulfillable`: not paid, cancelled, refunded, or delivered already.
    """
    now = now or datetime.now(UTC)
    order = await lock(tx, order_id)
    if order.status not in ("paid", "partially_refunded"):
        raise Problem("order_not_fulfillable", f"The order is {order.status}.", status=409)
    if order.fulfillment_status == "delivered" and status == "shipped":
        raise Problem("order_not_fulfillable", "The order has been delivered already.", status=409)
    moved = order.fulfillment_status != status
    told = tracking is not None and tracking != order.tracking
    order.fulfillment_status = status
    order.tracking = tracking if tracking is not None else order.tracking
    order.shipped_at = order.shipped_at or now
    if status == "delivered":
        order.delivered_at = order.delivered_at or now
    if moved or told:
        await webhooks.emit(tx, f"order.{status}" if moved else "order.updated", lambda: view(tx, order))
    return await view(tx, order)


async def _next_number(tx: Tx) -> str:
    """The next number no order has. The organization's row stays locked until the end: ask for it late."""
    while True:
        number = await tx.session.scalar(
            update(Organization)
            .where(Organization.id == tx.organization_id)
            .values(last_order_number=Organization.last_order_number + 1)
            .returning(Organization.last_order_number)
            .execution_options(synchronize_session=False)
        )
        taken = exists().where(
            Order.organization_id == tx.organization_id,
            or_(Order.number == str(number), Order.external_id == str(number)),
        )
        if not await tx.session.scalar(select(taken)):
            return str(number)
