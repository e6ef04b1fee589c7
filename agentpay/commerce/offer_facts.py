"""What a decision on an offer looks at: the item, what was offered in this conversation before, the customer's orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import and_, func, select

from agentpay.commerce.rules import AgentRules
from agentpay.errors import not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation, Order, PriceOffer, Product, Variant

APPROVAL = "approval_discount_percent"


@dataclass(frozen=True, slots=True)
class Item:
    id: UUID
    price: int
    floor: int | None = field(repr=False)
    currency: str
    external_id: str | None
    title: str
    sellable: bool
    allow_dynamic_pricing: bool
    product: str
    """What its margins are drawn by: the product's external id, which a shop imported anew has too, or else its id."""


def refusal(item: Item, rules: AgentRules) -> str | None:
    """The rule that makes an item not negotiable at all, None where it is."""
    if not rules.allow_dynamic_pricing:
        return "allow_dynamic_pricing"
    if not item.allow_dynamic_pricing:
        return "product.allow_dynamic_pricing"
    if not item.sellable:
        return "product.status"
    return "variant.floor" if item.floor is None else None


def counts(offer: PriceOffer) -> bool:
    """Whether an offer is one of the rounds: not what a person was asked for and did not grant in time."""
    if offer.status in ("pending_approval", "declined"):
        return False
    return not (offer.rule == APPROVAL and offer.status in ("expired", "withdrawn"))


async def item(tx: Tx, conversation_id: UUID, variant_id: UUID) -> Item:
    """The variant, with the conversation locked: two decisions in one conversation wait for each other."""
    locked = await tx.session.scalar(
        select(Conversation.id)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id)
        .with_for_update(key_share=True)
    )
    if locked is None:
        raise not_found("conversation", conversation_id)
    row = (
        await tx.session.execute(
            select(
                Variant.id,
                Variant.product_id,
                Variant.price,
                Variant.floor,
                Variant.currency,
                Variant.external_id,
                Variant.archived,
                Product.title,
                Product.external_id.label("product_external_id"),
                Product.status,
                Product.allow_dynamic_pricing,
            )
            .join(Product, and_(Product.organization_id == Variant.organization_id, Product.id == Variant.product_id))
            .where(Variant.organization_id == tx.organization_id, Variant.id == variant_id)
        )
    ).one_or_none()
    if row is None:
        raise not_found("variant", variant_id)
    return Item(
        id=row.id,
        price=row.price,
        floor=row.floor,
        currency=row.currency,
        external_id=row.external_id,
        title=row.title,
        sellable=row.status == "active" and not row.archived,
        allow_dynamic_pricing=row.allow_dynamic_pricing,
        product=row.product_external_id or str(row.product_id),
    )


async def history(tx: Tx, conversation_id: UUID, variant_id: UUID) -> list[PriceOffer]:
    """This conversation's offers for the variant since it was last bought at one, newest first."""
    rows = await tx.session.scalars(
        select(PriceOffer)
        .where(
            PriceOffer.organization_id == tx.organization_id,
            PriceOffer.conversation_id == conversation_id,
            PriceOffer.variant_id == variant_id,
        )
        .order_by(PriceOffer.id.desc())
        .limit(100)
        .execution_options(populate_existing=True)
    )
    history = []
    for offer in rows:
        if offer.status == "used":
            break
        history.append(offer)
    return history


async def paid_orders(tx: Tx, customer_id: UUID | None) -> int:
    """How many orders a vouched customer has paid and kept, for `strategies.repeat_customer`."""
    if customer_id is None:
        return 0
    return (
        await tx.session.scalar(
            select(func.count())
            .select_from(Order)
            .where(
                Order.organization_id == tx.organization_id,
                Order.customer_id == customer_id,
                Order.status.in_(("paid", "partially_refunded")),
            )
        )
        or 0
    )
