"""Conversations: opened, shown, closed, handed to a person and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from agentpay.commerce import carts, customers, webhooks
from agentpay.commerce.shapes import CartView
from agentpay.conversations.shapes import ConversationView, CustomerBrief, InterruptView
from agentpay.conversations.turns.lease import lock_conversation
from agentpay.errors import Problem, not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Agent, Approval, Cart, CartLine, Conversation, Customer, Organization

MAX_INTERRUPTS = 20
"""Open approvals that a conversation shows; `GET /v1/approvals` lists all of them."""


@dataclass(frozen=True, slots=True)
class CustomerClaim:
    """Who the opener says the customer is. Believed from a secret key alone (CONTRACT §4, who is who)."""

    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    phone_number: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    agent_id: UUID | None = None
    customer: CustomerClaim | None = None
    channel: str = "web"
    metadata: dict[str, Any] = field(default_factory=dict)


async def open_conversation(tx: Tx, opening: Opening, *, vouched: bool) -> Conversation:
    """A new conversation. Raises Problem 422 `agent_unknown` where there is no such agent, or none at all."""
    agent = await _agent(tx, opening.agent_id)
    claim = opening.customer or CustomerClaim()
    customer = None
    if vouched and (claim.external_id or claim.email):
        customer = await customers.identify(
            tx,
            external_id=claim.external_id,
            email=claim.email,
            name=claim.name,
            phone_number=claim.phone_number,
        )
    given = {"email": claim.email, "name": claim.name, "phone_number": claim.phone_number}
    conversation = Conversation(
        organization_id=tx.organization_id,
        agent_id=agent.id,
        agent_version=agent.version,
        customer_id=customer.id if customer is not None else None,
        vouched=vouched,
        contact={key: value for key, value in given.items() if value},
        channel=opening.channel,
        details=opening.metadata,
    )
    tx.session.add(conversation)
    await tx.session.flush()  # answers the defaults that the database gave, too
    await tell(tx, "conversation.created", conversation.id)
    return conversation


async def tell(tx: Tx, event: str, conversation_id: UUID) -> None:
    """Webhooks about a conversation, as it stands now."""

    async def shown() -> ConversationView:
        return await view(tx, await get(tx, conversation_id))

    await webhooks.emit(tx, event, shown)


async def _agent(tx: Tx, agent_id: UUID | None) -> Agent:
    wanted = Agent.is_default if agent_id is None else Agent.id == agent_id
    agent = await tx.session.scalar(select(Agent).where(Agent.organization_id == tx.organization_id, wanted))
    if agent is None:
        raise Problem(
            "agent_unknown", "There is no such agent." if agent_id else "The shop has no agent yet.", status=422
        )
    return agent


async def get(tx: Tx, conversation_id: UUID) -> Conversation:
    """Raises Problem 404 `not_found`."""
    conversation = await tx.session.scalar(
        select(Conversation).where(
            Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id
        )
    )
    if conversation is None:
        raise not_found("conversation")
    return conversation


async def page(
    tx: Tx, *, limit: int, before: UUID | None, customer_id: UUID | None = None, status: str | None = None
) -> list[Conversation]:
    """The newest first; `before` is the id of the last one seen. Answers one more than `limit` where there are more."""
    statement = (
        select(Conversation)
        .where(Conversation.organization_id == tx.organization_id)
        .order_by(Conversation.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Conversation.id < before)
    if customer_id is not None:
        statement = statement.where(Conversation.customer_id == customer_id)
    if status is not None:
        statement = statement.where(Conversation.status == status)
    return list(await tx.session.scalars(statement))


async def view(tx: Tx, conversation: Conversation, *, new: bool = False) -> ConversationView:
    """`new`: opened just now, so that nothing can be in its cart or wait for a person."""
    return (await views(tx, [conversation], new=new))[0]


async def views(tx: Tx, conversations: Sequence[Conversation], *, new: bool = False) -> list[ConversationView]:
    """CONTRACT §2's shape. Carts that hold nothing are not priced."""
    ids = [] if new else [conversation.id for conversation in conversations]
    interrupts = await open_interrupts(tx, ids)
    known = await _customers(tx, {c.customer_id for c in conversations if c.customer_id is not None})
    filled = await _filled_carts(tx, ids)
    currency = await tx.session.scalar(select(Organization.currency).where(Organization.id == tx.organization_id)) or ""
    answer: list[ConversationView] = []
    for conversation in conversations:
        cart_id = filled.get(conversation.id)
        customer = known.get(conversation.customer_id) if conversation.customer_id else None
        answer.append(
            ConversationView(
                id=conversation.id,
                status=conversation.status,
                stage=conversation.stage,
                active_agent=conversation.active_agent,
                hesitation_signals=conversation.hesitation_signals,
                cart=await carts.get(tx, cart_id) if cart_id is not None else empty_cart(currency),
                checkout_id=conversation.checkout_id,
                summary=conversation.summary,
                interrupts=interrupts.get(conversation.id, []),
                customer=CustomerBrief.model_validate(customer) if customer is not None else None,
                agent_id=conversation.agent_id,
                agent_version=conversation.agent_version,
                channel=conversation.channel,
                metadata=conversation.details,
                created_at=conversation.created_at,
            )
        )
    return answer


