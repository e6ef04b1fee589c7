"""Webhooks of payment providers: verified, stored, answered, and handled once by a job (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.commerce import refunds
from agentpay.commerce.payments import disputes, refunded, settle
from agentpay.commerce.payments.protocol import (
    DisputeOpened,
    PaymentChanged,
    ProviderError,
    RefundChanged,
    RefundMade,
    SignatureError,
    UnrelatedEvent,
)
from agentpay.commerce.payments.registry import Providers
from agentpay.commerce.payments.settle import PaymentOutcome
from agentpay.errors import Problem
from agentpay.store.queue import enqueue
from agentpay.store.session import Database, Tx
from agentpay.store.tables import InboundEvent, Organization

FORGOTTEN_AFTER = timedelta(minutes=1)
"""An event still not handled after this long gets another job: its first one may have failed for good."""

EARLIEST = timedelta(days=1)
"""How long before the news of its payment the news of a refund may come."""


async def receive(
    database: Database, providers: Providers, source: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Store an event and enqueue its handling in one transaction; False for one that was stored before, or is none of ours.

    Which organization's it is the provider says: by what our own requests wrote into its metadata, or by our ledger.

    Problems: `payment_provider_unknown` (404), `signature_invalid` (400), `event_invalid` (422),
    `payment_provider_unavailable` (503).
    """
    provider = providers.get(source)
    try:
        event = await provider.verify_webhook({key.lower(): value for key, value in headers.items()}, body)
    except SignatureError as error:
        raise Problem("signature_invalid", str(error), status=400) from None
    except UnrelatedEvent:
        return False  # the merchant's account does other business too; refusing would have it sent again for days
    except ValueError as error:
        raise Problem("event_invalid", str(error)) from None
    except ProviderError as error:  # it has to be asked whose the event is, and sends it again
        raise Problem("payment_provider_unavailable", str(error), status=503) from None
    async with database.tx(event.organization_id) as tx:
        known = await tx.session.scalar(select(Organization.id).where(Organization.id == event.organization_id))
        if known is None:
            raise Problem("event_invalid", "The event belongs to no organization here.")
        event_id = await tx.session.scalar(
            insert(InboundEvent)
            .values(
                organization_id=event.organization_id,
                source=source,
                external_id=event.id,
                type=event.type,
                payload=event.payload,
            )
            .on_conflict_do_nothing()
            .returning(InboundEvent.id)
        )
        if event_id is None:
            return False
        await _enqueue(tx, event_id)
    return True


async def handle(tx: Tx, providers: Providers, event_id: UUID) -> PaymentOutcome | None:
    """The effects of a stored event, with `handled_at`, in the caller's transaction. Once: later calls do nothing."""
    event = await tx.session.scalar(
        select(InboundEvent)
        .where(InboundEvent.organization_id == tx.organization_id, InboundEvent.id == event_id)
        .with_for_update()
    )
    if event is None or event.handled_at is not None:
        return None
    event.attempts += 1
    outcome: PaymentOutcome | None = None
    try:
        outcome = await _effects(tx, providers, event)
    except Problem as problem:
        given_up = problem.code == refunded.NOT_RECORDED and event.created_at < datetime.now(UTC) - EARLIEST
        if problem.status != 404 and not given_up:
            raise
        event.error = problem.detail  # about something that is not ours: nothing will ever come of it
    event.handled_at = datetime.now(UTC)
    await tx.session.flush()
    return outcome


async def enqueue_forgotten(session: AsyncSession, *, limit: int = 500) -> int:
    """Give events that nobody handled another job; answers how many."""
    rows = await session.execute(
        select(InboundEvent.id, InboundEvent.organization_id)
        .where(InboundEvent.handled_at.is_(None), InboundEvent.created_at < func.now() - FORGOTTEN_AFTER)
        .order_by(InboundEvent.created_at)
        .limit(limit)
    )
    found = rows.all()
    for row in found:
        await _enqueue(Tx(session, row.organization_id), row.id)
    return len(found)


async def _effects(tx: Tx, providers: Providers, event: InboundEvent) -> PaymentOutcome | None:
    news = providers.get(event.source).parse_event(event.payload)
    if isinstance(news, PaymentChanged):
        return await settle.apply(tx, event.source, news)
    if isinstance(news, DisputeOpened):
        await disputes.note(tx, event.source, news)
    if isinstance(news, RefundMade):
        await refunded.record(tx, event.source, news)
    if isinstance(news, RefundChanged) and news.refund.status != "pending":
        await refunds.finish(
            tx, news.refund_id, succeeded=news.refund.status == "succeeded", processor_id=news.refund.id
        )
    return None


async def _enqueue(tx: Tx, event_id: UUID) -> None:
    await enqueue(
        tx,
        "payments.handle_inbound",
        queueing_lock=f"inbound:{event_id}",
        organization_id=str(tx.organization_id),
        event_id=str(event_id),
    )
