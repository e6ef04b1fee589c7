"""The broker over Redis Streams: one stream a turn, one shared writer a process, one subscription for signals.

Keys: `ap:t:{turn}` the stream (entry `n-0` is event n), `ap:t:{turn}:f` the fence (the attempt that may write).
Channels: `ap:c:{conversation}` something began there, `ap:signals` queued turns and cancels.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import NoScriptError, RedisError

from agentpay.conversations.turns.broker import Listener, OnSignal, SignalKind
from agentpay.conversations.turns.broker_memory import Listeners
from agentpay.conversations.turns.events import LAST, Event
from agentpay.conversations.turns.log import TurnLog

logger = logging.getLogger(__name__)

KEPT_SECONDS = 3600
WRITE_SECONDS = 1.0
PACE_SECONDS = 0.01
"""Pause between two writes. A turn's first text does not wait for it, nor does its end."""
LONGEST_PACE_SECONDS = 0.05
"""The pause of a process whose loop is behind: fewer, larger writes are what lets it catch up."""
RETRY_SECONDS = 0.25
WATCH_SECONDS = 0.2
"""How soon an emptied Redis is noticed while turns run."""
MOST_MESSAGES = 10_000
"""Messages kept for a Redis that is away; the sweep and the followers' own looks find what older ones said."""
TAKE_OVER_SECONDS = 2.0
"""How long a turn that is taken over waits for Redis to say what followers have seen of it."""
READ_COUNT = 500
FORGET_COUNT = 500
SIGNALS = "ap:signals"

