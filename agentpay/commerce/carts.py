"""Carts: what a customer means to buy, with the code and the offer that were accepted for it (CONTRACT §3, §4).

A change locks its cart first, so that two at once are checked against what the cart then holds. A view takes two
statements, three with a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce import discounts, inventory, offers
from agentpay.commerce.discounts import DiscountDecision
from agentpay.commerce.lines import (
    MAX_QUANTITY,
    SaleLine,
    from_row,
    of_variants,
    requires_shipping,
    select_lines,
    shipping_weight,
)
from agentpay.commerce.lines import pricing_lines as lines_for_pricing
from agentpay.commerce.pricing import OfferPrice, PricingLine, Totals, compute
from agentpay.commerce.shapes import CartView
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Cart, CartLine, Conversation, Organization, PriceOffer, Variant


@dataclass(frozen=True, slots=True)
class CartState:
    """A cart with all that prices it. `code` is None without a code; a code that does not apply says why and takes nothing off."""

    cart_id: UUID
    conversation_id: UUID | None
    customer_id: UUID | None
    lines: list[SaleLine]
    code: DiscountDecision | None
    offer_id: UUID | None
    """The offer, where it still stands."""
    offer: OfferPrice | None
    totals: Totals
    currency: str

    def at_floor(self, variant_id: UUID) -> bool:
        """Whether what code and offer take off leaves no more of a variant's line than its floor."""
        priced = zip(lines_for_pricing(self.lines), self.totals.lines, strict=True)
        return any(
            line.variant_id == variant_id
            and line.floor is not None
            and amounts.discount > 0
            and line.list_total - amounts.discount <= line.floor * line.quantity
            for line, amounts in priced
        )

    @property
    def view(self) -> CartView:
        return CartView(
            items=[line.view() for line in self.lines],
            discount_code=self.code.code if self.code else None,
            offer_id=self.offer_id,
            subtotal=self.totals.subtotal,
            discount=self.totals.discount,
            total=self.totals.total,
            currency=self.currency,
        )

    @property
    def weight_grams(self) -> int:
        return shipping_weight(self.lines)

    @property
    def requires_shipping(self) -> bool:
        return requires_shipping(self.lines)


@dataclass(frozen=True, slots=True)
class ShippingFacts:
    """What `shipping.quote` asks of a cart: grams that ship, whether anything does, goods after discounts."""

    weight_grams: int
    requires_shipping: bool
    goods_after_discount: int
    empty: bool


async def create(tx: Tx) -> CartView:
    """A cart of its own, without a conversation."""
    return await get(tx, await new(tx))


async def new(tx: Tx) -> UUID:
    """As `create`; its id."""
    cart_id = new_id()
    await tx.session.execute(
        insert(Cart).from_select(
            ["id", "organization_id", "currency"],
            select(literal(cart_id), Organization.id, Organization.currency).where(
                Organization.id == tx.organization_id
            ),
        )
    )
    return cart_id


async def cart_id_of(tx: Tx, conversation_id: UUID) -> UUID:
    """The cart of a conversation; its row is made when missing. Problem 404 where there is no such conversation."""
    found = select(Cart.id).where(Cart.organization_id == tx.organization_id, Cart.conversation_id == conversation_id)
    cart_id = await tx.session.scalar(found)
    if cart_id is not None:
        return cart_id
    await tx.session.execute(
        insert(Cart)
        .from_select(
            ["id", "organization_id", "currency", "conversation_id"],
            select(literal(new_id()), Organization.id, Organization.currency, Conversation.id)
            .join(Conversation, Conversation.organization_id == Organization.id)
            .where(Organization.id == tx.organization_id, Conversation.id == conversation_id),
        )
        .on_conflict_do_nothing(index_elements=["conversation_id"])
    )
    cart_id = await tx.session.scalar(found)
    if cart_id is None:
        raise not_found("conversation", conversation_id)
    return cart_id


async def for_conversation(tx: Tx, conversation_id: UUID) -> CartView:
    """The cart of a conversation."""
    return (await state_for_conversation(tx, conversation_id)).view


