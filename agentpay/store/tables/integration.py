"""What comes in from and goes out to others: processors' events, webhooks, idempotency keys, the sandbox processor."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, Timestamps, money, own_id, ref


class InboundEvent(Row, Base):
    """A processor's event, stored before it is handled; `handled_at` is set in the transaction of its effects."""

    __tablename__ = "inbound_events"
    __table_args__ = (
        own_id("inbound_events"),
        UniqueConstraint("organization_id", "source", "external_id"),
        Index("ix_inbound_events_open", "created_at", postgresql_where=text("handled_at IS NULL")),
    )

    source: Mapped[str]
    external_id: Mapped[str]
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    handled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]


class WebhookEndpoint(Row, Base):
    __tablename__ = "webhook_endpoints"
    __table_args__ = (own_id("webhook_endpoints"),)

    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Event types or prefixes (`order.*`); empty: all."""
    secrets: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Signing secrets, newest first; while one is rotated out both sign."""
    previous_secret_expires_at: Mapped[datetime | None]
    """Until then the second secret signs as well."""
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    failures: Mapped[int] = mapped_column(server_default="0")
    """Failed attempts since the last that succeeded; the first of them was at `failing_since`."""
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class WebhookEvent(Row, Base):
    __tablename__ = "webhook_events"
    __table_args__ = (own_id("webhook_events"), Index("ix_webhook_events_created", "created_at"))

    type: Mapped[str]
    payload: Mapped[dict[str, Any]]


class WebhookDelivery(Row, Base):
    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        own_id("webhook_deliveries"),
        ref("endpoint_id", "webhook_endpoints", ondelete="CASCADE"),
        ref("event_id", "webhook_events", ondelete="CASCADE"),
        Index("ix_webhook_deliveries_endpoint", "organization_id", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_event", "organization_id", "event_id"),
        CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempt: Mapped[int] = mapped_column(server_default="0")
    response_status: Mapped[int | None]
    response_body: Mapped[str | None]
    error: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class IdempotencyKey(Row, Base):
    """The stored answer to a POST. `response_status` is null while the first request is in flight."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "scope", "key"),
        Index("ix_idempotency_keys_expiry", "expires_at"),
    )

    scope: Mapped[str]
    """Who asked: the API key or client token; one caller's keys never meet another's."""
    key: Mapped[str]
    method: Mapped[str]
    path: Mapped[str]
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    response_status: Mapped[int | None]
    response_headers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    response_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    turn_id: Mapped[UUID | None]
    locked_until: Mapped[datetime]
    expires_at: Mapped[datetime]


class SandboxPayment(Row, Base):
    """The sandbox processor's own books: what a real one would keep on its side. Refers to nothing of the shop."""

    __tablename__ = "sandbox_payments"
    __table_args__ = (
        own_id("sandbox_payments"),
        UniqueConstraint("idempotency_key"),
        CheckConstraint(
            "status IN ('requires_payment', 'requires_action', 'processing', 'succeeded', 'failed', 'cancelled')",
            name="status",
        ),
        CheckConstraint("amount >= 0 AND refunded >= 0 AND refunded <= amount", name="amounts"),
    )

    idempotency_key: Mapped[str]
    reference: Mapped[str]
    """What the shop called it: the checkout's id."""
    status: Mapped[str] = mapped_column(server_default="requires_payment")
    amount: Mapped[int] = money()
    refunded: Mapped[int] = money(default=0)
    currency: Mapped[str]
    card: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Brand and last four digits."""
    failure: Mapped[dict[str, Any] | None]
    refunds: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    """[{"key", "id", "amount"}]: one a key, so that a repeated call gives nothing back twice."""
    settles_at: Mapped[datetime | None]


class SandboxFaults(Row, Base):
    """What goes wrong with the sandbox's webhooks on purpose, in per cent of the events; one row an organization."""

    __tablename__ = "sandbox_faults"
    __table_args__ = (
        UniqueConstraint("organization_id"),
        CheckConstraint(
            "drop BETWEEN 0 AND 100 AND duplicate BETWEEN 0 AND 100 AND delay BETWEEN 0 AND 100 "
            "AND reorder BETWEEN 0 AND 100 AND delay_seconds BETWEEN 0 AND 60",
            name="shares",
        ),
    )

    drop: Mapped[int] = mapped_column(server_default="0")
    duplicate: Mapped[int] = mapped_column(server_default="0")
    delay: Mapped[int] = mapped_column(server_default="0")
    reorder: Mapped[int] = mapped_column(server_default="0")
    delay_seconds: Mapped[float] = mapped_column(server_default="1")
    seed: Mapped[str] = mapped_column(server_default="")
    held: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    """Events kept back until another one was sent: the arguments of their deliveries."""


class ServiceSecret(Timestamps, Base):
    """Secrets made at first start, shared by every replica over one database."""

    __tablename__ = "service_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
