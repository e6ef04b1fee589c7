"""The life of a price offer: `proposed → accepted → used`, or pending approval, declined, withdrawn, expired (CONTRACT §4).

An offer is bound to its conversation, customer, variant and quantity, expires, and is used once. A view never has a floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.commerce.lines import SaleLine
from agentpay.commerce.pricing import OfferPrice
from agentpay.commerce.shapes import OfferView
from agentpay.errors import Problem, not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, Conversation, PriceOffer, Product, Variant

VALID_FOR = timedelta(hours=24)
"""Where nobody says otherwise."""


async def accept(
    tx: Tx, offer_id: UUID, *, conversation_id: UUID | None = None, now: datetime | None = None
) -> OfferView:
    """The customer takes a proposed offer; other offers for that variant are withdrawn. Accepting twice is accepting once.

    Problem 409 `offer_invalid`: expired, withdrawn, used, waiting for approval, or of another conversation.
    """
    now = now or datetime.now(UTC)
    offer = await _locked(tx, offer_id)
    if (
        offer.status not in ("proposed", "accepted")
        or offer.expires_at <= now
        or conversation_id not in (None, offer.conversation_id)
    ):
        raise offer_invalid()
    await _withdraw_others(tx, offer, ("proposed", "accepted"))
    return await _become(tx, offer_id, "accepted")


async def approve(
    tx: Tx, offer_id: UUID, *, now: datetime | None = None, valid_for: timedelta = VALID_FOR
) -> OfferView:
    """A person grants an offer that waited: the customer may take it from now on, instead of what the agent proposed
    meanwhile. Problem 409 where it waits no longer."""
    now = now or datetime.now(UTC)
    offer = await _locked(tx, offer_id)
    if offer.status != "pending_approval":
        raise offer_invalid()
    await _withdraw_others(tx, offer, ("proposed",))
    return await _become(tx, offer_id, "proposed", expires_at=now + valid_for)


async def decline(tx: Tx, offer_id: UUID) -> OfferView:
    """A person turns down an offer that waited. Problem 409 where it waits no longer."""
    if (await _locked(tx, offer_id)).status != "pending_approval":
        raise offer_invalid()
    return await _become(tx, offer_id, "declined")


async def open_offer(tx: Tx, conversation_id: UUID, *, now: datetime | None = None) -> OfferView | None:
    """The latest offer of a conversation that the customer may take, or has taken and not used."""
    row = (
        await tx.session.execute(
            _views(tx)
            .where(
                PriceOffer.conversation_id == conversation_id,
                PriceOffer.status.in_(("proposed", "accepted")),
                PriceOffer.expires_at > (now or datetime.now(UTC)),
            )
            # One that waited for a person may be older than what the agent proposed meanwhile
            .order_by(PriceOffer.modified_at.desc(), PriceOffer.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else view(row.PriceOffer, row.title, row.external_id)


async def get(tx: Tx, offer_id: UUID) -> OfferView:
    """An offer. Problem 404 `not_found`."""
    row = (await tx.session.execute(_views(tx).where(PriceOffer.id == offer_id))).one_or_none()
    if row is None:
        raise not_found("offer", offer_id)
    return view(row.PriceOffer, row.title, row.external_id)


async def verify(
    tx: Tx,
    offer_id: UUID,
    *,
    conversation_id: UUID | None,
    customer_id: UUID | None,
    lines: Sequence[SaleLine],
    now: datetime | None = None,
) -> OfferPrice:
    """The offer as `pricing.compute` takes it, checked again against clock, owner, lines and today's floor.

    `customer_id`: the conversation's, or the buyer's. Problem 409 `offer_invalid`.
    """
    row = (
        await tx.session.execute(
            select(PriceOffer, Conversation.customer_id)
            .join(
                Conversation,
                and_(
                    Conversation.organization_id == PriceOffer.organization_id,
                    Conversation.id == PriceOffer.conversation_id,
                ),
            )
            .where(PriceOffer.organization_id == tx.organization_id, PriceOffer.id == offer_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise offer_invalid()
    offer: PriceOffer = row[0]
    owner = customer_id if customer_id == offer.customer_id else row[1]
    held = any(line.variant_id == offer.variant_id for line in lines)
    standing = stands(offer, conversation_id=conversation_id, customer_id=owner, now=now or datetime.now(UTC))
    if not (held and standing and keeps_floor(offer, lines)):
        raise offer_invalid()
    return price(offer)


async def use(tx: Tx, offer_id: UUID) -> bool:
    """Uses an offer up with the order it was paid by; a payment that comes late still does. False where it was used before."""
    changed = await tx.session.execute(
        update(PriceOffer)
        .where(
            PriceOffer.organization_id == tx.organization_id,
            PriceOffer.id == offer_id,
            PriceOffer.status.in_(("accepted", "expired")),
        )
        .values(status="used")
        .returning(PriceOffer.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


async def expire_due(session: AsyncSession, *, now: datetime | None = None) -> int:
    """Expires what is past its time in every organization, but not what a checkout is being paid with. How many."""
    paying = exists().where(
        Checkout.organization_id == PriceOffer.organization_id,
        Checkout.offer_id == PriceOffer.id,
        Checkout.status.in_(("confirming", "confirmed")),
    )
    expired = await session.execute(
        update(PriceOffer)
        .where(
            PriceOffer.status.in_(("proposed", "pending_approval", "accepted")),
            PriceOffer.expires_at <= (now or datetime.now(UTC)),
            ~paying,
        )
        .values(status="expired")
        .returning(PriceOffer.id)
        .execution_options(synchronize_session=False)
    )
    return len(expired.all())


def stands(offer: PriceOffer, *, conversation_id: UUID | None, customer_id: UUID | None, now: datetime) -> bool:
    """Whether an accepted offer may still be used by this conversation and customer."""
    return (
        offer.status == "accepted"
        and offer.expires_at > now
        and offer.conversation_id == conversation_id
        and offer.customer_id in (None, customer_id)
    )


def keeps_floor(offer: PriceOffer, lines: Sequence[SaleLine]) -> bool:
    """Whether today's floors still allow the offer for these lines. One that a floor has passed is gone: a price that was
    raised to the floor instead would tell it."""
    return all(
        line.floor is not None and offer.amount >= line.floor for line in lines if line.variant_id == offer.variant_id
    )


def price(offer: PriceOffer) -> OfferPrice:
    return OfferPrice(variant_id=offer.variant_id, quantity=offer.quantity, amount=offer.amount)


def offer_invalid() -> Problem:
    """409: expired, used, withdrawn, or not for this customer, conversation or item. Which one is not told."""
    return Problem("offer_invalid", "This offer is no longer available.", status=409)


def _views(tx: Tx) -> Select[PriceOffer, str, str | None]:
    """Offers of the organization with what their view shows of the variant."""
    return (
        select(PriceOffer, Product.title, Variant.external_id)
        .join(
            Variant,
            and_(Variant.organization_id == PriceOffer.organization_id, Variant.id == PriceOffer.variant_id),
        )
        .join(Product, and_(Product.organization_id == Variant.organization_id, Product.id == Variant.product_id))
        .where(PriceOffer.organization_id == tx.organization_id)
        .execution_options(populate_existing=True)
    )


def view(offer: PriceOffer, title: str, variant_external_id: str | None) -> OfferView:
    return OfferView.model_validate(
        {
            "id": offer.id,
            "variant_external_id": variant_external_id,
            "title": title,
            "quantity": offer.quantity,
            "list_price": offer.list_price,
            "amount": offer.amount,
            "currency": offer.currency,
            "status": offer.status,
            "final": offer.final,
            "expires_at": offer.expires_at,
        }
    )


async def _locked(tx: Tx, offer_id: UUID) -> PriceOffer:
    """The offer with its conversation locked, so that two answers to one conversation's offers wait for each other."""
    offer = await tx.session.scalar(
        select(PriceOffer)
        .join(
            Conversation,
            and_(
                Conversation.organization_id == PriceOffer.organization_id,
                Conversation.id == PriceOffer.conversation_id,
            ),
        )
        .where(PriceOffer.organization_id == tx.organization_id, PriceOffer.id == offer_id)
        .with_for_update(of=[Conversation, PriceOffer], key_share=True)
        .execution_options(populate_existing=True)
    )
    if offer is None:
        raise not_found("offer", offer_id)
    return offer


async def _withdraw_others(tx: Tx, offer: PriceOffer, statuses: tuple[str, ...]) -> None:
    """Withdraws the conversation's other offers for the variant that have one of these statuses."""
    await tx.session.execute(
        update(PriceOffer)
        .where(
            PriceOffer.organization_id == tx.organization_id,
            PriceOffer.conversation_id == offer.conversation_id,
            PriceOffer.variant_id == offer.variant_id,
            PriceOffer.id != offer.id,
            PriceOffer.status.in_(statuses),
        )
        .values(status="withdrawn")
        .execution_options(synchronize_session=False)
    )


async def _become(tx: Tx, offer_id: UUID, status: str, **values: datetime) -> OfferView:
    await tx.session.execute(
        update(PriceOffer)
        .where(PriceOffer.organization_id == tx.organization_id, PriceOffer.id == offer_id)
        .values(status=status, **values)
        .execution_options(synchronize_session=False)
    )
    return await get(tx, offer_id)
