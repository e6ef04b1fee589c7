"""Bodies around conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from agentpay.api.schemas.base import Body, View
from agentpay.conversations.shapes import ConversationView

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class CustomerIn(Body):
    external_id: Short | None = None
    email: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
        | None
    ) = None
    name: Short | None = None
    phone_number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=40)] | None = None


class ConversationIn(Body):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{}, {"customer": {"email": "ada@example.com", "name": "Ada"}, "channel": "web"}]
        },
    )

    agent_id: UUID | None = None
    customer: CustomerIn | None = None
    channel: Literal["web", "whatsapp", "telegram", "voice", "email", "api"] = "web"
    metadata: dict[str, Any] = Field(default_factory=dict)


class ClientTokenView(View):
    token: str
    expires_at: datetime


class OpenedConversation(ConversationView):
    """`client_token` is there where a publishable key opened it."""

    client_token: ClientTokenView | None = None


class ConversationPatch(Body):
    status: Literal["closed"]


class MessageIn(Body):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"content": "Do you have waterproof trail shoes in 43?"}]},
    )

    content: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8_000)]
    context: dict[str, Any] = Field(default_factory=dict, description="What the page knows: the product in view, say.")
    multitask: Literal["enqueue", "reject", "interrupt"] = "enqueue"
    author: Literal["customer", "human"] = "customer"


class ResumeValue(Body):
    approved: StrictBool
    note: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class ResumeIn(Body):
    interrupt_id: UUID
    value: ResumeValue


class HandoffIn(Body):
    to: Literal["human", "agent"]


def _number(value: object) -> object:
    """True equals 1, and 1.0 does, but neither is the number meant."""
    if type(value) is not int:
        raise ValueError("Input should be -1 or 1")
    return value


class FeedbackIn(Body):
    message_id: UUID
    score: Annotated[Literal[-1, 1], BeforeValidator(_number)]
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)] | None = None


class FeedbackView(View):
    id: UUID
    message_id: UUID
    score: int
    comment: str | None
    created_at: datetime
