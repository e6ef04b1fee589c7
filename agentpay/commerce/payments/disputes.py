"""Disputes: a buyer went to their bank. The merchant answers at the provider; here it is noted on the order."""

from __future__ import annotations

import logging

from sqlalchemy import select

from agentpay.commerce import order_rows
from agentpay.commerce.payments.protocol import DisputeOpened
from agentpay.store.session import Tx
from agentpay.store.tables import Payment

log = logging.getLogger(__name__)


async def note(tx: Tx, processor: str, dispute: DisputeOpened) -> bool:
    """Add the dispute to the order's metadata, once: `disputes: [{"id", "payment_id", "amount", "currency", "reason"}]`.

    False where the charge belongs to no order. Money is not moved: the provider tells of it where the dispute is lost.
    """
    found = await tx.session.execute(
        select(Payment.order_id, Payment.id).where(
            Payment.organization_id == tx.organization_id,
            Payment.processor == processor,
            Payment.processor_id == dispute.charge_id,
        )
    )
    row = found.first()
    if row is None or row.order_id is None:
        return False
    order = await order_rows.lock(tx, row.order_id)
    known = list(order.details.get("disputes", []))
    if not any(entry["id"] == dispute.id for entry in known):
        entry = {
            "id": dispute.id,
            "payment_id": str(row.id),
            "amount": dispute.amount,
            "currency": dispute.currency,
            "reason": dispute.reason,
        }
        order.details = {**order.details, "disputes": [*known, entry]}
        await tx.session.flush()
        log.warning("Order %s is disputed at %s (%s).", order.id, processor, dispute.id)
    return True
