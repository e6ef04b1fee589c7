"""
What is searchable and what is still to be indexed.

Every write that changes a product or an article clears its `indexed_at`. The words themselves are indexed by the database
in the same transaction (generated `search` columns); indexing marks a row once everything that search uses of it is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypedDict
from uuid import UUID

from sqlalchemy import func, select, text

from agentpay.store.session import Database, Tx
from agentpay.store.tables import Article, Product

BATCH = 500
Progress = Callable[[int, int], None]
"""Called with how many rows are done and how many there are."""
Indexed = Callable[[Tx, Sequence[UUID]], Awaitable[object]]
"""Called with the products of a batch, in the transaction that marks them."""


class IndexStatus(TypedDict):
    """`agentpay index --status` (CONTRACT §1)."""

    complete: bool
    indexed: int
    pending: int
    failed: int


async def status(tx: Tx) -> IndexStatus:
    """How many active products and articles are indexed. Nothing can fail here: an error keeps rows pending and is raised."""
    indexed = pending = 0
    for table in (Product, Article):
        row = (
            await tx.session.execute(
                select(func.count(table.indexed_at), func.count()).where(
                    table.organization_id == tx.organization_id, table.status == "active"
                )
            )
        ).one()
        indexed += row[0]
        pending += row[1] - row[0]
    return IndexStatus(complete=pending == 0, indexed=indexed, pending=pending, failed=0)


async def index_pending(
    database: Database,
    organization_id: UUID,
    progress: Progress | None = None,
    *,
    on_products: Indexed | None = None,
) -> IndexStatus:
    """Index what is pending, a batch a transaction, so that a stop in between loses nothing; answers the status after it."""
    async with database.tx(organization_id) as tx:
        todo = (await status(tx))["pending"]
    done = 0
    for table in ("products", "articles"):
        while True:
            async with database.tx(organization_id) as tx:
                marked = await _mark(tx, table)
                if marked and on_products is not None and table == "products":
                    await on_products(tx, marked)
            if not marked:
                break
            done += len(marked)
            if progress is not None:
                progress(min(done, todo), todo)
    async with database.tx(organization_id) as tx:
        return await status(tx)


async def _mark(tx: Tx, table: str) -> list[UUID]:
    """Mark a batch of rows that another process is not at; answers which."""
    result = await tx.session.execute(
        text(
            f"UPDATE {table} SET indexed_at = now() WHERE organization_id = :org AND id IN (SELECT id FROM {table}"
            " WHERE organization_id = :org AND status = 'active' AND indexed_at IS NULL"
            " ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id"
        ),
        {"org": tx.organization_id, "batch": BATCH},
    )
    return [row.id for row in result]
