"""The rows of a store file (CONTRACT §5; the shared example store shows every key)."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, field_validator, model_validator

from agentpay.commerce.checks import bounds_in_order, discount_terms
from agentpay.commerce.importing.fields import (
    Attribute,
    Count,
    Country,
    ExternalId,
    ImportRow,
    LongText,
    Money,
    Options,
    Text,
    When,
)
from agentpay.commerce.rules import AgentRules, Personality, Policies
from agentpay.commerce.synonyms import SynonymGroups
from agentpay.errors import Problem
from agentpay.llm.house.templates import check as check_templates

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


class OrganizationRow(ImportRow):
    slug: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,79}$")
    name: Text
    currency: str = Field(pattern="^[A-Z]{3}$")
    support_email: str | None = Field(None, pattern=EMAIL)
    timezone: str = "UTC"
    policies: Policies = Policies()
    payment_provider: Literal["sandbox", "stripe", "polar"] | None = None
    synonyms: SynonymGroups | None = None
    """Other names for the shop's goods; without this key those it has stay."""

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value} is no time zone: use a name such as Europe/Berlin") from None
        return value


class AgentRow(ImportRow):
    external_id: ExternalId | None = None
    name: Text
    personality: Personality = Personality()
    rules: AgentRules = AgentRules()
    model: Text | None = None
    templates: dict[Text, LongText | list[LongText]] = Field(default_factory=dict)

    @field_validator("templates")
    @classmethod
    def _can_be_said(cls, templates: dict[str, Any]) -> dict[str, Any]:
        try:
            check_templates(templates)
        except Problem as problem:
            raise ValueError(problem.detail) from None
        return templates


class VariantRow(ImportRow):
    external_id: ExternalId
    sku: ExternalId | None = None
    options: Options = Field(default_factory=dict)
    price: Money
    floor: Money | None = None
    stock: Count | None = None
    """None: not tracked, never sold out."""
    weight_grams: Count = 0
    requires_shipping: bool = True

    @model_validator(mode="after")
    def _floor_below_price(self) -> VariantRow:
        if self.floor is not None and self.floor > self.price:
            raise ValueError("floor must not be above price")
        return self


class ProductRow(ImportRow):
    external_id: ExternalId
    title: Text
    description: LongText = ""
    brand: Text | None = None
    category: Text | None = None
    conversational_description: LongText | None = None
    voice_description: LongText | None = None
    attributes: dict[str, Attribute] = Field(default_factory=dict, max_length=500)
    upsell_triggers: list[Text] = Field(default_factory=list)
    sales_objections: list[Text] = Field(default_factory=list)
    allow_dynamic_pricing: bool = False
    status: Literal["active", "draft", "archived"] = "active"
    variants: list[VariantRow] = Field(min_length=1, max_length=1000)


class ArticleRow(ImportRow):
    external_id: ExternalId
    title: Text
    kind: str = Field("faq", pattern="^[a-z][a-z_-]{0,39}$")
    body: LongText = Field(min_length=1)


class RateRow(ImportRow):
    external_id: ExternalId
    name: Text
    amount: Money
    min_subtotal: Money | None = None
    max_subtotal: Money | None = None
    min_weight_grams: Count | None = None
    max_weight_grams: Count | None = None
    min_days: Count | None = None
    max_days: Count | None = None

    @model_validator(mode="after")
    def _bounds_in_order(self) -> RateRow:
        bounds_in_order(self)
        return self


class ZoneRow(ImportRow):
    name: Text
    countries: list[Country] = Field(min_length=1)
    rates: list[RateRow] = Field(default_factory=list)


class TaxRateRow(ImportRow):
    country: Country
    region: Text | None = None
    basis_points: int = Field(ge=0, le=10_000, strict=True)
    included: bool = False
    shipping: bool = False


class DiscountRow(ImportRow):
    code: str = Field(pattern=r"^\S{1,60}$")
    type: Literal["percentage", "fixed"]
    basis_points: int | None = Field(None, ge=1, le=10_000, strict=True)
    amount: Money | None = Field(None, gt=0)
    products: list[ExternalId] = Field(default_factory=list)
    categories: list[Text] = Field(default_factory=list)
    min_subtotal: Money | None = None
    starts_at: When | None = None
    ends_at: When | None = None
    max_redemptions: Count | None = None
    max_redemptions_per_customer: Count | None = None
    redeemed: Count | None = None
    redeemed_by: dict[ExternalId, Count] = Field(default_factory=dict)
    active: bool = True

    @field_validator("code")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @model_validator(mode="after")
    def _consistent(self) -> DiscountRow:
        discount_terms(self)
        if self.redeemed is not None and self.redeemed < sum(self.redeemed_by.values()):
            raise ValueError("redeemed must not be below the sum of redeemed_by")
        if self.max_redemptions is not None and self.times_redeemed > self.max_redemptions:
            raise ValueError("redeemed must not be above max_redemptions")
        return self

    @property
    def times_redeemed(self) -> int:
        return sum(self.redeemed_by.values()) if self.redeemed is None else self.redeemed


