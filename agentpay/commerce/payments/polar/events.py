"""Polar's objects and events in the protocol's words.

A payment is a checkout of Polar's; what it brought is an order of Polar's, which is what refunds refer to. Checkouts carry
our metadata, and Polar copies it to their orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.commerce.payments.minor_units import from_processor
from agentpay.commerce.payments.protocol import (
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

CHECKOUT_EVENTS = frozenset({"checkout.created", "checkout.updated", "checkout.expired"})
ORDER_PAID = "order.paid"
REFUND_EVENTS = frozenset({"refund.created", "refund.updated"})
KNOWN = frozenset({*CHECKOUT_EVENTS, ORDER_PAID, *REFUND_EVENTS})

NOT_PAID = Failure("payment_failed", "The payment did not go through.")

_CHECKOUT_STATUS: dict[str, PaymentStatus] = {
    "open": "requires_payment",
    "confirmed": "processing",
    "succeeded": "processing",  # until its order is there: that is what is paid, and can be refunded
    "failed": "failed",
    "expired": "cancelled",
}
_REFUND_STATUS: dict[str, RefundStatus] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


def checkout_payment(checkout: Mapping[str, Any]) -> ProviderPayment:
    """A checkout of Polar's that has no paid order (yet)."""
    status = _CHECKOUT_STATUS[checkout["status"]]
    currency = str(checkout["currency"]).upper()
    return ProviderPayment(
        id=checkout["id"],
        status=status,
        amount=from_processor(int(checkout["total_amount"]), currency),
        currency=currency,
        failure=NOT_PAID if status == "failed" else None,
        redirect_url=checkout["url"] if status == "requires_payment" else None,
    )


def order_payment(order: Mapping[str, Any]) -> ProviderPayment:
    """A paid order of Polar's, as the payment of its checkout."""
    currency = str(order["currency"]).upper()
    return ProviderPayment(
        id=str(order["checkout_id"]),
        status="succeeded",
        amount=from_processor(int(order["total_amount"]), currency),
        currency=currency,
        charge_id=order["id"],
        refunded=from_processor(int(order["refunded_amount"]) + int(order["refunded_tax_amount"]), currency),
    )


def refund_of(refund: Mapping[str, Any]) -> ProviderRefund:
    """Its amount with the tax that Polar gave back too."""
    status = _REFUND_STATUS.get(refund["status"], "pending")
    return ProviderRefund(
        id=refund["id"],
        status=status,
        amount=from_processor(int(refund["amount"]) + int(refund["tax_amount"]), str(refund["currency"])),
        failure=Failure("refund_failed", "The refund failed.") if status == "failed" else None,
    )


def parse(payload: Mapping[str, Any]) -> ProviderEvent | None:
    """What an event says; None for what is of no interest."""
    kind, subject = payload["type"], payload["data"]
    metadata = subject.get("metadata") or {}
    if kind in REFUND_EVENTS:
        if "refund_id" in metadata:
            return RefundChanged(UUID(metadata["refund_id"]), refund_of(subject))
        return RefundMade(str(subject["order_id"]), refund_of(subject))
    if "checkout_id" not in metadata:
        return None
    if kind == ORDER_PAID:
        return PaymentChanged(UUID(metadata["checkout_id"]), order_payment(subject))
    if kind in CHECKOUT_EVENTS:
        return PaymentChanged(UUID(metadata["checkout_id"]), checkout_payment(subject))
    return None


def net_of(gross: int, *, net: int, tax: int, refundable_net: int, refundable_tax: int) -> int | None:
    """What to ask Polar for, that gives back `gross` with the tax it adds itself; None for more than is left.

    Polar refunds amounts before tax and adds the tax in proportion. Where no amount comes out at exactly `gross` it is the
    one that comes closest from below.
    """
    if gross > refundable_net + refundable_tax:
        return None
    if gross == refundable_net + refundable_tax:
        return refundable_net
    if not tax or not net:
        return gross
    guess = gross * net // (net + tax) + 1
    while guess > 1 and guess + round(guess * tax / net) > gross:
        guess -= 1
    return min(guess, refundable_net)
