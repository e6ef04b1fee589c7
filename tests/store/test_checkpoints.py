"""The saver against LangGraph's own conformance suite, and its fence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from sqlalchemy import update

from agentpay.store.checkpoints import RUN, FenceLost, Run, Saver, part_of
from agentpay.store.session import Database
from agentpay.store.tables import Turn
from tests.commerce import shop


async def test_it_does_all_that_langgraph_asks_of_a_saver(database: Database) -> None:
    @checkpointer_test(name="Saver")
    async def made() -> AsyncIterator[Saver]:
        yield Saver(await database.direct_pool())

    report = await validate(made)
    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert report.passed_all(), failures


def checkpoint(**values: Any) -> tuple[Checkpoint, dict[str, str]]:
    made = empty_checkpoint()
    versions = dict.fromkeys(values, "1.0")
    made["channel_values"], made["channel_versions"] = values, dict(versions)
    return made, versions


@pytest.fixture
async def saver(database: Database) -> Saver:
    return Saver(await database.direct_pool())


@pytest.fixture
async def turn(database: Database, organization_id: UUID) -> Turn:
    async with database.tx(organization_id) as tx:
        conversation_id = await shop.conversation(tx)
        row = Turn(
            organization_id=organization_id, conversation_id=conversation_id, status="running", lease_token=uuid4()
        )
        tx.session.add(row)
    return row


def config(turn: Turn, run: Run | None = None) -> Any:
    found: dict[str, Any] = {"thread_id": str(turn.conversation_id), "checkpoint_ns": ""}
    return {"configurable": found | ({RUN: run} if run is not None else {}), "metadata": {"turn_id": str(turn.id)}}


def run_of(turn: Turn, *, hold: bool) -> Run:
    assert turn.lease_token is not None
    return Run(turn.id, turn.lease_token, hold)


async def test_who_lost_the_turn_stores_no_checkpoint(database: Database, saver: Saver, turn: Turn) -> None:
    run = run_of(turn, hold=False)
    made, versions = checkpoint(stage="cart", shown=[1])
    await saver.aput(config(turn, run), made, {}, versions)
    async with database.session() as session:
        await session.execute(update(Turn).where(Turn.id == turn.id).values(lease_token=uuid4()))
    stale, versions = checkpoint(stage="paid", shown=[2])
    with pytest.raises(FenceLost):
        await saver.aput(config(turn, run), stale, {}, dict.fromkeys(versions, "2.0"))
    found = await saver.aget_tuple(config(turn))
    assert found is not None
    assert found.checkpoint["id"] == made["id"]
    assert found.checkpoint["channel_values"] == {"stage": "cart", "shown": [1]}
    assert found.metadata.get("turn_id") == str(turn.id)
    assert RUN not in found.metadata


async def test_a_held_checkpoint_is_stored_with_the_end_of_the_turn(
    database: Database, saver: Saver, turn: Turn
) -> None:
    run = run_of(turn, hold=True)
    made, versions = checkpoint(stage="cart", messages=["in the transcript"], shown=[1])
    await saver.aput(config(turn, run), made, {}, versions)
    assert await saver.aget_tuple(config(turn)) is None
    assert run.held is not None
    async with database.direct() as connection:
        await connection.execute(f"WITH no AS (SELECT WHERE false), {part_of('no')} SELECT", run.held)
        assert await saver.aget_tuple(config(turn)) is None
        await connection.execute(f"WITH ended AS (SELECT 1), {part_of('ended')} SELECT", run.held)
    found = await saver.aget_tuple(config(turn))
    assert found is not None
    assert found.checkpoint["channel_values"] == {"stage": "cart", "messages": [], "shown": [1]}


async def test_turns_do_not_wait_for_each_other(database: Database, saver: Saver, turn: Turn) -> None:
    """The stock saver holds a lock around every access: whoever waits in Postgres makes all others wait."""
    made, versions = checkpoint(stage="cart")
    other = Turn(id=uuid4(), conversation_id=uuid4())
    async with database.direct() as connection, connection.transaction():
        await connection.execute("SELECT FROM turns WHERE id = %s FOR UPDATE", (turn.id,))
        waiting = asyncio.create_task(saver.aput(config(turn, run_of(turn, hold=False)), made, {}, versions))
        await saver.aput(config(other), made, {}, versions)
        assert not waiting.done()
    await waiting