# Appends events unless a later attempt has fenced this one (-1), or some of the stream was lost (-2: send it all again).
# An entry that is there already is refused by Redis itself: sending twice does no harm.
_APPEND = """
local fence = redis.call('GET', KEYS[2])
if fence and tonumber(fence) > tonumber(ARGV[1]) then return -1 end
if redis.call('XLEN', KEYS[1]) < tonumber(ARGV[3]) - 1 then return -2 end
for i = 3, #ARGV, 3 do
  redis.pcall('XADD', KEYS[1], ARGV[i] .. '-0', 't', ARGV[i + 1], 'd', ARGV[i + 2])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
_APPEND_SHA = hashlib.sha1(_APPEND.encode()).hexdigest()
_AWAY = (RedisError, OSError, TimeoutError)


def _stream(turn_id: UUID) -> str:
    return f"ap:t:{turn_id}"


Keep = Callable[[Sequence[tuple[TurnLog, int]]], Awaitable[bool]]
"""Stores the first so many events of running turns in Postgres; False where it is away, too."""


class RedisBroker:
    """`redis` is closed by who made it.

    While Redis is away events are read once `keep` has them: what a follower has seen is found again by whoever takes the
    turn over. Without `keep` they are read at once.
    """

    def __init__(self, redis: Redis, keep: Keep | None = None) -> None:
        self._redis = redis
        self._keep = keep
        self._blind: set[UUID] = set()
        self._process = uuid4().hex
        self._logs: dict[UUID, TurnLog] = {}
        self._unsent: dict[TurnLog, None] = {}
        self._writing: dict[TurnLog, None] = {}
        self._messages: dict[tuple[str, bytes], None] = {}
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._away = False
        self._listeners = Listeners()
        self._pubsub: PubSub | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._on_signal: OnSignal | None = None

    async def start(self, on_signal: OnSignal) -> None:
        self._on_signal = on_signal
        self._tasks = [
            asyncio.create_task(self._write_forever(), name="event writer"),
            asyncio.create_task(self._hear_forever(), name="signals"),
            asyncio.create_task(self._watch_forever(), name="event watch"),
        ]

    async def stop(self) -> None:
        pending = set(self._tasks)
        while pending:  # again: redis-py loses a cancellation that meets it while it connects
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=RETRY_SECONDS)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*_AWAY):
            async with asyncio.timeout(WRITE_SECONDS):
                await self._write([(log, len(log.events)) for log in {**self._writing, **self._unsent}], self._messages)

    # Producing

    def open(self, turn_id: UUID, conversation_id: UUID, *, attempt: int, earlier: Sequence[Event] = ()) -> TurnLog:
        log = TurnLog(turn_id, conversation_id, attempt, self._published, earlier)
        if turn_id in self._blind:
            log.sent = 0
        self._logs[turn_id] = log
        self.announce(conversation_id)
        return log

    def local(self, turn_id: UUID) -> TurnLog | None:
        log = self._logs.get(turn_id)
        return None if log is None or log.lost else log

    def _published(self, log: TurnLog) -> None:
        if log.closed:
            log.deliver(len(log.events))  # stored in Postgres: nothing of it can be lost
            if self._logs.get(log.turn_id) is log:
                del self._logs[log.turn_id]
        elif log.hurries:
            self._urgent.set()
        self._unsent[log] = None
        self._wake.set()

    async def _write_forever(self) -> None:
        """One write at a time: what arrives meanwhile goes with the next, so that load makes batches, not queues."""
        pace = PACE_SECONDS
        while True:
            await self._wake.wait()
            pace = await self._pause(pace)
            self._wake.clear()
            self._urgent.clear()
            self._writing, self._unsent = self._unsent, {}
            batch = [(log, len(log.events)) for log in self._writing]
            messages, self._messages = self._messages, {}
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._write(batch, messages)
            except _AWAY as error:
                if not self._away:
                    logger.warning("Redis is away (%s): events stay in memory until it is back.", type(error).__name__)
                self._away = True
                await self._without_redis(batch)
                for log, _ in batch:
                    if not log.closed:  # a closed one is stored in Postgres
                        self._unsent[log] = None
                self._messages = dict(list((messages | self._messages).items())[-MOST_MESSAGES:])
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()
            else:
                if self._away:
                    logger.info("Redis is back.")
                self._away = False
            self._writing = {}

    async def _without_redis(self, batch: Sequence[tuple[TurnLog, int]]) -> None:
        running = [(log, count) for log, count in batch if not log.closed]
        kept = True
        if self._keep is not None and running:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    kept = await self._keep(running)
            except TimeoutError:
                kept = False
        for log, count in batch:
            if kept or log.closed:
                log.deliver(len(log.events) if log.closed else count)

    async def _pause(self, pace: float) -> float:
        """Let more events gather, unless one is urgent. Answers how long the next pause should be."""
        loop = asyncio.get_running_loop()
        until = loop.time() + pace
        timer = loop.call_at(until, self._urgent.set)
        await self._urgent.wait()
        timer.cancel()
        behind = max(0.0, loop.time() - until)
        return min(LONGEST_PACE_SECONDS, PACE_SECONDS + 2 * behind)

    async def _watch_forever(self) -> None:
        """Redis may be emptied under turns that are silent just then: what it had of them is sent again at once."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if not self._logs or self._away:
                continue
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    there: Any = await self._redis.set(f"ap:p:{self._process}", b"1", ex=KEPT_SECONDS, get=True)
            except _AWAY:
                continue
            if there is None:
                for log in self._logs.values():
                    log.sent = 0
                    self._unsent[log] = None
                self._wake.set()

    async def _write(self, batch: list[tuple[TurnLog, int]], messages: Iterable[tuple[str, bytes]]) -> None:
        """Raises what Redis raises; a batch may be written again."""
        sending = [(log, count) for log, count in batch if count > log.sent and not log.lost]
        pipe = self._redis.pipeline(transaction=False)
        for log, count in sending:
            key = _stream(log.turn_id)
            if log.turn_id in self._blind:
                pipe.delete(key)
                pipe.set(f"{key}:f", log.attempt, ex=KEPT_SECONDS)
            arguments: list[Any] = [log.attempt, KEPT_SECONDS]
            for event in log.events[log.sent : count]:
                arguments += (event.n, event.type, event.payload)
            pipe.execute_command("EVALSHA", _APPEND_SHA, 2, key, f"{key}:f", *arguments)
        for channel, message in messages:
            pipe.publish(channel, message)
        results = await pipe.execute(raise_on_error=False)
        again = False
        for (log, count), result in zip(sending, results, strict=False):
            if isinstance(result, NoScriptError):
                await self._redis.script_load(_APPEND)
                again = True
            elif isinstance(result, Exception):
                raise result
            elif result == -1:
                self._lose(log)
            elif result == -2:
                log.sent = 0
                again = True
            else:
                log.sent = max(log.sent, count)
                log.deliver(count)
                self._blind.discard(log.turn_id)
        if again:
            await self._write(batch, [])

    def _lose(self, log: TurnLog) -> None:
        log.lose()
        self._blind.discard(log.turn_id)
        if self._logs.get(log.turn_id) is log:
            del self._logs[log.turn_id]

    async def take_over(self, turn_id: UUID, attempt: int) -> list[Event]:
        mine = self._logs.get(turn_id)
        if mine is not None and mine.attempt < attempt:
            self._lose(mine)
        key = _stream(turn_id)
        deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._redis.set(f"{key}:f", attempt, ex=KEPT_SECONDS)
                    entries: Any = await self._redis.xrange(key)
                    return _contiguous(entries, 0)
            except _AWAY:
                if asyncio.get_running_loop().time() > deadline:
                    break
                await asyncio.sleep(RETRY_SECONDS)
        # What Redis may still hold of the turn when it is back gives way to what this attempt says
        self._blind.add(turn_id)
        return mine.events[: mine.visible] if mine is not None else []

    # Following

    async def follow(self, turn_id: UUID, after: int, *, patience: float) -> AsyncIterator[list[Event]]:
        key = _stream(turn_id)
        while True:
            try:
                async with asyncio.timeout(patience + WRITE_SECONDS):
                    answer = await self._redis.xread(
                        {key: f"{after}-0"}, count=READ_COUNT, block=max(1, int(patience * 1000))
                    )
            except _AWAY:
                await asyncio.sleep(RETRY_SECONDS)
                return
            events = _contiguous(_entries(answer), after)
            if not events:
                return
            after = events[-1].n
            yield events
            if events[-1].type == LAST:
                return

    # Signals

    def announce(self, conversation_id: UUID) -> None:
        self._listeners.wake(conversation_id)
        self._send(f"ap:c:{conversation_id}", self._process.encode())

    async def forget(self, turn_ids: Sequence[UUID]) -> None:
        for start in range(0, len(turn_ids), FORGET_COUNT):
            keys = [_stream(turn_id) for turn_id in turn_ids[start : start + FORGET_COUNT]]
            await self._redis.unlink(*keys, *(f"{key}:f" for key in keys))

    def signal(self, kind: SignalKind, id: UUID) -> None:
        self._send(SIGNALS, orjson.dumps({"kind": kind, "id": str(id), "from": self._process}))

    def _send(self, channel: str, message: bytes) -> None:
        self._messages[channel, message] = None
        self._wake.set()

    async def listen(self, conversation_id: UUID) -> Listener:
        known = conversation_id in self._listeners
        listener = self._listeners.add(conversation_id)
        if not known and self._pubsub is not None:
            with suppress(*_AWAY):  # the next subscription has it
                await self._pubsub.subscribe(f"ap:c:{conversation_id}")
        return listener

    async def _hear_forever(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    channels = [f"ap:c:{conversation}" for conversation in self._listeners.conversations]
                    await pubsub.subscribe(SIGNALS, *channels)
                    self._pubsub = pubsub
                    self._listeners.wake_all()  # something may have begun while nobody listened
                    async for message in pubsub.listen():
                        await self._hear(pubsub, message)
            except _AWAY:
                self._pubsub = None
                await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, pubsub: PubSub, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        if channel == SIGNALS:
            said = orjson.loads(message["data"])
            if said["from"] != self._process and self._on_signal is not None:
                self._on_signal(said["kind"], UUID(said["id"]))
            return
        conversation_id = UUID(channel.removeprefix("ap:c:"))
        if conversation_id not in self._listeners:
            await pubsub.unsubscribe(channel)
        elif message["data"] != self._process.encode():
            self._listeners.wake(conversation_id)


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The entries of XREAD's answer over one stream, in RESP2's and RESP3's form."""
    if not answer:
        return []
    found = next(iter(answer.values()))[0] if isinstance(answer, dict) else answer[0][1]
    return list(found)


def _contiguous(entries: Sequence[tuple[bytes, dict[bytes, bytes]]], after: int) -> list[Event]:
    """Entries as events, up to the first gap."""
    events: list[Event] = []
    for entry_id, fields in entries:
        n = int(entry_id.partition(b"-")[0])
        if n != after + len(events) + 1:
            break
        events.append(Event(n, fields[b"t"].decode(), payload=fields[b"d"]))
    return events
