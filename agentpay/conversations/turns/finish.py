"""The end of a turn: reply, state of the conversation, status and events in one transaction behind the fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from agentpay.conversations.shapes import rfc3339
from agentpay.conversations.turns.accept import ended_data
from agentpay.conversations.turns.events import Event, join
from agentpay.conversations.turns.lease import Lease, LeaseLost
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.checkpoints import Run, part_of
from agentpay.store.session import Database


@dataclass(slots=True)
class Reply:
    """The assistant's message of a turn. `id` is the one its deltas left under."""

    id: UUID
    content: str
    agent: str | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)
    intent: str | None = None
    tool_calls: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class StateChange:
    """What a turn changed about its conversation. `stage_before` is what it was when the turn began."""

    stage_before: str
    stage: str
    active_agent: str
    hesitation_signals: int
    failed_turns: int
    summary: str | None = None


@dataclass(slots=True)
class Result:
    """How a run ended. `error` is problem details, for status `failed` alone."""

    status: str
    reply: Reply | None = None
    state: StateChange | None = None
    interrupts: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    degraded: bool = False
    agent_version: int | None = None
    """Version of the agent's settings it ran with."""
    error: dict[str, Any] | None = None
    checkpoint: Run | None = None
    """The run whose last checkpoint is to be stored with this."""


def reply_data(reply: Reply, created_at: datetime, role: str = "assistant") -> dict[str, Any]:
    """CONTRACT §2, Message."""
    return {
        "id": str(reply.id),
        "role": role,
        "agent": reply.agent,
        "content": reply.content,
        "blocks": reply.blocks,
        "intent": reply.intent,
        "tool_calls": reply.tool_calls,
        "created_at": rfc3339(created_at),
    }


@dataclass(frozen=True, slots=True)
class Finished:
    """`last` events to publish, the `answer` of POST messages, and whether another turn waits in the conversation."""

    last: list[Event]
    answer: dict[str, Any]
    more: bool


async def finish(database: Database, lease: Lease, log: TurnLog, result: Result) -> Finished:
    """Store the end of a turn. Raises LeaseLost, with nothing stored, where the turn is no longer ours."""
    now = datetime.now(UTC)
    message = reply_data(result.reply, now) if result.reply is not None else None
    items: list[tuple[str, dict[str, Any]]] = []
    if message is not None:
        items.append(("message.completed", message))
    if result.error is not None:
        items.append(("error", result.error))
    items.append(("turn.completed", ended_data(lease.turn_id, result.status, result.usage, result.degraded)))
    last = log.draft(items)
    more = await _store(database, lease, result, [*log.events, *last], now)
    answer = {
        "turn_id": str(lease.turn_id),
        "status": result.status,
        "message": message,
        "interrupts": result.interrupts,
        "degraded": result.degraded,
        "agent_version": result.agent_version,
    }
    return Finished(last, answer, more)


# The conversation's row is locked first: it is the lock under which others take their places (accept)
_ENDED = """
WITH place AS (
  SELECT id FROM conversations WHERE organization_id = %(organization)s AND id = %(conversation)s FOR NO KEY UPDATE
), ended AS (
  UPDATE turns SET status = %(status)s, lease_token = NULL, lease_expires_at = NULL, events = %(events)s,
    usage = %(usage)s, degraded = %(degraded)s, error = %(error)s, agent_version = %(agent_version)s,
    finished_at = clock_timestamp(), modified_at = now()
  FROM place
  WHERE turns.organization_id = %(organization)s AND turns.id = %(turn)s AND lease_token = %(token)s
    AND turns.conversation_id = place.id
  RETURNING turns.id
)
"""
# A payment, or a person who took over, may have moved the stage while the turn ran
_CHANGED = """, changed AS (
  UPDATE conversations AS c SET modified_at = now(),
    stage = CASE WHEN c.status = 'handed_off' THEN 'handed_off' WHEN c.stage = %(stage_before)s THEN %(stage)s ELSE c.stage END,
    active_agent = %(active_agent)s, hesitation_signals = %(hesitation_signals)s, failed_turns = %(failed_turns)s,
    summary = coalesce(%(summary)s, c.summary), agent_version = coalesce(%(agent_version)s, c.agent_version)
  FROM ended WHERE c.organization_id = %(organization)s AND c.id = %(conversation)s
)"""
_TOUCHED = """, changed AS (
  UPDATE conversations AS c SET modified_at = now()
  FROM ended WHERE c.organization_id = %(organization)s AND c.id = %(conversation)s
)"""
_SAID = """, said AS (
  INSERT INTO messages (id, organization_id, conversation_id, turn_id, role, agent, content, blocks, intent, tool_calls,
    created_at)
  SELECT %(message)s, %(organization)s, %(conversation)s, ended.id, 'assistant', %(agent)s, %(content)s, %(blocks)s,
    %(intent)s, %(tool_calls)s, %(now)s
  FROM ended
)"""
_WAITING = "SELECT FROM turns WHERE conversation_id = %s AND status = 'queued' LIMIT 1"


@cache
def _statement(*, state: bool, reply: bool, checkpoint: bool) -> str:
    parts = (_ENDED, _CHANGED if state else _TOUCHED, _SAID if reply else "")
    return f"{''.join(parts)}{', ' + part_of('ended') if checkpoint else ''} SELECT FROM ended"


async def _store(database: Database, lease: Lease, result: Result, events: Sequence[Event], now: datetime) -> bool:
    """Everything in one statement, which does nothing where the turn is no longer ours. Whether another turn waits."""
    values: dict[str, Any] = {
        "organization": lease.organization_id,
        "conversation": lease.conversation_id,
        "turn": lease.turn_id,
        "token": lease.token,
        "status": result.status,
        "events": Jsonb(join(events)),
        "usage": Jsonb(result.usage),
        "degraded": result.degraded,
        "agent_version": result.agent_version,
        "error": Jsonb(result.error) if result.error is not None else None,
    }
    if result.state is not None:
        values |= asdict(result.state)
    if result.reply is not None:
        values |= _message(result.reply, now)
    held = result.checkpoint.held if result.checkpoint is not None else None
    if held is not None:
        values |= held
    statement = _statement(state=result.state is not None, reply=result.reply is not None, checkpoint=held is not None)
    async with database.direct() as connection, connection.pipeline():
        ended = await connection.execute(statement, values)
        # A statement of its own, under the same lock: it sees who came while that one waited for the lock
        waiting = await connection.execute(_WAITING, (lease.conversation_id,))
        if await ended.fetchone() is None:
            raise LeaseLost
        return await waiting.fetchone() is not None


def _message(reply: Reply, now: datetime) -> dict[str, Any]:
    return {
        "message": reply.id,
        "agent": reply.agent,
        "content": reply.content,
        "blocks": Jsonb(reply.blocks),
        "intent": reply.intent,
        "tool_calls": Jsonb(reply.tool_calls),
        "now": now,
    }
