"""Builds the context of a run from the database: whose shop, whose conversation, and how both stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.commerce import carts, checkouts, offers
from agentpay.commerce.rules import AgentRules, Personality, Policies
from agentpay.commerce.shapes import CartView
from agentpay.errors import not_found
from agentpay.store import facts
from agentpay.store.session import Direct
from agentpay.tools.context import AgentInfo, Context, OrganizationInfo, Services, Sink

_SHOP = """
  o.id AS organization_id, o.slug, o.name AS organization_name, o.currency, o.support_email, o.policies,
  o.catalog_version,
  a.id AS agent_id, a.version, a.name AS agent_name, a.personality, a.rules, a.model, a.templates, a.tools
"""
# Every turn reads this: one statement, without the ORM. What most conversations do not have is loaded only if it is there
_CONVERSATION = f"""
SELECT {_SHOP},
  c.customer_id, c.vouched, c.contact, c.stage, c.active_agent, c.hesitation_signals, c.failed_turns, c.checkout_id,
  k.name AS customer_name, k.email, k.phone_number, {facts.VALUES_OF.format(organization="o.id", customer="k.id")} AS facts,
  CASE WHEN c.vouched THEN (
    SELECT jsonb_build_object('line1', d.line1, 'line2', d.line2, 'city', d.city, 'region', d.region,
      'postal_code', d.postal_code, 'country', d.country)
    FROM addresses d WHERE d.organization_id = o.id AND d.customer_id = k.id ORDER BY d.position LIMIT 1
  ) END AS shipping_address,
  EXISTS (
    SELECT FROM carts b WHERE b.organization_id = o.id AND b.conversation_id = c.id
    AND (b.discount_code IS NOT NULL OR b.offer_id IS NOT NULL
      OR EXISTS (SELECT FROM cart_lines l WHERE l.organization_id = o.id AND l.cart_id = b.id))
  ) AS has_cart,
  EXISTS (
    SELECT FROM price_offers p WHERE p.organization_id = o.id AND p.conversation_id = c.id
    AND p.status IN ('proposed', 'accepted')
  ) AS has_offer
FROM conversations c
JOIN organizations o ON o.id = c.organization_id
JOIN agents a ON a.organization_id = c.organization_id AND a.id = c.agent_id
LEFT JOIN customers k ON k.organization_id = c.organization_id AND k.id = c.customer_id
WHERE c.organization_id = %s AND c.id = %s
"""
_DEFAULT = f"""
SELECT {_SHOP} FROM organizations o JOIN agents a ON a.organization_id = o.id WHERE o.id = %s AND a.is_default
"""


Row = Mapping[str, Any]


async def read_conversation(connection: Direct, organization_id: UUID, conversation_id: UUID) -> Row | None:
    """What `load_context` makes the context of. In a pipeline of the connection's it waits for no round trip of its own."""
    return await (await connection.execute(_CONVERSATION, (organization_id, conversation_id))).fetchone()


async def load_context(
    services: Services,
    sink: Sink,
    *,
    organization_id: UUID,
    conversation_id: UUID | None,
    turn_id: UUID | None = None,
    attempt: int = 1,
    base_url: str,
    row: Row | None = None,
) -> Context:
    """The context of a turn; without a conversation that of a direct tool call. Raises Problem `not_found`.

    `row`: what `read_conversation` found, where it was read together with other things.
    """
    if row is None:
        async with services.database.direct() as connection:
            if conversation_id is None:
                row = await (await connection.execute(_DEFAULT, (organization_id,))).fetchone()
            else:
                row = await read_conversation(connection, organization_id, conversation_id)
    if row is None:
        raise not_found("conversation", conversation_id) if conversation_id is not None else not_found("agent")
    context = Context(
        services=services,
        sink=sink,
        organization=_organization(row),
        agent=_agent(row, services),
        base_url=base_url,
        conversation_id=conversation_id,
        turn_id=turn_id,
    )
    if conversation_id is None:
        return context
    contact = _contact(row)
    context.attempt = attempt
    context.customer_id = row["customer_id"]
    context.customer_name = row["customer_name"] if row["customer_id"] is not None else contact.get("name")
    context.vouched = row["vouched"]
    context.stage = row["stage"]
    context.active_agent = row["active_agent"]
    context.hesitation_signals = row["hesitation_signals"]
    context.failed_turns = row["failed_turns"]
    context.contact = contact
    context.facts = row["facts"] or {}
    await _load_purchase(context, conversation_id, row)
    return context


async def _load_purchase(context: Context, conversation_id: UUID, row: Row) -> None:
    """Cart, checkout and offer, as they are when the turn begins."""
    currency = context.organization.currency
    cart = CartView(items=[], discount_code=None, offer_id=None, subtotal=0, discount=0, total=0, currency=currency)
    if row["has_cart"] or row["has_offer"] or row["checkout_id"] is not None:
        async with context.services.database.tx(context.organization.id) as tx:
            if row["has_cart"]:
                cart = await carts.for_conversation(tx, conversation_id)
            if row["checkout_id"] is not None:
                checkout = await checkouts.latest_of(tx, conversation_id, base_url=context.base_url)
                context.checkout = checkout.model_dump(mode="json") if checkout else None
            if row["has_offer"]:
                offer = await offers.open_offer(tx, conversation_id)
                context.offer = offer.model_dump(mode="json") if offer else None
    context.cart = cart.model_dump(mode="json")


def _contact(row: Row) -> dict[str, Any]:
    """What is known of the buyer. A customer that was vouched for need not repeat e-mail, name and address."""
    known: dict[str, Any] = {}
    if row["customer_id"] is not None and row["vouched"]:
        known = {"email": row["email"], "name": row["customer_name"], "phone_number": row["phone_number"]}
        known["shipping_address"] = row["shipping_address"]
    return {key: value for key, value in {**known, **row["contact"]}.items() if value}


def _organization(row: Row) -> OrganizationInfo:
    return OrganizationInfo(
        id=row["organization_id"],
        slug=row["slug"],
        name=row["organization_name"],
        currency=row["currency"],
        support_email=row["support_email"],
        policies=Policies.model_validate(row["policies"]),
        catalog_version=row["catalog_version"],
    )


def _agent(row: Row, services: Services) -> AgentInfo:
    return AgentInfo(
        id=row["agent_id"],
        version=row["version"],
        name=row["agent_name"],
        personality=Personality.model_validate(row["personality"]),
        rules=AgentRules.model_validate(row["rules"]),
        model=row["model"] or services.settings.model,
        templates=row["templates"],
        tools=None if row["tools"] is None else frozenset(row["tools"]),
    )
