"""A running turn's events in memory: the producer appends, followers of the same process read along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

from agentpay.conversations.turns.events import DELTA, Event


class TurnLog:
    """The producer's door (it is the graph's `Sink`) and a list that any number of followers read at their own pace.

    An event is numbered when it is emitted and read once the broker has it: what a follower has seen can then be found
    again by whoever finishes the turn after a crash. While Redis is away it is read at once.
    """

    def __init__(
        self,
        turn_id: UUID,
        conversation_id: UUID,
        attempt: int,
        publish: Callable[[TurnLog], None],
        earlier: Sequence[Event] = (),
    ) -> None:
        """`earlier` are the events of attempts before this one; numbering goes on after them."""
        self.turn_id = turn_id
        self.conversation_id = conversation_id
        self.attempt = attempt
        self.events: list[Event] = list(earlier)
        self.began = 0
        """How many events there were when the turn was last started over: what came before counts no more."""
        self.sent = len(self.events)
        """How many the broker's server has."""
        self.visible = len(self.events)
        self.closed = False
        self.lost = False
        """Another process has taken the turn: nothing of this log counts any more."""
        self.first_text_at: float | None = None
        """When the first delta was emitted, on the loop's clock."""
        self.hurries = False
        """What was just emitted is the first text: somebody waits for it."""
        self.answer: dict[str, Any] | None = None
        """What POST messages answers, set when the turn has ended here."""
        self._publish = publish
        self._waiting: set[asyncio.Future[None]] = set()

    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Number an event and hand it to the broker. Returns at once; ignored once the log is closed."""
        if self.closed:
            return
        self.hurries = self.first_text_at is None and type == DELTA
        if self.hurries:
            self.first_text_at = asyncio.get_running_loop().time()
        self.events.append(Event(len(self.events) + 1, type, data))
        self._publish(self)

    def draft(self, items: Sequence[tuple[str, dict[str, Any]]]) -> list[Event]:
        """Events as they will be numbered next, to be stored before anybody sees them; `close` publishes them."""
        first = len(self.events) + 1
        return [Event(first + offset, type, data) for offset, (type, data) in enumerate(items)]

    def close(self, last: Sequence[Event], answer: dict[str, Any]) -> None:
        """The turn has ended and is stored, with `last` as its last events."""
        self.events.extend(last)
        self.answer = answer
        self.closed = True
        self._publish(self)
        self._wake()

    def lose(self) -> None:
        """Stop here: followers go to where the turn goes on."""
        self.closed = self.lost = True
        self._wake()

    def deliver(self, count: int) -> None:
        """The first `count` events may be read."""
        if count > self.visible:
            self.visible = count
            self._wake()

    async def read(self, after: int = 0) -> AsyncIterator[list[Event]]:
        """Events past number `after`, as many at once as there are, until the last one."""
        position = after
        while True:
            if self.visible > position:
                batch = self.events[position : self.visible]
                position = self.visible
                yield batch
            elif self.lost or (self.closed and position >= len(self.events)):
                return
            else:
                await self._change()

    async def _change(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
