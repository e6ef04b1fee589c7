"""Orders and the money that moved for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, money, own_id, ref
from agentpay.store.tables.carts import BALANCED, NOT_NEGATIVE


class Order(Row, Base):
    __tablename__ = "orders"
    __table_args__ = (
        own_id("orders"),
        UniqueConstraint("checkout_id"),
        UniqueConstraint("organization_id", "number"),
        UniqueConstraint("organization_id", "external_id"),
        ref("customer_id", "customers", ondelete="SET NULL"),
        ref("checkout_id", "checkouts"),
        ref("conversation_id", "conversations", ondelete="SET NULL"),
        Index("ix_orders_customer", "organization_id", "customer_id"),
        CheckConstraint("status IN ('pending', 'paid', 'cancelled', 'partially_refunded', 'refunded')", name="status"),
        CheckConstraint("fulfillment_status IN ('unfulfilled', 'shipped', 'delivered')", name="fulfillment"),
        CheckConstraint(BALANCED, name="balanced"),
        CheckConstraint(NOT_NEGATIVE, name="not_negative"),
        CheckConstraint("refunded >= 0 AND refunded <= total", name="refunded_within_total"),
    )

    external_id: Mapped[str | None]
    number: Mapped[str]
    customer_id: Mapped[UUID | None]
    email: Mapped[str | None]
    status: Mapped[str]
    fulfillment_status: Mapped[str] = mapped_column(server_default="unfulfilled")
    tracking: Mapped[dict[str, Any] | None]
    shipping_address: Mapped[dict[str, Any] | None]
    shipping_option: Mapped[dict[str, Any] | None]
    note: Mapped[str | None]
    subtotal: Mapped[int] = money()
    discount: Mapped[int] = money(default=0)
    shipping: Mapped[int] = money(default=0)
    tax: Mapped[int] = money(default=0)
    tax_included: Mapped[bool] = mapped_column(server_default=text("false"))
    total: Mapped[int] = money()
    refunded: Mapped[int] = money(default=0)
    currency: Mapped[str]
    checkout_id: Mapped[UUID | None]
    conversation_id: Mapped[UUID | None]
    discount_code: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    placed_at: Mapped[datetime]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class OrderLine(Row, Base):
    __tablename__ = "order_lines"
    __table_args__ = (
        own_id("order_lines"),
        ref("order_id", "orders", ondelete="CASCADE"),
        ref("variant_id", "variants"),
        Index("ix_order_lines_order", "organization_id", "order_id"),
        CheckConstraint("quantity >= 1", name="quantity"),
        CheckConstraint("unit_price >= 0 AND discount >= 0 AND discount <= unit_price * quantity", name="amounts"),
    )

    order_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(server_default="0")
    quantity: Mapped[int]
    unit_price: Mapped[int] = money()
    discount: Mapped[int] = money(default=0)
    tax: Mapped[int] = money(default=0)
    title: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Payment(Row, Base):
    """The ledger of charges: a row is added for each, none is taken away."""

    __tablename__ = "payments"
    __table_args__ = (
        own_id("payments"),
        UniqueConstraint("organization_id", "processor", "processor_id"),
        ref("order_id", "orders"),
        ref("checkout_id", "checkouts"),
        Index("ix_payments_order", "organization_id", "order_id"),
        CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
        CheckConstraint("amount >= 0", name="amount"),
    )

    order_id: Mapped[UUID | None]
    checkout_id: Mapped[UUID | None]
    processor: Mapped[str]
    processor_id: Mapped[str]
    status: Mapped[str]
    amount: Mapped[int] = money()
    currency: Mapped[str]
    method: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """{"type": "card", "brand"?, "last4"?, "reference"?}; never a number."""
    failure: Mapped[dict[str, Any] | None]


class Refund(Row, Base):
    __tablename__ = "refunds"
    __table_args__ = (
        own_id("refunds"),
        UniqueConstraint("organization_id", "processor", "processor_id"),
        ref("order_id", "orders"),
        ref("payment_id", "payments"),
        ref("return_id", "returns"),
        Index("ix_refunds_order", "organization_id", "order_id"),
        CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("order_id IS NOT NULL OR payment_id IS NOT NULL", name="of_something"),
    )

    order_id: Mapped[UUID | None]
    """None: a payment that became no order (it came after expiry and the goods were gone, or a second one)."""
    payment_id: Mapped[UUID | None]
    return_id: Mapped[UUID | None]
    amount: Mapped[int] = money()
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    reason: Mapped[str] = mapped_column(server_default="")
    destination: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    processor: Mapped[str]
    processor_id: Mapped[str | None]
    automatic: Mapped[bool] = mapped_column(server_default=text("false"))
    """Given by an agent alone: counts against `auto_refund_limit`."""
    adjustment: Mapped[bool] = mapped_column(server_default=text("false"))
    """Of money that the order's total does not hold (any more): it is no part of `orders.refunded`."""


