"""What a customer wants done, one thing each: how they say it, what counts as done, and what they answer when asked.

A goal is a stack of these. The one on top speaks until it is done, or until its customer has had enough.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.naming import Names, chosen, counted, difference
from agentpay.evals.simulated.people import Address, Person
from agentpay.evals.simulated.saying import phrases, say
from agentpay.evals.simulated.world import Item, PastOrder, World

Speech = Callable[["Voice"], str]


@dataclass(slots=True)
class Voice:
    """A customer's way of saying things, with the shop they talk about."""

    person: Person
    world: World
    names: Names

    @property
    def rng(self) -> random.Random:
        return self.person.rng

    def say(self, act: str, **slots: str) -> str:
        """A sentence of the act; the terse take its short form where there is one."""
        short = f"{act}_short"
        if "fragments" in self.person.habits and short in phrases() and self.person.chance(0.6):
            act = short
        return say(self.rng, act, **slots)

    def the(self, item: Item) -> str:
        return self.names.the(self.rng, item)

    def wanted(self, item: Item, count: int = 1, *, options: bool = True) -> str:
        return self.names.wanted(self.rng, item, count, options=options)

    def address(self, address: Address) -> str:
        home = next(iter(self.world.countries), "")
        return address.written(self.rng, abroad=address.country != home or self.person.chance(0.4))


@dataclass(slots=True)
class Wish:
    """One thing. `tries`: how often it was said; `lost`: it was given up."""

    name: str = ""
    """What the report calls the step."""
    optional: bool = False
    """Whether the customer goes on with the rest when this comes to nothing."""
    tries: int = 0
    heard: bool = False
    """Of questions: whether the right answer came."""
    lost: bool = False

    def done(self, seen: Seen) -> bool:
        raise NotImplementedError

    def say(self, me: Voice, seen: Seen) -> str | None:
        """What the customer says next for it; None: they give it up."""
        raise NotImplementedError

    def mark(self, seen: Seen) -> object:
        """What changes when the shop gets nearer to it."""
        return None

    def agrees(self, seen: Seen) -> bool | None:
        """The answer to "shall I …?"; None where that is about something else."""
        return None

    def wants(self, ask: str, seen: Seen) -> Item | None:
        """The variant (or the order's line) that a question is about."""
        return None

    order: PastOrder | None = None
    country: str = ""
    """The country that a question is about, where it is not the customer's own."""
    instead: Item | None = None
    address: Address | None = None
    option: str | None = None
    reason: str = ""


@dataclass(slots=True)
class Hold(Wish):
    """The cart is to hold exactly this. `opening`: how it is said at first, where that is not just wanting it."""

    target: dict[Item, int] = field(default_factory=dict)
    opening: Speech | None = None
    at_once: bool = False
    """Whether all of it is said in one message."""
    vague: bool = False
    """Whether options are left out at first, to be asked for."""
    mentioned: set[str] = field(default_factory=set)

    def done(self, seen: Seen) -> bool:
        return self.tries > 0 and seen.cart == self._wanted

    @property
    def _wanted(self) -> dict[str, int]:
        return {item.id: count for item, count in self.target.items()}

    def mark(self, seen: Seen) -> object:
        return tuple(sorted(seen.cart.items()))

    def say(self, me: Voice, seen: Seen) -> str | None:
        if self.tries > 8:
            return None
        if self.opening is not None and self.tries == 0:
            return self.opening(me)
        missing = [(item, count) for item, count in self.target.items() if item.id not in seen.cart]
        if missing:
            return self._ask_for(me, seen, missing)
        return corrected(me, self.target, seen.cart) or me.say("what_is_in")

    def _ask_for(self, me: Voice, seen: Seen, missing: Sequence[tuple[Item, int]]) -> str:
        if self.at_once and self.tries == 0 and len(missing) > 1:
            self.mentioned.update(item.id for item, _ in missing)
            return me.say("want", what=" and ".join(me.wanted(item, count) for item, count in missing))
        item, count = missing[0]
        again = item.id in self.mentioned
        self.mentioned.add(item.id)
        wrong = next((me.world.by_id[id] for id in seen.cart if id not in self._wanted and id in me.world.by_id), None)
        if again and wrong is not None and wrong.product.external_id == item.product.external_id:
            choice, before, _ = difference(item, wrong)
            return me.say("swap_option", thing=me.the(item), choice=choice, before=before)
        if again:  # nothing is left open this time
            return me.say("insist", what=_plainly(me, item, count))
        what = me.wanted(item, count, options=not self.vague)
        return me.say("also" if seen.cart else "want", what=what)

    def wants(self, ask: str, seen: Seen) -> Item | None:
        wrong = [item for item, count in self.target.items() if seen.cart.get(item.id) != count]
        named = [item for item in wrong if item.product.title.casefold() in seen.text.casefold()]
        return next(iter(named or wrong), None)

    def agrees(self, seen: Seen) -> bool | None:
        if not re.search(r"\b(?:add|put|cart|basket|take|usual)\b", seen.question, re.I):
            return None
        item = self.wants("confirm", seen)
        if item is None:
            return None
        about = item.product.title.casefold() in seen.text.casefold() or seen.shown == {item.product.external_id}
        return True if about else None


