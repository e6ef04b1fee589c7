"""Whose charge is it? For webhooks that carry no metadata of ours (disputes)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from agentpay.store.session import Database
from agentpay.store.tables import Payment


async def organization_of(database: Database, processor: str, charge_id: str) -> UUID | None:
    """The organization whose ledger has the charge; None where none has."""
    async with database.session() as session:
        found: UUID | None = await session.scalar(
            select(Payment.organization_id).where(Payment.processor == processor, Payment.processor_id == charge_id)
        )
    return found
