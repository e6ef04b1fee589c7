"""What an order's payments still hold (DESIGN §5, refunds ≤ paid). Of an order that the caller has locked."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from agentpay.store.session import Tx
from agentpay.store.tables import Order, OrderChange, Payment, Refund

Room = tuple[Payment, int]
"""A payment and what of it was not given back: pending refunds count, failed ones do not."""


async def rooms(tx: Tx, order_id: UUID) -> list[Room]:
    """The order's succeeded payments with what is left of each, oldest first."""
    given = (
        select(Refund.payment_id, func.sum(Refund.amount).label("amount"))
        .where(Refund.organization_id == tx.organization_id, Refund.status != "failed", Refund.payment_id.is_not(None))
        .where(Refund.order_id == order_id)
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


async def owed(tx: Tx, order: Order, held: Sequence[Room]) -> int:
    """What is held beyond the order's total: money of a lowered total whose refund failed. Prepaid changes are no part."""
    prepaid = await tx.session.scalar(
        select(func.coalesce(func.sum(OrderChange.amount), 0)).where(
            OrderChange.organization_id == tx.organization_id,
            OrderChange.order_id == order.id,
            OrderChange.status == "paid",
        )
    )
    return max(sum(room for _, room in held) - (order.total - order.refunded) - int(prepaid or 0), 0)


def spread(held: Sequence[Room], amount: int) -> list[Room]:
    """The payments that `amount` goes back to, in as few parts as can be: one that holds all of it, else the oldest first.

    Less than `amount` in all where they do not hold that much.
    """
    whole = next(((payment, amount) for payment, room in held if room >= amount), None)
    if whole is not None:
        return [whole]
    parts = []
    for payment, room in held:
        part = min(amount, room)
        if part > 0:
            parts.append((payment, part))
            amount -= part
    return parts