async def state_for_conversation(tx: Tx, conversation_id: UUID, *, now: datetime | None = None) -> CartState:
    """The cart of a conversation with lines, decision and totals, for tools and checkouts."""
    loaded = await _load(tx, Cart.conversation_id == conversation_id, now)
    return loaded or await state(tx, await cart_id_of(tx, conversation_id), now=now)


async def get(tx: Tx, cart_id: UUID) -> CartView:
    """A cart. Problem 404 `not_found`."""
    return (await state(tx, cart_id)).view


async def state(tx: Tx, cart_id: UUID, *, now: datetime | None = None) -> CartState:
    """A cart with lines, decision and totals. Problem 404 `not_found`."""
    loaded = await _load(tx, Cart.id == cart_id, now)
    if loaded is None:
        raise not_found("cart", cart_id)
    return loaded


async def shipping_facts(tx: Tx, cart_id: UUID) -> ShippingFacts:
    """What shipping this cart depends on."""
    cart = await state(tx, cart_id)
    return ShippingFacts(cart.weight_grams, cart.requires_shipping, cart.totals.goods, empty=not cart.lines)


async def pricing_lines(tx: Tx, cart_id: UUID) -> list[PricingLine]:
    """The cart's lines as `pricing.compute` and `discounts.evaluate` take them."""
    return lines_for_pricing((await state(tx, cart_id)).lines)


async def add(tx: Tx, cart_id: UUID, variant_id: UUID, quantity: int) -> CartView:
    """Adds units. What the cart would then hold must be in stock: else Problem 409 `out_of_stock`, extra `available`.

    Other problems: `quantity_invalid` (422), `variant_unavailable` (409). After a problem nothing has changed.
    """
    if quantity < 1:
        raise _quantity_invalid()
    currency = await _lock(tx, cart_id)
    held = await tx.session.scalar(
        select(CartLine.quantity).where(*_lines_of(tx, cart_id), CartLine.variant_id == variant_id)
    )
    return await _put(tx, cart_id, variant_id, (held or 0) + quantity, currency)


async def set_quantity(tx: Tx, cart_id: UUID, variant_id: UUID, quantity: int) -> CartView:
    """Sets how many units the cart holds; 0 removes the line. Problems as `add`."""
    if quantity < 0:
        raise _quantity_invalid()
    currency = await _lock(tx, cart_id)
    if quantity == 0:
        await tx.session.execute(delete(CartLine).where(*_lines_of(tx, cart_id), CartLine.variant_id == variant_id))
        return await get(tx, cart_id)
    return await _put(tx, cart_id, variant_id, quantity, currency)


async def clear(tx: Tx, cart_id: UUID) -> CartView:
    """Empties the cart: lines, code and offer."""
    await _lock(tx, cart_id)
    await tx.session.execute(delete(CartLine).where(*_lines_of(tx, cart_id)))
    await _update(tx, cart_id, discount_code=None, offer_id=None)
    return await get(tx, cart_id)


async def set_code(tx: Tx, cart_id: UUID, code: str | None) -> CartView:
    """Puts a code on the cart in place of any other, or takes it off (None).

    A code that does not apply is refused: Problem 422 `discount_invalid`, extra `reason` of `DiscountDecision`.
    One that stops applying later stays on the cart and takes nothing off.
    """
    async with tx.session.begin_nested():
        await _lock(tx, cart_id)
        await _update(tx, cart_id, discount_code=discounts.normalize(code) if code else None)
        after = await state(tx, cart_id)
        if after.code is not None and not after.code.ok:
            raise Problem("discount_invalid", after.code.detail, reason=after.code.reason)
    return after.view


async def set_offer(tx: Tx, cart_id: UUID, offer_id: UUID | None) -> CartView:
    """Puts an accepted offer on the cart in place of any other, or takes it off. Problem 409 `offer_invalid`."""
    await _lock(tx, cart_id)
    if offer_id is not None:
        cart = await state(tx, cart_id)
        await offers.verify(
            tx, offer_id, conversation_id=cart.conversation_id, customer_id=cart.customer_id, lines=cart.lines
        )
    await _update(tx, cart_id, offer_id=offer_id)
    return await get(tx, cart_id)


