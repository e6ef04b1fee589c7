"""Taking a customer's message: the message and its turn are stored in one transaction, before anything runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.errors import PipelineAborted, UniqueViolation
from psycopg.types.json import Jsonb
from sqlalchemy import func, insert, select, update

from agentpay.conversations.turns.events import Event, join
from agentpay.conversations.turns.lease import Lease, lock_conversation, until
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Direct, Tx
from agentpay.store.tables import Message, Turn

Multitask = Literal["enqueue", "reject", "interrupt"]
MAX_QUEUED = 100
"""Messages that may wait in one conversation."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """`lease` is set where the turn may start here and now; `cancelled` are turns that made room for it."""

    turn_id: UUID
    conversation_id: UUID
    message_id: UUID | None
    status: str
    lease: Lease | None = None
    cancelled: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn may start at once: which process asks, and for how long its lease is."""

    owner: str
    seconds: float
    read: Callable[[Lease, Direct], Awaitable[Any]] | None = None
    """Reads what a turn there begins with (`Lease.begun`)."""


def started_data(turn_id: UUID, conversation_id: UUID, message_id: UUID | None) -> dict[str, Any]:
    return {
        "turn_id": str(turn_id),
        "conversation_id": str(conversation_id),
        "message_id": str(message_id) if message_id else None,
    }


def ended_data(turn_id: UUID, status: str, usage: dict[str, Any], degraded: bool) -> dict[str, Any]:
    return {"turn_id": str(turn_id), "status": status, "usage": usage, "degraded": degraded}


def unanswered_events(
    turn_id: UUID, conversation_id: UUID, message_id: UUID | None, status: str
) -> list[dict[str, Any]]:
    """The events of a turn that nobody worked on."""
    return join(
        [
            Event(1, "turn.started", started_data(turn_id, conversation_id, message_id)),
            Event(2, "turn.completed", ended_data(turn_id, status, {}, False)),
        ]
    )


# The conversation's row is locked before the turn gets its place, as in `accept`. A turn that began since the statement's
# snapshot was taken makes it fail at the unique index over running turns
_AT_ONCE = """
WITH place AS (
  SELECT id FROM conversations
  WHERE organization_id = %(organization)s AND id = %(conversation)s AND status = 'active'
  FOR NO KEY UPDATE
), turn AS (
  INSERT INTO turns (id, organization_id, conversation_id, message_id, kind, status, attempt,
    lease_token, lease_owner, lease_expires_at, started_at)
  SELECT %(turn)s, %(organization)s, place.id, %(message)s, 'message', 'running', 1,
    %(token)s, %(owner)s, clock_timestamp() + make_interval(secs => %(seconds)s), clock_timestamp()
  FROM place
  WHERE NOT EXISTS (
    SELECT FROM turns WHERE conversation_id = %(conversation)s AND status IN ('running', 'queued')
  )
  RETURNING id
)
INSERT INTO messages (id, organization_id, conversation_id, turn_id, role, content, context, created_at)
SELECT %(message)s, %(organization)s, %(conversation)s, turn.id, 'customer', %(content)s, %(context)s, clock_timestamp()
FROM turn
"""


async def accept_at_once(
    database: Database,
    organization_id: UUID,
    conversation_id: UUID,
    content: str,
    *,
    turn_id: UUID,
    context: dict[str, Any] | None = None,
    place: Place,
) -> Accepted | None:
    """`accept` in one statement, for a conversation in which nothing runs or waits. None, with nothing stored, for any other.

    What the turn begins with is read in the same round trip.
    """
    message_id, token = new_id(), uuid4()
    lease = Lease(turn_id, organization_id, conversation_id, token, 1, "message", message_id)
    values = {
        "organization": organization_id,
        "conversation": conversation_id,
        "turn": turn_id,
        "message": message_id,
        "token": token,
        "owner": place.owner,
        "seconds": place.seconds,
        "content": content,
        "context": Jsonb(context or {}),
    }
    try:
        async with database.direct() as connection, connection.pipeline():
            cursor = await connection.execute(_AT_ONCE, values)
            if place.read is not None:
                lease = replace(lease, begun=await place.read(lease, connection))
    except (UniqueViolation, PipelineAborted):
        return None
    if not cursor.rowcount:
        return None
    return Accepted(turn_id, conversation_id, message_id, "running", lease)


