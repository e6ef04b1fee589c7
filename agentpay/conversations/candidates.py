"""Conversations that went wrong by what customers and the service say of them: worth reading, and worth a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from agentpay.store.session import Tx
from agentpay.store.tables import Conversation, Feedback, Message, Turn

Reason = Literal["thumbs_down", "failed_turn", "handed_over"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A message that a customer was not content with; `asked` is what they had written before it."""

    message_id: UUID
    asked: str
    answered: str
    comment: str | None
    at: datetime


@dataclass(slots=True)
class Candidate:
    """`reasons`: `thumbs_down`; `failed_turn`, the service broke; `handed_over`, a person took over from agents who had failed."""

    conversation: Conversation
    reasons: list[Reason] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)


async def candidates(
    tx: Tx, *, limit: int, before: UUID | None = None, since: datetime | None = None
) -> list[Candidate]:
    """
    The newest conversation first; one more than `limit` where there are more. `before` is the id of the last one seen.

    `since`: rated, broken or begun no earlier.
    """
    rated: list[ColumnElement[bool]] = [
        Feedback.organization_id == Conversation.organization_id,
        Feedback.conversation_id == Conversation.id,
        Feedback.score == -1,
    ]
    broken: list[ColumnElement[bool]] = [
        Turn.organization_id == Conversation.organization_id,
        Turn.conversation_id == Conversation.id,
        Turn.status == "failed",
    ]
    given_up: list[ColumnElement[bool]] = [Conversation.status == "handed_off", Conversation.failed_turns > 0]
    if since is not None:
        rated.append(Feedback.modified_at >= since)
        broken.append(Turn.finished_at >= since)
        given_up.append(Conversation.created_at >= since)
    why = (exists().where(*rated), exists().where(*broken), and_(*given_up))
    statement = (
        select(Conversation, *(one.label(f"why_{n}") for n, one in enumerate(why)))
        .where(Conversation.organization_id == tx.organization_id, or_(*why))
        .order_by(Conversation.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Conversation.id < before)
    rows = (await tx.session.execute(statement)).all()
    found = [_candidate(row[0], row[1], row[2], row[3]) for row in rows]
    complaints = await _complaints(tx, [one.conversation.id for one in found])
    for one in found:
        one.complaints = complaints.get(one.conversation.id, [])
    return found


def _candidate(conversation: Conversation, rated: bool, broken: bool, given_up: bool) -> Candidate:
    held: list[tuple[Reason, bool]] = [("thumbs_down", rated), ("failed_turn", broken), ("handed_over", given_up)]
    return Candidate(conversation, [reason for reason, holds in held if holds])


async def _complaints(tx: Tx, conversation_ids: Sequence[UUID]) -> dict[UUID, list[Complaint]]:
    """The messages that were rated down, in the order of the transcript."""
    here = tx.organization_id
    rows = await tx.session.execute(
        select(Feedback, Message)
        .join(Message, (Message.organization_id == Feedback.organization_id) & (Message.id == Feedback.message_id))
        .where(Feedback.organization_id == here, Feedback.conversation_id.in_(conversation_ids), Feedback.score == -1)
        .order_by(Message.position)
    )
    found: dict[UUID, list[Complaint]] = {}
    for feedback, message in rows:
        asked = await tx.session.scalar(
            select(Message.content)
            .where(Message.organization_id == here, Message.conversation_id == message.conversation_id)
            .where(Message.role == "customer", Message.position < message.position)
            .order_by(Message.position.desc())
            .limit(1)
        )
        complaint = Complaint(message.id, asked or "", message.content, feedback.comment, feedback.modified_at)
        found.setdefault(message.conversation_id, []).append(complaint)
    return found
