"""Snapshots: a conversation as it stood after each of its turns, from its checkpoints; labelled and forked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from pydantic import BaseModel
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from agentpay.conversations import service
from agentpay.conversations.turns.accept import unanswered_events
from agentpay.errors import not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Cart, CartLine, Conversation, Message, Organization, SnapshotLabel, Turn, Variant

MAX_CHECKPOINTS = 1_000
_WITHOUT_CHECKOUT = {"checkout": "cart", "paid": "discovery", "after_sales": "discovery", "handed_off": "discovery"}


class SnapshotView(BaseModel):
    """`id` is the checkpoint's; `stage` and `active_agent` are those of the dialogue then."""

    id: str
    turn_id: UUID | None
    label: str | None
    stage: str
    active_agent: str
    created_at: datetime


def _config(conversation_id: UUID, checkpoint_id: str | None = None) -> RunnableConfig:
    configurable: dict[str, Any] = {"thread_id": str(conversation_id), "checkpoint_ns": ""}
    if checkpoint_id is not None:
        configurable["checkpoint_id"] = checkpoint_id
    return {"configurable": configurable}


async def snapshots(
    tx: Tx, saver: BaseCheckpointSaver[Any], conversation_id: UUID, *, before: str | None = None
) -> list[SnapshotView]:
    """The newest first: the last checkpoint of each turn, and every labelled one. Those older than the snapshot `before`.

    Raises Problem 404 `not_found`.
    """
    await service.get(tx, conversation_id)
    labels = await _labels(tx, conversation_id)
    found: list[SnapshotView] = []
    seen: set[str] = set()
    async for checkpoint in saver.alist(_config(conversation_id), limit=MAX_CHECKPOINTS):
        turn = _turn(checkpoint)
        view = _view(checkpoint, labels)
        if view.label is None and (turn is None or turn in seen):
            continue
        if turn is not None:
            seen.add(turn)
        if before is None or view.id < before:  # a checkpoint's id sorts by time
            found.append(view)
    return found


async def label(
    tx: Tx, saver: BaseCheckpointSaver[Any], conversation_id: UUID, snapshot_id: str, text: str
) -> SnapshotView:
    """Name a snapshot; a labelled one is never pruned. Raises Problem 404 `not_found`."""
    await service.get(tx, conversation_id)
    checkpoint = await _find(saver, conversation_id, snapshot_id)
    values = {"organization_id": tx.organization_id, "conversation_id": conversation_id, "checkpoint_id": snapshot_id}
    await tx.session.execute(
        upsert(SnapshotLabel)
        .values(id=new_id(), label=text, **values)
        .on_conflict_do_update(
            index_elements=["conversation_id", "checkpoint_id"], set_={"label": text, "modified_at": func.now()}
        )
    )
    return _view(checkpoint, {snapshot_id: text})


async def fork(tx: Tx, saver: BaseCheckpointSaver[Any], conversation_id: UUID, snapshot_id: str) -> Conversation:
    """A new conversation from a snapshot: its dialogue, the transcript up to it, and the cart as it was then.

    What the shop sells no longer is left out. Checkout, approvals and offers stay behind (CONTRACT §2). Raises Problem 404 `not_found`.
    """
    original = await service.get(tx, conversation_id)
    checkpoint = await _find(saver, conversation_id, snapshot_id)
    values = checkpoint.checkpoint["channel_values"]
    stage = values.get("stage") or original.stage
    copy = Conversation(
        organization_id=tx.organization_id,
        agent_id=original.agent_id,
        agent_version=original.agent_version,
        customer_id=original.customer_id,
        vouched=original.vouched,
        contact=values.get("contact") or original.contact,
        channel=original.channel,
        stage=_WITHOUT_CHECKOUT.get(stage, stage),
        active_agent=values.get("active_agent") or original.active_agent,
        hesitation_signals=values.get("hesitation") or 0,
        summary=values.get("summary") or "",
        forked_from=original.id,
        details=original.details,
    )
    tx.session.add(copy)
    await tx.session.flush()
    await tx.session.refresh(copy)
    await _copy_transcript(tx, original.id, copy.id, _turn(checkpoint))
    await _fill_cart(tx, copy.id, values.get("cart"))
    await saver.aput(
        _config(copy.id),
        checkpoint.checkpoint,
        {"source": "fork", "step": -1},
        checkpoint.checkpoint["channel_versions"],
    )
    await service.tell(tx, "conversation.created", copy.id)
    return copy


