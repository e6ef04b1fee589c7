"""What changes a price: discounts, negotiated offers, shipping, taxes, and the record of each decision on money."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, money, own_id, ref


class Discount(Row, Base):
    __tablename__ = "discounts"
    __table_args__ = (
        own_id("discounts"),
        UniqueConstraint("organization_id", "code"),
        CheckConstraint("code = upper(code)", name="code_upper"),
        CheckConstraint(
            "(type = 'percentage' AND basis_points BETWEEN 1 AND 10000 AND amount IS NULL)"
            " OR (type = 'fixed' AND amount > 0 AND basis_points IS NULL)",
            name="type",
        ),
        CheckConstraint("redeemed >= 0 AND (max_redemptions IS NULL OR redeemed <= max_redemptions)", name="cap"),
        CheckConstraint("starts_at IS NULL OR ends_at IS NULL OR starts_at < ends_at", name="window"),
    )

    code: Mapped[str]
    type: Mapped[str]
    basis_points: Mapped[int | None]
    amount: Mapped[int | None] = money(nullable=True)
    currency: Mapped[str]
    products: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """External ids of products it is limited to; empty: all."""
    categories: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Category path prefixes it is limited to; empty: all."""
    min_subtotal: Mapped[int | None] = money(nullable=True)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    max_redemptions: Mapped[int | None]
    max_redemptions_per_customer: Mapped[int | None]
    redeemed: Mapped[int] = mapped_column(server_default="0")
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class DiscountUse(Row, Base):
    """How often a customer has used a code: the counter that the per-customer cap is checked on."""

    __tablename__ = "discount_uses"
    __table_args__ = (
        UniqueConstraint("organization_id", "discount_id", "customer_id"),
        ref("discount_id", "discounts", ondelete="CASCADE"),
        ref("customer_id", "customers", ondelete="CASCADE"),
        CheckConstraint("redeemed >= 0", name="redeemed"),
    )

    discount_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    redeemed: Mapped[int] = mapped_column(server_default="0")


class DiscountRedemption(Row, Base):
    """A code taken by a checkout. Held when it is confirmed, committed by its order, released by a failure."""

    __tablename__ = "discount_redemptions"
    __table_args__ = (
        own_id("discount_redemptions"),
        UniqueConstraint("checkout_id"),
        ref("discount_id", "discounts", ondelete="CASCADE"),
        ref("checkout_id", "checkouts", ondelete="CASCADE"),
        ref("customer_id", "customers", ondelete="SET NULL"),
        CheckConstraint("state IN ('held', 'committed', 'released')", name="state"),
    )

    discount_id: Mapped[UUID]
    checkout_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="held")


class PriceOffer(Row, Base):
    """A unit price offered to one customer for one variant and quantity. `amount >= floor` is the database's own rule."""

    __tablename__ = "price_offers"
    __table_args__ = (
        own_id("price_offers"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        ref("customer_id", "customers", ondelete="SET NULL"),
        ref("variant_id", "variants", ondelete="CASCADE"),
        Index("ix_price_offers_conversation", "organization_id", "conversation_id", "round"),
        CheckConstraint("amount >= floor AND amount <= list_price AND floor >= 0", name="floor"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("round >= 1", name="round"),
        CheckConstraint(
            "status IN ('proposed', 'pending_approval', 'accepted', 'used', 'declined', 'expired', 'withdrawn')",
            name="status",
        ),
    )

    conversation_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    variant_id: Mapped[UUID]
    quantity: Mapped[int]
    list_price: Mapped[int] = money()
    floor: Mapped[int] = money()
    amount: Mapped[int] = money()
    asked: Mapped[int | None] = money(nullable=True)
    """What the customer proposed, per unit."""
    currency: Mapped[str]
    round: Mapped[int]
    final: Mapped[bool] = mapped_column(server_default=text("false"))
    rule: Mapped[str]
    """The rule that made it: `max_discount_percent`, `strategies.cart_value_discount`, …"""
    status: Mapped[str] = mapped_column(server_default="proposed")
    expires_at: Mapped[datetime]


class MoneyDecision(Row, Base):
    """Each decision on money with the rule that allowed or refused it (CONTRACT §4)."""

    __tablename__ = "money_decisions"
    __table_args__ = (
        own_id("money_decisions"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
        Index("ix_money_decisions_conversation", "organization_id", "conversation_id"),
    )

    conversation_id: Mapped[UUID | None]
    turn_id: Mapped[UUID | None]
    kind: Mapped[str]
    allowed: Mapped[bool]
    rule: Mapped[str]
    amount: Mapped[int | None] = money(nullable=True)
    currency: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class ShippingZone(Row, Base):
    __tablename__ = "shipping_zones"
    __table_args__ = (own_id("shipping_zones"), UniqueConstraint("organization_id", "name"))

    name: Mapped[str]
    countries: Mapped[list[str]]
    """ISO 3166-1 alpha-2 codes."""
    position: Mapped[int] = mapped_column(server_default="0")


class ShippingRate(Row, Base):
    """A price for shipping into a zone, where its bounds fit. Several rates may share a name: the cheapest that fits counts."""

    __tablename__ = "shipping_rates"
    __table_args__ = (
        own_id("shipping_rates"),
        UniqueConstraint("organization_id", "external_id"),
        ref("zone_id", "shipping_zones", ondelete="CASCADE"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("min_days IS NULL OR max_days IS NULL OR min_days <= max_days", name="days"),
    )

    zone_id: Mapped[UUID]
    external_id: Mapped[str]
    name: Mapped[str]
    amount: Mapped[int] = money()
    currency: Mapped[str]
    min_subtotal: Mapped[int | None] = money(nullable=True)
    max_subtotal: Mapped[int | None] = money(nullable=True)
    min_weight_grams: Mapped[int | None]
    max_weight_grams: Mapped[int | None]
    min_days: Mapped[int | None]
    max_days: Mapped[int | None]
    position: Mapped[int] = mapped_column(server_default="0")


class TaxRate(Row, Base):
    __tablename__ = "tax_rates"
    __table_args__ = (
        own_id("tax_rates"),
        UniqueConstraint("organization_id", "country", "region", postgresql_nulls_not_distinct=True),
        CheckConstraint("basis_points BETWEEN 0 AND 10000", name="basis_points"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_iso"),
    )

    country: Mapped[str]
    region: Mapped[str | None]
    basis_points: Mapped[int]
    included: Mapped[bool] = mapped_column(server_default=text("false"))
    shipping: Mapped[bool] = mapped_column(server_default=text("false"))
