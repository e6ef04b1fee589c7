"""What the merchant sends to make or change a product."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from agentpay.commerce.importing.fields import Attribute, Count, ExternalId, LongText, Money, Options, Text

Status = Literal["active", "draft", "archived"]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VariantInput(_Input):
    """A variant. `floor` goes in and never comes out; `stock` null: not tracked, never sold out."""

    id: UUID | None = Field(None, description="Of the variant to change; variants are also known by their external_id.")
    external_id: ExternalId | None = None
    sku: ExternalId | None = None
    options: Options = Field(default_factory=dict)
    price: Money
    floor: Money | None = None
    stock: Count | None = None
    weight_grams: Count = 0
    requires_shipping: StrictBool = True


class ProductInput(_Input):
    external_id: ExternalId | None = None
    title: Text
    description: LongText = ""
    brand: Text | None = None
    category: Text | None = None
    conversational_description: LongText | None = None
    voice_description: LongText | None = None
    attributes: dict[str, Attribute] = Field(default_factory=dict, max_length=500)
    upsell_triggers: list[Text] = Field(default_factory=list, max_length=100)
    sales_objections: list[Text] = Field(default_factory=list, max_length=100)
    allow_dynamic_pricing: StrictBool = False
    status: Status = "active"
    variants: list[VariantInput] = Field(min_length=1, max_length=1000)


class ProductPatch(_Input):
    """
    Only what is sent changes. `variants`, where sent, are all of them: one is known again by `id` or `external_id`, what
    it does not say stays as it is, and those left out are archived.
    """

    external_id: ExternalId | None = None
    title: Text | None = None
    description: LongText | None = None
    brand: Text | None = None
    category: Text | None = None
    conversational_description: LongText | None = None
    voice_description: LongText | None = None
    attributes: dict[str, Attribute] | None = Field(None, max_length=500)
    upsell_triggers: list[Text] | None = Field(None, max_length=100)
    sales_objections: list[Text] | None = Field(None, max_length=100)
    allow_dynamic_pricing: StrictBool | None = None
    status: Status | None = None
    variants: list[VariantPatch] | None = Field(None, min_length=1, max_length=1000)


class VariantPatch(_Input):
    id: UUID | None = None
    external_id: ExternalId | None = None
    sku: ExternalId | None = None
    options: Options | None = None
    price: Money | None = None
    floor: Money | None = None
    stock: Count | None = None
    weight_grams: Count | None = None
    requires_shipping: StrictBool | None = None


ProductPatch.model_rebuild()