async def _find(saver: BaseCheckpointSaver[Any], conversation_id: UUID, snapshot_id: str) -> CheckpointTuple:
    found = await saver.aget_tuple(_config(conversation_id, snapshot_id))
    if found is None:
        raise not_found("snapshot")
    return found


def _turn(checkpoint: CheckpointTuple) -> str | None:
    turn = checkpoint.metadata.get("turn_id")
    return str(turn) if turn is not None else None


def _view(checkpoint: CheckpointTuple, labels: dict[str, str]) -> SnapshotView:
    values = checkpoint.checkpoint["channel_values"]
    turn = _turn(checkpoint)
    identifier = str(checkpoint.checkpoint["id"])
    return SnapshotView(
        id=identifier,
        turn_id=UUID(turn) if turn is not None else None,
        label=labels.get(identifier),
        stage=values.get("stage") or "greeting",
        active_agent=values.get("active_agent") or "sales",
        created_at=datetime.fromisoformat(checkpoint.checkpoint["ts"]),
    )


async def _labels(tx: Tx, conversation_id: UUID) -> dict[str, str]:
    rows = await tx.session.execute(
        select(SnapshotLabel.checkpoint_id, SnapshotLabel.label).where(
            SnapshotLabel.organization_id == tx.organization_id, SnapshotLabel.conversation_id == conversation_id
        )
    )
    return {row[0]: row[1] for row in rows}


async def _copy_transcript(tx: Tx, source: UUID, target: UUID, turn_id: str | None) -> None:
    """Messages up to the snapshot's turn, as one turn of the fork's own."""
    statement = (
        select(Message)
        .join(Turn, (Turn.organization_id == Message.organization_id) & (Turn.id == Message.turn_id))
        .where(Message.organization_id == tx.organization_id, Message.conversation_id == source)
        .order_by(Turn.position, Message.position)
    )
    if turn_id is not None:
        last = select(Turn.position).where(Turn.organization_id == tx.organization_id, Turn.id == UUID(turn_id))
        statement = statement.where(Turn.position <= last.scalar_subquery())
    messages = list(await tx.session.scalars(statement))
    if not messages:
        return
    ids = {"organization_id": tx.organization_id, "conversation_id": target}
    copied = new_id()
    await tx.session.execute(
        insert(Turn).values(
            **ids,
            id=copied,
            kind="system",
            status="completed",
            events=unanswered_events(copied, target, None, "completed"),
            finished_at=func.now(),
        )
    )
    kept = ("role", "agent", "content", "blocks", "intent", "tool_calls", "context", "created_at")
    for message in messages:  # one by one: their positions follow the order of insertion
        values = {name: getattr(message, name) for name in kept}
        await tx.session.execute(insert(Message).values(**ids, id=new_id(), turn_id=copied, **values))


async def _fill_cart(tx: Tx, conversation_id: UUID, cart: dict[str, Any] | None) -> None:
    """The cart that the state remembers (nodes/remember.py), priced and checked anew by whatever reads it."""
    if not cart or not (cart["items"] or cart["discount_code"]):
        return
    cart_id = new_id()
    mine = {"organization_id": tx.organization_id}
    currency = select(Organization.currency).where(Organization.id == tx.organization_id).scalar_subquery()
    await tx.session.execute(
        insert(Cart).values(
            **mine, id=cart_id, conversation_id=conversation_id, currency=currency, discount_code=cart["discount_code"]
        )
    )
    quantities = {UUID(item["variant_id"]): item["quantity"] for item in cart["items"]}
    there = set(
        await tx.session.scalars(
            select(Variant.id).where(Variant.organization_id == tx.organization_id, Variant.id.in_(quantities))
        )
    )
    for variant_id, quantity in quantities.items():  # one by one: ids, made in this order, order a cart's lines
        if variant_id in there:
            await tx.session.execute(
                insert(CartLine).values(**mine, id=new_id(), cart_id=cart_id, variant_id=variant_id, quantity=quantity)
            )
