"""Turns of the service's own: a payment was confirmed, a person of the shop wrote. Stored whole, then made known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, insert, select, update

from agentpay.conversations.shapes import rfc3339
from agentpay.conversations.turns.accept import ended_data, started_data
from agentpay.conversations.turns.broker import Broker
from agentpay.conversations.turns.events import Event, join
from agentpay.conversations.turns.lease import lock_conversation
from agentpay.errors import not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Conversation, Message, Turn

Kind = Literal["payment", "human", "approval", "system"]


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said. `role` is `human` where a person of the shop writes, else `assistant`."""

    content: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    agent: str | None = None
    role: Literal["assistant", "human"] = "assistant"
    intent: str | None = None


async def announce(
    database: Database,
    broker: Broker,
    organization_id: UUID,
    conversation_id: UUID,
    *,
    kind: Kind,
    message: Announcement,
    stage: str | None = None,
    once: str | None = None,
) -> UUID | None:
    """Write into a conversation and tell its followers. Answers the turn's id.

    `once` names the occasion: a second call with it changes nothing and answers None, so a job may run twice.
    `stage` moves the conversation, unless a person has it. Raises Problem 404 `not_found`.
    """
    async with database.tx(organization_id) as tx:
        turn_id = await store_announcement(tx, conversation_id, kind=kind, message=message, stage=stage, once=once)
    if turn_id is not None:
        broker.announce(conversation_id)
    return turn_id


async def store_announcement(
    tx: Tx,
    conversation_id: UUID,
    *,
    kind: Kind,
    message: Announcement,
    stage: str | None = None,
    once: str | None = None,
    turn_id: UUID | None = None,
) -> UUID | None:
    """`announce` within the caller's unit of work; call `broker.announce` after its commit."""
    status = await lock_conversation(tx.session, tx.organization_id, conversation_id)
    if status is None:
        raise not_found("conversation")
    if once is not None and await _said(tx, conversation_id, once):
        return None
    turn_id, message_id, now = turn_id or new_id(), new_id(), datetime.now(UTC)
    data = {
        "id": str(message_id),
        "role": message.role,
        "agent": message.agent,
        "content": message.content,
        "blocks": message.blocks,
        "intent": message.intent,
        "tool_calls": [],
        "created_at": rfc3339(now),
    }
    items: list[tuple[str, dict[str, Any]]] = [("turn.started", started_data(turn_id, conversation_id, None))]
    if message.content:
        items.append(("message.delta", {"message_id": str(message_id), "text": message.content}))
    items += [("ui", {"message_id": str(message_id), "block": block}) for block in message.blocks]
    items += [("message.completed", data), ("turn.completed", ended_data(turn_id, "completed", {}, False))]
    events = join(Event(n, type, item) for n, (type, item) in enumerate(items, 1))
    ids = {"organization_id": tx.organization_id, "conversation_id": conversation_id}
    await tx.session.execute(
        insert(Turn).values(
            **ids,
            id=turn_id,
            kind=kind,
            status="completed",
            input={"once": once} if once is not None else {},
            events=events,
            started_at=now,
            finished_at=now,
        )
    )
    await tx.session.execute(
        insert(Message).values(
            **ids,
            id=message_id,
            turn_id=turn_id,
            role=message.role,
            agent=message.agent,
            content=message.content,
            blocks=message.blocks,
            intent=message.intent,
            created_at=now,
        )
    )
    if stage is not None and status != "handed_off":
        await tx.session.execute(
            update(Conversation)
            .where(Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id)
            .values(stage=stage, modified_at=func.now())
        )
    return turn_id


async def _said(tx: Tx, conversation_id: UUID, once: str) -> bool:
    found = await tx.session.scalar(
        select(Turn.id)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.input["once"].astext == once)
        .limit(1)
    )
    return found is not None