class Return(Row, Base):
    """Goods on their way back (CONTRACT §4): `requested → received → refunded`, or `refused`."""

    __tablename__ = "returns"
    __table_args__ = (
        own_id("returns"),
        ref("order_id", "orders"),
        ref("conversation_id", "conversations", ondelete="SET NULL"),
        Index("ix_returns_order", "organization_id", "order_id"),
        CheckConstraint("status IN ('requested', 'received', 'refunded', 'refused')", name="status"),
        CheckConstraint("kind IN ('return', 'exchange')", name="kind"),
    )

    order_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(server_default="return")
    status: Mapped[str] = mapped_column(server_default="requested")
    reason: Mapped[str] = mapped_column(server_default="")
    destination: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    received_at: Mapped[datetime | None]
    difference: Mapped[int | None] = money(nullable=True)
    """Of an exchange: what the new goods cost more; below zero: what goes back."""
    refusal: Mapped[str | None]
    """Why it was refused."""


class ReturnLine(Row, Base):
    __tablename__ = "return_lines"
    __table_args__ = (
        own_id("return_lines"),
        ref("return_id", "returns", ondelete="CASCADE"),
        ref("order_line_id", "order_lines"),
        ref("exchange_variant_id", "variants"),
        UniqueConstraint("return_id", "order_line_id"),
        CheckConstraint("quantity >= 1", name="quantity"),
        CheckConstraint("amount >= 0 AND discount >= 0 AND tax >= 0", name="amounts"),
    )

    return_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    exchange_variant_id: Mapped[UUID | None]
    quantity: Mapped[int]
    discount: Mapped[int] = money()
    tax: Mapped[int] = money()
    """These units' shares of their line's discount and tax."""
    amount: Mapped[int] = money()
    """What the customer paid for these units, without shipping."""
    exchange: Mapped[dict[str, Any] | None]
    """What they become, as agreed: {"from_variant_id", "unit_price", "discount", "tax"}."""


class OrderChange(Row, Base):
    """A change of an order that waits for its payment link: `pending → paid → applied`, or `void`."""

    __tablename__ = "order_changes"
    __table_args__ = (
        own_id("order_changes"),
        UniqueConstraint("checkout_id"),
        ref("order_id", "orders"),
        ref("checkout_id", "checkouts"),
        ref("return_id", "returns"),
        Index("ix_order_changes_order", "organization_id", "order_id"),
        CheckConstraint("status IN ('pending', 'paid', 'applied', 'void')", name="status"),
        CheckConstraint("amount > 0", name="amount"),
    )

    order_id: Mapped[UUID]
    checkout_id: Mapped[UUID]
    return_id: Mapped[UUID | None]
    """The exchange it pays for: applied when the goods are received."""
    status: Mapped[str] = mapped_column(server_default="pending")
    amount: Mapped[int] = money()
    plan: Mapped[dict[str, Any]]
    """What the order becomes: `order_plan.Plan`."""
