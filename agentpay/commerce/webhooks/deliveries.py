"""Deliveries: attempts, what came of them, the log, and sending again. At least once: a receiver keeps `webhook-id`s."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from agentpay.commerce.webhooks import addresses, endpoints, outbox, sending, signing
from agentpay.commerce.webhooks.addresses import Resolver
from agentpay.commerce.webhooks.events import TEST
from agentpay.commerce.webhooks.sending import Outcome
from agentpay.commerce.webhooks.shapes import DeliveryView
from agentpay.errors import Problem, not_found
from agentpay.settings import Settings
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.session import Database, Tx
from agentpay.store.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 2 * 60, 10 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
)
"""Between attempts: ten of them over about two days; each pause is drawn from 80 to 120 % of its length."""
ATTEMPTS = len(PAUSES) + 1


@dataclass(frozen=True, slots=True)
class Attempt:
    delivery_id: UUID
    number: int
    endpoint_id: UUID
    url: str
    secrets: list[str] = field(repr=False)
    message_id: str
    body: bytes = field(repr=False)


async def deliver(
    database: Database,
    settings: Settings,
    organization_id: UUID,
    delivery_id: UUID,
    number: int,
    *,
    base_url: str,
    resolver: Resolver = addresses.resolve,
) -> Outcome | None:
    """Make an attempt and record it, the next one enqueued with the record; None where it is not to be made (any more)."""
    async with database.tx(organization_id) as tx:
        attempt = await begin(tx, delivery_id, number, base_url=base_url)
    if attempt is None:
        return None
    outcome = await sending.post(
        attempt.url,
        attempt.body,
        signing.headers(attempt.secrets, attempt.message_id, datetime.now(UTC), attempt.body),
        timeout_seconds=settings.webhook_timeout_seconds,
        allow_private=settings.webhook_allow_private,
        resolver=resolver,
    )
    async with database.tx(organization_id) as tx:
        await record(tx, attempt, outcome, settings)
    return outcome


async def begin(tx: Tx, delivery_id: UUID, number: int, *, base_url: str) -> Attempt | None:
    """What to send; None where this attempt was made already. A disabled endpoint's delivery ends here."""
    row = (
        await tx.session.execute(
            select(WebhookDelivery, WebhookEvent, WebhookEndpoint)
            .join(
                WebhookEvent,
                (WebhookEvent.organization_id == WebhookDelivery.organization_id)
                & (WebhookEvent.id == WebhookDelivery.event_id),
            )
            .join(
                WebhookEndpoint,
                (WebhookEndpoint.organization_id == WebhookDelivery.organization_id)
                & (WebhookEndpoint.id == WebhookDelivery.endpoint_id),
            )
            .where(WebhookDelivery.organization_id == tx.organization_id, WebhookDelivery.id == delivery_id)
            .with_for_update(of=WebhookDelivery)
        )
    ).one_or_none()
    if row is None or row.WebhookDelivery.status != "pending" or row.WebhookDelivery.attempt >= number:
        return None
    endpoint: WebhookEndpoint = row.WebhookEndpoint
    if not endpoint.enabled:
        _end(row.WebhookDelivery, "failed", "endpoint_disabled")
        return None
    return Attempt(
        delivery_id=delivery_id,
        number=number,
        endpoint_id=endpoint.id,
        url=endpoint.url,
        secrets=endpoints.signing_secrets(endpoint, datetime.now(UTC)),
        message_id=str(row.WebhookEvent.id),
        body=body_of(row.WebhookEvent.payload, base_url),
    )


def body_of(payload: dict[str, Any], base_url: str) -> bytes:
    """The request's body. A checkout's `url` is stored as a path: where buyers reach the shop is known to who sends."""
    data = payload["data"]
    if payload["type"].startswith("checkout."):
        payload = {**payload, "data": _reachable(data, base_url)}
    elif payload["type"].startswith("return.") and data.get("checkout"):
        payload = {**payload, "data": {**data, "checkout": _reachable(data["checkout"], base_url)}}
    return orjson.dumps(payload)


def _reachable(checkout: dict[str, Any], base_url: str) -> dict[str, Any]:
    path = str(checkout.get("url", ""))
    return {**checkout, "url": base_url.rstrip("/") + path} if path.startswith("/") else checkout


