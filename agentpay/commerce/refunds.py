"""Refunds: never more than was paid, pending ones counted (DESIGN §5).

A refund is decided in a transaction, with the order locked, and carried out by the job `payments.execute_refund`. From
its decision on it counts in `orders.refunded`; a provider that refuses it takes it out again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agentpay.commerce import order_rows, webhooks
from agentpay.commerce.shapes import RefundView
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Payment, Refund

IMPORTED = "imported"
"""The provider of imported orders: the merchant carries out what is recorded; it counts as succeeded (CONTRACT §4)."""


async def create(
    tx: Tx, order_id: UUID, amount: int | None = None, *, reason: str = "", automatic: bool = False
) -> list[RefundView]:
    """Refund an order, `amount` minor units or all that is left; one refund a payment it goes back to.

    Problems (409): `order_not_paid`, `refund_exceeds_paid` (extra `refundable`).
    """
    order = await order_rows.lock(tx, order_id)
    left = order.total - order.refunded
    rows = await give(tx, order, left if amount is None else amount, reason=reason, automatic=automatic)
    return [view(row) for row in rows]


async def give(
    tx: Tx,
    order: Order,
    amount: int,
    *,
    reason: str = "",
    automatic: bool = False,
    return_id: UUID | None = None,
    destination: dict[str, Any] | None = None,
) -> list[Refund]:
    """As `create`, of an order that the caller has locked. `destination` replaces the payment's own method in the record."""
    if order.status == "pending":
        raise Problem("order_not_paid", "The order has not been paid.", status=409)
    left = order.total - order.refunded
    if not 0 < amount <= left:
        raise Problem(
            "refund_exceeds_paid",
            "That is more than is left to refund.",
            status=409,
            refundable=left,
            currency=order.currency,
        )
    rows = []
    rest = amount
    for payment, room in await _refundable(tx, order.id):
        part = min(rest, room)
        if part > 0:
            rows.append(await _add(tx, payment, part, order.id, reason, automatic, return_id, destination))
            rest -= part
    if rest:
        raise Problem(
            "refund_exceeds_paid",
            "The payments of this order do not hold that much.",
            status=409,
            refundable=amount - rest,
        )
    order.refunded += amount
    _restate(order)
    await tx.session.flush()
    if any(row.status == "succeeded" for row in rows):
        await webhooks.emit(tx, "order.refunded", lambda: order_rows.view(tx, order))
    return rows


async def give_back(tx: Tx, payment: Payment, *, reason: str) -> Refund:
    """Refund a payment that became no order, whole."""
    return await _add(tx, payment, payment.amount, None, reason, False, None, None)


async def finish(tx: Tx, refund_id: UUID, *, succeeded: bool, processor_id: str | None) -> bool:
    """Record what the provider did, once; False where it was recorded before."""
    order_id = await tx.session.scalar(
        select(Refund.order_id).where(Refund.organization_id == tx.organization_id, Refund.id == refund_id)
    )
    order = await order_rows.lock(tx, order_id) if order_id else None
    refund = await tx.session.scalar(
        select(Refund)
        .where(Refund.organization_id == tx.organization_id, Refund.id == refund_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if refund is None or refund.status != "pending":
        return False
    refund.status = "succeeded" if succeeded else "failed"
    refund.processor_id = processor_id or refund.processor_id
    if not succeeded and order is not None:
        order.refunded -= refund.amount
        _restate(order)
    await tx.session.flush()
    await webhooks.emit(tx, f"refund.{refund.status}", lambda: _shown(refund))
    if succeeded and order is not None:
        await webhooks.emit(tx, "order.refunded", lambda: order_rows.view(tx, order))
    return True


async def get(tx: Tx, refund_id: UUID) -> RefundView:
    """Problem 404 `not_found`."""
    row = await tx.session.scalar(
        select(Refund).where(Refund.organization_id == tx.organization_id, Refund.id == refund_id)
    )
    if row is None:
        raise not_found("refund", refund_id)
    return view(row)


async def list_(
    tx: Tx, *, limit: int, before: UUID | None = None, order_id: UUID | None = None, status: str | None = None
) -> list[RefundView]:
    """Newest first, those older than `before`."""
    query = select(Refund).where(Refund.organization_id == tx.organization_id)
    if before is not None:
        query = query.where(Refund.id < before)
    if order_id is not None:
        query = query.where(Refund.order_id == order_id)
    if status is not None:
        query = query.where(Refund.status == status)
    rows = await tx.session.scalars(query.order_by(Refund.id.desc()).limit(limit))
    return [view(row) for row in rows]


async def given_automatically(tx: Tx, order_id: UUID) -> int:
    """What agents gave of this order by themselves: counts against `auto_refund_limit`."""
    total = await tx.session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.organization_id == tx.organization_id,
            Refund.order_id == order_id,
            Refund.automatic,
            Refund.status != "failed",
        )
    )
    return int(total or 0)


def view(row: Refund) -> RefundView:
    return RefundView.model_validate({name: getattr(row, name) for name in RefundView.model_fields})


async def _shown(row: Refund) -> RefundView:
    return view(row)


def _restate(order: Order) -> None:
    """The order's status follows from what was refunded; a cancelled one stays cancelled."""
    if order.status != "cancelled":
        order.status = (
            "paid" if order.refunded == 0 else "refunded" if order.refunded == order.total else "partially_refunded"
        )


async def _refundable(tx: Tx, order_id: UUID) -> list[tuple[Payment, int]]:
    """The order's payments with what is left of each, oldest first."""
    given = (
        select(Refund.payment_id, func.sum(Refund.amount).label("amount"))
        .where(Refund.organization_id == tx.organization_id, Refund.order_id == order_id, Refund.status != "failed")
        .group_by(Refund.payment_id)
        .subquery()
    )
    rows = await tx.session.execute(
        select(Payment, Payment.amount - func.coalesce(given.c.amount, 0))
        .outerjoin(given, given.c.payment_id == Payment.id)
        .where(
            Payment.organization_id == tx.organization_id,
            Payment.order_id == order_id,
            Payment.status == "succeeded",
        )
        .order_by(Payment.id)
    )
    return [(payment, int(room)) for payment, room in rows]


async def _add(
    tx: Tx,
    payment: Payment,
    amount: int,
    order_id: UUID | None,
    reason: str,
    automatic: bool,
    return_id: UUID | None,
    destination: dict[str, Any] | None,
) -> Refund:
    recorded_only = payment.processor == IMPORTED
    refund = Refund(
        id=new_id(),
        organization_id=tx.organization_id,
        order_id=order_id,
        payment_id=payment.id,
        return_id=return_id,
        amount=amount,
        currency=payment.currency,
        status="succeeded" if recorded_only else "pending",
        reason=reason,
        destination=destination or payment.method,
        processor=payment.processor,
        processor_id=None,
        automatic=automatic,
    )
    tx.session.add(refund)
    await tx.session.flush()
    await tx.session.refresh(refund, ["created_at"])
    await webhooks.emit(tx, "refund.created", lambda: _shown(refund))
    if recorded_only:
        await webhooks.emit(tx, "refund.succeeded", lambda: _shown(refund))
    else:
        await enqueue(tx, "payments.execute_refund", organization_id=str(tx.organization_id), refund_id=str(refund.id))
    return refund
