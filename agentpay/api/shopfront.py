"""What the page at `/` needs to begin: whose shop it is, a conversation of its own, and something to say first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from agentpay.conversations import service
from agentpay.errors import Problem
from agentpay.store import keys
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Agent, Article, Organization, Product, ShippingZone

SUGGESTED_CATEGORIES = 2


@dataclass(frozen=True, slots=True)
class Shop:
    id: UUID
    name: str
    currency: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A new conversation and the token that opens it alone."""

    conversation_id: UUID
    token: str
    expires_at: datetime
    assistant: str
    suggestions: list[str]


async def find_shop(database: Database, slug: str | None) -> Shop:
    """The shop of the page: the one with this slug, else the only one there is. Raises Problem 404 `page_off`."""
    statement = select(Organization.id, Organization.name, Organization.currency).limit(2)
    if slug is not None:
        statement = statement.where(Organization.slug == slug)
    async with database.session() as session:
        found = (await session.execute(statement)).all()
    if len(found) != 1:
        raise Problem("page_off", "No shop is open on this page.", status=404)
    return Shop(*found[0])


async def open_conversation(tx: Tx) -> Opened:
    """An anonymous conversation with the shop's default agent. Raises Problem 422 `agent_unknown` where there is none."""
    conversation = await service.open_conversation(tx, service.Opening(), vouched=False)
    token, plaintext = await keys.create_client_token(tx.session, tx.organization_id, conversation.id)
    assistant = await tx.session.scalar(
        select(Agent.name).where(Agent.organization_id == tx.organization_id, Agent.id == conversation.agent_id)
    )
    return Opened(conversation.id, plaintext, token.expires_at, assistant or "Assistant", await suggestions(tx))


async def suggestions(tx: Tx) -> list[str]:
    """First questions that this shop can answer: its fullest categories, its returns policy, its shipping zones."""
    rows = await tx.session.execute(
        select(Product.category, func.count())
        .where(Product.organization_id == tx.organization_id, Product.status == "active", Product.category.is_not(None))
        .group_by(Product.category)
        .order_by(func.count().desc(), Product.category)
    )
    fullest: dict[str, str] = {}
    for category, _ in rows:
        parts = [part.strip() for part in (category or "").split(">")]
        fullest.setdefault(parts[0], parts[-1])
    asked = [f"What do you have in {name.lower()}?" for name in list(fullest.values())[:SUGGESTED_CATEGORIES]]
    returns = await tx.session.scalar(
        select(Article.id).where(
            Article.organization_id == tx.organization_id, Article.status == "active", Article.title.ilike("%return%")
        )
    )
    if returns is not None:
        asked.append("How do returns work?")
    zone = await tx.session.scalar(
        select(ShippingZone.id).where(ShippingZone.organization_id == tx.organization_id).limit(1)
    )
    if zone is not None:
        asked.append("What does shipping cost?")
    return asked
