"""Bodies of checkouts, orders, refunds and the sandbox beside the shapes of `commerce/`."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from agentpay.api.schemas.base import Body, View
from agentpay.commerce.payments.buyer import CardName

Short = Annotated[str, Field(max_length=500)]


class CancelIn(Body):
    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class FulfilmentIn(Body):
    """`tracking` holds whatever names the parcel: `{"carrier": "UPS", "number": "1Z…"}`."""

    status: Literal["shipped", "delivered"]
    tracking: Annotated[dict[Short, Short], Field(max_length=10)] | None = None


class RefundIn(Body):
    """Without `amount` (minor units of the order's currency) all that is left goes back, the way it was paid.

    `payment_method`: `gift_card` for the customer's gift card, or the external id of a stored one.
    """

    order_id: UUID
    amount: Annotated[int, Field(ge=1, le=2**53, strict=True)] | None = None
    reason: Short = ""
    payment_method: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class SandboxPayIn(Body):
    url: Annotated[str, Field(min_length=1, max_length=2000, description="The checkout's `url`.")]
    card: CardName = "success"


class SandboxPayView(View):
    """How the checkout stands after the payment's webhook was handled (CONTRACT §4, Sandbox)."""

    checkout_id: UUID
    status: str
    order_id: UUID | None
    failure: dict[str, Any] | None
