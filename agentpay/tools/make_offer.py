"""Negotiates a price by the merchant's rules. The floor never leaves the commerce layer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from agentpay.commerce import carts, offers
from agentpay.commerce.shapes import OfferView
from agentpay.errors import Problem
from agentpay.money import money
from agentpay.store.session import Tx
from agentpay.tools import approvals
from agentpay.tools.blocks import block
from agentpay.tools.checkout_sync import sync_open_checkout
from agentpay.tools.context import Context
from agentpay.tools.resolve import resolve_variant
from agentpay.tools.tool import Arguments, Tool, ToolResult


class MakeOffer(Arguments):
    action: Literal["propose", "accept", "volunteer"] = Field(
        "propose",
        description="propose: answer the customer's wish for a lower price; accept: the customer takes the open offer; "
        "volunteer: nobody asked, but the customer hesitates; the shop's rules say whether it is time for an offer.",
    )
    product: str | None = Field(None, max_length=200, description="Default: the only product in the cart.")
    variant: str | None = Field(None, max_length=200)
    options: dict[str, str] = Field({})
    quantity: int | None = Field(None, ge=1, le=10_000)
    price: int | None = Field(
        None, ge=0, description="What the customer would pay for one, in minor units, if they said so."
    )


async def run(context: Context, tx: Tx, arguments: MakeOffer) -> ToolResult:
    valid_for = timedelta(minutes=context.services.settings.offer_ttl_minutes)
    if (approval := await approvals.granted(context, tx, "offer")) is not None:
        approved = await offers.approve(tx, UUID(approval.payload["id"]), valid_for=valid_for)
        return ToolResult({"decision": "offer", "offer": approved.model_dump(mode="json")}, [block("offer", approved)])
    cart_id = await carts.cart_id_of(tx, context.conversation)
    if arguments.action == "accept":
        return await _accept(context, tx, cart_id)
    state = await carts.state(tx, cart_id)
    cart = state.view
    variant, quantity = arguments.variant, arguments.quantity
    if variant is None and arguments.product is None:
        if len(cart.items) != 1:
            raise Problem("product_required", "Say which product the offer is for.")
        variant = cart.items[0].variant_external_id or str(cart.items[0].variant_id)
    row = await resolve_variant(tx, product=arguments.product, variant=variant, options=arguments.options or None)
    if quantity is None:
        quantity = next((line.quantity for line in cart.items if line.variant_id == row.id), 1)
    decision = await offers.decide(
        tx,
        conversation_id=context.conversation,
        customer_id=context.customer_id,
        variant_id=row.id,
        quantity=quantity,
        asked=arguments.price,
        rules=context.agent.rules,
        hesitation_signals=context.hesitation_signals,
        cart_subtotal=cart.subtotal,
        now=datetime.now(UTC),
        requested=arguments.action != "volunteer",
        at_floor=state.offer is None and state.at_floor(row.id),
        turn_id=context.turn_id,
        valid_for=valid_for,
    )
    # What waits for a person's approval is none the customer may take
    shown = None if decision.reason == "pending" else decision.offer
    data = {
        "decision": decision.kind,
        "reason": decision.reason,
        "final": decision.final,
        "title": row.title,
        "variant": row.external_id or str(row.id),
        "list_price": row.price,
        "currency": row.currency,
        "offer": shown.model_dump(mode="json") if shown else None,
    }
    if decision.kind == "needs_approval" and decision.offer is not None:
        return await _ask_a_person(context, tx, decision.offer, data)
    return ToolResult(data, [block("offer", shown)] if shown else [])


async def _ask_a_person(context: Context, tx: Tx, offer: OfferView, data: dict[str, Any]) -> ToolResult:
    """What the agent may not give alone is no offer until a person has said so."""
    price, instead = money(offer.amount, offer.currency), money(offer.list_price, offer.currency)
    summary = f"{offer.quantity} × {offer.title} at {price} instead of {instead}"
    payload = offer.model_dump(mode="json", exclude={"status"})
    interrupt = await approvals.request(context, tx, "offer", summary, payload, "make_offer", {"action": "propose"})
    return ToolResult({**data, "offer": None}, [{"type": "approval", **interrupt}], interrupt)


async def _accept(context: Context, tx: Tx, cart_id: UUID) -> ToolResult:
    offer = await offers.open_offer(tx, context.conversation)
    if offer is None:
        raise Problem("no_offer", "There is no offer to accept.", status=409)
    accepted = await offers.accept(tx, offer.id)
    cart = await carts.get(tx, cart_id)
    if not any(line.variant_external_id == accepted.variant_external_id for line in cart.items):
        row = await resolve_variant(tx, variant=accepted.variant_external_id)
        await carts.add(tx, cart_id, row.id, accepted.quantity)
    cart = await carts.set_offer(tx, cart_id, accepted.id)
    await sync_open_checkout(context, tx)
    data = {
        "decision": "accepted",
        "offer": accepted.model_dump(mode="json"),
        "cart": cart.model_dump(mode="json"),
        "currency": accepted.currency,
    }
    return ToolResult(data, [block("offer", accepted), block("cart", cart)])


TOOL = Tool(
    name="make_offer",
    description="Answer a wish for a lower price with what the shop's rules allow, or accept the open offer. The rules decide the price.",
    arguments=MakeOffer,
    run=run,
    agents=frozenset({"sales", "payment"}),
    effect="money",
    scope="tools:write",
)
