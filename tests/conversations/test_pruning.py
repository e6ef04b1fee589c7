"""What pruning leaves of a conversation's checkpoints, over a real saver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from agentpay.conversations import pruning, snapshots
from agentpay.jobs.pruning import prune_recent
from agentpay.settings import Settings
from agentpay.store.checkpoints import Saver
from agentpay.store.session import Database
from agentpay.store.tables import Cart, CartLine, Turn
from tests.commerce import shop
from tests.graphs.test_commerce import Conversation
from tests.jobs.test_conversation_jobs import context as job_context


@pytest.fixture
async def talk(database: Database, organization_id: UUID) -> Conversation:
    async with database.tx(organization_id) as tx:
        await shop.variant(tx, "kettle", price=4900, stock=10)
        conversation_id = await shop.conversation(tx)
    return Conversation(database, Saver(await database.direct_pool()), organization_id, conversation_id)


async def ended(talk: Conversation, *, ago: timedelta = timedelta(minutes=5)) -> None:
    async with talk.database.tx(talk.organization_id) as tx:
        await tx.session.execute(
            update(Turn)
            .where(Turn.conversation_id == talk.id)
            .values(status="completed", finished_at=datetime.now(UTC) - ago)
        )


async def stored(talk: Conversation) -> dict[str, int]:
    async with talk.database.session() as session:
        tables = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
        return {
            table: await session.scalar(
                text(f"SELECT count(*) FROM {table} WHERE thread_id = :id"), {"id": str(talk.id)}
            )
            for table in tables
        }


async def shown(talk: Conversation) -> list[snapshots.SnapshotView]:
    async with talk.database.tx(talk.organization_id) as tx:
        return await snapshots.snapshots(tx, talk.graph.checkpointer, talk.id)  # type: ignore[arg-type]


async def test_the_last_snapshots_and_labelled_ones_are_left(talk: Conversation) -> None:
    for n in range(8):
        await talk.say(f"hello {n}")
    await ended(talk)
    before, many = await shown(talk), await stored(talk)
    assert len(before) == 8
    async with talk.database.tx(talk.organization_id) as tx:
        await snapshots.label(tx, talk.graph.checkpointer, talk.id, before[6].id, "keep me")  # type: ignore[arg-type]
    assert await pruning.prune(talk.database, talk.id, 3) > 0
    after, few = await shown(talk), await stored(talk)
    assert [view.id for view in after] == [before[0].id, before[1].id, before[2].id, before[6].id]
    assert all(few[table] < many[table] for table in many)
    assert await pruning.prune(talk.database, talk.id, 3) == 0
    assert await stored(talk) == few

    # What is left is whole: each can be read and forked, and the conversation goes on
    for view in after:
        async with talk.database.tx(talk.organization_id) as tx:
            copy = await snapshots.fork(tx, talk.graph.checkpointer, talk.id, view.id)  # type: ignore[arg-type]
        assert await pruning.prune(talk.database, copy.id, 2) == 0, "a fork's first checkpoint is what it goes on from"
    values = (
        await talk.graph.aget_state({"configurable": {"thread_id": str(talk.id), "checkpoint_id": after[-1].id}})
    ).values
    assert values["reply"]["content"]
    assert (await talk.say("hello again"))["reply"]["content"]


async def test_a_conversation_at_work_is_left_alone(talk: Conversation) -> None:
    for n in range(5):
        await talk.say(f"hello {n}")
    before = await stored(talk)
    assert await pruning.prune(talk.database, talk.id, 2) == 0, "its turns are queued"
    await ended(talk, ago=timedelta(seconds=1))
    assert await pruning.prune(talk.database, talk.id, 2) == 0, "its last turn has only just ended"
    assert await stored(talk) == before
    await ended(talk)
    assert await pruning.prune(talk.database, talk.id, 2) > 0


async def test_the_job_finds_what_was_talked_in_lately(talk: Conversation) -> None:
    for n in range(4):
        await talk.say(f"hello {n}")
    await ended(talk)
    context: Any = job_context(talk.database)
    settings = Settings(_env_file=None, snapshots_kept=2)  # type: ignore[call-arg]
    context.additional_context["services"].settings = settings
    await prune_recent(context, 0)
    assert len(await shown(talk)) == 2
    async with talk.database.session() as session:
        assert talk.id not in await pruning.candidates(session, since=timedelta(seconds=-1))


async def test_a_fork_has_the_cart_of_its_snapshot(talk: Conversation) -> None:
    await talk.say("add two kettles to my cart")
    await talk.say("thanks")
    then = (await shown(talk))[0]
    await talk.say("empty my cart")
    now = (await shown(talk))[0]
    held: list[list[int]] = []
    for snapshot in (then, now):
        async with talk.database.tx(talk.organization_id) as tx:
            copy = await snapshots.fork(tx, talk.graph.checkpointer, talk.id, snapshot.id)  # type: ignore[arg-type]
            lines = select(CartLine.quantity).join(Cart, Cart.id == CartLine.cart_id)
            held.append(list(await tx.session.scalars(lines.where(Cart.conversation_id == copy.id))))
    assert held == [[2], []]
