"""Stripe's objects and events in the protocol's words.

A payment is a Checkout Session (`cs_…`) or a PaymentIntent (`pi_…`). Its movement of money is named by the PaymentIntent
in both cases, since refunds and disputes refer to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.commerce.payments.minor_units import from_processor
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
    RefundStatus,
)

VIA_SESSION = "via_session"
"""Metadata of a PaymentIntent that belongs to a Checkout Session: the session's events speak for both."""

DISPUTE = "charge.dispute.created"
SESSION_EVENTS: dict[str, PaymentStatus | None] = {
    "checkout.session.completed": None,  # the session says whether the money is there yet
    "checkout.session.async_payment_succeeded": "succeeded",
    "checkout.session.async_payment_failed": "failed",
    "checkout.session.expired": "cancelled",
}
INTENT_EVENTS: dict[str, PaymentStatus] = {
    "payment_intent.processing": "processing",
    "payment_intent.succeeded": "succeeded",
    "payment_intent.payment_failed": "failed",
    "payment_intent.canceled": "cancelled",
}
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
BY_CHARGE = frozenset({*REFUND_EVENTS, DISPUTE})
"""May be begun by others than us, and then carry no metadata of ours."""
KNOWN = frozenset({*SESSION_EVENTS, *INTENT_EVENTS, *REFUND_EVENTS, DISPUTE})

DECLINED = Failure("card_declined", "The card was declined.")
NOT_PAID = Failure("payment_failed", "The payment did not go through.")

_INTENT_STATUS: dict[str, PaymentStatus] = {
    "requires_confirmation": "requires_payment",
    "requires_action": "requires_action",
    "processing": "processing",
    "requires_capture": "processing",
    "succeeded": "succeeded",
    "canceled": "cancelled",
}
_REFUND_STATUS: dict[str, RefundStatus] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


def session_payment(session: Mapping[str, Any], status: PaymentStatus | None = None) -> ProviderPayment:
    """A Checkout Session as a payment; `status` as an event says it, else as the session stands."""
    status = status or _session_status(session)
    currency = str(session["currency"]).upper()
    settled = status == "succeeded"
    return ProviderPayment(
        id=session["id"],
        status=status,
        amount=from_processor(int(session["amount_total"]), currency),
        currency=currency,
        # a total of nothing has no PaymentIntent
        charge_id=(reference(session.get("payment_intent")) or session["id"]) if settled else None,
        method={"type": "card"} if session.get("payment_method_types") == ["card"] else {},
        failure=NOT_PAID if status == "failed" else None,
        redirect_url=session.get("url") if status == "requires_payment" else None,
    )


def intent_payment(
    intent: Mapping[str, Any], status: PaymentStatus | None = None, failure: Failure | None = None
) -> ProviderPayment:
    """A PaymentIntent as a payment; `status` and `failure` where they are known better than it says."""
    status = status or _intent_status(intent)
    currency = str(intent["currency"]).upper()
    return ProviderPayment(
        id=intent["id"],
        status=status,
        amount=from_processor(int(intent["amount"]), currency),
        currency=currency,
        charge_id=intent["id"] if status == "succeeded" else None,
        method={"type": "card"} if intent.get("payment_method_types") == ["card"] else {},
        failure=(failure or failure_of(intent.get("last_payment_error"))) if status == "failed" else None,
    )


def refund_of(refund: Mapping[str, Any]) -> ProviderRefund:
    status = _REFUND_STATUS.get(refund["status"], "pending")
    return ProviderRefund(
        id=refund["id"],
        status=status,
        amount=from_processor(int(refund["amount"]), str(refund["currency"])),
        failure=Failure(refund.get("failure_reason") or "refund_failed", "The refund failed.")
        if status == "failed"
        else None,
    )


def failure_of(error: Mapping[str, Any] | None) -> Failure:
    """Stripe's code; its sentence is for developers, so ours is shown."""
    code = (error or {}).get("code") or (error or {}).get("decline_code")
    if code == "payment_intent_authentication_failure":
        return Failure("authentication_failed", "The card could not be authenticated.")
    return DECLINED if code in (None, "card_declined") else Failure(code, DECLINED.message)


def parse(payload: Mapping[str, Any]) -> ProviderEvent | None:
    """What an event says; None for what is of no interest."""
    kind, subject = payload["type"], payload["data"]["object"]
    metadata = subject.get("metadata") or {}
    if kind == DISPUTE:
        currency = str(subject["currency"]).upper()
        return DisputeOpened(
            charge_id=reference(subject.get("payment_intent")) or "",
            id=subject["id"],
            amount=from_processor(int(subject["amount"]), currency),
            currency=currency,
            reason=subject.get("reason") or "",
        )
    if kind in REFUND_EVENTS:
        if "refund_id" in metadata:
            return RefundChanged(UUID(metadata["refund_id"]), refund_of(subject))
        return RefundMade(reference(subject.get("payment_intent")) or "", refund_of(subject))
    if "checkout_id" not in metadata:
        return None
    if kind in SESSION_EVENTS:
        return PaymentChanged(UUID(metadata["checkout_id"]), session_payment(subject, SESSION_EVENTS[kind]))
    if kind in INTENT_EVENTS and VIA_SESSION not in metadata:
        return PaymentChanged(UUID(metadata["checkout_id"]), intent_payment(subject, INTENT_EVENTS[kind]))
    return None


def reference(value: Any) -> str | None:
    """The id of what may be there as an id or as the whole object."""
    return str(value["id"]) if isinstance(value, Mapping) else value


def _session_status(session: Mapping[str, Any]) -> PaymentStatus:
    match session["status"]:
        case "expired":
            return "cancelled"
        case "complete" if session["payment_status"] != "unpaid":
            return "succeeded"
        case "complete":  # a delayed method: under way, or come to nothing
            intent = session.get("payment_intent")
            over = isinstance(intent, Mapping) and intent["status"] in ("requires_payment_method", "canceled")
            return "failed" if over else "processing"
    return "requires_payment"


def _intent_status(intent: Mapping[str, Any]) -> PaymentStatus:
    if intent["status"] == "requires_payment_method":
        return "failed" if intent.get("last_payment_error") else "requires_payment"
    return _INTENT_STATUS[intent["status"]]
