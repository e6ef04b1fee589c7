"""Products, their variants, and the stock of each variant."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, money, own_id, ref

# Title and brand weigh most, then category and attributes, then what the merchant wrote about the product.
PRODUCT_SEARCH = (
    "setweight(to_tsvector('english'::regconfig, title || ' ' || coalesce(brand, '')), 'A') || "
    "setweight(to_tsvector('english'::regconfig, coalesce(category, '')), 'B') || "
    "setweight(jsonb_to_tsvector('english'::regconfig, attributes, '[\"string\", \"key\"]'::jsonb), 'C') || "
    "setweight(to_tsvector('english'::regconfig, coalesce(description, '') || ' ' || "
    "coalesce(conversational_description, '')), 'D')"
)

# What a customer chooses a variant by ("43", "blue"); unstemmed, so that "S" is not lost as a stop word.
VARIANT_SEARCH = "jsonb_to_tsvector('simple'::regconfig, options, '[\"string\", \"numeric\"]'::jsonb)"


class Product(Row, Base):
    __tablename__ = "products"
    __table_args__ = (
        own_id("products"),
        UniqueConstraint("organization_id", "external_id"),
        CheckConstraint("status IN ('active', 'draft', 'archived')", name="status"),
        Index("ix_products_search", "search", postgresql_using="gin"),
        Index("ix_products_organization_id_category", "organization_id", "category"),
        Index("ix_products_organization_id_brand", "organization_id", "brand"),
        Index("ix_products_pending", "organization_id", "modified_at", postgresql_where=text("indexed_at IS NULL")),
    )

    external_id: Mapped[str | None]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    brand: Mapped[str | None]
    category: Mapped[str | None]
    """A path: "Footwear > Trail running"."""
    conversational_description: Mapped[str | None]
    voice_description: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    upsell_triggers: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    sales_objections: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    allow_dynamic_pricing: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(server_default="active")
    indexed_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(PRODUCT_SEARCH, persisted=True), deferred=True)


class Variant(Row, Base):
    __tablename__ = "variants"
    __table_args__ = (
        own_id("variants"),
        UniqueConstraint("organization_id", "external_id"),
        UniqueConstraint("organization_id", "sku"),
        ref("product_id", "products", ondelete="CASCADE"),
        Index("ix_variants_organization_id_product_id", "organization_id", "product_id"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("floor IS NULL OR (floor >= 0 AND floor <= price)", name="floor"),
        CheckConstraint("weight_grams >= 0", name="weight"),
        Index("ix_variants_search", "search", postgresql_using="gin"),
        Index(
            "ix_variants_price",
            "organization_id",
            "price",
            postgresql_include=["product_id"],
            postgresql_where=text("NOT archived"),
        ),
    )

    product_id: Mapped[UUID]
    external_id: Mapped[str | None]
    sku: Mapped[str | None]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    price: Mapped[int] = money()
    floor: Mapped[int | None] = money(nullable=True)
    """The lowest price a line may be sold at, per unit. Never shown, logged or prompted."""
    currency: Mapped[str]
    weight_grams: Mapped[int] = mapped_column(server_default="0")
    requires_shipping: Mapped[bool] = mapped_column(server_default=text("true"))
    position: Mapped[int] = mapped_column(server_default="0")
    archived: Mapped[bool] = mapped_column(server_default=text("false"))
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(VARIANT_SEARCH, persisted=True), deferred=True)


# Ids and SKUs are looked up in whatever case a customer writes them.
Index("ix_products_brand_lower", Product.organization_id, func.lower(Product.brand))
Index("ix_products_external_id_lower", Product.organization_id, func.lower(Product.external_id))
Index("ix_variants_external_id_lower", Variant.organization_id, func.lower(Variant.external_id))
Index("ix_variants_sku_lower", Variant.organization_id, func.lower(Variant.sku))


class Inventory(Row, Base):
    """Stock of a tracked variant. A variant without a row here is not tracked: it never sells out."""

    __tablename__ = "inventory"
    __table_args__ = (
        UniqueConstraint("organization_id", "variant_id"),
        ref("variant_id", "variants", ondelete="CASCADE"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved_within_stock"),
    )

    variant_id: Mapped[UUID]
    on_hand: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Reservation(Row, Base):
    """Stock held for a checkout. It leaves `held` once: committed by a sale, or released."""

    __tablename__ = "reservations"
    __table_args__ = (
        own_id("reservations"),
        ref("checkout_id", "checkouts", ondelete="CASCADE"),
        ref("variant_id", "variants", ondelete="CASCADE"),
        CheckConstraint("state IN ('held', 'committed', 'released')", name="state"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index(
            "uq_reservations_held", "checkout_id", "variant_id", unique=True, postgresql_where=text("state = 'held'")
        ),
        Index("ix_reservations_expiry", "expires_at", postgresql_where=text("state = 'held'")),
    )

    checkout_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="held")
    expires_at: Mapped[datetime]
