"""Products with their variants and stock."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from agentpay.api import problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import products
from agentpay.commerce.product_inputs import ProductInput, ProductPatch
from agentpay.commerce.shapes import ProductResource

router = ApiRouter(prefix="/v1/products", tags=["products"])


@router.get("", summary="List products, the newest first", responses=problems.responses())
async def list_products(
    tx: TxDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    external_id: Annotated[str | None, Query(max_length=200)] = None,
    status: Literal["active", "draft", "archived"] | None = None,
) -> Page[ProductResource]:
    found = await products.list_products(tx, external_id=external_id, status=status, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.post("", status_code=201, summary="Make a product", responses=problems.responses(409))
async def create(body: ProductInput, tx: TxDep) -> ProductResource:
    return await products.create_product(tx, body)


@router.get("/{product_id}", summary="Show a product", responses=problems.responses(404))
async def show(product_id: UUID, tx: TxDep) -> ProductResource:
    return await products.get_product(tx, product_id)


@router.patch("/{product_id}", summary="Change a product", responses=problems.responses(404, 409))
async def update(product_id: UUID, body: ProductPatch, tx: TxDep) -> ProductResource:
    return await products.update_product(tx, product_id, body)


@router.delete("/{product_id}", status_code=204, summary="Archive a product", responses=problems.responses(404))
async def archive(product_id: UUID, tx: TxDep) -> None:
    """It is sold and found no more; orders that hold it keep it."""
    await products.archive_product(tx, product_id)
