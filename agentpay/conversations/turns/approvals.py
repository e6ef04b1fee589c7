"""What waits for a person: listed, answered once, expired. Answering starts a turn that runs the stored call, or does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.conversations.turns.accept import Accepted, Place
from agentpay.conversations.turns.lease import Lease, lock_conversation, until
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Approval, Turn


async def open_approvals(tx: Tx, *, limit: int, after: UUID | None = None) -> list[Approval]:
    """Open ones of the organization, the oldest first; one more than `limit` where there are more."""
    statement = (
        select(Approval)
        .where(Approval.organization_id == tx.organization_id)
        .where(Approval.status == "open", Approval.expires_at > func.now())
        .order_by(Approval.id)
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(Approval.id > after)
    return list(await tx.session.scalars(statement))


async def answer_approval(
    tx: Tx,
    conversation_id: UUID,
    turn_id: UUID,
    approval_id: UUID,
    *,
    approved: bool,
    note: str | None = None,
    place: Place | None = None,
) -> tuple[Accepted, bool]:
    """Answer what `turn_id` asked. The turn that acts on it, and whether it had been started by an earlier answer.

    Raises Problem 404 `not_found`, 409 `approval_expired`, 409 `approval_answered` for a contrary second answer.
    """
    if await lock_conversation(tx.session, tx.organization_id, conversation_id) is None:
        raise not_found("conversation")
    approval = await tx.session.scalar(
        select(Approval)
        .where(Approval.organization_id == tx.organization_id, Approval.id == approval_id)
        .where(Approval.conversation_id == conversation_id, Approval.turn_id == turn_id)
        .with_for_update()
    )
    if approval is None:
        raise not_found("approval")
    wanted = "approved" if approved else "denied"
    if approval.status in ("approved", "denied"):
        if approval.status != wanted:
            raise Problem("approval_answered", f"This was {approval.status} already.", status=409)
        return await _turn_of(tx, conversation_id, approval_id), True
    if approval.status == "expired" or approval.expires_at <= datetime.now(UTC):
        raise Problem("approval_expired", "This has expired: the customer has to ask again.", status=409)
    approval.status = wanted
    approval.note = note
    approval.answered_at = datetime.now(UTC)
    await tx.session.flush()
    return await _start(tx, conversation_id, approval_id, place), False


async def _turn_of(tx: Tx, conversation_id: UUID, approval_id: UUID) -> Accepted:
    turn = await tx.session.scalar(
        select(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.kind == "approval", Turn.input["approval_id"].astext == str(approval_id))
    )
    if turn is None:
        raise Problem("approval_answered", "This was answered already.", status=409)
    return Accepted(turn.id, conversation_id, None, turn.status)


async def _start(tx: Tx, conversation_id: UUID, approval_id: UUID, place: Place | None) -> Accepted:
    turn_id, token = new_id(), uuid4()
    busy = await tx.session.scalar(
        select(func.count())
        .select_from(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.status.in_(("queued", "running")))
    )
    data = {"approval_id": str(approval_id)}
    values: dict[str, Any] = {"kind": "approval", "input": data, "status": "queued"}
    lease: Lease | None = None
    if not busy and place is not None:
        lease = Lease(turn_id, tx.organization_id, conversation_id, token, 1, "approval", None, data)
        values |= {
            "status": "running",
            "attempt": 1,
            "lease_token": token,
            "lease_owner": place.owner,
            "lease_expires_at": until(place.seconds),
            "started_at": func.clock_timestamp(),
        }
    row = {"id": turn_id, "organization_id": tx.organization_id, "conversation_id": conversation_id}
    await tx.session.execute(insert(Turn).values({**row, **values}))
    return Accepted(turn_id, conversation_id, None, str(values["status"]), lease)


@dataclass(frozen=True, slots=True)
class Expired:
    organization_id: UUID
    conversation_id: UUID
    approval_id: UUID
    summary: str


async def expire_due(session: AsyncSession) -> list[Expired]:
    """Expire what nobody answered in time, in every organization; the caller tells the conversations."""
    rows = await session.execute(
        update(Approval)
        .where(Approval.status == "open", Approval.expires_at <= func.now())
        .values(status="expired", modified_at=func.now())
        .returning(Approval.organization_id, Approval.conversation_id, Approval.id, Approval.summary)
    )
    return [Expired(*row) for row in rows]
