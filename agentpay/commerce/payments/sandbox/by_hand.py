"""What happens to a charge without the shop, for tests: a dispute by the buyer's bank, a refund in the processor's dashboard.

The sandbox tells of it by a webhook, as a processor would.
"""

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


@dataclass(frozen=True, slots=True)
class RefundedByHand:
    """`id` is the sandbox's, `event_id` the webhook's. `amount` in minor units."""

    id: str
    event_id: str
    amount: int
    currency: str


async def dispute(
    database: Database, sandbox: SandboxProvider, *, organization_id: UUID, order_id: UUID, reason: str
) -> Disputed:
    """Dispute the latest charge of an order. Problems: `not_found` (404), `not_sandbox`, `nothing_to_dispute` (409)."""
    charge = await _latest_charge(database, sandbox, organization_id, order_id)
    made = await sandbox.dispute(organization_id, str(charge.processor_id), reason)
    if made is None:
        raise Problem("nothing_to_dispute", "This charge was given back already.", status=409)
    opened, event_id = made
    return Disputed(opened.id, event_id, opened.amount, opened.currency, opened.reason)


async def refund(
    database: Database, sandbox: SandboxProvider, *, organization_id: UUID, order_id: UUID, amount: int | None
) -> RefundedByHand:
    """Refund the latest charge of an order, in part or what is left of it.

    Problems: `not_found` (404), `not_sandbox`, `refund_exceeds_paid` (409).
    """
    charge = await _latest_charge(database, sandbox, organization_id, order_id)
    made = await sandbox.refund_by_hand(organization_id, str(charge.processor_id), amount)
    if made is None:
        raise Problem("refund_exceeds_paid", "That is more than is left to refund.", status=409)
    given, event_id = made
    return RefundedByHand(given.id, event_id, given.amount, charge.currency)


async def _latest_charge(
    database: Database, sandbox: SandboxProvider, organization_id: UUID, order_id: UUID
) -> Payment:
    async with database.tx(organization_id) as tx:
        await order_rows.by_id(tx, order_id)
        charge: Payment | None = await tx.session.scalar(
            select(Payment)
            .where(
                Payment.organization_id == organization_id,
                Payment.order_id == order_id,
                Payment.processor == sandbox.name,
                Payment.status == "succeeded",
            )
            .order_by(Payment.id.desc())
            .limit(1)
        )
    if charge is None:
        raise Problem("not_sandbox", "This order was not paid in the sandbox.", status=409)
    return charge
