"""Events, written in the transaction of the change they tell of: no change without its event, no event without its change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import insert, select

from agentpay.commerce.webhooks.events import EVENT_TYPES, matches
from agentpay.store.ids import new_id
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent

Data = Mapping[str, Any] | BaseModel
Later = Callable[[], Awaitable[Data]]
"""Makes the data; not called where nobody listens."""

TASK = "webhooks.deliver"
QUEUE = "webhooks"
"""A queue of its own: endpoints that hang hold up other webhooks at most, never a payment."""


async def emit(tx: Tx, type_: str, data: Data | Later) -> UUID | None:
    """Tell the endpoints that listen; the event's id, or None where none does (one indexed query a transaction then).

    `data`: the contract's shape of the resource as it is now (CONTRACT §2, §3).
    """
    found = await _listeners(tx, type_)
    if not found:
        return None
    known = await data() if callable(data) else data
    return (await _write(tx, type_, [known], found))[0]


async def emit_many(tx: Tx, type_: str, data: Callable[[], Awaitable[Sequence[Data]]]) -> int:
    """As `emit`, an event for each of many resources; answers how many."""
    found = await _listeners(tx, type_)
    return len(await _write(tx, type_, await data(), found)) if found else 0


async def listening(tx: Tx, type_: str) -> bool:
    """Whether an event of this type would go anywhere."""
    return bool(await _listeners(tx, type_))


async def send_to(tx: Tx, endpoint_id: UUID, type_: str, data: Data) -> UUID:
    """An event for one endpoint alone, whatever its filters; the delivery's id."""
    event = await _add_event(tx, type_, data)
    return await add_delivery(tx, endpoint_id, event)


async def add_delivery(tx: Tx, endpoint_id: UUID, event_id: UUID) -> UUID:
    """Bring an event to an endpoint, from its first attempt on; the delivery's id."""
    delivery_id = new_id()
    await tx.session.execute(
        insert(WebhookDelivery).values(
            id=delivery_id,
            organization_id=tx.organization_id,
            endpoint_id=endpoint_id,
            event_id=event_id,
            next_attempt_at=datetime.now(UTC),
        )
    )
    await schedule(tx, delivery_id, attempt=1)
    return delivery_id


async def schedule(tx: Tx, delivery_id: UUID, *, attempt: int, at: datetime | None = None) -> None:
    """A job for this attempt, from 1; at once unless `at` is given."""
    await enqueue(
        tx,
        TASK,
        queue=QUEUE,
        schedule_at=at,
        organization_id=str(tx.organization_id),
        delivery_id=str(delivery_id),
        attempt=attempt,
    )


async def _listeners(tx: Tx, type_: str) -> list[UUID]:
    """Enabled endpoints whose filters match, locked against deletion until the end of the transaction."""
    assert type_ in EVENT_TYPES, type_
    quiet = ("webhooks", tx.organization_id)
    if tx.session.info.get(quiet):
        return []
    rows = (
        await tx.session.execute(
            select(WebhookEndpoint.id, WebhookEndpoint.events)
            .where(WebhookEndpoint.organization_id == tx.organization_id, WebhookEndpoint.enabled)
            .order_by(WebhookEndpoint.id)
            .with_for_update(read=True, key_share=True)
        )
    ).all()
    if not rows:
        tx.session.info[quiet] = True  # a session is one transaction: store/session.py
    return [row.id for row in rows if matches(row.events, type_)]


async def _write(tx: Tx, type_: str, data: Sequence[Data], endpoint_ids: Sequence[UUID]) -> list[UUID]:
    events = []
    for item in data:
        event_id = await _add_event(tx, type_, item)
        events.append(event_id)
        for endpoint_id in endpoint_ids:
            await add_delivery(tx, endpoint_id, event_id)
    return events


async def _add_event(tx: Tx, type_: str, data: Data) -> UUID:
    event_id = new_id()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    shown = data.model_dump(mode="json") if isinstance(data, BaseModel) else dict(data)
    await tx.session.execute(
        insert(WebhookEvent).values(
            id=event_id,
            organization_id=tx.organization_id,
            type=type_,
            payload={"type": type_, "timestamp": now, "data": shown},
        )
    )
    return event_id
