"""Conversations, messages and interrupts as the contract shows them (CONTRACT §2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agentpay.commerce.shapes import CartView
from agentpay.store.tables import Approval, Message

Role = Literal["customer", "assistant", "human"]
TurnStatus = Literal["queued", "running", "interrupted", "completed", "cancelled", "failed"]
ConversationStatus = Literal["active", "handed_off", "closed"]


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ToolCallView(Shape):
    id: str
    name: str
    arguments: dict[str, Any]
    status: Literal["ok", "error"]
    result: Any = None


class MessageView(Shape):
    """One message of the transcript. `content` is plain text with light Markdown; blocks are CONTRACT §3."""

    id: UUID
    role: Role
    agent: str | None
    content: str
    blocks: list[dict[str, Any]]
    intent: str | None
    tool_calls: list[ToolCallView]
    created_at: datetime


class InterruptView(Shape):
    """Something that waits for a person."""

    id: UUID
    turn_id: UUID
    kind: Literal["refund", "discount", "offer", "order_change"]
    summary: str
    payload: dict[str, Any]
    expires_at: datetime


class TurnAnswer(Shape):
    """What POST messages answers. `message` is null while the turn runs, and where nobody answered."""

    turn_id: UUID
    status: TurnStatus
    message: MessageView | None
    interrupts: list[InterruptView]
    degraded: bool
    agent_version: int | None = None
    """Version of the agent's settings that the turn ran with, once it has ended."""


class CustomerBrief(Shape):
    id: UUID
    external_id: str | None
    email: str | None
    name: str | None


class ConversationView(Shape):
    id: UUID
    status: ConversationStatus
    stage: str
    active_agent: str
    hesitation_signals: int
    cart: CartView
    checkout_id: UUID | None
    summary: str
    interrupts: list[InterruptView]
    customer: CustomerBrief | None
    agent_id: UUID
    agent_version: int
    """Version of the agent's settings that the latest turn ran with; before the first the one it was opened with."""
    channel: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC, "…Z"."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def message_data(row: Message) -> dict[str, Any]:
    """A stored message as plain data: the same in answers, history and `message.completed`."""
    return {
        "id": str(row.id),
        "role": row.role,
        "agent": row.agent,
        "content": row.content,
        "blocks": row.blocks,
        "intent": row.intent,
        "tool_calls": row.tool_calls,
        "created_at": rfc3339(row.created_at),
    }


def interrupt_data(row: Approval) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "turn_id": str(row.turn_id),
        "kind": row.kind,
        "summary": row.summary,
        "payload": row.payload,
        "expires_at": rfc3339(row.expires_at),
    }
