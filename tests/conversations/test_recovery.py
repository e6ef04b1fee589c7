"""Turns of dead processes, lost leases, two processes over one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from agentpay.conversations.messages import history
from agentpay.conversations.turns.accept import Place, accept
from agentpay.conversations.turns.broker_redis import RedisBroker
from agentpay.conversations.turns.engine import Engine
from agentpay.conversations.turns.failure import APOLOGY
from agentpay.conversations.turns.finish import Reply, Result, finish
from agentpay.conversations.turns.lease import Lease, LeaseLost, claim_next, renew, take_expired
from agentpay.conversations.turns.log import TurnLog
from agentpay.conversations.turns.partial import end_dangling
from agentpay.conversations.turns.runner import TurnRunner
from agentpay.conversations.turns.subscriber import Subscriber
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.ids import new_id
from agentpay.store.redis import connect
from agentpay.store.session import Database, Direct
from agentpay.store.tables import Agent, Conversation, Turn

PLACE = Place("somebody", 30)
Say = Callable[..., object]


class Talker:
    """An engine that says what it is told: each attempt its words; `hang` waits for ever after them."""

    def __init__(self, *attempts: list[str], hang: int = 0) -> None:
        self.attempts = attempts
        self.hang = hang
        self.runs = 0

    async def read(self, lease: Lease, connection: Direct) -> None:
        return None

    async def run(self, lease: Lease, log: TurnLog) -> Result:
        self.runs += 1
        earlier = [event for event in log.events if event.type == "message.delta"]
        if earlier:
            log.emit("message.discarded", {"message_id": earlier[-1].data["message_id"], "reason": "interrupted"})
        message_id = new_id()
        words = self.attempts[min(lease.attempt, len(self.attempts)) - 1]
        for word in words:
            log.emit("message.delta", {"message_id": str(message_id), "text": word})
            await asyncio.sleep(0.005)
        if self.runs <= self.hang:
            await asyncio.Event().wait()
        return Result("completed", Reply(message_id, "".join(words), "sales"))


@pytest.fixture
def settings(servers: Embedded) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        redis_url=servers.redis_url,
        turn_lease_seconds=0.6,
        turn_heartbeat_seconds=0.15,
        turn_max_attempts=2,
    )


@pytest.fixture
async def conversation(database: Database, organization_id: UUID) -> UUID:
    async with database.tx(organization_id) as tx:
        agent = await tx.session.scalar(select(Agent.id).where(Agent.organization_id == organization_id))
        row = Conversation(organization_id=organization_id, agent_id=agent)
        tx.session.add(row)
        await tx.session.flush()
        return row.id


@pytest.fixture
async def make_runner(database: Database, settings: Settings) -> AsyncIterator[Callable[[Engine], Process]]:
    made: list[Process] = []

    def make(engine: Engine) -> Process:
        process = Process(database, settings, engine)
        made.append(process)
        return process

    yield make
    for process in made:
        await process.close()


class Process:
    """What one API process has of the turn engine."""

    def __init__(self, database: Database, settings: Settings, engine: Engine) -> None:
        assert settings.redis_url is not None
        self.redis = connect(settings.redis_url)
        self.broker = RedisBroker(self.redis)
        self.runner = TurnRunner(settings, database, self.broker, engine)
        self.subscriber = Subscriber(database, self.broker)
        self.dead = False

    async def kill(self) -> None:
        """As `kill -9` leaves it: leases held, nothing said any more."""
        self.dead = True
        tasks = [*self.runner._tasks, *self.broker._tasks]
        works = [run.work for run in self.runner._runs.values() if run.work is not None]
        for task in [*tasks, *works]:
            task.cancel()
        await asyncio.gather(*tasks, *works, return_exceptions=True)

    async def close(self) -> None:
        if not self.dead:
            await self.runner.drain(0.0)
            await self.runner.stop()
        await self.redis.aclose()


async def send(database: Database, organization_id: UUID, conversation: UUID, place: Place | None) -> Lease | UUID:
    async with database.tx(organization_id) as tx:
        accepted = await accept(tx, conversation, "hello", place=place)
    return accepted.lease or accepted.turn_id


async def follow(process: Process, organization_id: UUID, turn_id: UUID, after: int = 0) -> list[tuple[int, str, dict]]:  # type: ignore[type-arg]
    async with asyncio.timeout(20):
        return [
            (event.n, event.type, event.data)
            async for batch in process.subscriber.turn(organization_id, turn_id, after)
            for event in batch
        ]


async def test_a_dead_process_s_turn_is_taken_over(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    first = make_runner(Talker(["half", " of"], hang=1))
    await first.runner.start()
    lease = await send(database, organization_id, conversation, first.runner.place)
    assert isinstance(lease, Lease)
    log = first.runner.launch(lease)
    while log.visible < 3:
        await asyncio.sleep(0.01)
    second = make_runner(Talker([], ["whole"]))
    following = asyncio.create_task(follow(second, organization_id, lease.turn_id))
    await asyncio.sleep(0.1)
    await first.kill()
    await second.runner.start()
    events = await following
    assert [n for n, _, _ in events] == list(range(1, len(events) + 1))
    assert [type for _, type, _ in events] == [
        "turn.started",
        "message.delta",
        "message.delta",
        "message.discarded",
        "message.delta",
        "message.completed",
        "turn.completed",
    ]
    assert events[-2][2]["content"] == "whole"
    async with database.tx(organization_id) as tx:
        items, _ = await history(tx, conversation, limit=10)
        attempt = await tx.session.scalar(select(Turn.attempt).where(Turn.id == lease.turn_id))
    assert [item["content"] for item in items] == ["hello", "whole"]
    assert attempt == 2


async def test_after_the_last_attempt_the_customer_is_told(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    lease = await send(database, organization_id, conversation, PLACE)
    assert isinstance(lease, Lease)
    async with database.session() as session:
        await session.execute(
            update(Turn).where(Turn.id == lease.turn_id).values(attempt=2, lease_expires_at=func.now())
        )
    process = make_runner(Talker(["never said"]))
    await process.runner.start()
    events = await follow(process, organization_id, lease.turn_id)
    assert [type for _, type, _ in events] == [
        "turn.started",
        "message.delta",
        "message.completed",
        "error",
        "turn.completed",
    ]
    assert events[2][2]["content"] == APOLOGY
    assert events[3][2]["code"] == "turn_abandoned"
    assert events[4][2]["status"] == "failed"


async def test_what_a_lost_lease_would_store_is_refused(
    database: Database, organization_id: UUID, conversation: UUID
) -> None:
    lease = await send(database, organization_id, conversation, PLACE)
    assert isinstance(lease, Lease)
    async with database.session() as session:
        await session.execute(update(Turn).where(Turn.id == lease.turn_id).values(lease_expires_at=func.now()))
    taken = await take_expired(database, "another", 30, 100)
    mine = next(other for other in taken if other.turn_id == lease.turn_id)
    assert (mine.attempt, mine.token == lease.token) == (2, False)
    log = TurnLog(lease.turn_id, conversation, 1, lambda log: None)
    with pytest.raises(LeaseLost):
        await finish(database, lease, log, Result("completed", Reply(new_id(), "too late")))
    async with database.tx(organization_id) as tx:
        items, _ = await history(tx, conversation, limit=10)
    assert [item["content"] for item in items] == ["hello"]
    assert await renew(database, [lease, mine], 30) == {lease.turn_id: False}
    await finish(database, mine, log, Result("completed"))


async def test_one_running_turn_a_conversation(database: Database, organization_id: UUID, conversation: UUID) -> None:
    turns = [await send(database, organization_id, conversation, None) for _ in range(3)]
    claims = await asyncio.gather(*(claim_next(database, conversation, f"p{n}", 30) for n in range(8)))
    leases = [lease for lease in claims if lease is not None]
    assert [lease.turn_id for lease in leases] == [turns[0]]
    assert await claim_next(database, conversation, "late", 30) is None
    log = TurnLog(leases[0].turn_id, conversation, 1, lambda log: None)
    assert (await finish(database, leases[0], log, Result("completed"))).more
    second = await claim_next(database, conversation, "late", 30)
    assert second is not None
    assert second.turn_id == turns[1]


async def test_queued_turns_of_others_are_found(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    queued = await send(database, organization_id, conversation, None)
    assert isinstance(queued, UUID)
    process = make_runner(Talker(["found"]))
    await process.runner.start()
    events = await follow(process, organization_id, queued)
    assert events[-2][2]["content"] == "found"


async def test_a_cancel_reaches_another_process(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    here, there = make_runner(Talker(["a", "b"], hang=1)), make_runner(Talker([]))
    await here.runner.start()
    await there.runner.start()
    lease = await send(database, organization_id, conversation, here.runner.place)
    assert isinstance(lease, Lease)
    log = here.runner.launch(lease)
    while log.visible < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # both listen by now
    there.runner.cancel(lease.turn_id)
    events = await follow(there, organization_id, lease.turn_id)
    assert events[-1][2]["status"] == "cancelled"
    assert events[-2][2]["content"] == "ab"


async def test_drained_turns_are_handed_over(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    first, second = make_runner(Talker(["a"], hang=1)), make_runner(Talker([], ["b"]))
    await first.runner.start()
    lease = await send(database, organization_id, conversation, first.runner.place)
    assert isinstance(lease, Lease)
    log = first.runner.launch(lease)
    while log.visible < 2:
        await asyncio.sleep(0.01)
    await first.runner.drain(0.05)
    assert first.runner.place is None
    await second.runner.start()
    events = await follow(second, organization_id, lease.turn_id)
    assert events[-2][2]["content"] == "b"
    assert [n for n, _, _ in events] == list(range(1, len(events) + 1))


class Cut:
    """An engine that leaves a call begun; the second attempt does it again, and waits for ever."""

    async def read(self, lease: Lease, connection: Direct) -> None:
        return None

    async def run(self, lease: Lease, log: TurnLog) -> Result:
        if lease.attempt > 1:
            end_dangling(log, "interrupted", "cut short")
            log.began = len(log.events)
        done = {"name": "view_cart", "status": "ok", "result": {}, "elapsed_ms": 1}
        log.emit("tool.started", {"call_id": f"a{lease.attempt}", "name": "view_cart", "arguments": {}})
        log.emit("tool.finished", {"call_id": f"a{lease.attempt}", **done})
        log.emit("message.delta", {"message_id": str(new_id()), "text": "half"})
        log.emit(
            "tool.started", {"call_id": f"b{lease.attempt}", "name": "update_cart", "arguments": {"action": "add"}}
        )
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_no_call_is_left_without_its_end(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    first, second = make_runner(Cut()), make_runner(Cut())
    await first.runner.start()
    lease = await send(database, organization_id, conversation, first.runner.place)
    assert isinstance(lease, Lease)
    log = first.runner.launch(lease)
    while log.visible < 5:
        await asyncio.sleep(0.01)
    await first.kill()
    await second.runner.start()
    while (log := second.broker.local(lease.turn_id)) is None or log.visible < 10:
        await asyncio.sleep(0.01)
    second.runner.cancel(lease.turn_id)
    events = await follow(second, organization_id, lease.turn_id)
    assert events[-1][2]["status"] == "cancelled"
    calls = [(type, data["call_id"]) for _, type, data in events if type.startswith("tool.")]
    assert sorted(id for type, id in calls if type == "tool.started") == ["a1", "a2", "b1", "b2"]
    assert sorted(id for type, id in calls if type == "tool.finished") == ["a1", "a2", "b1", "b2"]
    ended = {data["call_id"]: data["result"] for _, type, data in events if type == "tool.finished"}
    assert ended["b1"]["error"]["code"] == "interrupted"
    assert ended["b2"]["error"]["code"] == "cancelled"
    message = events[-2][2]
    assert [call["id"] for call in message["tool_calls"]] == ["a2", "b2"], "of the attempt that stands"


class Lost:
    """An engine whose database connection is cut under it, once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def read(self, lease: Lease, connection: Direct) -> None:
        return None

    async def run(self, lease: Lease, log: TurnLog) -> Result:
        if lease.attempt == 1:
            async with self.database.session() as session:
                await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        message_id = new_id()
        log.emit("message.delta", {"message_id": str(message_id), "text": "done"})
        return Result("completed", Reply(message_id, "done", "sales"))


async def test_a_turn_that_loses_the_database_is_worked_through_again(
    database: Database, organization_id: UUID, conversation: UUID, make_runner: Callable[[Engine], Process]
) -> None:
    process = make_runner(Lost(database))
    await process.runner.start()
    lease = await send(database, organization_id, conversation, process.runner.place)
    assert isinstance(lease, Lease)
    process.runner.launch(lease)
    events = await follow(process, organization_id, lease.turn_id)
    assert [n for n, _, _ in events] == list(range(1, len(events) + 1))
    assert (events[-1][2]["status"], events[-2][2]["content"]) == ("completed", "done")