async def accept(
    tx: Tx,
    conversation_id: UUID,
    content: str,
    *,
    turn_id: UUID | None = None,
    context: dict[str, Any] | None = None,
    multitask: Multitask = "enqueue",
    place: Place | None = None,
) -> Accepted:
    """Store a customer's message and its turn.

    The turn starts at once (with a lease) where none runs and `place` offers room, else it is queued; while a person of
    the shop has the conversation it is completed, with nobody to answer.
    Raises Problem 404 `not_found`, 409 `conversation_closed`, 409 `turn_in_progress` (multitask `reject`),
    429 `too_many_messages`.
    """
    status = await lock_conversation(tx.session, tx.organization_id, conversation_id)
    if status is None:
        raise not_found("conversation")
    if status == "closed":
        raise Problem("conversation_closed", "This conversation is closed.", status=409)
    turn_id = turn_id or new_id()
    message_id = new_id()
    cancelled: tuple[UUID, ...] = ()
    lease: Lease | None = None
    values: dict[str, Any] = {"kind": "message"}
    if status == "handed_off":
        values |= {
            "status": "completed",
            "events": unanswered_events(turn_id, conversation_id, message_id, "completed"),
            "finished_at": func.now(),
        }
    else:
        counts = await _pending(tx, conversation_id)
        running, queued = counts.get("running", 0), counts.get("queued", 0)
        if (running or queued) and multitask == "reject":
            raise Problem("turn_in_progress", "The assistant is still answering the message before.", status=409)
        if (running or queued) and multitask == "interrupt":
            cancelled = await _make_room(tx, conversation_id)
            queued = 0
        if queued >= MAX_QUEUED:
            raise Problem("too_many_messages", f"{queued} messages wait for an answer already.", status=429)
        if not running and not queued and place is not None:
            token = uuid4()
            lease = Lease(turn_id, tx.organization_id, conversation_id, token, 1, "message", message_id)
            values |= {
                "status": "running",
                "attempt": 1,
                "lease_token": token,
                "lease_owner": place.owner,
                "lease_expires_at": until(place.seconds),
                "started_at": func.clock_timestamp(),
            }
        else:
            values["status"] = "queued"
    await _store(tx, conversation_id, turn_id, message_id, content, context or {}, values)
    return Accepted(turn_id, conversation_id, message_id, values["status"], lease, cancelled)


async def _pending(tx: Tx, conversation_id: UUID) -> dict[str, int]:
    rows = await tx.session.execute(
        select(Turn.status, func.count())
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.status.in_(("running", "queued")))
        .group_by(Turn.status)
    )
    return {row[0]: row[1] for row in rows}


async def _make_room(tx: Tx, conversation_id: UUID) -> tuple[UUID, ...]:
    """Ask the running turn to end, and end those that wait. Their messages stay in the transcript."""
    running = await tx.session.scalars(
        update(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.status == "running")
        .values(cancel_requested_at=func.now())
        .returning(Turn.id)
    )
    cancelled = list(running)
    for turn_id, message_id in await waiting(tx, conversation_id):
        await cancel_queued(tx, conversation_id, turn_id, message_id)
        cancelled.append(turn_id)
    return tuple(cancelled)


async def waiting(tx: Tx, conversation_id: UUID) -> list[tuple[UUID, UUID | None]]:
    """Turns of messages that wait, locked, each with its message."""
    rows = await tx.session.execute(
        select(Turn.id, Turn.message_id)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.status == "queued", Turn.kind == "message")
        .with_for_update()
    )
    return [(row[0], row[1]) for row in rows]


async def cancel_queued(tx: Tx, conversation_id: UUID, turn_id: UUID, message_id: UUID | None) -> bool:
    """End a turn that waits; False where it waits no longer."""
    return await end_queued(tx, conversation_id, turn_id, message_id, "cancelled")


async def end_queued(
    tx: Tx,
    conversation_id: UUID,
    turn_id: UUID,
    message_id: UUID | None,
    status: Literal["cancelled", "completed"],
) -> bool:
    """End a turn that waits, unanswered; False where it waits no longer."""
    asked = {"cancel_requested_at": func.now()} if status == "cancelled" else {}
    ended = await tx.session.scalar(
        update(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.id == turn_id, Turn.status == "queued")
        .values(
            {
                "status": status,
                "finished_at": func.now(),
                "events": unanswered_events(turn_id, conversation_id, message_id, status),
                **asked,
            }
        )
        .returning(Turn.id)
    )
    return ended is not None


async def _store(
    tx: Tx,
    conversation_id: UUID,
    turn_id: UUID,
    message_id: UUID,
    content: str,
    context: dict[str, Any],
    values: dict[str, Any],
) -> None:
    row = {"id": turn_id, "organization_id": tx.organization_id, "conversation_id": conversation_id}
    await tx.session.execute(insert(Turn).values({**row, "message_id": message_id, **values}))
    await tx.session.execute(
        insert(Message).values(
            id=message_id,
            organization_id=tx.organization_id,
            conversation_id=conversation_id,
            turn_id=turn_id,
            role="customer",
            content=content,
            context=context,
            created_at=datetime.now(UTC),
        )
    )
