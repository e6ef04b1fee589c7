"""Conversations, their transcript, and the turns that wrote it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, own_id, ref


class Conversation(Row, Base):
    __tablename__ = "conversations"
    __table_args__ = (
        own_id("conversations"),
        ref("agent_id", "agents"),
        ref("customer_id", "customers", ondelete="SET NULL"),
        Index("ix_conversations_customer", "organization_id", "customer_id"),
        Index("ix_conversations_list", "organization_id", "id"),
        CheckConstraint("status IN ('active', 'handed_off', 'closed')", name="status"),
        CheckConstraint(
            "stage IN ('greeting', 'discovery', 'considering', 'cart', 'checkout', 'paid', 'after_sales', 'handed_off')",
            name="stage",
        ),
        CheckConstraint("active_agent IN ('sales', 'support', 'payment')", name="active_agent"),
    )

    agent_id: Mapped[UUID]
    agent_version: Mapped[int] = mapped_column(server_default="1")
    """Version of the agent's settings that its latest turn ran with; before the first the one it was opened with."""
    customer_id: Mapped[UUID | None]
    """The customer this conversation was vouched or verified for, never one that was only claimed in the chat."""
    vouched: Mapped[bool] = mapped_column(server_default=text("false"))
    """Opened with a secret key: the merchant says who the customer is (CONTRACT §4, who is who)."""
    contact: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """E-mail, name, phone and address for a new order, as given so far. Identifies a buyer, never an owner of an order."""
    channel: Mapped[str] = mapped_column(server_default="web")
    status: Mapped[str] = mapped_column(server_default="active")
    stage: Mapped[str] = mapped_column(server_default="greeting")
    active_agent: Mapped[str] = mapped_column(server_default="sales")
    hesitation_signals: Mapped[int] = mapped_column(server_default="0")
    failed_turns: Mapped[int] = mapped_column(server_default="0")
    summary: Mapped[str] = mapped_column(server_default="")
    checkout_id: Mapped[UUID | None]
    """The latest checkout. No foreign key: the two tables would refer to each other."""
    forked_from: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    closed_at: Mapped[datetime | None]


class Turn(Row, Base):
    """One input worked through by the graph, or by the service itself (`kind`). A row before it is a run (DESIGN §1)."""

    __tablename__ = "turns"
    __table_args__ = (
        own_id("turns"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        Index("uq_turns_running", "conversation_id", unique=True, postgresql_where=text("status = 'running'")),
        Index("ix_turns_conversation", "organization_id", "conversation_id", "position"),
        Index("ix_turns_queued", "conversation_id", "position", postgresql_where=text("status = 'queued'")),
        Index("ix_turns_lease", "lease_expires_at", postgresql_where=text("status = 'running'")),
        CheckConstraint(
            "status IN ('queued', 'running', 'interrupted', 'completed', 'cancelled', 'failed')", name="status"
        ),
        CheckConstraint("kind IN ('message', 'human', 'approval', 'payment', 'system')", name="kind"),
        CheckConstraint("(status = 'running') = (lease_token IS NOT NULL)", name="lease"),
    )

    conversation_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    kind: Mapped[str] = mapped_column(server_default="message")
    status: Mapped[str] = mapped_column(server_default="queued")
    message_id: Mapped[UUID | None]
    """The customer's message."""
    input: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    agent_version: Mapped[int | None]
    """Version of the agent's settings that it ran with, once it has ended; None where no agent was asked."""
    attempt: Mapped[int] = mapped_column(server_default="0")
    lease_token: Mapped[UUID | None]
    """The fence: every statement that stores something of this turn names it."""
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    events: Mapped[list[dict[str, Any]] | None]
    """The events of the ended turn, [{"n", "type", "data", "from"?}], for replay once Redis has let go of them."""
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    degraded: Mapped[bool] = mapped_column(server_default=text("false"))
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Message(Row, Base):
    """The transcript, and the truth: checkpoints are rebuilt from it."""

    __tablename__ = "messages"
    __table_args__ = (
        own_id("messages"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        ref("turn_id", "turns", ondelete="CASCADE"),
        Index("ix_messages_conversation", "organization_id", "conversation_id", "position"),
        Index("ix_messages_turn", "organization_id", "turn_id"),
        CheckConstraint("role IN ('customer', 'assistant', 'human')", name="role"),
    )

    conversation_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    role: Mapped[str]
    agent: Mapped[str | None]
    content: Mapped[str]
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    intent: Mapped[str | None]
    tool_calls: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    context: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class ToolExecution(Row, Base):
    """A write or money call of a turn, stored before it runs; a turn taken up after a crash replays it (DESIGN §4, once)."""

    __tablename__ = "tool_executions"
    __table_args__ = (
        own_id("tool_executions"),
        UniqueConstraint("turn_id", "step", "ordinal"),
        ref("turn_id", "turns", ondelete="CASCADE"),
        CheckConstraint("status IN ('planned', 'done', 'failed')", name="status"),
    )

    turn_id: Mapped[UUID]
    step: Mapped[int]
    ordinal: Mapped[int]
    tool: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default="planned")
    result: Mapped[dict[str, Any] | None]


class Approval(Row, Base):
    """A tool call that waits for a person. Answering it starts a turn of the service's own that runs the call once."""

    __tablename__ = "approvals"
    __table_args__ = (
        own_id("approvals"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        ref("turn_id", "turns", ondelete="CASCADE"),
        Index("ix_approvals_open", "organization_id", "id", postgresql_where=text("status = 'open'")),
        CheckConstraint("kind IN ('refund', 'discount', 'offer', 'order_change')", name="kind"),
        CheckConstraint("status IN ('open', 'approved', 'denied', 'expired')", name="status"),
    )

    conversation_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    summary: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    tool_call: Mapped[dict[str, Any]]
    note: Mapped[str | None]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    executed_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]


class SnapshotLabel(Row, Base):
    """A name for a checkpoint; labelled ones are never pruned."""

    __tablename__ = "snapshot_labels"
    __table_args__ = (
        UniqueConstraint("conversation_id", "checkpoint_id"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
    )

    conversation_id: Mapped[UUID]
    checkpoint_id: Mapped[str]
    label: Mapped[str]


class Feedback(Row, Base):
    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("message_id"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        ref("message_id", "messages", ondelete="CASCADE"),
        CheckConstraint("score IN (-1, 1)", name="score"),
    )

    conversation_id: Mapped[UUID]
    message_id: Mapped[UUID]
    score: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str | None]
