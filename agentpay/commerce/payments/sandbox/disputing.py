"""A buyer who goes to their bank, for tests: the sandbox tells of it by a webhook, as a processor would."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from agentpay.commerce import order_rows
from agentpay.commerce.payments.sandbox.provider import SandboxProvider
from agentpay.errors import Problem
from agentpay.store.session import Database
from agentpay.store.tables import Payment


@dataclass(frozen=True, slots=True)
class Disputed:
    """`event_id` is the webhook's. `amount` in minor units: all of the charge that was not given back."""

    id: str
    event_id: str
    amount: int
    currency: str
    reason: str


async def dispute(
    database: Database, sandbox: SandboxProvider, *, organization_id: UUID, order_id: UUID, reason: str
) -> Disputed:
    """Dispute the latest charge of an order. Problems: `not_found` (404), `not_sandbox`, `nothing_to_dispute` (409)."""
    async with database.tx(organization_id) as tx:
        await order_rows.by_id(tx, order_id)
        charge_id = await tx.session.scalar(
            select(Payment.processor_id)
            .where(
                Payment.organization_id == organization_id,
                Payment.order_id == order_id,
                Payment.processor == sandbox.name,
                Payment.status == "succeeded",
            )
            .order_by(Payment.id.desc())
            .limit(1)
        )
    if charge_id is None:
        raise Problem("not_sandbox", "This order was not paid in the sandbox.", status=409)
    made = await sandbox.dispute(organization_id, charge_id, reason)
    if made is None:
        raise Problem("nothing_to_dispute", "This charge was given back already.", status=409)
    opened, event_id = made
    return Disputed(opened.id, event_id, opened.amount, opened.currency, opened.reason)
