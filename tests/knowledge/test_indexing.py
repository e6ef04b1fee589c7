"""Indexing takes what is pending and says when it is complete."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from agentpay.knowledge.indexing import index_pending, status
from agentpay.store.session import Database


async def test_pending_rows_are_indexed_once(database: Database, shop: UUID) -> None:
    async with database.tx(shop) as tx:
        assert await status(tx) == {"complete": False, "indexed": 0, "pending": 7, "failed": 0}
    steps: list[tuple[int, int]] = []
    assert (await index_pending(database, shop, lambda done, of: steps.append((done, of))))["complete"]
    assert steps[-1] == (7, 7)
    async with database.tx(shop) as tx:
        await tx.session.execute(
            text("UPDATE products SET indexed_at = NULL WHERE external_id = 'poles' AND organization_id = :org"),
            {"org": shop},
        )
        assert await status(tx) == {"complete": False, "indexed": 6, "pending": 1, "failed": 0}
    assert (await index_pending(database, shop))["indexed"] == 7
