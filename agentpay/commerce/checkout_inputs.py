"""What creates and changes a checkout (CONTRACT §3)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from agentpay.commerce.lines import MAX_QUANTITY
from agentpay.commerce.shapes import AddressShape

EMAIL = r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+$"

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=EMAIL), AfterValidator(str.lower)
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) > 50:
        raise ValueError("metadata has at most 50 keys")
    return value


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemInput(_Input):
    """A variant, by either of its ids, and how many. The price is the shop's own."""

    variant_external_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    variant_id: UUID | None = None
    quantity: int = Field(ge=1, le=MAX_QUANTITY, strict=True)

    @model_validator(mode="after")
    def _one_reference(self) -> ItemInput:
        if (self.variant_id is None) == (self.variant_external_id is None):
            raise ValueError("give either variant_id or variant_external_id")
        return self


class CustomerInput(_Input):
    email: Email
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class CheckoutPatch(_Input):
    """Every field may be left out; null clears it. Lines are replaced as a whole."""

    items: Annotated[list[ItemInput], Field(min_length=1, max_length=200)] | None = None
    customer: CustomerInput | None = None
    shipping_address: AddressShape | None = None
    shipping_option: Text | None = Field(None, description="External id of a rate; its name decides (CONTRACT §4).")
    discount_code: Text | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None
    conversation_id: UUID | None = None
    metadata: Annotated[dict[str, Any], AfterValidator(_small)] | None = None

    @model_validator(mode="after")
    def _keeps_lines(self) -> CheckoutPatch:
        if "items" in self.model_fields_set and self.items is None:
            raise ValueError("items cannot be null")
        return self


class CheckoutInput(CheckoutPatch):
    items: Annotated[list[ItemInput], Field(min_length=1, max_length=200)]
