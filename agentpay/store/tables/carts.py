"""Carts and checkouts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, money, own_id, ref

BALANCED = "total = subtotal - discount + shipping + CASE WHEN tax_included THEN 0 ELSE tax END"
NOT_NEGATIVE = "subtotal >= 0 AND discount >= 0 AND discount <= subtotal AND shipping >= 0 AND tax >= 0 AND total >= 0"


class Cart(Row, Base):
    """What a customer means to buy. A conversation has one; the API may make others."""

    __tablename__ = "carts"
    __table_args__ = (
        own_id("carts"),
        UniqueConstraint("conversation_id"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        ref("offer_id", "price_offers", ondelete="SET NULL"),
    )

    conversation_id: Mapped[UUID | None]
    currency: Mapped[str]
    discount_code: Mapped[str | None]
    offer_id: Mapped[UUID | None]


class CartLine(Row, Base):
    __tablename__ = "cart_lines"
    __table_args__ = (
        own_id("cart_lines"),
        UniqueConstraint("cart_id", "variant_id"),
        ref("cart_id", "carts", ondelete="CASCADE"),
        ref("variant_id", "variants", ondelete="CASCADE"),
        CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity"),
    )

    cart_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    quantity: Mapped[int]


class Checkout(Row, Base):
    """A purchase on its way: `open → confirming → confirmed → succeeded`; `expired` and `cancelled` end it (CONTRACT §3)."""

    __tablename__ = "checkouts"
    __table_args__ = (
        own_id("checkouts"),
        UniqueConstraint("token"),
        UniqueConstraint("provider", "provider_reference"),
        ref("conversation_id", "conversations", ondelete="SET NULL"),
        ref("customer_id", "customers", ondelete="SET NULL"),
        ref("discount_id", "discounts", ondelete="SET NULL"),
        ref("offer_id", "price_offers", ondelete="SET NULL"),
        Index(
            "uq_checkouts_offer",
            "offer_id",
            unique=True,
            postgresql_where=text("status IN ('confirming', 'confirmed', 'succeeded')"),
        ),
        Index("ix_checkouts_conversation", "organization_id", "conversation_id"),
        Index("ix_checkouts_due", "expires_at", postgresql_where=text("status IN ('open', 'confirming')")),
        CheckConstraint(
            "status IN ('open', 'confirming', 'confirmed', 'succeeded', 'expired', 'cancelled')", name="status"
        ),
        CheckConstraint(
            "commitment_level IN ('browsing', 'considering', 'committed', 'authorized')", name="commitment"
        ),
        CheckConstraint(BALANCED, name="balanced"),
        CheckConstraint(NOT_NEGATIVE, name="not_negative"),
        CheckConstraint("attempt >= 0", name="attempt"),
        CheckConstraint("purpose IN ('sale', 'order_change')", name="purpose"),
    )

    token: Mapped[str]
    """Unguessable part of the hosted page's URL."""
    purpose: Mapped[str] = mapped_column(server_default="sale")
    """`order_change`: pays the difference of an order's change; its lines and totals stand as they were made."""
    status: Mapped[str] = mapped_column(server_default="open")
    conversation_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    email: Mapped[str | None]
    name: Mapped[str | None]
    shipping_address: Mapped[dict[str, Any] | None]
    shipping_rate: Mapped[str | None]
    """External id of the rate asked for; its name decides, the cheapest of that name that fits counts (CONTRACT §4)."""
    shipping_option: Mapped[dict[str, Any] | None]
    discount_code: Mapped[str | None]
    discount_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    note: Mapped[str | None]
    subtotal: Mapped[int] = money(default=0)
    discount: Mapped[int] = money(default=0)
    shipping: Mapped[int] = money(default=0)
    tax: Mapped[int] = money(default=0)
    tax_included: Mapped[bool] = mapped_column(server_default=text("false"))
    total: Mapped[int] = money(default=0)
    currency: Mapped[str]
    commitment_level: Mapped[str] = mapped_column(server_default="considering")
    agent_context: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    failure: Mapped[dict[str, Any] | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    provider: Mapped[str]
    provider_reference: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default="0")
    """Payment attempts so far; the processor's idempotency key is `checkout:{id}:{attempt}` (DESIGN §5)."""
    expires_at: Mapped[datetime]


class CheckoutLine(Row, Base):
    """A line with its share of the discount and its tax, so that an order and a refund can be computed from it."""

    __tablename__ = "checkout_lines"
    __table_args__ = (
        own_id("checkout_lines"),
        UniqueConstraint("checkout_id", "variant_id"),
        ref("checkout_id", "checkouts", ondelete="CASCADE"),
        ref("variant_id", "variants"),
        CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity"),
        CheckConstraint("unit_price >= 0 AND discount >= 0 AND discount <= unit_price * quantity", name="amounts"),
        CheckConstraint("tax >= 0", name="tax"),
    )

    checkout_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(server_default="0")
    quantity: Mapped[int]
    unit_price: Mapped[int] = money()
    discount: Mapped[int] = money(default=0)
    tax: Mapped[int] = money(default=0)
