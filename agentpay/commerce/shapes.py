"""The shapes of CONTRACT §3, as the API answers them, tools return them and blocks show them. Money: integer minor units."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agentpay.store.facts import Fact

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
    unfit: list[str] = []
    """Names of the country's ways of shipping that this weight or value is out of bounds for."""
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


class StockView(Shape):
    on_hand: int
    reserved: int
    available: int


class VariantResource(VariantView):
    """A variant for the merchant. `stock` is null where it is not tracked. The floor is not part of it, ever."""

    id: UUID
    weight_grams: int
    requires_shipping: bool
    stock: StockView | None


class ProductResource(Shape):
    """The product resource: the block and what the merchant keeps about it."""

    id: UUID
    external_id: str | None
    title: str
    description: str
    price_min: int
    price_max: int
    currency: str
    variants: list[VariantResource]
    status: Literal["active", "draft", "archived"]
    brand: str | None
    category: str | None
    attributes: dict[str, Any]
    conversational_description: str | None
    voice_description: str | None
    upsell_triggers: list[str]
    sales_objections: list[str]
    allow_dynamic_pricing: bool
    indexed_at: datetime | None
    created_at: datetime
    modified_at: datetime


class PaymentMethodView(Shape):
    """A stored method: never more of a card than its brand and last four digits."""

    external_id: str
    type: Literal["card", "paypal", "gift_card"]
    brand: str | None
    last4: str | None
    balance: int | None
    currency: str


class CustomerView(Shape):
    id: UUID
    external_id: str | None
    email: str | None
    name: str | None
    phone_number: str | None
    whatsapp_id: str | None
    preferred_channel: str | None
    metadata: dict[str, Any]
    addresses: list[AddressShape]
    payment_methods: list[PaymentMethodView]
    conversations: list[UUID]
    """The customer's latest conversations, newest first, at most 20."""
    facts: list[Fact]
    """What conversations taught about the customer: sizes, colors, brands, address."""
    anonymized_at: datetime | None
    created_at: datetime
    modified_at: datetime


class ArticleView(Shape):
    id: UUID
    external_id: str | None
    title: str
    kind: str
    body: str
    status: Literal["active", "archived"]
    indexed_at: datetime | None
    created_at: datetime
    modified_at: datetime


class RefundView(Shape):
    """Money on its way back. `order_id` is null for a payment that became no order."""

    id: UUID
    order_id: UUID | None
    payment_id: UUID | None
    return_id: UUID | None
    amount: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    reason: str
    destination: dict[str, Any]
    automatic: bool
    created_at: datetime
