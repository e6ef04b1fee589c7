"""What the service says of its own accord, when no customer wrote."""

from __future__ import annotations

from typing import Any

from agentpay.commerce.shapes import CheckoutView, OrderView
from agentpay.money import money
from agentpay.tools.blocks import block


def payment_update(checkout: CheckoutView, order: OrderView | None) -> tuple[str, list[dict[str, Any]]]:
    """Text and blocks for a checkout whose payment has been decided: paid, refused, or given back."""
    total = money(checkout.total, checkout.currency)
    if order is not None:
        text = f"Your payment of {total} came through, thank you! Your order number is {order.number}."
        return text, [block("order", order)]
    failure = checkout.failure or {}
    if failure.get("code") == "card_declined":
        text = (
            f"The card was declined, and nothing was charged. You can try again, with another card too: {checkout.url}"
        )
    elif checkout.status == "open":
        text = f"The payment did not go through, and nothing was charged. You can try again here: {checkout.url}"
    else:
        reason = str(failure.get("message") or "It could not be completed.")
        text = f"{reason} What was paid, {total}, goes back to where it came from."
    return text, [block("checkout", checkout)]
