"""Goals of simulated customers: what there is to want in a shop, drawn from its own data, and whether it came true."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentpay.evals.simulated.naming import Names
from agentpay.evals.simulated.people import Person, person
from agentpay.evals.simulated.state import OrderState
from agentpay.evals.simulated.wishes import Voice, Wish
from agentpay.evals.simulated.world import PastOrder, World


@dataclass(slots=True)
class Final:
    """What the shop's database says when a conversation is over, and all that was replied."""

    conversation: dict[str, Any]
    placed: Sequence[OrderState]
    order: OrderState | None
    replies: list[str]
    agreed: bool = False
    """Whether a person of the shop was asked for a refund, and agreed."""

    @property
    def cart(self) -> dict[str, int]:
        return {line["variant_external_id"]: line["quantity"] for line in self.conversation["cart"]["items"]}


Check = Callable[[Final], list[str]]


@dataclass(slots=True)
class Goal:
    """What one customer comes for. `check`: what of it is not so in the end, in sentences."""

    wishes: list[Wish]
    check: Check
    brief: str
    """In plain words: the report's, and what a model that plays the customer is told."""
    servable: bool = True
    """Whether the shop can do it; where it cannot, `check` asks that it says so and leaves things as they are."""
    buys: bool = False
    order: PastOrder | None = None
    check_is_state: bool = True
    """Whether the state of the shop says it; else it is what was told."""
    id: str = ""
    kind: str = ""


@dataclass(slots=True)
class Draw:
    """What a goal is drawn from."""

    world: World
    names: Names
    person: Person
    voice: Voice

    @property
    def rng(self) -> random.Random:
        return self.person.rng


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of goal. `share`: how many of a thousand, about; `possible`: whether this shop has what it takes."""

    name: str
    share: int
    make: Callable[[Draw], Goal]
    possible: Callable[[World], bool] = field(default=lambda world: True)


@dataclass(slots=True)
class Customer:
    """A goal and who has it."""

    goal: Goal
    voice: Voice


def kinds() -> list[Kind]:
    """All there are."""
    from agentpay.evals.simulated import goals_asking, goals_buying, goals_carts, goals_orders, goals_returns

    modules = (goals_asking, goals_buying, goals_carts, goals_orders, goals_returns)
    return [kind for module in modules for kind in module.KINDS]


def plan(world: World, count: int) -> list[tuple[str, Kind]]:
    """`count` cases with their ids: the same for every seed. Kinds that the shop has nothing for are left out."""
    possible = [kind for kind in kinds() if kind.possible(world)]
    given = dict.fromkeys((kind.name for kind in possible), 0)
    found: list[tuple[str, Kind]] = []
    for _ in range(count):  # whoever is furthest behind its share comes next
        kind = min(possible, key=lambda each: (given[each.name] + 1) / each.share)
        given[kind.name] += 1
        found.append((f"{kind.name}-{given[kind.name]:03d}", kind))
    return found


def cast(world: World, count: int, seed: int) -> list[Customer]:
    """The customers of a run, each with chances of their own: who comes before or after makes no difference to them."""
    names = Names(world)
    found = []
    for number, (id, kind) in enumerate(plan(world, count), 1):
        rng = random.Random(f"{seed}:{id}")
        who = person(number, rng, world.countries)
        voice = Voice(who, world, names)
        goal = kind.make(Draw(world, names, who, voice))
        goal.id, goal.kind = id, kind.name
        found.append(Customer(goal, voice))
    return found


def told(wishes: Sequence[Wish]) -> Check:
    """Each question was answered rightly."""

    def check(final: Final) -> list[str]:
        return [f"not told: {wish.name}" for wish in wishes if not wish.heard]

    return check


def every(*checks: Check) -> Check:
    def check(final: Final) -> list[str]:
        return [unmet for each in checks for unmet in each(final)]

    return check
