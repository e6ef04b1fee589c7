"""Erasing a customer everywhere: commerce, conversations, checkpoints, facts, and copies made for others (docs/privacy.md).

One transaction in Postgres; what lies in Redis, and a last checkpoint that was being written meanwhile, go by a job.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, null, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.commerce import erasing
from agentpay.commerce.erasing import Purchases
from agentpay.conversations.turns.accept import unanswered_events
from agentpay.errors import Problem
from agentpay.store import facts
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import (
    Approval,
    ClientToken,
    Conversation,
    Customer,
    Feedback,
    Message,
    SnapshotLabel,
    ToolExecution,
    Turn,
)

ERASED = "[erased]"
"""Stands where a message was."""
TASK = "privacy.finish_erasure"
_FINISH_AFTER = (timedelta(seconds=0), timedelta(seconds=60))
"""When the job runs: at once for Redis, and again for what a turn's last checkpoint may have written behind our back."""
_MIN_NEEDLE = 6
"""Shorter values are too common to search other people's data for."""


async def erase_customer(tx: Tx, customer_id: UUID, *, base_url: str) -> None:
    """Anonymise a customer; doing it again changes nothing. The row stays, so that orders keep adding up.

    Raises Problem 404, and 409 `turn_in_progress`, `payment_in_progress`, `order_unfulfilled`, `return_open` or
    `refund_pending` while something is under way that needs to know who they are.
    """
    customer = await erasing.lock(tx, customer_id)
    bought = await erasing.purchases(tx, customer)
    conversation_ids = await _conversations(tx, customer, bought)
    turn_ids = await _idle_turns(tx, conversation_ids)
    await erasing.require_settled(tx, bought)
    needles = _needles(customer)
    await erasing.cancel_open(tx, bought, base_url=base_url)
    await erasing.erase(tx, customer, bought, conversation_ids)
    await _erase_conversations(tx, conversation_ids)
    await _erase_turns(tx, turn_ids)
    await delete_checkpoints(tx.session, conversation_ids)
    await facts.forget(tx, customer_id)
    ids = [customer_id, *conversation_ids, *turn_ids, *bought.order_ids, *bought.checkout_ids]
    await _erase_copies(tx, ids, needles)
    touched = await _erase_mentions(tx, needles)
    for after in _FINISH_AFTER:
        await enqueue(
            tx,
            TASK,
            schedule_at=datetime.now(UTC) + after,
            organization_id=str(tx.organization_id),
            conversation_ids=[str(one) for one in {*conversation_ids, *touched}],
        )


async def _conversations(tx: Tx, customer: Customer, bought: Purchases) -> list[UUID]:
    """The customer's conversations, those in which they bought as a guest, and all forks; locked against new turns."""
    guest: list[ColumnElement[bool]] = [Conversation.id.in_(bought.conversation_ids)]
    if customer.email is not None:
        guest.append(func.lower(Conversation.contact["email"].astext) == customer.email)
    wanted = or_(Conversation.customer_id == customer.id, and_(Conversation.customer_id.is_(None), or_(*guest)))
    found: list[UUID] = []
    while True:
        rows = await tx.session.scalars(
            select(Conversation.id)
            .where(Conversation.organization_id == tx.organization_id, wanted, Conversation.id.not_in(found))
            .order_by(Conversation.id)
            .with_for_update()
        )
        new = list(rows)
        if not new:
            return found
        found += new
        wanted = Conversation.forked_from.in_(new)


async def _idle_turns(tx: Tx, conversation_ids: Collection[UUID]) -> list[UUID]:
    """Ids of all turns. Raises Problem 409 `turn_in_progress` where one has not ended."""
    rows = (
        await tx.session.execute(
            select(Turn.id, Turn.status).where(
                Turn.organization_id == tx.organization_id, Turn.conversation_id.in_(conversation_ids)
            )
        )
    ).all()
    if any(row.status in ("queued", "running") for row in rows):
        raise Problem("turn_in_progress", "An assistant is answering this customer; try again in a moment.", status=409)
    return [row.id for row in rows]


def _needles(customer: Customer) -> list[str]:
    """What identifies the customer in text of others. Names and streets are shared by too many."""
    values = (customer.email, customer.phone_number, customer.whatsapp_id)
    return [value for value in values if value and len(value) >= _MIN_NEEDLE]


async def _erase_conversations(tx: Tx, conversation_ids: Sequence[UUID]) -> None:
    here = {"organization_id": tx.organization_id}
    for table in (ClientToken, SnapshotLabel):
        await tx.session.execute(delete(table).filter_by(**here).where(table.conversation_id.in_(conversation_ids)))
    await tx.session.execute(
        update(Feedback).filter_by(**here).where(Feedback.conversation_id.in_(conversation_ids)).values(comment=None)
    )
    await tx.session.execute(
        update(Approval)
        .filter_by(**here)
        .where(Approval.conversation_id.in_(conversation_ids))
        .values(
            summary=ERASED,
            payload={},
            tool_call={},
            note=None,
            result=null(),
            status=func.replace(Approval.status, "open", "expired"),
        )
    )
    await tx.session.execute(
        update(Conversation)
        .filter_by(**here)
        .where(Conversation.id.in_(conversation_ids))
        .values(
            contact={},
            summary="",
            details={},
            status="closed",
            closed_at=func.coalesce(Conversation.closed_at, func.now()),
        )
    )
    await tx.session.execute(
        update(Message)
        .filter_by(**here)
        .where(Message.conversation_id.in_(conversation_ids))
        .values(content=ERASED, blocks=[], tool_calls=[], context={})
    )


