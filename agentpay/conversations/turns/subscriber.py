"""Following a turn, or a conversation, from any process and any place in it: memory, then the broker, then Postgres."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agentpay.conversations.turns.broker import Broker
from agentpay.conversations.turns.events import LAST, Event, replay
from agentpay.store.session import Database
from agentpay.store.tables import Turn

PATIENCE_SECONDS = 2.0
"""Silence after which Postgres is asked how the turn stands."""
PAUSE_SECONDS = 0.2
LOOK_SECONDS = 60.0
"""A conversation's followers look for what they were not told of this often."""
_ENDED = ("completed", "interrupted", "cancelled", "failed")


class Subscriber:
    """Each follower reads at its own pace: none of them can slow the run or another follower."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker

    async def turn(self, organization_id: UUID, turn_id: UUID, after: int = 0) -> AsyncIterator[list[Event]]:
        """The events of a turn past number `after`, until its last one, without loss or repeat.

        The caller has made sure that the turn exists and may be seen.
        """
        while True:
            began = after
            log = self._broker.local(turn_id)
            if log is not None:
                async for events in log.read(after):
                    yield events
                    after = events[-1].n
            else:
                stored, ended = await self._stored(organization_id, turn_id)
                if events := replay(stored, after):
                    yield events
                    after = events[-1].n
                if ended:
                    return
                async for events in self._broker.follow(turn_id, after, patience=PATIENCE_SECONDS):
                    yield events
                    after = events[-1].n
                    if events[-1].type == LAST:
                        return
            if log is not None and log.closed and not log.lost:
                return
            if after == began:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _stored(self, organization_id: UUID, turn_id: UUID) -> tuple[list[dict[str, Any]], bool]:
        """The events that Postgres has, and whether the turn has ended. While it runs there are some if Redis was away."""
        async with self._database.tx(organization_id) as tx:
            row = (
                await tx.session.execute(
                    select(Turn.status, Turn.events).where(Turn.organization_id == organization_id, Turn.id == turn_id)
                )
            ).one_or_none()
        if row is None:
            return [], True
        return row.events or [], row.status in _ENDED

    async def conversation(
        self, organization_id: UUID, conversation_id: UUID, last: tuple[UUID, int] | None = None
    ) -> AsyncIterator[tuple[UUID, list[Event]]]:
        """Everything that happens in a conversation, turn after turn, without end.

        From the turn that runs now, or past the event `last` (turn, number) that a follower has seen.
        """
        listener = await self._broker.listen(conversation_id)
        try:
            position = await self._position(organization_id, conversation_id, last)
            if last is not None:
                async for events in self.turn(organization_id, *last):
                    yield last[0], events
            while True:
                for turn_id, place in await self._after(organization_id, conversation_id, position):
                    async for events in self.turn(organization_id, turn_id):
                        yield turn_id, events
                    position = place
                    break
                else:
                    await listener.wait(LOOK_SECONDS * random.uniform(0.8, 1.2))
        finally:
            listener.close()

    async def _position(self, organization_id: UUID, conversation_id: UUID, last: tuple[UUID, int] | None) -> int:
        """The place after which a follower has seen nothing."""
        mine = (Turn.organization_id == organization_id, Turn.conversation_id == conversation_id)
        async with self._database.tx(organization_id) as tx:
            if last is not None:
                found = await tx.session.scalar(select(Turn.position).where(*mine, Turn.id == last[0]))
                return found or 0
            pending = select(func.min(Turn.position) - 1).where(*mine, Turn.status.in_(("queued", "running")))
            newest = select(func.max(Turn.position)).where(*mine)
            statement = select(func.coalesce(pending.scalar_subquery(), newest.scalar_subquery(), 0))
            return int(await tx.session.scalar(statement) or 0)

    async def _after(self, organization_id: UUID, conversation_id: UUID, position: int) -> list[tuple[UUID, int]]:
        async with self._database.tx(organization_id) as tx:
            rows = await tx.session.execute(
                select(Turn.id, Turn.position)
                .where(Turn.organization_id == organization_id, Turn.conversation_id == conversation_id)
                .where(Turn.position > position)
                .order_by(Turn.position)
                .limit(1)
            )
            return [(turn_id, place) for turn_id, place in rows]