class AddressRow(ImportRow):
    line1: Text
    line2: Text | None = None
    city: Text
    region: Text | None = None
    postal_code: str = Field("", max_length=20)
    country: Country


class PaymentMethodRow(ImportRow):
    external_id: ExternalId
    type: Literal["card", "paypal", "gift_card"]
    brand: Text | None = None
    last4: str | None = Field(None, pattern="^[0-9]{4}$")
    balance: Money | None = None

    @model_validator(mode="after")
    def _gift_card_has_a_balance(self) -> PaymentMethodRow:
        if (self.type == "gift_card") != (self.balance is not None):
            raise ValueError("a gift card has a balance, other methods have none")
        return self


class CustomerRow(ImportRow):
    external_id: ExternalId
    email: str | None = Field(None, pattern=EMAIL, max_length=254)
    name: Text | None = None
    phone_number: Text | None = None
    whatsapp_id: Text | None = None
    preferred_channel: Literal["web", "whatsapp", "telegram", "voice", "email"] | None = None
    addresses: list[AddressRow] = Field(default_factory=list)
    payment_methods: list[PaymentMethodRow] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)

    @field_validator("email")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.lower() if value else value


class OrderPaymentRow(ImportRow):
    method: Literal["card", "paypal", "gift_card"] = "card"
    reference: Text | None = None


class TrackingRow(ImportRow):
    carrier: Text | None = None
    number: Text | None = None
    url: Text | None = None


class OrderItemRow(ImportRow):
    variant: ExternalId
    quantity: int = Field(ge=1, le=10_000, strict=True)
    unit_price: Money


class OrderRow(ImportRow):
    external_id: ExternalId
    customer: ExternalId | None = None
    placed_at: When
    delivered_at: When | None = None
    status: Literal["pending", "paid", "cancelled", "partially_refunded", "refunded"] = "paid"
    fulfillment_status: Literal["unfulfilled", "shipped", "delivered"] = "unfulfilled"
    payment: OrderPaymentRow = OrderPaymentRow()
    tracking: TrackingRow | None = None
    items: list[OrderItemRow] = Field(min_length=1)
    shipping: Money = 0
    discount: Money = 0
    tax: Money = 0
    tax_included: bool = False
    refunded: Money | None = None
    shipping_address: AddressRow | None = None
    discount_code: Text | None = None
    note: LongText | None = None
    _written: Any = PrivateAttr(None)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_what_was_written(cls, data: Any, handler: ModelWrapValidatorHandler[OrderRow]) -> OrderRow:
        row = handler(data)
        row._written = data
        return row

    @property
    def written(self) -> Any:
        """The row as it stands in the file: the same tomorrow, though "-13d" is then another day."""
        return self._written

    @model_validator(mode="after")
    def _consistent(self) -> OrderRow:
        if self.discount > self.subtotal:
            raise ValueError("discount must not be above the sum of the items")
        if self.refunded is not None and self.refunded > self.total:
            raise ValueError(f"refunded must not be above the total, {self.total}")
        if self.status == "partially_refunded" and not 0 < (self.refunded or 0) < self.total:
            raise ValueError(
                f"a partially refunded order says how much was refunded, between 0 and its total, {self.total}"
            )
        if self.status == "pending" and self.refunded:
            raise ValueError("a pending order has nothing to refund")
        if self.delivered_at is not None and self.fulfillment_status != "delivered":
            raise ValueError("delivered_at needs fulfillment_status: delivered")
        if self.delivered_at is not None and self.delivered_at < self.placed_at:
            raise ValueError("delivered_at must not be before placed_at")
        return self

    @property
    def subtotal(self) -> int:
        return sum(item.quantity * item.unit_price for item in self.items)

    @property
    def total(self) -> int:
        """CONTRACT §4, totals."""
        return self.subtotal - self.discount + self.shipping + (0 if self.tax_included else self.tax)

    @property
    def amount_refunded(self) -> int:
        """What was given back: the total of a refunded or cancelled order that does not say (CONTRACT §4, totals and cancelling)."""
        if self.refunded is not None:
            return self.refunded
        return self.total if self.status in ("refunded", "cancelled") else 0

    @property
    def effective_status(self) -> str:
        """A paid order that says it was refunded is refunded, in part or whole."""
        if self.status == "paid" and self.refunded:
            return "refunded" if self.refunded == self.total else "partially_refunded"
        return self.status


class ProductsFile(ImportRow):
    file: str = Field(min_length=1)


class StoreFile(ImportRow):
    organization: OrganizationRow
    agent: AgentRow | None = None
    products: list[ProductRow] = Field(default_factory=list)
    articles: list[ArticleRow] = Field(default_factory=list)
    shipping_zones: list[ZoneRow] = Field(default_factory=list)
    tax_rates: list[TaxRateRow] = Field(default_factory=list)
    discounts: list[DiscountRow] = Field(default_factory=list)
    customers: list[CustomerRow] = Field(default_factory=list)
    orders: list[OrderRow] = Field(default_factory=list)