@dataclass(slots=True)
class Told(Wish):
    """Something is to be found out. `fact`: whether a reply tells it."""

    question: Speech = field(default=lambda me: "")
    fact: Callable[[Seen], bool] = field(default=lambda seen: False)
    patience: int = 2

    def done(self, seen: Seen) -> bool:
        if self.tries and not self.heard:
            self.heard = self.fact(seen)
        return self.heard

    def say(self, me: Voice, seen: Seen) -> str | None:
        return self.question(me) if self.tries <= self.patience - 1 else None


@dataclass(slots=True)
class Look(Told):
    """A fitting product is to be shown. `fits`: products by external id; `what`: how the customer describes them."""

    fits: frozenset[str] = frozenset()
    what: str = ""

    def say(self, me: Voice, seen: Seen) -> str | None:
        if self.tries > self.patience:
            return None
        shown = any(block["type"] in ("product", "product_list") for block in seen.blocks)
        return me.say("not_that" if self.tries and shown else "look_for", what=self.what)


@dataclass(slots=True)
class UseCode(Wish):
    """A code is to take something off, or (one that is over) its customer is to hear that it does not."""

    code: str = ""
    works: bool = True
    target: dict[Item, int] = field(default_factory=dict)

    def done(self, seen: Seen) -> bool:
        applied = str(seen.conversation.get("cart", {}).get("discount_code") or "").upper() == self.code.upper()
        if self.works:
            return applied and seen.conversation["cart"]["discount"] > 0
        if self.tries and not self.heard:
            text = seen.text.casefold()
            self.heard = not applied and denied(text) and ("code" in text or self.code.casefold() in text)
        return self.heard

    def say(self, me: Voice, seen: Seen) -> str | None:
        if self.tries > 2:
            return None
        written = self.code if me.person.chance(0.6) else self.code.lower()
        return me.say("code", code=written)


@dataclass(slots=True)
class Human(Wish):
    """A person is to take over."""

    def done(self, seen: Seen) -> bool:
        return seen.handed_off

    def say(self, me: Voice, seen: Seen) -> str | None:
        return me.say("human") if self.tries < 3 else None


@dataclass(slots=True)
class Chat(Wish):
    """Something is said, whatever comes back."""

    speech: Speech = field(default=lambda me: "")

    def done(self, seen: Seen) -> bool:
        return self.tries > 0

    def say(self, me: Voice, seen: Seen) -> str | None:
        return self.speech(me)


_DENIED = re.compile(
    r"n't\b|\bnot\b|\bno (?:longer|such)\b|\bcannot\b|unfortunately|sorry|expired|unable|used up|sold out|out of stock|\bnothing\b"
    r"|only .* left|no\b",
    re.I,
)


def denied(text: str) -> bool:
    """Whether a reply says no to something."""
    return _DENIED.search(text) is not None


def corrected(me: Voice, target: Mapping[Item, int], cart: Mapping[str, int]) -> str | None:
    """What is said of the first line that is not as it should be; None where all are."""
    wanted = {item.id: count for item, count in target.items()}
    for item, count in target.items():
        if item.id not in cart:
            return me.say("also", what=_plainly(me, item, count))
        if cart[item.id] != count:
            name = me.names.product(me.rng, item)
            before = str(cart[item.id])
            return me.say("make_it", thing=f"the {name}", plain=name, count=counted(me.rng, count), before=before)
    extra = next((me.world.by_id[id] for id in cart if id not in wanted and id in me.world.by_id), None)
    if extra is None:
        return None
    options = f" in {chosen(me.rng, extra)}" if extra.options else ""
    return me.say("take_out", thing=f"{me.the(extra)}{options}")


def _plainly(me: Voice, item: Item, count: int) -> str:
    """A variant so that nothing is left open."""
    options = f" in {chosen(me.rng, item)}" if item.options else ""
    return f"{count} x {item.product.title}{options}" if count > 1 else f"the {item.product.title}{options}"
