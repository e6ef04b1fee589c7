"""The broker of a single process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from agentpay.conversations.turns.broker import Listener, OnSignal, SignalKind
from agentpay.conversations.turns.events import Event
from agentpay.conversations.turns.log import TurnLog


class Listeners:
    """The listeners of this process, by conversation."""

    def __init__(self) -> None:
        self._by_conversation: dict[UUID, set[Listener]] = {}

    def add(self, conversation_id: UUID) -> Listener:
        listener = Listener(lambda closed: self._remove(conversation_id, closed))
        self._by_conversation.setdefault(conversation_id, set()).add(listener)
        return listener

    def wake(self, conversation_id: UUID) -> None:
        for listener in self._by_conversation.get(conversation_id, ()):
            listener.wake()

    def wake_all(self) -> None:
        for listeners in self._by_conversation.values():
            for listener in listeners:
                listener.wake()

    def __contains__(self, conversation_id: object) -> bool:
        return conversation_id in self._by_conversation

    @property
    def conversations(self) -> list[UUID]:
        return list(self._by_conversation)

    def _remove(self, conversation_id: UUID, listener: Listener) -> None:
        listeners = self._by_conversation.get(conversation_id)
        if listeners is not None:
            listeners.discard(listener)
            if not listeners:
                del self._by_conversation[conversation_id]


class MemoryBroker:
    """For tests and a service without Redis: what is published is readable at once, and gone with the process."""

    def __init__(self) -> None:
        self._logs: dict[UUID, TurnLog] = {}
        self._listeners = Listeners()

    async def start(self, on_signal: OnSignal) -> None:
        """There is no other process that could signal."""

    async def stop(self) -> None:
        self._logs.clear()

    async def take_over(self, turn_id: UUID, attempt: int) -> list[Event]:
        log = self._logs.get(turn_id)
        if log is None or log.attempt >= attempt:
            return []
        log.lose()
        return log.events[: log.visible]

    def open(self, turn_id: UUID, conversation_id: UUID, *, attempt: int, earlier: Sequence[Event] = ()) -> TurnLog:
        log = TurnLog(turn_id, conversation_id, attempt, self._published, earlier)
        self._logs[turn_id] = log
        self.announce(conversation_id)
        return log

    def _published(self, log: TurnLog) -> None:
        log.deliver(len(log.events))
        if log.closed and self._logs.get(log.turn_id) is log:
            del self._logs[log.turn_id]

    def local(self, turn_id: UUID) -> TurnLog | None:
        log = self._logs.get(turn_id)
        return None if log is None or log.lost else log

    async def follow(self, turn_id: UUID, after: int, *, patience: float) -> AsyncIterator[list[Event]]:
        log = self.local(turn_id)
        if log is None:
            await asyncio.sleep(min(patience, 0.05))
            return
        async for batch in log.read(after):
            yield batch

    def announce(self, conversation_id: UUID) -> None:
        self._listeners.wake(conversation_id)

    async def listen(self, conversation_id: UUID) -> Listener:
        return self._listeners.add(conversation_id)

    async def forget(self, turn_ids: Sequence[UUID]) -> None:
        for turn_id in turn_ids:
            self._logs.pop(turn_id, None)

    def signal(self, kind: SignalKind, id: UUID) -> None:
        """There is nobody else to tell."""
