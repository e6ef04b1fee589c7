"""Who runs a turn: one process at a time, by a lease with a fencing token (DESIGN §1.4).

Every change is one conditional statement; its row count is the answer. The partial unique index over running turns
keeps a conversation to one at a time whatever happens here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from agentpay.conversations.turns.events import join
from agentpay.conversations.turns.insist import AWAY
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.session import Database
from agentpay.store.tables import Conversation, Turn


class LeaseLost(Exception):
    """Another process has this turn: nothing of ours may be stored."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A turn to run, and the token that every statement storing something of it must name."""

    turn_id: UUID
    organization_id: UUID
    conversation_id: UUID
    token: UUID
    attempt: int
    kind: str
    message_id: UUID | None
    input: dict[str, Any] = field(default_factory=dict)
    kept: list[dict[str, Any]] | None = None
    """Events that earlier attempts had to store in Postgres, because Redis was away."""
    begun: Any = field(default=None, compare=False, repr=False)
    """What the engine's `read` found, where that was done together with the acceptance of the message."""


_COLUMNS = (
    Turn.id,
    Turn.organization_id,
    Turn.conversation_id,
    Turn.lease_token,
    Turn.attempt,
    Turn.kind,
    Turn.message_id,
    Turn.input,
    Turn.events,
)


def until(seconds: float) -> ColumnElement[datetime]:
    """The database's clock counts, not ours. clock_timestamp: a transaction may have begun long ago."""
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _taken(owner: str, seconds: float) -> dict[str, Any]:
    return {
        "status": "running",
        "attempt": Turn.attempt + 1,
        "lease_token": func.gen_random_uuid(),
        "lease_owner": owner,
        "lease_expires_at": until(seconds),
        "started_at": func.coalesce(Turn.started_at, func.clock_timestamp()),
    }


async def claim_next(database: Database, conversation_id: UUID, owner: str, seconds: float) -> Lease | None:
    """The conversation's oldest queued turn, unless one of it runs. Waits for whoever claims the same one, then gives up."""
    running = aliased(Turn)
    oldest = (
        select(Turn.id)
        .where(Turn.conversation_id == conversation_id, Turn.status == "queued")
        .where(~exists().where(running.conversation_id == conversation_id, running.status == "running"))
        .order_by(Turn.position)
        .limit(1)
        .with_for_update()
    )
    statement = (
        update(Turn)
        .where(Turn.id == oldest.scalar_subquery(), Turn.status == "queued")
        .values(_taken(owner, seconds))
        .returning(*_COLUMNS)
    )
    try:
        async with database.session() as session:
            row = (await session.execute(statement)).one_or_none()
    except IntegrityError:  # another process claimed a turn of this conversation between the look and the change
        return None
    return Lease(*row) if row is not None else None


_UNCLAIMED = """
    SELECT EXISTS (SELECT FROM turns WHERE status = 'running' AND lease_expires_at < clock_timestamp()) AS expired,
        ARRAY(
            SELECT DISTINCT t.conversation_id FROM turns t WHERE t.status = 'queued' AND NOT EXISTS (
                SELECT FROM turns r WHERE r.conversation_id = t.conversation_id AND r.status = 'running')
            LIMIT %s) AS waiting
"""


async def unclaimed(database: Database, limit: int) -> tuple[bool, list[UUID]]:
    """Whether a running turn's lease ran out, and conversations with a queued turn and none that runs."""
    async with database.direct() as connection:
        cursor = await connection.execute(_UNCLAIMED, (limit,))
        row = await cursor.fetchone()
    assert row is not None
    return row["expired"], row["waiting"]


async def take_expired(database: Database, owner: str, seconds: float, limit: int) -> list[Lease]:
    """Running turns whose lease ran out: their process is dead or cut off. They are ours now, one attempt later."""
    expired = (
        select(Turn.id)
        .where(Turn.status == "running", Turn.lease_expires_at < func.clock_timestamp())
        .order_by(Turn.lease_expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = update(Turn).where(Turn.id.in_(expired)).values(_taken(owner, seconds)).returning(*_COLUMNS)
    async with database.session() as session:
        return [Lease(*row) for row in await session.execute(statement)]


async def renew(database: Database, leases: Iterable[Lease], seconds: float) -> dict[UUID, bool]:
    """Heartbeat of all leases at once. Answers the turns still ours, and whether their cancel was asked for."""
    tokens = [lease.token for lease in leases]
    statement = (
        update(Turn)
        .where(Turn.status == "running", Turn.lease_token.in_(tokens))
        .values(lease_expires_at=until(seconds), modified_at=Turn.modified_at)
        .returning(Turn.id, Turn.cancel_requested_at)
    )
    async with database.session() as session:
        await session.execute(text("SET LOCAL lock_timeout = '2s'"))
        return {turn_id: asked is not None for turn_id, asked in await session.execute(statement)}


async def keep_events(database: Database, logs: Sequence[tuple[TurnLog, int]]) -> bool:
    """Store the first so many events of each running turn, for as long as Redis cannot. False: Postgres is away, too."""
    try:
        async with database.session() as session:
            for log, count in logs:
                await session.execute(
                    update(Turn)
                    .where(Turn.id == log.turn_id, Turn.status == "running", Turn.attempt == log.attempt)
                    .values(events=join(log.events[:count]))
                )
    except AWAY:
        return False
    return True


async def give_back(database: Database, lease: Lease) -> None:
    """Let another process take the turn at once."""
    async with database.session() as session:
        await session.execute(
            update(Turn)
            .where(Turn.id == lease.turn_id, Turn.lease_token == lease.token)
            .values(lease_expires_at=func.clock_timestamp())
        )


async def lock_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> Any:
    """Lock the conversation's row until the end of the transaction: its turns get their places one after the other.

    Answers the row's `status`, or None where there is no such conversation.
    """
    return await session.scalar(
        select(Conversation.status)
        .where(Conversation.organization_id == organization_id, Conversation.id == conversation_id)
        .with_for_update(key_share=True)
    )
