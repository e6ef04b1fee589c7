"""What outbound webhooks leave behind, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.store.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent

KEPT = timedelta(days=30)
"""Events and the log of their deliveries; until then they can be sent again."""
BATCH = 1_000


async def drop_old_events(session: AsyncSession, *, now: datetime | None = None, batch: int = BATCH) -> int:
    """Forget a batch of old events with their deliveries, none that is still on its way; answers how many."""
    waiting = exists().where(
        WebhookDelivery.organization_id == WebhookEvent.organization_id,
        WebhookDelivery.event_id == WebhookEvent.id,
        WebhookDelivery.status == "pending",
    )
    old = (
        select(WebhookEvent.id)
        .where(WebhookEvent.created_at < (now or datetime.now(UTC)) - KEPT, ~waiting)
        .order_by(WebhookEvent.created_at)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    gone = await session.scalars(
        delete(WebhookEvent)
        .where(WebhookEvent.id.in_(old))
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


async def drop_expired_secrets(session: AsyncSession, *, now: datetime | None = None) -> None:
    """Erase secrets that were rotated out and sign no more."""
    await session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.previous_secret_expires_at <= (now or datetime.now(UTC)))
        .values(
            secrets=func.jsonb_build_array(WebhookEndpoint.secrets[0]),
            previous_secret_expires_at=None,
        )
        .execution_options(synchronize_session=False)
    )
