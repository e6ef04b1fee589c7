"""Webhook endpoints: where the shop's events are sent, with which secret, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from agentpay.api import problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Body, Page
from agentpay.commerce.webhooks import deliveries, endpoints
from agentpay.commerce.webhooks.shapes import (
    DeliveryStatus,
    DeliveryView,
    EndpointInput,
    EndpointPatch,
    EndpointView,
    EndpointWithSecret,
)

router = ApiRouter(prefix="/v1/webhook-endpoints", tags=["webhook endpoints"])


class RotateIn(Body):
    """`grace_hours`: how long the secret before goes on signing beside the new one; 0 where it is known to others."""

    grace_hours: Annotated[int, Field(ge=0, le=168, strict=True)] = 24


@router.post("", status_code=201, summary="Create a webhook endpoint", responses=problems.responses(409))
async def create(body: EndpointInput, tx: TxDep, state: StateDep) -> EndpointWithSecret:
    """The answer holds the `secret` that signs (Standard Webhooks). It is never shown again."""
    return await endpoints.create(tx, body, allow_private=state.settings.webhook_allow_private)


@router.get("", summary="List webhook endpoints, the newest first", responses=problems.responses())
async def list_endpoints(tx: TxDep, limit: Limit = 20, cursor: Cursor = None) -> Page[EndpointView]:
    found = await endpoints.list_endpoints(tx, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.get("/{endpoint_id}", summary="Show a webhook endpoint", responses=problems.responses(404))
async def show(endpoint_id: UUID, tx: TxDep) -> EndpointView:
    return await endpoints.get(tx, endpoint_id)


@router.patch("/{endpoint_id}", summary="Change a webhook endpoint", responses=problems.responses(404))
async def update(endpoint_id: UUID, body: EndpointPatch, tx: TxDep, state: StateDep) -> EndpointView:
    return await endpoints.update(tx, endpoint_id, body, allow_private=state.settings.webhook_allow_private)


@router.delete(
    "/{endpoint_id}", status_code=204, summary="Delete a webhook endpoint", responses=problems.responses(404)
)
async def delete(endpoint_id: UUID, tx: TxDep) -> None:
    """With its log; what still waits for it is not sent."""
    await endpoints.delete(tx, endpoint_id)


@router.post("/{endpoint_id}/rotate-secret", summary="Make a new secret", responses=problems.responses(404))
async def rotate_secret(endpoint_id: UUID, tx: TxDep, body: RotateIn | None = None) -> EndpointWithSecret:
    """Both secrets sign until the grace is over. The new one is shown here alone."""
    grace = timedelta(hours=(body or RotateIn()).grace_hours)
    return await endpoints.rotate(tx, endpoint_id, grace=grace)


@router.post(
    "/{endpoint_id}/test", status_code=201, summary="Send a test event", responses=problems.responses(404, 409)
)
async def test(endpoint_id: UUID, tx: TxDep) -> DeliveryView:
    """An event `webhook_endpoint.test` for this endpoint alone, whatever its filters; the log tells how it went."""
    return await deliveries.send_test(tx, endpoint_id)


@router.get("/{endpoint_id}/deliveries", summary="The log, the newest first", responses=problems.responses(404))
async def list_deliveries(
    endpoint_id: UUID, tx: TxDep, limit: Limit = 20, cursor: Cursor = None, status: DeliveryStatus | None = None
) -> Page[DeliveryView]:
    found = await deliveries.list_deliveries(tx, endpoint_id, status=status, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    status_code=201,
    summary="Send an event again",
    responses=problems.responses(404, 409),
)
async def redeliver(endpoint_id: UUID, delivery_id: UUID, tx: TxDep) -> DeliveryView:
    """A delivery of its own, from the first attempt on, with the same `webhook-id`."""
    return await deliveries.redeliver(tx, endpoint_id, delivery_id)
