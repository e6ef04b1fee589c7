"""What POST messages and resume answer, read from the stored turn."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.conversations.shapes import interrupt_data, message_data
from agentpay.errors import not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Approval, Message, Turn

ENDED = frozenset({"completed", "interrupted", "cancelled", "failed"})


async def find_turn(tx: Tx, conversation_id: UUID, turn_id: UUID) -> Turn:
    """Raises Problem 404 `not_found`, also for a turn of another conversation."""
    turn = await tx.session.scalar(
        select(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.id == turn_id)
        .where(Turn.conversation_id == conversation_id)
    )
    if turn is None:
        raise not_found("turn")
    return turn


async def turn_answer(tx: Tx, turn: Turn) -> dict[str, Any]:
    """`turn_id, status, message, interrupts, degraded, agent_version`; the message is null until the turn has ended."""
    message: Message | None = None
    interrupts: list[dict[str, Any]] = []
    if turn.status in ENDED:
        message = await tx.session.scalar(
            select(Message)
            .where(Message.organization_id == tx.organization_id, Message.turn_id == turn.id)
            .where(Message.role != "customer")
            .order_by(Message.position.desc())
            .limit(1)
        )
        rows = await tx.session.scalars(
            select(Approval)
            .where(Approval.organization_id == tx.organization_id, Approval.turn_id == turn.id)
            .order_by(Approval.id)
        )
        interrupts = [interrupt_data(row) for row in rows]
    return {
        "turn_id": str(turn.id),
        "status": turn.status,
        "message": message_data(message) if message is not None else None,
        "interrupts": interrupts,
        "degraded": turn.degraded,
        "agent_version": turn.agent_version,
    }


def pending_answer(turn_id: UUID, status: str) -> dict[str, Any]:
    """The answer while the turn has not ended."""
    pending: dict[str, Any] = {"message": None, "interrupts": [], "degraded": False, "agent_version": None}
    return {"turn_id": str(turn_id), "status": status, **pending}
