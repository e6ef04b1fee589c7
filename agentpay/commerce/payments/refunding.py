"""Carrying out a refund that was decided: ask the provider, outside any transaction, then record its answer."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from agentpay.commerce import refunds
from agentpay.commerce.payments.protocol import RefundRequest
from agentpay.commerce.payments.registry import Providers
from agentpay.store.session import Database
from agentpay.store.tables import Payment, Refund


async def execute(database: Database, providers: Providers, organization_id: UUID, refund_id: UUID) -> None:
    """Once however often it runs: the provider knows the refund by its key. Raises ProviderError, to be tried again."""
    async with database.tx(organization_id) as tx:
        row = (
            await tx.session.execute(
                select(Refund, Payment.processor_id.label("charge_id"))
                .join(
                    Payment,
                    (Payment.organization_id == Refund.organization_id) & (Payment.id == Refund.payment_id),
                )
                .where(Refund.organization_id == organization_id, Refund.id == refund_id)
            )
        ).one_or_none()
    if row is None or row.Refund.status != "pending":
        return
    refund: Refund = row.Refund
    answer = await providers.get(refund.processor).refund(
        RefundRequest(
            organization_id=organization_id,
            refund_id=refund_id,
            idempotency_key=f"refund:{refund_id}",
            charge_id=row.charge_id,
            amount=refund.amount,
            currency=refund.currency,
            reason=refund.reason,
        )
    )
    if answer.status == "pending":
        return  # its webhook will say
    async with database.tx(organization_id) as tx:
        await refunds.finish(tx, refund_id, succeeded=answer.status == "succeeded", processor_id=answer.id or None)
