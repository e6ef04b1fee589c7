"""Wishes about money: haggling, the payment link, and paying it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Literal

from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.wishes import Voice, Wish, corrected
from agentpay.evals.simulated.world import Item
from agentpay.money import digits

Card = Literal["success", "decline", "three_d_secure", "delayed"]


@dataclass(slots=True)
class Haggle(Wish):
    """A lower price for what is in the cart. `limit`: the customer takes any offer up to it, in minor units a piece."""

    item: Item | None = None
    limit: int = 0
    deal: int | None = None
    """The offer that was said yes to."""
    rounds: int = 0
    _bids: list[int] = field(default_factory=list)

    def done(self, seen: Seen) -> bool:
        return self.deal is not None and seen.conversation.get("cart", {}).get("offer_id") is not None

    def mark(self, seen: Seen) -> object:
        return (seen.offer or {}).get("id"), (seen.offer or {}).get("amount")

    def say(self, me: Voice, seen: Seen) -> str | None:
        assert self.item is not None, "there is something to haggle about"
        if self.rounds > 5:
            return None
        self.rounds += 1
        offer = seen.offer
        if offer is not None and offer["amount"] <= self.limit and (offer["final"] or self.rounds > 2):
            self.deal = offer["amount"]
            return me.say("haggle_yes", amount=amount_as_said(me, offer["amount"]))
        if offer is not None and offer["final"]:
            return None
        if self.rounds == 1 and me.person.chance(0.6):
            return me.say("haggle_open", price=amount_as_said(me, self.item.price))
        return me.say("haggle_bid", amount=amount_as_said(me, self._bid(me.rng)))

    def _bid(self, rng: random.Random) -> int:
        """A little below the limit at first, then nearer to it; whole units of the currency."""
        low = self._bids[-1] if self._bids else self.limit * rng.randint(80, 92) // 100
        bid = low + (self.limit - low) * (40 if self._bids else 0) // 100
        self._bids.append(bid)
        return bid

    def agrees(self, seen: Seen) -> bool | None:
        """Decided in `say`, where the offer is looked at."""
        return None

    def wants(self, ask: str, seen: Seen) -> Item | None:
        return self.item


@dataclass(slots=True)
class CheckOut(Wish):
    """A payment link for what is in the cart. `option`: the name of the rate the customer wants, None for any."""

    target: dict[Item, int] = field(default_factory=dict)
    at_once: bool = False
    """Whether e-mail address and home are told with the wish."""
    ships: bool = True

    def done(self, seen: Seen) -> bool:
        checkout = seen.checkout
        if checkout is None or checkout["status"] != "open" or not checkout["url"] or self.tries == 0:
            return False
        held = {line["variant_external_id"]: line["quantity"] for line in checkout["items"]}
        right = held == {item.id: count for item, count in self.target.items()}
        return right and self._linked(seen) and (not self.ships or self._sent_rightly(checkout))

    def _linked(self, seen: Seen) -> bool:
        return any(block["type"] == "checkout" for block in seen.blocks) or seen.checkout["url"] in seen.text  # type: ignore[index]

    def _sent_rightly(self, checkout: dict[str, object]) -> bool:
        option, address = checkout["shipping_option"], checkout["shipping_address"]
        if not isinstance(option, dict) or not isinstance(address, dict):
            return False
        return self.option is None or option["name"] == self.option

    def mark(self, seen: Seen) -> object:
        checkout = seen.checkout or {}
        return (
            tuple(seen.cart.items()),
            checkout.get("status"),
            str(checkout.get("shipping_option")),
            str(checkout.get("shipping_address")),
            tuple(seen.asks),
        )

    def say(self, me: Voice, seen: Seen) -> str | None:
        if self.tries > 7:
            return None
        wrong = corrected(me, self.target, seen.cart) if seen.cart else None
        if wrong is not None:
            return wrong
        checkout = seen.checkout
        if checkout is not None and checkout["status"] == "open" and self.ships and self.option is not None:
            chosen = checkout["shipping_option"]
            if chosen is not None and chosen["name"] != self.option:
                return me.say("give_option", option=self.option)
        text = me.say("pay")
        if self.at_once and self.tries == 0:
            text = f"{text} {self.details(me)}".rstrip()
        return text

    def details(self, me: Voice) -> str:
        """Everything the shop will ask for."""
        person, parts = me.person, []
        if not person.signed_in:
            parts.append(me.say("give_email", email=person.email))
            person.told.add("email")
        if self.ships:
            parts.append(me.say("give_address", address=me.address(self.address or person.address)))
            person.told.add("address")
            if self.option is not None:
                parts.append(me.say("give_option", option=self.option))
        return " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts)

    def agrees(self, seen: Seen) -> bool | None:
        """Yes to using what is known of them, and to making the link."""
        return True if re.search(r"link|address|pay|check ?out|send it|ship", seen.question, re.I) else None


@dataclass(slots=True)
class Pay(Wish):
    """The link is paid; done by the customer's own hand, not by words. Cards that are left, in order."""

    cards: list[Card] = field(default_factory=lambda: ["success"])
    asks_after: bool = False
    """Whether a declined customer asks whether it worked before they take the other card."""
    to_ask: bool = False
    """Whether that is what comes next."""
    paid: bool = False
    late: bool = False
    """Whether it was paid and has yet to settle."""

    def done(self, seen: Seen) -> bool:
        return self.paid

    def say(self, me: Voice, seen: Seen) -> str | None:
        """Only between two cards."""
        self.to_ask = False
        return me.say("did_it_work") if self.cards else None


def amount_as_said(me: Voice, amount: int) -> str:
    """ "$25", "25 dollars", "25.50": an amount as this customer writes it."""
    currency = me.world.currency
    unit = 10 ** digits(currency)
    whole, rest = divmod(amount, unit)
    number = str(whole) if not rest else f"{whole}.{rest:0{digits(currency)}d}"
    symbol = me.world.money(0).split("0")[0].strip()
    names = {"USD": ("dollars", "bucks"), "EUR": ("euros", "euro"), "GBP": ("pounds", "quid")}.get(
        currency, (currency, currency)
    )
    return me.rng.choice(
        (
            f"{symbol}{number}" if symbol else number,
            f"{symbol}{number}" if symbol else number,
            f"{number} {names[0]}",
            number,
        )
    )
