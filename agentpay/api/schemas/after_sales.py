"""Bodies of what happens to an order after it was placed, and of carts."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from agentpay.api.schemas.base import Body, View
from agentpay.commerce.after_sale_shapes import (
    ExchangeItemInput,
    ItemChangeInput,
    PaymentView,
    ReturnItemInput,
    VariantInput,
)
from agentpay.commerce.checkout_inputs import ItemInput, Text
from agentpay.commerce.lines import MAX_QUANTITY
from agentpay.commerce.shapes import AddressShape, CartView, RefundView

Short = Annotated[str, Field(max_length=500)]
Method = Annotated[
    str,
    Field(min_length=1, max_length=200, description="External id of the customer's stored method, or `gift_card`."),
]


class ReturnItemIn(ReturnItemInput):
    to: VariantInput | None = Field(None, description="Another variant of the same product: an exchange.")


class ReturnIn(Body):
    """With `to` on every item it is an exchange. Without `payment_method` money goes back the way it was paid."""

    order_id: UUID
    items: Annotated[list[ReturnItemIn], Field(min_length=1, max_length=200)]
    reason: Short = ""
    payment_method: Method | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> ReturnIn:
        if len({item.to is None for item in self.items}) > 1:
            raise ValueError("either every item has `to`, or none")
        return self

    @property
    def exchanges(self) -> list[ExchangeItemInput]:
        """The items of an exchange; none of a return."""
        return [ExchangeItemInput.model_validate(item.model_dump()) for item in self.items if item.to is not None]


class RefuseIn(Body):
    reason: Short = ""


class AddressIn(Body):
    shipping_address: AddressShape
    payment_method: Method | None = None


class ItemsIn(Body):
    changes: Annotated[list[ItemChangeInput], Field(min_length=1, max_length=200)]
    payment_method: Method | None = None


class PaymentMethodIn(Body):
    payment_method: Method


class PaymentsView(View):
    items: list[PaymentView]


class RefundCreated(RefundView):
    """The first refund, and all of them: an order that was paid in parts may have to be refunded in parts."""

    refunds: list[RefundView]


class CartIn(Body):
    """A cart without a conversation."""

    items: list[ItemInput] = Field(default_factory=list, max_length=200)
    discount_code: Text | None = None


class CartPatch(Body):
    """What is named changes: `items` are all of them then, `discount_code: null` takes the code off."""

    items: Annotated[list[ItemInput], Field(max_length=200)] | None = None
    discount_code: Text | None = None


class CartLineIn(Body):
    """0 removes the line."""

    quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY, strict=True)]


class CartResource(CartView):
    """The cart of CONTRACT §3 with its id."""

    id: UUID
    conversation_id: UUID | None


class FaultsIn(Body):
    """What goes wrong with the sandbox's webhooks, in per cent of the events. Which ones is told by `seed` and event id."""

    drop: Annotated[int, Field(ge=0, le=100, strict=True, description="Never sent.")] = 0
    duplicate: Annotated[int, Field(ge=0, le=100, strict=True, description="Sent twice.")] = 0
    delay: Annotated[int, Field(ge=0, le=100, strict=True, description="Sent `delay_seconds` later.")] = 0
    reorder: Annotated[
        int,
        Field(
            ge=0, le=100, strict=True, description="Kept back until the next event was sent, at most `delay_seconds`."
        ),
    ] = 0
    delay_seconds: Annotated[float, Field(ge=0, le=60)] = 1.0
    seed: Short = ""


class FaultsView(View):
    drop: int
    duplicate: int
    delay: int
    reorder: int
    delay_seconds: float
    seed: str


class DisputeIn(Body):
    order_id: UUID
    reason: Literal["fraudulent", "product_not_received", "product_unacceptable", "duplicate", "general"] = "general"


class DisputeView(View):
    """The dispute as its event tells of it; `event_id` is the webhook's."""

    id: str
    event_id: str
    amount: int
    currency: str
    reason: str


class SandboxRefundIn(Body):
    """Without `amount` all that is left of the latest charge."""

    order_id: UUID
    amount: Annotated[int, Field(ge=1, le=2**53, strict=True)] | None = None


class SandboxRefundView(View):
    """The refund as its event tells of it; `event_id` is the webhook's."""

    id: str
    event_id: str
    amount: int
    currency: str
