"""Customers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import customers
from agentpay.commerce.customers import CustomerInput, CustomerPatch
from agentpay.commerce.shapes import CustomerView
from agentpay.conversations.erasure import erase_customer
from agentpay.errors import not_found
from agentpay.store import facts

router = ApiRouter(prefix="/v1/customers", tags=["customers"])


@router.get("", summary="List customers, the newest first", responses=problems.responses())
async def list_customers(
    tx: TxDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    external_id: Annotated[str | None, Query(max_length=200)] = None,
    email: Annotated[str | None, Query(max_length=254)] = None,
) -> Page[CustomerView]:
    found = await customers.list_customers(tx, external_id=external_id, email=email, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.post("", status_code=201, summary="Make a customer", responses=problems.responses(409))
async def create(body: CustomerInput, tx: TxDep) -> CustomerView:
    return await customers.create(tx, body)


@router.get("/{customer_id}", summary="Show a customer and their conversations", responses=problems.responses(404))
async def show(customer_id: UUID, tx: TxDep) -> CustomerView:
    return await customers.view(tx, customer_id)


@router.patch("/{customer_id}", summary="Change a customer", responses=problems.responses(404, 409))
async def update(customer_id: UUID, body: CustomerPatch, tx: TxDep) -> CustomerView:
    return await customers.update(tx, customer_id, body)


@router.delete("/{customer_id}", status_code=204, summary="Erase a customer", responses=problems.responses(404, 409))
async def erase(customer_id: UUID, tx: TxDep, state: StateDep) -> None:
    """Anonymises them everywhere: conversations, orders, stored events. What was sold and paid stays.

    409 while a payment, an unshipped order, a return, a refund or an answer is under way.
    """
    await erase_customer(tx, customer_id, base_url=state.base_url)


@router.delete(
    "/{customer_id}/facts", status_code=204, summary="Forget what was learned", responses=problems.responses(404)
)
async def forget_all(customer_id: UUID, tx: TxDep) -> None:
    """Everything that conversations taught about the customer: sizes, colors, brands, address."""
    await customers.get(tx, customer_id)
    await facts.forget(tx, customer_id)


@router.delete(
    "/{customer_id}/facts/{key}", status_code=204, summary="Forget one fact", responses=problems.responses(404)
)
async def forget(customer_id: UUID, key: str, tx: TxDep) -> None:
    await customers.get(tx, customer_id)
    if not await facts.forget(tx, customer_id, key):
        raise not_found("fact")
