"""Wishes about an order that was placed before. Whether they came true is looked up, not read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.state import OrderState
from agentpay.evals.simulated.wishes import Speech, Voice, Wish, denied
from agentpay.evals.simulated.world import Item

_NUMBER = re.compile(r"\border (?:number )?#?([\w-]*\d[\w-]*)", re.I)


@dataclass(slots=True)
class Service(Wish):
    """Something is to happen to the order. `came`: whether it did, by the order's state."""

    opening: Speech = field(default=lambda me: "")
    again: Speech | None = None
    came: Callable[[OrderState], bool] = field(default=lambda order: False)
    item: Item | None = None
    """The line it is about."""
    may_wait: bool = False
    """Whether a person of the shop may have to agree first."""

    def done(self, seen: Seen) -> bool:
        if seen.order is None or not self.tries:
            return False
        return self.came(seen.order) or (self.may_wait and seen.waits_for_approval)

    def say(self, me: Voice, seen: Seen) -> str | None:
        if self.tries > 4:
            return None
        return self.opening(me) if self.tries == 0 or self.again is None else self.again(me)

    def wants(self, ask: str, seen: Seen) -> Item | None:
        return self.instead if ask in ("instead", "variant") and self.instead is not None else self.item

    def agrees(self, seen: Seen) -> bool | None:
        """Yes where it is this order and this article; no where it is another one."""
        assert self.order is not None, "it is about an order"
        numbers = {number.casefold() for number in _NUMBER.findall(seen.text)}
        if numbers and self.order.number.casefold() not in numbers:
            return False
        if self.item is not None and len(self.order.lines) > 1:
            text = seen.text.casefold()
            if self.item.product.title.casefold() not in text:
                return False
            others = [line for line, _ in self.order.lines if line.product.external_id != self.item.product.external_id]
            return not any(line.product.title.casefold() in text for line in others)
        if self.instead is not None:
            wanted = [
                str(value).casefold()
                for name, value in self.instead.options.items()
                if self.item and self.item.options.get(name) != value
            ]
            return all(value in seen.text.casefold() for value in wanted)
        return True


@dataclass(slots=True)
class Refused(Service):
    """What the shop must not do, and is to say so. `came`: whether the order changed all the same."""

    def done(self, seen: Seen) -> bool:
        if self.tries and not self.heard:
            self.heard = denied(seen.text) or seen.handed_off
        return self.heard

    def agrees(self, seen: Seen) -> bool | None:
        return None if self.heard else Service.agrees(self, seen)


@dataclass(slots=True)
class Status(Wish):
    """How the order stands. `facts`: what a true answer has in it, any of each group."""

    opening: Speech = field(default=lambda me: "")
    facts: list[str] = field(default_factory=list)

    def done(self, seen: Seen) -> bool:
        if self.tries and not self.heard:
            about = seen.text.casefold()
            self.heard = all(re.search(fact, about, re.I) for fact in self.facts)
        return self.heard

    def say(self, me: Voice, seen: Seen) -> str | None:
        assert self.order is not None, "it is about an order"
        if self.tries > 2:
            return None
        return self.opening(me) if self.tries == 0 else me.say("status", number=self.order.number)
