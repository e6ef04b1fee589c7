"""A person of the shop takes a conversation over, and gives it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from agentpay.conversations import service
from agentpay.conversations.turns.accept import end_queued, waiting
from agentpay.conversations.turns.lease import lock_conversation
from agentpay.errors import Problem, not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Cart, CartLine, Checkout, Conversation, Turn


async def hand_to_human(tx: Tx, conversation_id: UUID) -> tuple[UUID, ...]:
    """From now on no agent answers: messages that wait are left to the person, a turn that runs is asked to end.

    Answers those that run, for the caller to cancel after the commit. Nothing happens where a person has the conversation
    already. Raises Problem 404, 409 `conversation_closed`.
    """
    values = {"status": "handed_off", "stage": "handed_off"}
    if not await _hand(tx, conversation_id, "active", values):
        return ()
    await service.tell(tx, "conversation.handed_off", conversation_id)
    for turn_id, message_id in await waiting(tx, conversation_id):
        await end_queued(tx, conversation_id, turn_id, message_id, "completed")
    running = await tx.session.scalars(
        update(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.status == "running", Turn.kind == "message")
        .values(cancel_requested_at=func.coalesce(Turn.cancel_requested_at, func.now()))
        .returning(Turn.id)
    )
    return tuple(running)


async def hand_to_agent(tx: Tx, conversation_id: UUID) -> None:
    """Agents answer again, with all that was said. Nothing happens where they do already. Raises as `hand_to_human`."""
    counters = {"failed_turns": 0, "hesitation_signals": 0}
    values = {"status": "active", "stage": await _stage(tx, conversation_id), **counters}
    await _hand(tx, conversation_id, "handed_off", values)


async def _hand(tx: Tx, conversation_id: UUID, expected: str, values: dict[str, Any]) -> bool:
    status = await lock_conversation(tx.session, tx.organization_id, conversation_id)
    if status is None:
        raise not_found("conversation")
    if status == "closed":
        raise Problem("conversation_closed", "This conversation is closed.", status=409)
    if status != expected:
        return False
    await tx.session.execute(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id)
        .values(**values, modified_at=func.now())
    )
    return True


async def _stage(tx: Tx, conversation_id: UUID) -> str:
    """Where the customer stands: about to pay, with things in the cart, or looking around."""
    paying = await tx.session.scalar(
        select(Checkout.id)
        .join(Conversation, Conversation.checkout_id == Checkout.id)
        .where(Checkout.organization_id == tx.organization_id, Conversation.organization_id == tx.organization_id)
        .where(Conversation.id == conversation_id, Checkout.status == "open")
    )
    if paying is not None:
        return "checkout"
    line = await tx.session.scalar(
        select(CartLine.id)
        .join(Cart, (Cart.organization_id == CartLine.organization_id) & (Cart.id == CartLine.cart_id))
        .where(Cart.organization_id == tx.organization_id, Cart.conversation_id == conversation_id)
        .limit(1)
    )
    return "cart" if line is not None else "discovery"
