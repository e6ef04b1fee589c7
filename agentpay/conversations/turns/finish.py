"""The end of a turn: reply, state of the conversation, status and events in one transaction behind the fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, insert, select, update
from sqlalchemy.orm import aliased

from agentpay.conversations.shapes import rfc3339
from agentpay.conversations.turns.accept import ended_data
from agentpay.conversations.turns.events import Event, join
from agentpay.conversations.turns.lease import Lease, LeaseLost
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.session import Database
from agentpay.store.tables import Conversation, Message, Turn


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
    error: dict[str, Any] | None = None


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
    }
    return Finished(last, answer, more)


async def _store(database: Database, lease: Lease, result: Result, events: Sequence[Event], now: datetime) -> bool:
    async with database.tx(lease.organization_id) as tx:
        # The conversation's row first: it is the lock under which others take their places (accept)
        state = result.state
        change: dict[str, Any] = {"modified_at": func.now()}
        if state is not None:
            change |= {
                # A payment, or a person who took over, may have moved the stage while the turn ran
                "stage": case(
                    (Conversation.status == "handed_off", "handed_off"),
                    (Conversation.stage == state.stage_before, state.stage),
                    else_=Conversation.stage,
                ),
                "active_agent": state.active_agent,
                "hesitation_signals": state.hesitation_signals,
                "failed_turns": state.failed_turns,
            }
            if state.summary is not None:
                change["summary"] = state.summary
        await tx.session.execute(
            update(Conversation)
            .where(Conversation.organization_id == tx.organization_id, Conversation.id == lease.conversation_id)
            .values(change)
        )
        other = aliased(Turn)
        more = select(
            exists().where(other.conversation_id == lease.conversation_id, other.status == "queued")
        ).scalar_subquery()
        row = (
            await tx.session.execute(
                update(Turn)
                .where(Turn.organization_id == tx.organization_id, Turn.id == lease.turn_id)
                .where(Turn.lease_token == lease.token)
                .values(
                    status=result.status,
                    lease_token=None,
                    lease_expires_at=None,
                    events=join(events),
                    usage=result.usage,
                    degraded=result.degraded,
                    error=result.error,
                    finished_at=func.clock_timestamp(),
                )
                .returning(more)
            )
        ).one_or_none()
        if row is None:
            raise LeaseLost
        if result.reply is not None:
            reply = result.reply
            await tx.session.execute(
                insert(Message).values(
                    id=reply.id,
                    organization_id=tx.organization_id,
                    conversation_id=lease.conversation_id,
                    turn_id=lease.turn_id,
                    role="assistant",
                    agent=reply.agent,
                    content=reply.content,
                    blocks=reply.blocks,
                    intent=reply.intent,
                    tool_calls=reply.tool_calls,
                    created_at=now,
                )
            )
        return bool(row[0])