async def _load(tx: Tx, which: ColumnElement[bool], now: datetime | None) -> CartState | None:
    now = now or datetime.now(UTC)
    row = (
        await tx.session.execute(
            select(
                Cart.id,
                Cart.conversation_id,
                Cart.currency,
                Cart.discount_code,
                Conversation.customer_id,
                Conversation.contact["email"].astext.label("email"),
                PriceOffer,
            )
            .outerjoin(
                Conversation,
                and_(Conversation.organization_id == Cart.organization_id, Conversation.id == Cart.conversation_id),
            )
            .outerjoin(
                PriceOffer, and_(PriceOffer.organization_id == Cart.organization_id, PriceOffer.id == Cart.offer_id)
            )
            .where(Cart.organization_id == tx.organization_id, which)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        return None
    rows = await tx.session.execute(
        select_lines()
        .add_columns(CartLine.quantity)
        .join(
            CartLine,
            and_(CartLine.organization_id == Variant.organization_id, CartLine.variant_id == Variant.id),
        )
        .where(*_lines_of(tx, row.id))
        .order_by(CartLine.id)
    )
    lines = [from_row(line, line.quantity) for line in rows]
    stands = (
        row.PriceOffer is not None
        and offers.stands(row.PriceOffer, conversation_id=row.conversation_id, customer_id=row.customer_id, now=now)
        and offers.keeps_floor(row.PriceOffer, lines)
    )
    offer = offers.price(row.PriceOffer) if stands else None
    priced = lines_for_pricing(lines)
    code = None
    if row.discount_code:
        found = await discounts.find(tx, row.discount_code, customer_id=row.customer_id, email=row.email)
        code = discounts.judge(found, row.discount_code, priced, now=now, offer=offer)
    return CartState(
        cart_id=row.id,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        lines=lines,
        code=code,
        offer_id=row.PriceOffer.id if stands else None,
        offer=offer,
        totals=compute(priced, code.rule if code else None, offer),
        currency=row.currency,
    )


async def _lock(tx: Tx, cart_id: UUID) -> str:
    """Locks the cart for a change and answers its currency. Problem 404 `not_found`."""
    currency = await tx.session.scalar(
        update(Cart)
        .where(Cart.organization_id == tx.organization_id, Cart.id == cart_id)
        .values(modified_at=func.now())
        .returning(Cart.currency)
        .execution_options(synchronize_session=False)
    )
    if currency is None:
        raise not_found("cart", cart_id)
    return currency


async def _put(tx: Tx, cart_id: UUID, variant_id: UUID, quantity: int, currency: str) -> CartView:
    if quantity > MAX_QUANTITY:
        raise _quantity_invalid()
    lines = await of_variants(tx, {variant_id: quantity})
    if not lines or not lines[0].sellable or lines[0].currency != currency:
        raise Problem("variant_unavailable", "This item is not for sale.", status=409, variant_id=str(variant_id))
    available = lines[0].available
    if available is not None and quantity > available:
        # what the conversation's own checkout holds is held for this cart
        available += await inventory.held_for_cart(tx, cart_id, variant_id)
    if available is not None and quantity > available:
        raise Problem(
            "out_of_stock",
            f"Only {available} of {lines[0].title} are available."
            if available
            else f"{lines[0].title} is out of stock.",
            status=409,
            available=available,
            variant_id=str(variant_id),
        )
    await tx.session.execute(
        insert(CartLine)
        .values(organization_id=tx.organization_id, cart_id=cart_id, variant_id=variant_id, quantity=quantity)
        .on_conflict_do_update(
            index_elements=["cart_id", "variant_id"], set_={"quantity": quantity, "modified_at": func.now()}
        )
    )
    return await get(tx, cart_id)


async def _update(tx: Tx, cart_id: UUID, **values: str | UUID | None) -> None:
    await tx.session.execute(
        update(Cart)
        .where(Cart.organization_id == tx.organization_id, Cart.id == cart_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _lines_of(tx: Tx, cart_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (CartLine.organization_id == tx.organization_id, CartLine.cart_id == cart_id)


def _quantity_invalid() -> Problem:
    return Problem("quantity_invalid", f"A quantity is a whole number from 1 to {MAX_QUANTITY}.")
