"""Refunds: money on its way back, never more than was paid."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from agentpay.api import pagination, problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.after_sales import RefundCreated
from agentpay.api.schemas.base import Page
from agentpay.api.schemas.commerce import RefundIn
from agentpay.commerce import refunds
from agentpay.commerce.shapes import RefundView

router = ApiRouter(prefix="/v1/refunds", tags=["refunds"])


@router.post("", status_code=201, summary="Refund an order, in part or whole", responses=problems.responses(404, 409))
async def create(body: RefundIn, tx: TxDep) -> RefundCreated:
    """`pending` until the provider has carried it out. `refunds` are all of them where several payments give it back."""
    rows = await refunds.create(tx, body.order_id, body.amount, reason=body.reason, method=body.payment_method)
    return RefundCreated(**rows[0].model_dump(), refunds=rows)


@router.get("", summary="List refunds, the newest first", responses=problems.responses())
async def list_refunds(
    tx: TxDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    order_id: UUID | None = None,
    status: Literal["pending", "succeeded", "failed"] | None = None,
) -> Page[RefundView]:
    before = pagination.id_behind(cursor)
    rows = await refunds.list_(tx, limit=limit + 1, before=before, order_id=order_id, status=status)
    return pagination.page_of(rows, limit)


@router.get("/{refund_id}", summary="Show a refund", responses=problems.responses(404))
async def show(refund_id: UUID, tx: TxDep) -> RefundView:
    return await refunds.get(tx, refund_id)
