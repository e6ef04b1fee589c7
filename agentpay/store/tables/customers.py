"""Customers, their addresses and their stored payment methods."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, money, own_id, ref


class Customer(Row, Base):
    __tablename__ = "customers"
    __table_args__ = (
        own_id("customers"),
        UniqueConstraint("organization_id", "external_id"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint(
            "preferred_channel IS NULL OR preferred_channel IN ('web', 'whatsapp', 'telegram', 'voice', 'email')",
            name="channel",
        ),
    )

    external_id: Mapped[str | None]
    email: Mapped[str | None]
    name: Mapped[str | None]
    phone_number: Mapped[str | None]
    whatsapp_id: Mapped[str | None]
    preferred_channel: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    anonymized_at: Mapped[datetime | None]


Index("uq_customers_email", Customer.organization_id, Customer.email, unique=True)
Index("ix_customers_name", Customer.organization_id, func.lower(Customer.name))


class Address(Row, Base):
    __tablename__ = "addresses"
    __table_args__ = (
        own_id("addresses"),
        ref("customer_id", "customers", ondelete="CASCADE"),
        Index("ix_addresses_customer", "organization_id", "customer_id", "position"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_iso"),
    )

    customer_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(server_default="0")
    """0 is the default address."""
    line1: Mapped[str]
    line2: Mapped[str | None]
    city: Mapped[str]
    region: Mapped[str | None]
    postal_code: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str]


class PaymentMethod(Row, Base):
    """A stored method. No card number ever gets here: a brand, the last four digits and the processor's reference."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        own_id("payment_methods"),
        UniqueConstraint("organization_id", "customer_id", "external_id"),
        ref("customer_id", "customers", ondelete="CASCADE"),
        CheckConstraint("type IN ('card', 'paypal', 'gift_card')", name="type"),
        CheckConstraint("last4 IS NULL OR last4 ~ '^[0-9]{4}$'", name="last4"),
        CheckConstraint("balance IS NULL OR balance >= 0", name="balance"),
        CheckConstraint("(type = 'gift_card') = (balance IS NOT NULL)", name="gift_card_balance"),
    )

    customer_id: Mapped[UUID]
    external_id: Mapped[str]
    type: Mapped[str]
    brand: Mapped[str | None]
    last4: Mapped[str | None]
    balance: Mapped[int | None] = money(nullable=True)
    currency: Mapped[str]
    processor: Mapped[str] = mapped_column(server_default="imported")
