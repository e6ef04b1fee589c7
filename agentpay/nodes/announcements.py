"""What the service says of its own accord, when no customer wrote."""

from __future__ import annotations

from typing import Any

from agentpay.commerce.rules import Personality
from agentpay.commerce.shapes import CartView, CheckoutView, OrderView
from agentpay.llm.brain import TurnView
from agentpay.llm.house import describe
from agentpay.llm.house.phrasing import phrase
from agentpay.money import money
from agentpay.store.tables import Agent
from agentpay.tools.blocks import block


def cart_reminder(agent: Agent, shop: str, cart: CartView, *, seed: int) -> tuple[str, list[dict[str, Any]]]:
    """Text, in the agent's tone or the merchant's words (template `cart_left`), and blocks for a cart that was left."""
    personality = Personality.model_validate(agent.personality)
    view = TurnView(
        text="",
        acts=(),
        agent="sales",
        abilities={},
        currency=cart.currency,
        shop=shop,
        assistant=agent.name,
        tone=personality.tone,
        verbosity=personality.verbosity,
        emoji=personality.emoji,
        templates=agent.templates,
        seed=seed,
    )
    lines = [f"{line.quantity} × {describe.what(line.title, line.options)}" for line in cart.items]
    text = phrase("cart_left", view, {"what": describe.listing(lines), "total": money(cart.total, cart.currency)})
    return text, [block("cart", cart)]


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
