"""Builds the context of a run from the database: whose shop, whose conversation, and how both stand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.commerce import carts, checkouts, offers
from agentpay.commerce.rules import AgentRules, Personality, Policies
from agentpay.errors import not_found
from agentpay.store import facts
from agentpay.store.session import Tx
from agentpay.store.tables import Address, Agent, Conversation, Customer, Organization
from agentpay.tools.context import AgentInfo, Context, OrganizationInfo, Services, Sink


async def load_context(
    services: Services,
    sink: Sink,
    *,
    organization_id: UUID,
    conversation_id: UUID | None,
    turn_id: UUID | None = None,
    attempt: int = 1,
    base_url: str,
) -> Context:
    """The context of a turn; without a conversation that of a direct tool call. Raises Problem `not_found`."""
    async with services.database.tx(organization_id) as tx:
        if conversation_id is None:
            return await _without_conversation(tx, services, sink, base_url)
        row = (
            await tx.session.execute(
                select(
                    Organization,
                    Agent,
                    Conversation,
                    Customer,
                    facts.values_of(Conversation.organization_id, Conversation.customer_id),
                )
                .select_from(Conversation)
                .join(Organization, Organization.id == Conversation.organization_id)
                .join(
                    Agent, (Agent.organization_id == Conversation.organization_id) & (Agent.id == Conversation.agent_id)
                )
                .outerjoin(
                    Customer,
                    (Customer.organization_id == Conversation.organization_id)
                    & (Customer.id == Conversation.customer_id),
                )
                .where(Conversation.organization_id == organization_id, Conversation.id == conversation_id)
            )
        ).one_or_none()
        if row is None:
            raise not_found("conversation", conversation_id)
        organization, agent, conversation, customer, known = row
        cart = await carts.for_conversation(tx, conversation_id)
        checkout = (
            await checkouts.latest_of(tx, conversation_id, base_url=base_url) if conversation.checkout_id else None
        )
        offer = await offers.open_offer(tx, conversation_id)
        contact: dict[str, Any] = await _contact(tx, conversation, customer)
    return Context(
        services=services,
        sink=sink,
        organization=_organization(organization),
        agent=_agent(agent, services),
        base_url=base_url,
        conversation_id=conversation_id,
        turn_id=turn_id,
        attempt=attempt,
        customer_id=conversation.customer_id,
        customer_name=customer.name if customer is not None else contact.get("name"),
        vouched=conversation.vouched,
        stage=conversation.stage,
        active_agent=conversation.active_agent,
        hesitation_signals=conversation.hesitation_signals,
        failed_turns=conversation.failed_turns,
        contact=contact,
        facts=known or {},
        cart=cart.model_dump(mode="json"),
        checkout=checkout.model_dump(mode="json") if checkout else None,
        offer=offer.model_dump(mode="json") if offer else None,
    )


async def _without_conversation(tx: Tx, services: Services, sink: Sink, base_url: str) -> Context:
    row = (
        await tx.session.execute(
            select(Organization, Agent)
            .join(Agent, Agent.organization_id == Organization.id)
            .where(Organization.id == tx.organization_id, Agent.is_default)
        )
    ).one_or_none()
    if row is None:
        raise not_found("agent")
    return Context(
        services=services,
        sink=sink,
        organization=_organization(row.Organization),
        agent=_agent(row.Agent, services),
        base_url=base_url,
        conversation_id=None,
        turn_id=None,
    )


async def _contact(tx: Tx, conversation: Conversation, customer: Customer | None) -> dict[str, Any]:
    """What is known of the buyer. A customer that was vouched for need not repeat e-mail, name and address."""
    known: dict[str, Any] = {}
    if customer is not None and conversation.vouched:
        known = {"email": customer.email, "name": customer.name, "phone_number": customer.phone_number}
        address = await tx.session.scalar(
            select(Address)
            .where(Address.organization_id == tx.organization_id, Address.customer_id == customer.id)
            .order_by(Address.position)
            .limit(1)
        )
        if address is not None:
            names = ("line1", "line2", "city", "region", "postal_code", "country")
            known["shipping_address"] = {name: getattr(address, name) for name in names}
    return {key: value for key, value in {**known, **conversation.contact}.items() if value}


def _organization(row: Organization) -> OrganizationInfo:
    return OrganizationInfo(
        id=row.id,
        slug=row.slug,
        name=row.name,
        currency=row.currency,
        support_email=row.support_email,
        policies=Policies.model_validate(row.policies),
        catalog_version=row.catalog_version,
    )


def _agent(row: Agent, services: Services) -> AgentInfo:
    return AgentInfo(
        id=row.id,
        version=row.version,
        name=row.name,
        personality=Personality.model_validate(row.personality),
        rules=AgentRules.model_validate(row.rules),
        model=row.model or services.settings.model,
        templates=row.templates,
    )
