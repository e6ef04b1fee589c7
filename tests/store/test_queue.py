"""A job exists if and only if the change it belongs to was committed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from agentpay.store.queue import enqueue, is_pending
from agentpay.store.session import Database


async def jobs(database: Database, task: str) -> list[Any]:
    async with database.session() as session:
        rows = await session.execute(
            text(
                "SELECT args, lock, status::text, scheduled_at FROM procrastinate_jobs WHERE task_name = :task ORDER BY id"
            ),
            {"task": task},
        )
        return list(rows.all())


async def test_it_comes_with_the_commit(database: Database, organization_id: UUID) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    async with database.tx(organization_id) as tx:
        number = await enqueue(tx, "test.commit", lock="a", schedule_at=at, organization_id=str(organization_id), n=1)
        assert number is not None
        assert await jobs(database, "test.commit") == []
    [job] = await jobs(database, "test.commit")
    assert job.args == {"organization_id": str(organization_id), "n": 1}
    assert (job.lock, job.status, job.scheduled_at) == ("a", "todo", at)


async def test_it_goes_with_the_rollback(database: Database, organization_id: UUID) -> None:
    class Gone(Exception):
        pass

    try:
        async with database.tx(organization_id) as tx:
            await enqueue(tx, "test.rollback")
            raise Gone
    except Gone:
        pass
    assert await jobs(database, "test.rollback") == []


async def test_one_that_waits_already_is_not_added(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        assert await enqueue(tx, "test.once", queueing_lock="once") is not None
    async with database.tx(organization_id) as tx:
        assert await enqueue(tx, "test.once", queueing_lock="once") is None
        assert await enqueue(tx, "test.after", n=2) is not None, "the transaction goes on"
    assert len(await jobs(database, "test.once")) == 1
    assert len(await jobs(database, "test.after")) == 1


async def test_whether_one_is_still_to_come(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await enqueue(tx, "test.pending", checkout_id="a", other=1)
    async with database.tx(organization_id) as tx:
        assert await is_pending(tx, "test.pending", checkout_id="a")
        assert not await is_pending(tx, "test.pending", checkout_id="b")
        assert not await is_pending(tx, "test.other", checkout_id="a")
        await tx.session.execute(
            text("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'test.pending'")
        )
        assert not await is_pending(tx, "test.pending", checkout_id="a")
