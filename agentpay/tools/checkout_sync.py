"""Keeps the conversation's open checkout in step with its cart and contact: one link that is always right."""

from __future__ import annotations

from typing import Any

from agentpay.commerce import carts, checkouts
from agentpay.commerce.shapes import CheckoutView
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.context import Context


async def sync_open_checkout(context: Context, tx: Tx, contact: dict[str, Any] | None = None) -> CheckoutView | None:
    """Bring the open checkout, if there is one, to the cart's content; an empty cart cancels it.

    Raises Problem `checkout_not_open` while a payment is under way: what the buyer pays for must not change under them.
    """
    current = await checkouts.latest_of(tx, context.conversation, base_url=context.base_url, sale=True)
    if current is None or current.status in ("succeeded", "expired", "cancelled"):
        return None
    if current.status != "open":
        raise Problem(
            "checkout_not_open", "A payment is under way; the order can't change until it is through.", status=409
        )
    cart = await carts.for_conversation(tx, context.conversation)
    if not cart.items:
        await checkouts.cancel(tx, current.id, base_url=context.base_url)
        return None
    return await open_checkout(context, tx, contact if contact is not None else context.contact)


async def open_checkout(context: Context, tx: Tx, contact: dict[str, Any]) -> CheckoutView:
    """The checkout of the conversation's cart with what is known of the buyer, made where there is none yet."""
    return await checkouts.from_cart(
        tx,
        context.conversation,
        base_url=context.base_url,
        email=contact.get("email"),
        name=contact.get("name"),
        shipping_address=contact.get("shipping_address"),
        shipping_option=contact.get("shipping_option"),
        note=contact.get("note"),
        customer_id=context.customer_id,
        agent_context={"agent": context.agent.name, "agent_version": context.agent.version},
    )
