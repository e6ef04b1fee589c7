"""One suite over both brokers: what is published is followed, in order, by anybody, also after a change of producer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID

import pytest
from redis.asyncio import Redis

from agentpay.conversations.turns.broker import Broker
from agentpay.conversations.turns.broker_memory import MemoryBroker
from agentpay.conversations.turns.broker_redis import RedisBroker
from agentpay.conversations.turns.events import Event, join, replay, split
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.embedded import Embedded
from agentpay.store.ids import new_id
from agentpay.store.redis import connect

Pair = tuple[Broker, Broker]
Signals = list[tuple[str, UUID]]


@pytest.fixture
async def redis(servers: Embedded) -> AsyncIterator[Redis]:
    client = connect(servers.redis_url)
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "redis"])
async def brokers(request: pytest.FixtureRequest, redis: Redis) -> AsyncIterator[tuple[Broker, Broker, Signals]]:
    """The producer's broker, a follower's (another process's, where the kind knows others), and what the latter heard."""
    heard: Signals = []
    if request.param == "memory":
        producer: Broker = MemoryBroker()
        follower = producer
    else:
        producer, follower = RedisBroker(redis), RedisBroker(redis)
        await producer.start(lambda kind, id: None)
    await follower.start(lambda kind, id: heard.append((kind, id)))
    yield producer, follower, heard
    await producer.stop()
    if follower is not producer:
        await follower.stop()


async def collect(broker: Broker, turn_id: UUID, after: int = 0, patience: float = 1.0) -> list[Event]:
    return [event async for batch in broker.follow(turn_id, after, patience=patience) for event in batch]


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_followers_see_every_event_in_order(brokers: tuple[Broker, Broker, Signals]) -> None:
    producer, follower, _ = brokers
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    following = [asyncio.create_task(collect(follower, turn)) for _ in range(3)]
    for n in range(500):
        log.emit("message.delta", {"message_id": "m", "text": str(n)})
        if n % 50 == 0:
            await asyncio.sleep(0)
    log.close(log.draft([("turn.completed", {"status": "completed"})]), {})
    for events in await asyncio.gather(*following):
        assert [event.n for event in events] == list(range(1, 502))
        assert [event.data["text"] for event in events[:-1]] == [str(n) for n in range(500)]


async def test_following_from_the_middle(brokers: tuple[Broker, Broker, Signals]) -> None:
    producer, follower, _ = brokers
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    for n in range(10):
        log.emit("message.delta", {"message_id": "m", "text": str(n)})
    task = asyncio.create_task(collect(follower, turn, after=7))
    await asyncio.sleep(0.05)
    log.close(log.draft([("turn.completed", {})]), {})
    assert [event.n for event in await task] == [8, 9, 10, 11]


async def test_local_followers_read_what_the_broker_has(brokers: tuple[Broker, Broker, Signals]) -> None:
    producer, _, _ = brokers
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    assert producer.local(turn) is log
    log.emit("intent", {})
    await until(lambda: log.visible == 1)
    log.close(log.draft([("turn.completed", {})]), {"done": True})
    assert [event.n async for batch in log.read() for event in batch] == [1, 2]
    assert producer.local(turn) is None


async def test_a_later_attempt_shuts_the_earlier_out(brokers: tuple[Broker, Broker, Signals]) -> None:
    producer, follower, _ = brokers
    turn, conversation = new_id(), new_id()
    old = producer.open(turn, conversation, attempt=1)
    old.emit("turn.started", {})
    old.emit("message.delta", {"message_id": "m", "text": "a"})
    await until(lambda: old.visible == 2)
    earlier = await follower.take_over(turn, 2)
    assert [event.n for event in earlier] == [1, 2]
    new = follower.open(turn, conversation, attempt=2, earlier=earlier)
    old.emit("message.delta", {"message_id": "m", "text": "never seen"})
    await until(lambda: old.lost)
    new.emit("message.discarded", {"message_id": "m", "reason": "interrupted"})
    new.close(new.draft([("turn.completed", {})]), {})
    events = await collect(follower, turn) if isinstance(follower, RedisBroker) else new.events
    assert [(event.n, event.type) for event in events] == [
        (1, "turn.started"),
        (2, "message.delta"),
        (3, "message.discarded"),
        (4, "turn.completed"),
    ]
    assert [event.n async for batch in old.read() for event in batch] == [1, 2], "the old log ends where it lost"


async def test_listeners_and_signals(brokers: tuple[Broker, Broker, Signals]) -> None:
    producer, follower, heard = brokers
    conversation = new_id()
    listener = await follower.listen(conversation)
    await asyncio.sleep(0.1)  # a subscription is on its way
    waiting = asyncio.create_task(listener.wait(10))
    producer.announce(conversation)
    async with asyncio.timeout(5):
        await waiting
    listener.close()
    producer.signal("cancel", conversation)
    if follower is not producer:
        await until(lambda: heard == [("cancel", conversation)])


async def test_a_turn_nobody_publishes(brokers: tuple[Broker, Broker, Signals]) -> None:
    assert await collect(brokers[1], new_id(), patience=0.1) == []


class Cut:
    """A Redis whose writes fail while `away`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.away = False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise ConnectionError("away")
        return getattr(self._redis, name)


async def test_nothing_is_lost_while_redis_is_away(redis: Redis) -> None:
    cut = Cut(redis)
    producer, follower = RedisBroker(cut), RedisBroker(redis)  # type: ignore[arg-type]
    await producer.start(lambda kind, id: None)
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    log.emit("turn.started", {})
    await until(lambda: log.visible == 1)
    cut.away = True
    for n in range(20):
        log.emit("message.delta", {"message_id": "m", "text": str(n)})
    await until(lambda: log.visible == 21)
    assert log.sent == 1
    cut.away = False
    await until(lambda: log.sent == 21)
    assert [event.n for event in await collect(follower, turn, patience=0.1)] == list(range(1, 22))
    await producer.stop()


async def test_a_flushed_redis_gets_everything_again(redis: Redis) -> None:
    producer, follower = RedisBroker(redis), RedisBroker(redis)
    await producer.start(lambda kind, id: None)
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    log.emit("turn.started", {})
    await until(lambda: log.sent == 1)
    await redis.delete(f"ap:t:{turn}")
    await redis.script_flush()
    log.emit("intent", {})
    await until(lambda: log.sent == 2)
    assert [event.n for event in await collect(follower, turn, patience=0.1)] == [1, 2]
    assert 0 < await redis.ttl(f"ap:t:{turn}") <= 3600
    await producer.stop()


async def test_a_redis_that_forgot_the_latest_gets_everything_again(redis: Redis) -> None:
    """As after its crash, where the last second of its file is missing."""
    producer, follower = RedisBroker(redis), RedisBroker(redis)
    await producer.start(lambda kind, id: None)
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    for n in range(5):
        log.emit("message.delta", {"message_id": "m", "text": str(n)})
    await until(lambda: log.sent == 5)
    await redis.delete(f"ap:t:{turn}")
    await redis.xadd(f"ap:t:{turn}", {"t": "message.delta", "d": '{"message_id":"m","text":"0"}'}, id="1-0")
    log.emit("message.delta", {"message_id": "m", "text": "5"})
    await until(lambda: log.sent == 6)
    events = await collect(follower, turn, patience=0.1)
    assert [event.data["text"] for event in events] == ["0", "1", "2", "3", "4", "5"]
    await producer.stop()


async def test_what_is_seen_without_redis_is_in_postgres_first(redis: Redis) -> None:
    cut = Cut(redis)
    cut.away = True
    postgres = asyncio.Event()
    kept: list[int] = []

    async def keep(logs: Sequence[tuple[TurnLog, int]]) -> bool:
        if postgres.is_set():
            kept.append(logs[0][1])
        return postgres.is_set()

    producer = RedisBroker(cut, keep)  # type: ignore[arg-type]
    await producer.start(lambda kind, id: None)
    log = producer.open(new_id(), new_id(), attempt=1)
    log.emit("turn.started", {})
    log.emit("message.delta", {"message_id": "m", "text": "a"})
    await asyncio.sleep(0.7)
    assert log.visible == 0, "nowhere yet"
    postgres.set()
    await until(lambda: log.visible == 2)
    assert 2 in kept
    cut.away = False
    await until(lambda: log.sent == 2)
    await producer.stop()


async def test_a_turn_taken_over_without_redis_starts_its_stream_anew(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentpay.conversations.turns.broker_redis.TAKE_OVER_SECONDS", 0.1)
    cut = Cut(redis)
    dead, heir, follower = RedisBroker(redis), RedisBroker(cut), RedisBroker(redis)  # type: ignore[arg-type]
    await dead.start(lambda kind, id: None)
    turn, conversation = new_id(), new_id()
    log = dead.open(turn, conversation, attempt=1)
    for n in range(3):
        log.emit("message.delta", {"message_id": "old", "text": str(n)})
    await until(lambda: log.sent == 3)
    cut.away = True
    await heir.start(lambda kind, id: None)
    assert await heir.take_over(turn, 2) == []
    mine = heir.open(turn, conversation, attempt=2)
    mine.emit("turn.started", {})
    mine.emit("message.delta", {"message_id": "new", "text": "b"})
    cut.away = False
    await until(lambda: mine.sent == 2)
    assert [event.type for event in await collect(follower, turn, patience=0.1)] == ["turn.started", "message.delta"]
    log.emit("message.delta", {"message_id": "old", "text": "late"})
    await until(lambda: log.lost)
    await dead.stop()
    await heir.stop()


def test_split_undoes_join() -> None:
    events = [Event(1, "turn.started", {})]
    events += [Event(n, "message.delta", {"message_id": "m", "text": t}) for n, t in enumerate(["Hé", "", " ", "!"], 2)]
    events += [Event(6, "ui", {}), Event(7, "message.delta", {"message_id": "m", "text": "x"})]
    assert [(e.n, e.type, e.data) for e in split(join(events))] == [(e.n, e.type, e.data) for e in events]


def test_joined_events_resume_anywhere() -> None:
    texts = ["Hé", "llo", " ", "wörld", "!"]
    events = [Event(1, "turn.started", {})]
    events += [Event(n, "message.delta", {"message_id": "m", "text": t}) for n, t in enumerate(texts, 2)]
    events += [Event(7, "message.delta", {"message_id": "other", "text": "x"}), Event(8, "turn.completed", {})]
    stored = join(events)
    assert [item["n"] for item in stored] == [1, 6, 7, 8]
    for after in range(9):
        rest = replay(stored, after)
        missing = [event for event in events if event.n > after]
        assert "".join(e.data["text"] for e in rest if e.type == "message.delta") == "".join(
            e.data["text"] for e in missing if e.type == "message.delta"
        )
        covered = [n for e in rest for n in range(e.data.get("from", e.n), e.n + 1)]
        assert covered == [event.n for event in missing]


async def test_a_redis_emptied_under_a_silent_turn_gets_it_again(redis: Redis) -> None:
    producer, follower = RedisBroker(redis), RedisBroker(redis)
    await producer.start(lambda kind, id: None)
    turn = new_id()
    log = producer.open(turn, new_id(), attempt=1)
    log.emit("turn.started", {})
    await until(lambda: log.sent == 1)
    await asyncio.sleep(0.5)  # it watches by now
    await redis.delete(f"ap:t:{turn}", f"ap:p:{producer._process}")
    async with asyncio.timeout(10):
        while not await redis.exists(f"ap:t:{turn}"):
            await asyncio.sleep(0.01)
    assert [event.n for event in await collect(follower, turn, patience=0.1)] == [1]
    await producer.stop()


async def test_what_was_to_be_said_while_redis_was_away_is_said_when_it_is_back(redis: Redis) -> None:
    """Followers elsewhere may not have noticed that it was away."""
    cut = Cut(redis)
    producer, follower = RedisBroker(cut), RedisBroker(redis)  # type: ignore[arg-type]
    heard: Signals = []
    await follower.start(lambda kind, id: heard.append((kind, id)))
    conversation, turn = new_id(), new_id()
    listener = await follower.listen(conversation)
    await asyncio.sleep(0.2)  # a subscription is on its way
    waiting = asyncio.create_task(listener.wait(60))
    cut.away = True
    await producer.start(lambda kind, id: None)
    producer.announce(conversation)
    producer.signal("cancel", turn)
    await asyncio.sleep(0.6)
    cut.away = False
    async with asyncio.timeout(10):
        await waiting
    await until(lambda: heard == [("cancel", turn)])
    listener.close()
    await producer.stop()
    await follower.stop()
