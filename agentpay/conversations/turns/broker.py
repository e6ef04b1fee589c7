"""What carries events from the process that runs a turn to those that follow it, and signals between processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, Protocol
from uuid import UUID

from agentpay.conversations.turns.events import Event
from agentpay.conversations.turns.log import TurnLog

SignalKind = Literal["queued", "cancel"]
OnSignal = Callable[[SignalKind, UUID], None]
"""`queued`: the conversation with this id has a turn that waits. `cancel`: the turn with this id shall end."""


class Listener:
    """Wakes up whenever something begins in one conversation, in whichever process. Close it after use."""

    def __init__(self, close: Callable[[Listener], None]) -> None:
        self._changed = asyncio.Event()
        self._close = close

    def wake(self) -> None:
        self._changed.set()

    async def wait(self, seconds: float) -> None:
        """Until something began, or `seconds` have passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    def close(self) -> None:
        self._close(self)


class Broker(Protocol):
    """Two implementations, one test suite: in-process, and Redis Streams."""

    async def start(self, on_signal: OnSignal) -> None: ...

    async def stop(self) -> None: ...

    async def take_over(self, turn_id: UUID, attempt: int) -> list[Event]:
        """Shut out earlier attempts' producers and answer all that they published, without gaps."""
        ...

    def open(self, turn_id: UUID, conversation_id: UUID, *, attempt: int, earlier: Sequence[Event] = ()) -> TurnLog:
        """The log of a turn that runs here. `close` or `lose` it at the end."""
        ...

    def local(self, turn_id: UUID) -> TurnLog | None:
        """The log of a turn that runs in this process."""
        ...

    def follow(self, turn_id: UUID, after: int, *, patience: float) -> AsyncIterator[list[Event]]:
        """Events of a turn that runs elsewhere, past `after`.

        Ends after the turn's last one, and also when there is none for `patience` seconds or one is missing:
        the caller then asks Postgres how the turn stands.
        """
        ...

    def announce(self, conversation_id: UUID) -> None:
        """A turn began in this conversation, or one was stored whole."""
        ...

    async def listen(self, conversation_id: UUID) -> Listener: ...

    async def forget(self, turn_ids: Sequence[UUID]) -> None:
        """Delete the events of ended turns. Raises what the server raises while it is away."""
        ...

    def signal(self, kind: SignalKind, id: UUID) -> None:
        """Tell every other process. This one knows already."""
        ...
