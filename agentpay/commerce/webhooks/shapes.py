"""Endpoints and deliveries as the API shows them, and what an endpoint is made from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from agentpay.commerce.shapes import Shape
from agentpay.commerce.webhooks.addresses import MAX_URL_CHARS
from agentpay.commerce.webhooks.events import check_filter

Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARS, description="https://…")]
Filters = Annotated[
    list[Annotated[str, Field(max_length=100), AfterValidator(check_filter)]],
    Field(max_length=50, description="Event types, `order.*`, `*`; empty: all."),
]

DeliveryStatus = Literal["pending", "succeeded", "failed"]


class EndpointInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Url
    events: Filters = []
    enabled: StrictBool = True


class EndpointPatch(BaseModel):
    """Only what is sent changes. Enabling forgets the failures that were counted."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    events: Filters | None = None
    enabled: StrictBool | None = None


class EndpointView(Shape):
    """`failures`: failed attempts in a row. `previous_secret_expires_at`: until then the secret before it signs as well."""

    id: UUID
    url: str
    events: list[str]
    enabled: bool
    failures: int
    disabled_at: datetime | None
    previous_secret_expires_at: datetime | None
    created_at: datetime
    modified_at: datetime


class EndpointWithSecret(EndpointView):
    """`secret` is answered here and never again: `whsec_…`, for the receiver to verify signatures with."""

    secret: str = Field(repr=False)


class DeliveryView(Shape):
    """An event on its way to an endpoint. `event_id` is the header `webhook-id`; the answer is that of the last attempt."""

    id: UUID
    event_id: UUID
    event_type: str
    status: DeliveryStatus
    attempt: int
    """Attempts made."""
    response_status: int | None
    response_body: str | None
    """The beginning of the answer."""
    error: str | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
