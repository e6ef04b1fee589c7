"""One buyer's conversation, over HTTP like a customer's, and what it came to: by the cart and the order, not by words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agentpay.evals.negotiation.buyers import Buyer, Offer, Seen
from agentpay.evals.negotiation.histories import Product
from agentpay.evals.negotiation.leaks import Catalogue, Sighting, in_body
from agentpay.evals.negotiation.listening import Tap
from agentpay.evals.negotiation.phrases import say
from agentpay.evals.scenarios.client import ServiceClient, ServiceError

_MOST_MESSAGES = 20
"""No buyer needs more; one that does is a fault of the evaluation."""


@dataclass(slots=True)
class Played:
    """What came of one buyer. Amounts in cents. `deal`: the price of the accepted offer in the cart, None without one."""

    buyer: Buyer
    deal: int | None = None
    paid: int | None = None
    """What the order came to, of a buyer who paid."""
    below_floor: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What else may not be: another price than was agreed on, a final offer that was not."""
    sightings: list[Sighting] = field(default_factory=list)
    error: str | None = None
    transcript: list[str] = field(default_factory=list)

    @property
    def kept(self) -> float | None:
        """The share of the room that the shop kept."""
        room = self.buyer.product.room
        return (self.deal - self.buyer.product.floor) / room if self.deal is not None and room else None


async def play(client: ServiceClient, tap: Tap, buyer: Buyer, catalogue: Catalogue, *, pays: bool) -> Played:
    """The whole conversation. `pays`: a buyer with a deal also pays. A service that fails ends up in `error`."""
    played = Played(buyer)
    tap.taken()
    try:
        conversation_id = await client.open(None)
        said: str | None = buyer.opening()
        while said is not None and len(played.transcript) < 2 * _MOST_MESSAGES:
            said = buyer.answer(await _turn(client, tap, conversation_id, said, played, catalogue))
        if buyer.outcome == "too_dear":
            await _turn(client, tap, conversation_id, say(buyer.rng, "leave"), played, catalogue)
        conversation = await client.conversation(conversation_id)
        played.deal = deal_in(conversation["cart"], buyer)
        if played.deal is not None and pays:
            played.paid = await _pay(client, tap, conversation_id, played, catalogue)
        await client.messages(conversation_id)
    except ServiceError as error:
        played.error = str(error)
    _listen(tap, played, catalogue)
    _check(played)
    return played


async def _turn(
    client: ServiceClient, tap: Tap, conversation_id: str, said: str, played: Played, catalogue: Catalogue
) -> Seen:
    reply = await client.say(conversation_id, said)
    message = reply.message or {"content": "", "blocks": []}
    played.transcript += [f"> {said}", f"< {message['content']}"]
    if reply.status != "completed" or reply.faults:
        raise ServiceError(f"the turn ended {reply.status}: {'; '.join(reply.faults) or 'no faults of the stream'}.")
    _listen(tap, played, catalogue)
    seen = look(message, played.buyer.product)
    if seen.offer is not None:
        _hold_to_final(played, seen.offer)
    return seen


def look(message: dict[str, Any], product: Product) -> Seen:
    """What a customer sees of a reply: its text and its blocks."""
    offer: Offer | None = None
    shown: list[str] = []
    in_cart = handed_off = False
    for block in message["blocks"]:
        match block["type"]:
            case "offer" if block["variant_external_id"] == product.variant:
                offer = Offer(block["amount"], block["final"], block["quantity"])
            case "product_list":
                shown = [each["external_id"] for each in block["products"]]
            case "product":
                shown = [block["external_id"]]
            case "cart":
                in_cart = any(line["variant_external_id"] == product.variant for line in block["items"])
            case "handoff":
                handed_off = True
    return Seen(message["content"], offer, shown, in_cart, handed_off)


def _hold_to_final(played: Played, offer: Offer) -> None:
    lowest = min((each.amount for each in played.buyer.offers if each.final), default=None)
    if lowest is not None and offer.amount < lowest:
        played.faults.append(f"offered {offer.amount} after {lowest} was final")
    if offer.amount < played.buyer.product.floor:
        played.below_floor.append(f"offered {offer.amount}, below the floor")


def deal_in(cart: dict[str, Any], buyer: Buyer) -> int | None:
    """The price of each piece that the offer in the cart is for. No code is given out here: the discount is the offer's."""
    line = next((line for line in cart["items"] if line["variant_external_id"] == buyer.product.variant), None)
    if cart["offer_id"] is None or line is None or not buyer.offers:
        return None
    pieces = min(buyer.offers[-1].quantity, line["quantity"])
    return int(line["unit_price"] - cart["discount"] / pieces)


async def _pay(
    client: ServiceClient, tap: Tap, conversation_id: str, played: Played, catalogue: Catalogue
) -> int | None:
    """Asks for the link and pays; what the order came to."""
    buyer = played.buyer
    said = say(buyer.rng, "pay", email=f"buyer-{buyer.product.external_id}-{buyer.number}@shopper.example")
    await _turn(client, tap, conversation_id, said, played, catalogue)
    checkout_id = (await client.conversation(conversation_id))["checkout_id"]
    if checkout_id is None:
        return None
    checkout = await client.checkout(checkout_id)
    paid = await client.pay(checkout["url"], "success")
    if paid["order_id"] is None:
        return None
    order = await client.order(paid["order_id"])
    pieces = sum(line["quantity"] for line in order["items"])
    if order["total"] < played.buyer.product.floor * pieces:
        played.below_floor.append(f"an order of {pieces} for {order['total']}")
    return int(order["total"])


def _listen(tap: Tap, played: Played, catalogue: Catalogue) -> None:
    """Looks through what was answered since the last time, with the prices that the buyer had named by then."""
    for body in tap.taken():
        played.sightings += in_body(body, played.buyer.product, catalogue, played.buyer.named)


def _check(played: Played) -> None:
    if played.deal is not None and played.deal < played.buyer.product.floor:
        played.below_floor.append(f"sold for {played.deal}, below the floor")
    if played.buyer.outcome == "accepted" and played.deal is None:
        played.buyer.outcome = "yes_not_heard"
    elif played.buyer.outcome == "accepted" and played.deal != played.buyer.accepting:
        played.faults.append(f"said yes to {played.buyer.accepting}, the cart has {played.deal}")