async def record(
    tx: Tx, attempt: Attempt, outcome: Outcome, settings: Settings, *, now: datetime | None = None
) -> None:
    """Log the attempt; plan the next one, or disable the endpoint where it has failed for too long. Twice is once."""
    now = now or datetime.now(UTC)
    endpoint = await endpoints.lock(tx, attempt.endpoint_id)  # before the delivery, as deleting an endpoint does
    delivery = await tx.session.scalar(
        select(WebhookDelivery)
        .where(WebhookDelivery.organization_id == tx.organization_id, WebhookDelivery.id == attempt.delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if endpoint is None or delivery is None or delivery.status != "pending" or delivery.attempt >= attempt.number:
        return
    delivery.attempt = attempt.number
    delivery.response_status = outcome.status
    delivery.response_body = outcome.body
    delivery.error = outcome.error
    if outcome.ok:
        _end(delivery, "succeeded", None)
        delivery.delivered_at = now
        endpoint.failures, endpoint.failing_since = 0, None
        return
    if endpoint.enabled:
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or now
        if outcome.gone or _hopeless(endpoint, settings, now):
            await endpoints.disable(tx, endpoint, now=now)
    if attempt.number >= ATTEMPTS or not endpoint.enabled:
        _end(delivery, "failed", outcome.error)
        return
    delivery.next_attempt_at = now + PAUSES[attempt.number - 1] * random.uniform(0.8, 1.2)
    await outbox.schedule(tx, delivery.id, attempt=attempt.number + 1, at=delivery.next_attempt_at)


def _hopeless(endpoint: WebhookEndpoint, settings: Settings, now: datetime) -> bool:
    """Both many failures in a row and a long time of them: a busy shop fails often within a short outage."""
    assert endpoint.failing_since is not None
    patience = timedelta(minutes=settings.webhook_disable_after_minutes)
    return endpoint.failures >= settings.webhook_disable_after_failures and now - endpoint.failing_since >= patience


def _end(delivery: WebhookDelivery, status: str, error: str | None) -> None:
    delivery.status, delivery.error, delivery.next_attempt_at = status, error, None


async def list_deliveries(
    tx: Tx, endpoint_id: UUID, *, status: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[DeliveryView]:
    """The endpoint's log, newest first. Problem 404 `not_found`."""
    await endpoints.row(tx, endpoint_id)
    query = select(WebhookDelivery).where(
        WebhookDelivery.organization_id == tx.organization_id, WebhookDelivery.endpoint_id == endpoint_id
    )
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    found = await page(tx, query, WebhookDelivery.id, limit=limit, cursor=cursor)
    return Page(await _views(tx, found.items), found.next_cursor)


async def redeliver(tx: Tx, endpoint_id: UUID, delivery_id: UUID) -> DeliveryView:
    """The same event once more, as a delivery of its own with the same `webhook-id`.

    Problems: 404 `not_found`, 409 `webhook_endpoint_disabled`.
    """
    await _require_enabled(tx, endpoint_id)
    event_id = await tx.session.scalar(
        select(WebhookDelivery.event_id).where(
            WebhookDelivery.organization_id == tx.organization_id,
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.id == delivery_id,
        )
    )
    if event_id is None:
        raise not_found("delivery", delivery_id)
    return await _view(tx, await outbox.add_delivery(tx, endpoint_id, event_id))


async def send_test(tx: Tx, endpoint_id: UUID) -> DeliveryView:
    """A `webhook_endpoint.test` event for this endpoint. Problems: 404 `not_found`, 409 `webhook_endpoint_disabled`."""
    endpoint = await _require_enabled(tx, endpoint_id)
    return await _view(tx, await outbox.send_to(tx, endpoint_id, TEST, endpoints.view(endpoint)))


async def _require_enabled(tx: Tx, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = await endpoints.row(tx, endpoint_id, locked=True)
    if not endpoint.enabled:
        raise Problem("webhook_endpoint_disabled", "The endpoint is disabled: enable it first.", status=409)
    return endpoint


async def _view(tx: Tx, delivery_id: UUID) -> DeliveryView:
    return (await _views(tx, [await tx.session.get_one(WebhookDelivery, delivery_id)]))[0]


async def _views(tx: Tx, rows: list[WebhookDelivery]) -> list[DeliveryView]:
    found = await tx.session.execute(
        select(WebhookEvent.id, WebhookEvent.type).where(
            WebhookEvent.organization_id == tx.organization_id, WebhookEvent.id.in_({row.event_id for row in rows})
        )
    )
    types = {row.id: row.type for row in found}
    names = [name for name in DeliveryView.model_fields if name != "event_type"]
    return [
        DeliveryView(event_type=types[row.event_id], **{name: getattr(row, name) for name in names}) for row in rows
    ]
