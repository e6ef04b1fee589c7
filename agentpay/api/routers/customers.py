"""Customers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import customers
from agentpay.commerce.customers import CustomerInput, CustomerPatch
from agentpay.commerce.shapes import CustomerView

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