async def _erase_turns(tx: Tx, turn_ids: Sequence[UUID]) -> None:
    here = {"organization_id": tx.organization_id}
    await tx.session.execute(
        update(ToolExecution)
        .filter_by(**here)
        .where(ToolExecution.turn_id.in_(turn_ids))
        .values(arguments={}, result=null())
    )
    rows = await tx.session.execute(
        select(Turn.id, Turn.conversation_id, Turn.message_id, Turn.status)
        .filter_by(**here)
        .where(Turn.id.in_(turn_ids))
    )
    for row in rows.all():  # a replay still begins and ends
        events = unanswered_events(row.id, row.conversation_id, row.message_id, row.status)
        await tx.session.execute(update(Turn).filter_by(**here, id=row.id).values(events=events, error=null()))


async def delete_checkpoints(session: AsyncSession, conversation_ids: Sequence[UUID]) -> None:
    threads = {"threads": [str(one) for one in conversation_ids]}
    for table in ("checkpoint_writes", "checkpoint_blobs", "checkpoints"):
        await session.execute(text(f"DELETE FROM {table} WHERE thread_id = ANY(:threads)"), threads)


_COPIES = (
    """
        UPDATE webhook_deliveries SET response_body = NULL WHERE organization_id = :organization_id AND event_id IN (
          SELECT id FROM webhook_events WHERE organization_id = :organization_id AND payload::text ILIKE ANY(:patterns))""",
    """
        UPDATE webhook_events SET payload = payload || '{"data": {"erased": true}}'
        WHERE organization_id = :organization_id AND payload::text ILIKE ANY(:patterns)""",
    """
        UPDATE inbound_events SET payload = '{"erased": true}', error = NULL
        WHERE organization_id = :organization_id AND handled_at IS NOT NULL AND payload::text ILIKE ANY(:patterns)""",
    """
        UPDATE idempotency_keys SET response_status = 410, response_body = CAST(:gone AS bytea),
          response_headers = '{"content-type": "application/problem+json"}',
          key = CASE WHEN key ILIKE ANY(:patterns) THEN 'erased:' || id ELSE key END
        WHERE organization_id = :organization_id AND response_status IS NOT NULL AND (
          path LIKE ANY(:patterns) OR key ILIKE ANY(:patterns) OR encode(response_body, 'escape') ILIKE ANY(:patterns))""",
    """
        DELETE FROM idempotency_keys WHERE organization_id = :organization_id AND turn_id = ANY(:ids)""",
)
_GONE = (
    b'{"type":"about:blank","title":"Gone","status":410,"code":"erased",'
    b'"detail":"What this request was answered was erased with its customer."}'
)


async def _erase_copies(tx: Tx, ids: Sequence[UUID], needles: Sequence[str]) -> None:
    """What was kept for others: webhooks sent and received, stored answers to POSTs."""
    patterns = [f"%{_literal(str(one))}%" for one in (*ids, *needles)]
    values: dict[str, Any] = {
        "organization_id": tx.organization_id,
        "ids": list(ids),
        "patterns": patterns,
        "gone": _GONE,
    }
    for statement in _COPIES:
        await tx.session.execute(text(statement), _named(statement, values))


_MENTIONS: dict[str, tuple[str, ...]] = {
    "messages": ("content", "blocks", "tool_calls", "context"),
    "turns": ("input", "events", "error"),
    "tool_executions": ("arguments", "result"),
    "approvals": ("summary", "payload", "tool_call", "note", "result"),
    "conversations": ("summary", "metadata"),
}
_TEXT = frozenset({"content", "summary", "note"})
_HOLDERS = {
    "messages": "conversation_id",
    "turns": "conversation_id",
    "tool_executions": "(SELECT conversation_id FROM turns WHERE turns.id = turn_id)",
    "approvals": "conversation_id",
    "conversations": "id",
}


async def _erase_mentions(tx: Tx, needles: Sequence[str]) -> list[UUID]:
    """What identifies the customer in conversations that are not theirs, because somebody typed it there.

    Answers those conversations. Their checkpoints are deleted: the next turn begins from the transcript.
    """
    found: set[UUID] = set()
    for needle in needles:
        values = {
            "organization_id": tx.organization_id,
            "pattern": f"%{_literal(needle)}%",
            "regex": _regex(needle),
            "erased": ERASED,
        }
        contact = """
            UPDATE conversations SET contact = coalesce(
              (SELECT jsonb_object_agg(key, value) FROM jsonb_each(contact) WHERE value::text NOT ILIKE :pattern), '{}')
            WHERE organization_id = :organization_id AND contact::text ILIKE :pattern RETURNING id"""
        found |= set(await tx.session.scalars(text(contact), _named(contact, values)))
        for table, columns in _MENTIONS.items():
            for column in columns:
                cast = "text" if column in _TEXT else "jsonb"
                statement = f"""
                    UPDATE {table} SET {column} = regexp_replace({column}::text, :regex, :erased, 'gi')::{cast}
                    WHERE organization_id = :organization_id AND {column}::text ILIKE :pattern
                    RETURNING {_HOLDERS[table]}"""
                found |= set(await tx.session.scalars(text(statement), _named(statement, values)))
    await delete_checkpoints(tx.session, sorted(found))
    return sorted(found)


def _named(statement: str, values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if f":{key}" in statement}


def _literal(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _regex(value: str) -> str:
    return "".join(f"\\{char}" if not char.isalnum() and char.isascii() else char for char in value)
