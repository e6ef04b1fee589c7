"""Orders: shown, fulfilled, cancelled."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import pagination, problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.after_sales import AddressIn, ItemsIn, PaymentMethodIn, PaymentsView
from agentpay.api.schemas.base import Page
from agentpay.api.schemas.commerce import CancelIn, FulfilmentIn
from agentpay.commerce import order_changes, orders
from agentpay.commerce.after_sale_shapes import OrderChangeView
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
        before=pagination.id_behind(cursor),
        external_id=external_id,
        number=number,
        status=status,
        customer_id=customer_id,
        conversation_id=conversation_id,
    )
    return pagination.page_of(rows, limit)


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


@router.get("/{order_id}/payments", summary="What was charged for an order", responses=problems.responses(404))
async def payments(order_id: UUID, tx: TxDep) -> PaymentsView:
    """Every charge, oldest first; what went back is in `/v1/refunds?order_id=`."""
    return PaymentsView(items=await order_changes.payments_of(tx, order_id))


@router.post("/{order_id}/address", summary="Send an order elsewhere", responses=problems.responses(404, 409))
async def change_address(order_id: UUID, body: AddressIn, tx: TxDep, state: StateDep) -> OrderChangeView:
    """Before it leaves. Where `checkout` is set, the change waits until that link is paid."""
    return await order_changes.change_address(
        tx, order_id, body.shipping_address, method=body.payment_method, base_url=state.base_url
    )


@router.post("/{order_id}/items", summary="Change the items of an order", responses=problems.responses(404, 409))
async def change_items(order_id: UUID, body: ItemsIn, tx: TxDep, state: StateDep) -> OrderChangeView:
    """Before it leaves: other variants of the same products, more or fewer. What it costs more is a payment link or charged
    to the stored method that is named, where the shop's policy allows that; what it costs less goes back."""
    return await order_changes.change_items(
        tx, order_id, body.changes, method=body.payment_method, base_url=state.base_url
    )


@router.post("/{order_id}/payment-method", summary="Pay an order otherwise", responses=problems.responses(404, 409))
async def change_payment(order_id: UUID, body: PaymentMethodIn, tx: TxDep) -> OrderChangeView:
    """Before it leaves: another stored method is charged, what was paid before goes back."""
    return await order_changes.change_payment(tx, order_id, body.payment_method)
