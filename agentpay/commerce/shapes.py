"""The shapes of CONTRACT §3, as the API answers them, tools return them and blocks show them. Money: integer minor units."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

CheckoutStatus = Literal["open", "confirming", "confirmed", "succeeded", "expired", "cancelled"]
CommitmentLevel = Literal["browsing", "considering", "committed", "authorized"]
OrderStatus = Literal["pending", "paid", "cancelled", "partially_refunded", "refunded"]
FulfillmentStatus = Literal["unfulfilled", "shipped", "delivered"]


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid")


class VariantView(Shape):
    """A variant inside a product block. `available` counts units; null: not tracked, never sold out."""

    external_id: str | None
    sku: str | None
    options: dict[str, str]
    price: int
    available: int | None


class ProductView(Shape):
    """The product block."""

    external_id: str | None
    title: str
    description: str
    price_min: int
    price_max: int
    currency: str
    variants: list[VariantView]


class AddressShape(Shape):
    line1: str = Field(min_length=1, max_length=200)
    line2: str | None = Field(None, max_length=200)
    city: str = Field(min_length=1, max_length=120)
    region: str | None = Field(None, max_length=60)
    postal_code: str = Field("", max_length=20)
    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")


class LineView(Shape):
    variant_id: UUID
    variant_external_id: str | None
    product_external_id: str | None
    title: str
    options: dict[str, str]
    quantity: int
    unit_price: int
    line_total: int
    """unit_price × quantity, before a code or an offer."""


class CartView(Shape):
    items: list[LineView]
    discount_code: str | None
    offer_id: UUID | None
    subtotal: int
    discount: int
    total: int
    currency: str


class ShippingOption(Shape):
    external_id: str
    name: str
    amount: int


class ShippingQuoteOption(ShippingOption):
    min_days: int | None
    max_days: int | None


class ShippingQuote(Shape):
    """What shipping costs to a country. `served` is false where no zone has it; `options` is then empty."""

    country: str
    served: bool
    requires_shipping: bool = True
    options: list[ShippingQuoteOption]
    currency: str


class CustomerRef(Shape):
    email: str | None
    name: str | None


class CheckoutView(Shape):
    id: UUID
    status: CheckoutStatus
    url: str
    items: list[LineView]
    discount_code: str | None
    offer_id: UUID | None
    customer: CustomerRef | None
    shipping_address: AddressShape | None
    shipping_option: ShippingOption | None
    note: str | None
    subtotal: int
    discount: int
    shipping: int
    tax: int
    tax_included: bool
    total: int
    currency: str
    conversation_id: UUID | None
    commitment_level: CommitmentLevel
    agent_context: dict[str, Any]
    failure: dict[str, Any] | None
    expires_at: datetime
    order_id: UUID | None


class OrderView(Shape):
    id: UUID
    external_id: str | None
    number: str
    status: OrderStatus
    fulfillment_status: FulfillmentStatus
    tracking: dict[str, Any] | None
    items: list[LineView]
    shipping_address: AddressShape | None
    note: str | None
    subtotal: int
    discount: int
    shipping: int
    tax: int
    tax_included: bool
    total: int
    refunded: int
    currency: str
    checkout_id: UUID | None
    conversation_id: UUID | None
    placed_at: datetime
    delivered_at: datetime | None


class OfferView(Shape):
    """A negotiated unit price. The floor is not part of it, ever."""

    id: UUID
    variant_external_id: str | None
    title: str
    quantity: int
    list_price: int
    amount: int
    currency: str
    status: Literal["proposed", "pending_approval", "accepted", "used", "declined", "expired", "withdrawn"]
    final: bool
    expires_at: datetime
