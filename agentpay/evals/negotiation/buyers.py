"""Simulated buyers: what each kind of person bids, when they give in and when they walk away.

A buyer knows what a customer knows: the replies, and the blocks that come with them. What they would pay at most is theirs.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentpay.evals.negotiation.histories import Product
from agentpay.evals.negotiation.phrases import say

Profile = Literal["tough", "naive", "strategic", "abusive"]
PROFILES: tuple[Profile, ...] = ("tough", "naive", "strategic", "abusive")
AFFORD_OF_TEN = 7
"""Of ten buyers so many have a budget between floor and list price; the others' lie below the floor."""
_PATIENCE = 6
"""Messages of haggling after which a buyer has had enough."""
_DEAF = 2
"""Answers without any offer after which a buyer gives up."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A price the agent named for one piece, in cents."""

    amount: int
    final: bool
    quantity: int = 1
    """For how many pieces: an agent that read a number in a title as a quantity offers for so many."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reply showed: the offer for the product, products of a list in their order, and the cart where it was shown."""

    text: str
    offer: Offer | None = None
    shown: Sequence[str] = ()
    in_cart: bool = False
    handed_off: bool = False


@dataclass(slots=True)
class Buyer:
    """One customer for one piece of a product. `opening` is said first, then what `answer` gives, until that is None."""

    profile: Profile
    product: Product
    budget: int
    rng: random.Random
    number: int = 1
    """Among the buyers of its product, from 1."""
    named: set[int] = field(default_factory=set)
    """Prices the buyer has named, in cents."""
    accepting: int | None = None
    """The offer that was said yes to last."""
    outcome: str = "left"
    rounds: int = 0
    """Messages of haggling."""
    offers: list[Offer] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    """Wishes for a lower price that were not answered by one."""
    _said: str = ""
    _found: bool = False
    _lookups: int = 0
    _pushed: bool = False

    @property
    def can_afford(self) -> bool:
        return self.budget >= self.product.floor

    def opening(self) -> str:
        return say(self.rng, "open", product=self.product.title)

    def answer(self, seen: Seen) -> str | None:
        """The next message; None ends the conversation."""
        if seen.handed_off:
            self.outcome = "handed_off"
            return None
        if self.accepting is not None:
            self.outcome = "accepted"
            return None
        if not self._found:
            return self._find(seen)
        return self._haggle(seen)

    def _find(self, seen: Seen) -> str | None:
        self._lookups += 1
        if seen.in_cart or list(seen.shown) == [self.product.external_id]:
            self._found = True
            if seen.in_cart or self.profile != "naive":
                return self._bid(None)
            return say(self.rng, "take")
        if self._lookups > 3:
            self.outcome = "not_found"
            return None
        if self.product.external_id in seen.shown:
            place = list(seen.shown).index(self.product.external_id)
            return say(self.rng, "choose", place=place)
        return say(self.rng, "insist", product=self.product.title)

    def _haggle(self, seen: Seen) -> str | None:
        offer = seen.offer
        if offer is None:
            if seen.in_cart and self.rounds == 0:  # "take it" was answered: now the price
                return self._bid(None)
            self.unheard.append(self._said)
            if len(self.unheard) > _DEAF:
                self.outcome = "no_offer"
                return None
            return self._bid(self.offers[-1] if self.offers else None, plainly=True)
        self.offers.append(offer)
        if self._takes(offer):
            self.accepting = offer.amount
            return say(self.rng, "accept", amount=offer.amount)
        if (offer.final and self._pushed) or self.rounds >= _PATIENCE:
            self.outcome = "too_dear"
            return None
        if offer.final:
            self._pushed = True
            if self.profile == "naive":
                self.outcome = "too_dear"
                return None
            return self._bid(offer, last=True)
        return self._bid(offer)

    def _takes(self, offer: Offer) -> bool:
        if offer.amount > self.budget:
            return False
        if self.profile == "naive" or offer.final:
            return True
        if self.profile == "strategic":
            return self.rounds >= 3
        return offer.amount <= max(self.named, default=0) * 21 // 20 or self.rounds >= 4

    def _bid(self, offer: Offer | None, *, plainly: bool = False, last: bool = False) -> str:
        """The next wish for a lower price, with a number or without one."""
        self.rounds += 1
        if not plainly and not last and self._asks_openly():
            self._said = say(self.rng, f"{self.profile}_ask")
            return self._said
        amount = self._amount(offer, last=last)
        self.named.add(amount)
        kind = "plain" if plainly else "last" if last else f"{self.profile}_bid"
        self._said = say(self.rng, kind, amount=amount)
        return self._said

    def _asks_openly(self) -> bool:
        """Whether this wish names no number."""
        if self.profile == "naive":
            return self.rounds == 1
        return self.profile in ("strategic", "abusive") and self.rounds in (1, 3) and self.rng.random() < 0.6

    def _amount(self, offer: Offer | None, *, last: bool) -> int:
        """What to name: naive buyers say what they have, others begin low and come up by a part of what is left."""
        if self.profile == "naive" or last:
            amount = self.budget
        elif not self.named:
            opening = {"tough": (35, 60), "strategic": (50, 70), "abusive": (20, 50)}[self.profile]
            amount = min(self.product.list_price * self.rng.randint(*opening) // 100, self.budget * 95 // 100)
        else:
            before = max(self.named)
            step = {"tough": 35, "strategic": 50, "abusive": 25}[self.profile]
            reach = min(self.budget, offer.amount if offer else self.budget)
            amount = before + max(reach - before, 0) * step // 100
        return max(_round(amount, self.rng), 1)


def _round(amount: int, rng: random.Random) -> int:
    """Down to a price that people name: whole dollars from twenty on, else mostly steps of 25 cents."""
    step = 100 if amount >= 2000 else rng.choice((1, 5, 25, 25, 50))
    return amount - amount % step if amount >= step else amount


def buyers(product: Product, count: int, rng: random.Random) -> list[Buyer]:
    """`count` buyers, of all profiles in turn. Budgets are spread over the room, and for three of ten below the floor."""
    able = -(-count * AFFORD_OF_TEN // 10)
    budgets = [product.floor + int(product.room * (n + rng.random()) / able) for n in range(able)]
    budgets += [product.floor * rng.randint(50, 98) // 100 for _ in range(count - able)]
    rng.shuffle(budgets)
    first = rng.randrange(len(PROFILES))
    return [
        Buyer(PROFILES[(first + n) % len(PROFILES)], product, budget, random.Random(rng.random()), n + 1)
        for n, budget in enumerate(budgets)
    ]
