"""Orders: shown, fulfilled, cancelled."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import pagination, problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.api.schemas.commerce import CancelIn, FulfilmentIn
from agentpay.commerce import orders
from agentpay.commerce.shapes import OrderStatus, OrderView

router = ApiRouter(prefix="/v1/orders", tags=["orders"])

Reference = Annotated[str | None, Query(max_length=200)]


@router.get("", summary="List orders, the newest first", responses=problems.responses())
async def list_orders(
    tx: TxDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    external_id: Reference = None,
    number: Reference = None,
    status: OrderStatus | None = None,
    customer_id: UUID | None = None,
    conversation_id: UUID | None = None,
) -> Page[OrderView]:
    rows = await orders.list_(
        tx,
        limit=limit + 1,
        before=pagination.decode_id(cursor) if cursor is not None else None,
        external_id=external_id,
        number=number,
        status=status,
        customer_id=customer_id,
        conversation_id=conversation_id,
    )
    more = pagination.encode([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=more)


@router.get("/{order_id}", summary="Show an order", responses=problems.responses(404))
async def show(order_id: UUID, tx: TxDep) -> OrderView:
    return await orders.get(tx, order_id)


@router.post("/{order_id}/cancel", summary="Cancel an order that has not left", responses=problems.responses(404, 409))
async def cancel(order_id: UUID, tx: TxDep, body: CancelIn | None = None) -> OrderView:
    """A paid one is refunded whole; its goods return to the stock."""
    reason = body.reason if body is not None and body.reason is not None else "cancelled"
    return await orders.cancel(tx, order_id, reason=reason)


@router.post("/{order_id}/fulfilments", summary="Say that it left or arrived", responses=problems.responses(404, 409))
async def fulfil(order_id: UUID, body: FulfilmentIn, tx: TxDep) -> OrderView:
    return await orders.fulfil(tx, order_id, body.status, tracking=body.tracking)
