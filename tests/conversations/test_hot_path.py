"""The statements that every turn runs: what they store, and that they store nothing where they must not."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import DivisionByZero
from sqlalchemy import select, update

from agentpay.conversations.turns.accept import Accepted, Place, accept, accept_at_once
from agentpay.conversations.turns.finish import Reply, Result, StateChange, finish
from agentpay.conversations.turns.lease import Lease, LeaseLost
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Direct
from agentpay.store.tables import Conversation, Message, Turn
from tests.commerce import shop

PLACE = Place("here", 10.0)


@pytest.fixture
async def conversation_id(database: Database, organization_id: UUID) -> UUID:
    async with database.tx(organization_id) as tx:
        return await shop.conversation(tx)


async def begin(database: Database, organization_id: UUID, conversation_id: UUID) -> Accepted | None:
    return await accept_at_once(
        database, organization_id, conversation_id, "hello", turn_id=new_id(), context={"page": "p"}, place=PLACE
    )


async def leased(database: Database, organization_id: UUID, conversation_id: UUID) -> Lease:
    accepted = await begin(database, organization_id, conversation_id)
    assert accepted is not None
    assert accepted.lease is not None
    return accepted.lease


def log_of(lease: Lease) -> TurnLog:
    return TurnLog(lease.turn_id, lease.conversation_id, lease.attempt, lambda log: None)


def result(stage: str = "cart", **values: Any) -> Result:
    state = StateChange("greeting", stage, "sales", 1, 0, "so far")
    return Result("completed", Reply(new_id(), "Hi!", "sales", intent="greeting"), state, **values)


async def rows(database: Database, kind: Any, conversation_id: UUID) -> list[Any]:
    async with database.session() as session:
        column = kind.id if kind is Conversation else kind.conversation_id
        return list(await session.scalars(select(kind).where(column == conversation_id).order_by(kind.id)))


async def test_a_message_and_its_running_turn(database: Database, organization_id: UUID, conversation_id: UUID) -> None:
    lease = await leased(database, organization_id, conversation_id)
    (turn,) = await rows(database, Turn, conversation_id)
    assert (turn.id, turn.status, turn.attempt, turn.lease_token) == (lease.turn_id, "running", 1, lease.token)
    assert turn.lease_expires_at > turn.started_at
    (message,) = await rows(database, Message, conversation_id)
    assert (message.id, message.turn_id, message.role) == (lease.message_id, lease.turn_id, "customer")
    assert (message.content, message.context) == ("hello", {"page": "p"})


async def test_what_a_turn_begins_with_is_read_with_its_acceptance_or_not_at_all(
    database: Database, organization_id: UUID, conversation_id: UUID
) -> None:
    async def read(lease: Lease, connection: Direct) -> list[UUID]:
        own = "SELECT id FROM messages WHERE turn_id = %s"  # the message just accepted is there
        return [row["id"] for row in await (await connection.execute(own, (lease.turn_id,))).fetchall()]

    async def accept(turn_id: UUID) -> Accepted | None:
        place = Place("here", 10.0, read)
        return await accept_at_once(database, organization_id, conversation_id, "hello", turn_id=turn_id, place=place)

    accepted = await accept(new_id())
    assert accepted is not None
    assert accepted.lease is not None
    assert accepted.lease.begun == [accepted.message_id]
    assert await accept(new_id()) is None, "its turn runs"

    async def fails(lease: Lease, connection: Direct) -> None:
        await connection.execute("SELECT 1/0")

    await finish(database, accepted.lease, log_of(accepted.lease), Result("completed"))
    with pytest.raises(DivisionByZero):
        await accept_at_once(
            database, organization_id, conversation_id, "lost?", turn_id=new_id(), place=Place("here", 10.0, fails)
        )
    assert [message.content for message in await rows(database, Message, conversation_id)] == ["hello"]


@pytest.mark.parametrize("status", ["handed_off", "closed"])
async def test_nothing_starts_at_once_where_no_agent_answers(
    database: Database, organization_id: UUID, conversation_id: UUID, status: str
) -> None:
    async with database.session() as session:
        await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(status=status))
    assert await begin(database, organization_id, conversation_id) is None
    assert await begin(database, organization_id, uuid4()) is None
    assert await begin(database, uuid4(), conversation_id) is None
    assert await rows(database, Turn, conversation_id) == []


async def test_of_many_at_once_one_starts(database: Database, organization_id: UUID, conversation_id: UUID) -> None:
    begun = await asyncio.gather(*(begin(database, organization_id, conversation_id) for _ in range(8)))
    assert len([accepted for accepted in begun if accepted is not None]) == 1
    assert len(await rows(database, Turn, conversation_id)) == 1
    assert len(await rows(database, Message, conversation_id)) == 1


async def test_the_end_of_a_turn(database: Database, organization_id: UUID, conversation_id: UUID) -> None:
    lease = await leased(database, organization_id, conversation_id)
    async with database.tx(organization_id) as tx:
        waiting = await accept(tx, conversation_id, "and another", place=PLACE)
    assert waiting.status == "queued"
    ended = await finish(database, lease, log_of(lease), result(usage={"input_tokens": 3}))
    assert ended.more
    turn = next(turn for turn in await rows(database, Turn, conversation_id) if turn.id == lease.turn_id)
    assert (turn.status, turn.lease_token, turn.usage) == ("completed", None, {"input_tokens": 3})
    assert [event["type"] for event in turn.events] == ["message.completed", "turn.completed"]
    (conversation,) = await rows(database, Conversation, conversation_id)
    assert (conversation.stage, conversation.hesitation_signals, conversation.summary) == ("cart", 1, "so far")
    said = [message for message in await rows(database, Message, conversation_id) if message.role == "assistant"]
    assert [(message.content, message.intent, message.turn_id) for message in said] == [
        ("Hi!", "greeting", lease.turn_id)
    ]


async def test_who_lost_the_turn_stores_nothing(
    database: Database, organization_id: UUID, conversation_id: UUID
) -> None:
    lease = await leased(database, organization_id, conversation_id)
    async with database.session() as session:
        await session.execute(update(Turn).where(Turn.id == lease.turn_id).values(lease_token=uuid4()))
    with pytest.raises(LeaseLost):
        await finish(database, lease, log_of(lease), result())
    (turn,) = await rows(database, Turn, conversation_id)
    assert (turn.status, turn.events) == ("running", None)
    (conversation,) = await rows(database, Conversation, conversation_id)
    assert conversation.stage == "greeting"
    assert [message.role for message in await rows(database, Message, conversation_id)] == ["customer"]


async def test_a_stage_that_others_moved_stays(
    database: Database, organization_id: UUID, conversation_id: UUID
) -> None:
    lease = await leased(database, organization_id, conversation_id)
    async with database.session() as session:
        await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(stage="paid"))
    await finish(database, lease, log_of(lease), result())
    (conversation,) = await rows(database, Conversation, conversation_id)
    assert conversation.stage == "paid"


async def test_a_turn_without_a_reply(database: Database, organization_id: UUID, conversation_id: UUID) -> None:
    lease = await leased(database, organization_id, conversation_id)
    ended = await finish(database, lease, log_of(lease), Result("cancelled"))
    assert not ended.more
    assert [turn.status for turn in await rows(database, Turn, conversation_id)] == ["cancelled"]


async def test_a_connection_that_the_server_closed_is_replaced(database: Database, organization_id: UUID) -> None:
    """A look at the socket takes the place of a round trip at each use: both pools must notice nevertheless."""
    end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with database.direct() as connection:
        await connection.execute("SELECT 1")
    async with database.session() as session:
        await session.execute(select(1))
    other = Database(database.url)
    async with other.direct() as connection:
        await connection.execute(end_others)
    await other.close()
    await asyncio.sleep(0.05)
    async with database.direct() as connection:
        await connection.execute("SELECT 1")
    async with database.tx(organization_id) as tx:
        await tx.session.execute(select(1))
