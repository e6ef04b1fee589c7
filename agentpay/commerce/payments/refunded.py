"""Refunds that were made at the provider, in its dashboard: they reach the order, the ledger and who listens."""

from __future__ import annotations

from sqlalchemy import select

from agentpay.commerce import ledger, order_rows, refunds
from agentpay.commerce.payments.protocol import RefundMade
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Payment, Refund

REASON = "refunded at the payment provider"
NOT_RECORDED = "payment_not_recorded"


async def record(tx: Tx, processor: str, made: RefundMade) -> bool:
    """Enter the refund, or what became of it since; False for nothing new. It was made: no limit of ours can refuse it.

    Problem 409 `payment_not_recorded`: the news of its payment was not handled yet.
    """
    payment = await tx.session.scalar(
        select(Payment).where(
            Payment.organization_id == tx.organization_id,
            Payment.processor == processor,
            Payment.processor_id == made.charge_id,
        )
    )
    if payment is None:
        raise Problem(NOT_RECORDED, "The payment of this refund is not known (yet).", status=409)
    order = await order_rows.lock(tx, payment.order_id) if payment.order_id is not None else None
    await tx.session.refresh(payment, with_for_update=True)  # two events of one refund come one after the other
    refund = made.refund
    known = await tx.session.scalar(
        select(Refund.id).where(
            Refund.organization_id == tx.organization_id,
            Refund.processor == processor,
            Refund.processor_id == refund.id,
        )
    )
    if known is None:
        owed = await ledger.owed(tx, order, await ledger.rooms(tx, order.id)) if order is not None else 0
        known = await refunds.enter(
            tx, payment, order, refund.amount, beyond=owed, processor_id=refund.id, reason=REASON
        )
    if refund.status == "pending":
        return False
    return await refunds.finish(tx, known, succeeded=refund.status == "succeeded", processor_id=refund.id)
