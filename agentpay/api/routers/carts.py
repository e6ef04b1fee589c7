"""Carts: what somebody means to buy. A conversation has one of its own; shops may make others."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from agentpay.api import problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.after_sales import CartIn, CartLineIn, CartPatch, CartResource
from agentpay.api.schemas.base import Page
from agentpay.commerce import cart_items, carts
from agentpay.commerce.checkout_inputs import ItemInput
from agentpay.store.pagination import page
from agentpay.store.session import Tx
from agentpay.store.tables import Cart

router = ApiRouter(prefix="/v1/carts", tags=["carts"])


@router.get("", summary="List carts, the newest first", responses=problems.responses())
async def list_carts(
    tx: TxDep, limit: Limit = 20, cursor: Cursor = None, conversation_id: UUID | None = None
) -> Page[CartResource]:
    query = select(Cart).where(Cart.organization_id == tx.organization_id)
    if conversation_id is not None:
        query = query.where(Cart.conversation_id == conversation_id)
    found = await page(tx, query, Cart.id, limit=limit, cursor=cursor)
    return Page(items=[await _shown(tx, cart.id) for cart in found.items], next_cursor=found.next_cursor)


@router.post("", status_code=201, summary="Create a cart", responses=problems.responses(409))
async def create(tx: TxDep, body: CartIn | None = None) -> CartResource:
    body = body or CartIn()
    cart_id = await carts.new(tx)
    await cart_items.put(tx, cart_id, body.items)
    if body.discount_code is not None:
        await carts.set_code(tx, cart_id, body.discount_code)
    return await _shown(tx, cart_id)


@router.get("/{cart_id}", summary="Show a cart", responses=problems.responses(404))
async def show(cart_id: UUID, tx: TxDep) -> CartResource:
    return await _shown(tx, cart_id)


@router.patch("/{cart_id}", summary="Change a cart", responses=problems.responses(404, 409))
async def change(cart_id: UUID, body: CartPatch, tx: TxDep) -> CartResource:
    if body.items is not None:
        await cart_items.put(tx, cart_id, body.items)
    if "discount_code" in body.model_fields_set:
        await carts.set_code(tx, cart_id, body.discount_code)
    return await _shown(tx, cart_id)


@router.post("/{cart_id}/lines", summary="Add units to a cart", responses=problems.responses(404, 409))
async def add(cart_id: UUID, body: ItemInput, tx: TxDep) -> CartResource:
    await carts.add(tx, cart_id, await cart_items.variant_of(tx, body), body.quantity)
    return await _shown(tx, cart_id)


@router.put("/{cart_id}/lines/{variant_id}", summary="Set how many units", responses=problems.responses(404, 409))
async def set_line(cart_id: UUID, variant_id: UUID, body: CartLineIn, tx: TxDep) -> CartResource:
    await carts.set_quantity(tx, cart_id, variant_id, body.quantity)
    return await _shown(tx, cart_id)


@router.delete("/{cart_id}/lines/{variant_id}", summary="Take a line out", responses=problems.responses(404))
async def remove_line(cart_id: UUID, variant_id: UUID, tx: TxDep) -> CartResource:
    await carts.set_quantity(tx, cart_id, variant_id, 0)
    return await _shown(tx, cart_id)


@router.delete("/{cart_id}/lines", summary="Empty a cart", responses=problems.responses(404))
async def clear(cart_id: UUID, tx: TxDep) -> CartResource:
    """Lines, code and offer."""
    await carts.clear(tx, cart_id)
    return await _shown(tx, cart_id)


async def _shown(tx: Tx, cart_id: UUID) -> CartResource:
    state = await carts.state(tx, cart_id)
    return CartResource(id=state.cart_id, conversation_id=state.conversation_id, **dict(state.view))
