"""The sandbox's events, in the form of Stripe's: built from its books when they are sent, read back when they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpay.commerce.payments.protocol import (
    DisputeOpened,
    Failure,
    PaymentChanged,
    PaymentStatus,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    RefundChanged,
    RefundMade,
)
from agentpay.store.tables import SandboxPayment

PAYMENT_EVENTS: dict[str, PaymentStatus] = {
    "payment_intent.processing": "processing",
    "payment_intent.succeeded": "succeeded",
    "payment_intent.payment_failed": "failed",
    "payment_intent.canceled": "cancelled",
}
REFUND_UPDATED = "refund.updated"
DISPUTE_CREATED = "charge.dispute.created"


def payment_id(row_id: UUID) -> str:
    return f"pi_{row_id.hex}"


def charge_id(row_id: UUID) -> str:
    return f"ch_{row_id.hex}"


def dispute_id(row_id: UUID) -> str:
    """A charge is disputed once."""
    return f"dp_{row_id.hex}"


def row_id(reference: str) -> UUID:
    """The row behind a payment or charge id. Raises ValueError for anything else."""
    prefix, _, digits = reference.partition("_")
    if prefix not in ("pi", "ch"):
        raise ValueError("not an id of the sandbox")
    return UUID(hex=digits)


def payment_of(row: SandboxPayment) -> ProviderPayment:
    """A row of the books as the protocol's payment."""
    charged = row.status == "succeeded"
    return ProviderPayment(
        id=payment_id(row.id),
        status=_status(row.status),
        amount=row.amount,
        currency=row.currency,
        charge_id=charge_id(row.id) if charged else None,
        refunded=row.refunded,
        method=dict(row.card),
        failure=Failure(row.failure["code"], row.failure["message"]) if row.failure else None,
    )


def build(
    row: SandboxPayment,
    event_id: str,
    event_type: str,
    created: datetime,
    refund: Mapping[str, Any] | None = None,
    dispute: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of a webhook. It says what happened then (`event_type`), whatever has happened since."""
    shop = {"organization_id": str(row.organization_id)}
    if refund is not None:
        subject: dict[str, Any] = {
            "id": refund["id"],
            "object": "refund",
            "status": "succeeded",
            "amount": refund["amount"],
            "currency": row.currency.lower(),
            "charge": charge_id(row.id),
            "metadata": {**shop, "refund_id": refund["refund_id"]} if refund["refund_id"] else shop,
        }
    elif dispute is not None:
        subject = {
            "id": dispute_id(row.id),
            "object": "dispute",
            "status": "needs_response",
            "amount": dispute["amount"],
            "currency": row.currency.lower(),
            "reason": dispute["reason"],
            "charge": charge_id(row.id),
            "metadata": shop,
        }
    else:
        status = PAYMENT_EVENTS[event_type]
        paid = status == "succeeded"
        subject = {
            "id": payment_id(row.id),
            "object": "payment_intent",
            "status": status,
            "amount": row.amount,
            "amount_received": row.amount if paid else 0,
            "currency": row.currency.lower(),
            "latest_charge": charge_id(row.id) if paid else None,
            "payment_method_details": dict(row.card),
            "last_payment_error": row.failure if status == "failed" else None,
            "metadata": {**shop, "checkout_id": row.reference},
        }
    return {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "created": int(created.timestamp()),
        "livemode": False,
        "data": {"object": subject},
    }


def parse(payload: Mapping[str, Any]) -> ProviderEvent | None:
    """What an event says in the protocol's words; None for types of no interest."""
    subject: Mapping[str, Any] = payload["data"]["object"]
    if payload["type"] == REFUND_UPDATED:
        given = ProviderRefund(id=subject["id"], status="succeeded", amount=int(subject["amount"]))
        if "refund_id" in subject["metadata"]:
            return RefundChanged(UUID(subject["metadata"]["refund_id"]), given)
        return RefundMade(subject["charge"], given)
    if payload["type"] == DISPUTE_CREATED:
        currency = str(subject["currency"]).upper()
        return DisputeOpened(subject["charge"], subject["id"], int(subject["amount"]), currency, subject["reason"])
    status = PAYMENT_EVENTS.get(payload["type"])
    if status is None:
        return None
    error = subject.get("last_payment_error")
    return PaymentChanged(
        UUID(subject["metadata"]["checkout_id"]),
        ProviderPayment(
            id=subject["id"],
            status=status,
            amount=int(subject["amount"]),
            currency=str(subject["currency"]).upper(),
            charge_id=subject.get("latest_charge"),
            method=dict(subject.get("payment_method_details") or {}),
            failure=Failure(error["code"], error["message"]) if error else None,
        ),
    )


def _status(value: str) -> PaymentStatus:
    match value:
        case "requires_payment" | "requires_action" | "processing" | "succeeded" | "failed" | "cancelled":
            return value
    raise ValueError(f"unknown status {value}")
