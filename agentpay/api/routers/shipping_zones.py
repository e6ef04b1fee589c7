"""Shipping zones and their rates."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import zones
from agentpay.commerce.zones import ZoneInput, ZonePatch, ZoneView

router = ApiRouter(prefix="/v1/shipping-zones", tags=["shipping"])


@router.get("", summary="List zones, the newest first", responses=problems.responses())
async def list_zones(
    tx: TxDep, limit: Limit = 20, cursor: Cursor = None, name: Annotated[str | None, Query(max_length=500)] = None
) -> Page[ZoneView]:
    found = await zones.list_zones(tx, name=name, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.post("", status_code=201, summary="Make a zone", responses=problems.responses(409))
async def create(body: ZoneInput, tx: TxDep) -> ZoneView:
    return await zones.create(tx, body)


@router.get("/{zone_id}", summary="Show a zone", responses=problems.responses(404))
async def show(zone_id: UUID, tx: TxDep) -> ZoneView:
    return await zones.get(tx, zone_id)


@router.patch("/{zone_id}", summary="Change a zone", responses=problems.responses(404, 409))
async def update(zone_id: UUID, body: ZonePatch, tx: TxDep) -> ZoneView:
    return await zones.update(tx, zone_id, body)


@router.delete("/{zone_id}", status_code=204, summary="Delete a zone", responses=problems.responses(404))
async def delete(zone_id: UUID, tx: TxDep) -> None:
    """The shop ships there no more; orders that were shipped keep what it cost."""
    await zones.delete(tx, zone_id)
