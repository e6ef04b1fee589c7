"""Discount codes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import discount_codes
from agentpay.commerce.discount_codes import DiscountInput, DiscountPatch, DiscountView

router = ApiRouter(prefix="/v1/discounts", tags=["discounts"])


@router.get("", summary="List codes, the newest first", responses=problems.responses())
async def list_discounts(
    tx: TxDep, limit: Limit = 20, cursor: Cursor = None, code: Annotated[str | None, Query(max_length=60)] = None
) -> Page[DiscountView]:
    found = await discount_codes.list_discounts(tx, code=code, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.post("", status_code=201, summary="Make a code", responses=problems.responses(409))
async def create(body: DiscountInput, tx: TxDep) -> DiscountView:
    return await discount_codes.create(tx, body)


@router.get("/{discount_id}", summary="Show a code", responses=problems.responses(404))
async def show(discount_id: UUID, tx: TxDep) -> DiscountView:
    return await discount_codes.get(tx, discount_id)


@router.patch("/{discount_id}", summary="Change a code", responses=problems.responses(404, 409))
async def update(discount_id: UUID, body: DiscountPatch, tx: TxDep) -> DiscountView:
    return await discount_codes.update(tx, discount_id, body)


@router.delete("/{discount_id}", status_code=204, summary="Withdraw a code", responses=problems.responses(404))
async def deactivate(discount_id: UUID, tx: TxDep) -> None:
    """Nobody can use it any more; what it was used for stays on record."""
    await discount_codes.deactivate(tx, discount_id)
