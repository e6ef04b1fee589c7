"""One row of an organization by its id, as it is in the database now."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from agentpay.errors import not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, Customer, Discount, Order, Refund

Found = TypeVar("Found", Checkout, Customer, Discount, Order, Refund)


async def one(tx: Tx, table: type[Found], row_id: UUID, *, lock: bool = False) -> Found:
    """The row; `lock`: until the end of the transaction. Problem 404 `not_found`."""
    query = (
        select(table)
        .where(table.organization_id == tx.organization_id, table.id == row_id)
        .execution_options(populate_existing=True)
    )
    row = await tx.session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise not_found(table.__name__.lower(), row_id)
    return row
