"""Webhook endpoints: made, changed, their secrets rotated, disabled by themselves where nobody answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from agentpay.commerce.webhooks import addresses, outbox, signing
from agentpay.commerce.webhooks.addresses import Resolver
from agentpay.commerce.webhooks.shapes import EndpointInput, EndpointPatch, EndpointView, EndpointWithSecret
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.session import Tx
from agentpay.store.tables import Organization, WebhookEndpoint

MAX_ENDPOINTS = 50
"""An organization's: every event costs a row and a request each."""
GRACE = timedelta(hours=24)
"""How long a secret that was rotated out goes on signing, unless told otherwise."""


async def create(
    tx: Tx, given: EndpointInput, *, allow_private: bool, resolver: Resolver = addresses.resolve
) -> EndpointWithSecret:
    """A new endpoint, with the secret that is never shown again.

    Problems: 422 `webhook_url_invalid`, `webhook_url_forbidden`; 409 `webhook_endpoint_limit`.
    """
    await addresses.check_endpoint(given.url, allow_private=allow_private, resolver=resolver)
    await tx.session.execute(  # so that two at once cannot both be the last one allowed
        select(Organization.id).where(Organization.id == tx.organization_id).with_for_update(key_share=True)
    )
    count = await tx.session.scalar(
        select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.organization_id == tx.organization_id)
    )
    if (count or 0) >= MAX_ENDPOINTS:
        raise Problem("webhook_endpoint_limit", f"A shop has at most {MAX_ENDPOINTS} endpoints.", status=409)
    secret = signing.new_secret()
    made = WebhookEndpoint(
        id=new_id(),
        organization_id=tx.organization_id,
        url=given.url,
        events=list(dict.fromkeys(given.events)),
        secrets=[secret],
        enabled=given.enabled,
        disabled_at=None if given.enabled else datetime.now(UTC),
        failures=0,
    )
    tx.session.add(made)
    await tx.session.flush()
    await tx.session.refresh(made)
    return EndpointWithSecret(**dict(view(made)), secret=secret)


async def get(tx: Tx, endpoint_id: UUID) -> EndpointView:
    """Problem 404 `not_found`."""
    return view(await row(tx, endpoint_id))


async def list_endpoints(tx: Tx, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[EndpointView]:
    """Newest first."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.organization_id == tx.organization_id)
    found = await page(tx, query, WebhookEndpoint.id, limit=limit, cursor=cursor)
    return Page([view(item) for item in found.items], found.next_cursor)


async def update(
    tx: Tx,
    endpoint_id: UUID,
    patch: EndpointPatch,
    *,
    allow_private: bool,
    resolver: Resolver = addresses.resolve,
) -> EndpointView:
    """Problems: 404 `not_found`; 422 as `create`, and `validation_error` for a null."""
    for name in patch.model_fields_set:
        if getattr(patch, name) is None:
            raise Problem("validation_error", f"{name} must not be null.")
    if patch.url is not None:
        await addresses.check_endpoint(patch.url, allow_private=allow_private, resolver=resolver)
    endpoint = await row(tx, endpoint_id, locked=True)
    endpoint.url = patch.url if patch.url is not None else endpoint.url
    endpoint.events = list(dict.fromkeys(patch.events)) if patch.events is not None else endpoint.events
    if patch.enabled is not None and patch.enabled != endpoint.enabled:
        endpoint.enabled = patch.enabled
        endpoint.disabled_at = None if patch.enabled else datetime.now(UTC)
        endpoint.failures, endpoint.failing_since = 0, None
    return await _stored(tx, endpoint)


async def delete(tx: Tx, endpoint_id: UUID) -> None:
    """The endpoint with its log; what waits for it is not sent. Problem 404 `not_found`."""
    await tx.session.delete(await row(tx, endpoint_id, locked=True))
    await tx.session.flush()


async def rotate(
    tx: Tx, endpoint_id: UUID, *, grace: timedelta = GRACE, now: datetime | None = None
) -> EndpointWithSecret:
    """A new secret; the one before signs beside it for `grace`. One that was still in its grace ends. Problem 404."""
    now = now or datetime.now(UTC)
    endpoint = await row(tx, endpoint_id, locked=True)
    secret = signing.new_secret()
    endpoint.secrets = [secret, *(endpoint.secrets[:1] if grace > timedelta() else [])]
    endpoint.previous_secret_expires_at = now + grace if grace > timedelta() else None
    return EndpointWithSecret(**dict(await _stored(tx, endpoint)), secret=secret)


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign at this moment, newest first."""
    until = endpoint.previous_secret_expires_at
    return list(endpoint.secrets) if until is not None and now < until else endpoint.secrets[:1]


async def disable(tx: Tx, endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Send a locked endpoint nothing more, and tell the others."""
    endpoint.enabled, endpoint.disabled_at = False, now
    shown = await _stored(tx, endpoint)
    await outbox.emit(tx, "webhook_endpoint.disabled", shown)


async def lock(tx: Tx, endpoint_id: UUID) -> WebhookEndpoint | None:
    """The endpoint, locked until the end of the transaction; events may still be written for it."""
    found: WebhookEndpoint | None = await tx.session.scalar(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.organization_id == tx.organization_id, WebhookEndpoint.id == endpoint_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def row(tx: Tx, endpoint_id: UUID, *, locked: bool = False) -> WebhookEndpoint:
    """Problem 404 `not_found`."""
    found = await lock(tx, endpoint_id) if locked else None
    if not locked:
        found = await tx.session.scalar(
            select(WebhookEndpoint).where(
                WebhookEndpoint.organization_id == tx.organization_id, WebhookEndpoint.id == endpoint_id
            )
        )
    if found is None:
        raise not_found("webhook endpoint", endpoint_id)
    return found


def view(endpoint: WebhookEndpoint) -> EndpointView:
    """Never its secrets."""
    return EndpointView.model_validate(endpoint)


async def _stored(tx: Tx, endpoint: WebhookEndpoint) -> EndpointView:
    await tx.session.flush()
    await tx.session.refresh(endpoint)
    return view(endpoint)