def empty_cart(currency: str) -> CartView:
    return CartView(items=[], discount_code=None, offer_id=None, subtotal=0, discount=0, total=0, currency=currency)


async def _filled_carts(tx: Tx, conversation_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    lines = select(CartLine.id).where(CartLine.organization_id == Cart.organization_id, CartLine.cart_id == Cart.id)
    if not conversation_ids:
        return {}
    rows = await tx.session.execute(
        select(Cart.conversation_id, Cart.id)
        .where(Cart.organization_id == tx.organization_id, Cart.conversation_id.in_(conversation_ids))
        .where(or_(lines.exists(), Cart.discount_code.is_not(None)))
    )
    return {conversation_id: cart_id for conversation_id, cart_id in rows if conversation_id is not None}


async def _customers(tx: Tx, ids: set[UUID]) -> dict[UUID, Customer]:
    if not ids:
        return {}
    rows = await tx.session.scalars(
        select(Customer).where(Customer.organization_id == tx.organization_id, Customer.id.in_(ids))
    )
    return {row.id: row for row in rows}


async def open_interrupts(tx: Tx, conversation_ids: Sequence[UUID]) -> dict[UUID, list[InterruptView]]:
    """What waits for a person, by conversation, the oldest first, at most MAX_INTERRUPTS of each."""
    if not conversation_ids:
        return {}
    mine = Approval.organization_id == tx.organization_id, Approval.conversation_id.in_(conversation_ids)
    waiting = Approval.status == "open", Approval.expires_at > func.now()
    place = func.row_number().over(partition_by=Approval.conversation_id, order_by=Approval.id)
    ranked = select(Approval.id, place.label("place")).where(*mine, *waiting).subquery()
    rows = await tx.session.scalars(
        select(Approval)
        .join(ranked, ranked.c.id == Approval.id)
        .where(Approval.organization_id == tx.organization_id, ranked.c.place <= MAX_INTERRUPTS)
        .order_by(Approval.id)
    )
    found: dict[UUID, list[InterruptView]] = {}
    for row in rows:
        found.setdefault(row.conversation_id, []).append(InterruptView.model_validate(row))
    return found


async def close(tx: Tx, conversation_id: UUID) -> None:
    """Take no more messages. Closing twice is no error. Raises Problem 404 `not_found`."""
    if await lock_conversation(tx.session, tx.organization_id, conversation_id) is None:
        raise not_found("conversation")
    closed = await tx.session.scalar(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id)
        .where(Conversation.status != "closed")
        .values(status="closed", closed_at=func.now())
        .returning(Conversation.id)
    )
    if closed is not None:
        await tell(tx, "conversation.closed", conversation_id)
