"""Goals of customers who correct their cart, change their mind, or leave it."""

from __future__ import annotations

import re

from agentpay.evals.simulated.descriptions import written
from agentpay.evals.simulated.goals import Draw, Final, Goal, Kind, every, told
from agentpay.evals.simulated.goals_buying import cart, known_or_not, named, purchase, several, some_item
from agentpay.evals.simulated.naming import counted, difference
from agentpay.evals.simulated.wishes import Chat, Hold, Speech, Told, Voice, Wish
from agentpay.evals.simulated.world import Item, World


def change_of_mind(draw: Draw) -> Goal:
    """One thing in the cart becomes another: another option of it, or another product."""
    known_or_not(draw)
    world, rng = draw.world, draw.rng
    choices = [item for item in world.plentiful if _others(world, item)]
    if choices and rng.random() < 0.6:
        old = rng.choice(choices)
        new = rng.choice(_others(world, old))
        opening = _other_option(old, new)
    else:
        old, new = some_item(draw), some_item(draw)
        while new.product.external_id == old.product.external_id:
            new = some_item(draw)
        opening = _other_product(old, new)
    target = {new: 1}
    before: list[Wish] = [cart(draw, {old: 1}), Hold(name="another one", target=target, opening=opening)]
    return purchase(draw, target, before, f"Take {named({old: 1})}, then {named(target)} instead, and buy that.")


def _others(world: World, item: Item) -> list[Item]:
    return [each for each in world.by_product[item.product.external_id] if each != item and each.plentiful]


def _other_option(old: Item, new: Item) -> Speech:
    def speech(me: Voice) -> str:
        choice, before, _ = difference(new, old)
        return me.say("swap_option", thing=me.the(new), choice=choice, before=before)

    return speech


def _other_product(old: Item, new: Item) -> Speech:
    return lambda me: me.say("swap_product", what=me.wanted(new), thing=me.the(old))


def corrections(draw: Draw) -> Goal:
    """Two things, then another count of one, then one less or the other out."""
    known_or_not(draw)
    rng = draw.rng
    first = several(draw, 2)
    one, other = first
    more = first[one] + rng.choice((1, 2, 3))
    second, third = {one: more, other: first[other]}, {one: more}

    def count(me: Voice) -> str:
        name = me.names.product(me.rng, one)
        return me.say("make_it", thing=f"the {name}", plain=name, count=counted(me.rng, more), before=str(first[one]))

    steps: list[Wish] = [
        cart(draw, first),
        Hold(name="another count", target=second, opening=count),
        Hold(name="take out", target=third, opening=lambda me: me.say("take_out", thing=me.the(other))),
    ]
    if rng.random() < 0.5:
        steps.append(_total(draw, third))
    return purchase(draw, third, steps, f"Fill a cart with {named(first)}, correct it to {named(third)}, and buy that.")


def _total(draw: Draw, target: dict[Item, int]) -> Told:
    fact = written(draw.world, sum(item.price * count for item, count in target.items()))
    return Told(
        name="fact", question=lambda me: me.say("what_is_in"), fact=lambda seen: re.search(fact, seen.text) is not None
    )


def abandon(draw: Draw) -> Goal:
    """Fills a cart and leaves."""
    target = {some_item(draw): 1}
    wishes: list[Wish] = [cart(draw, target), Chat(name="leaving", speech=lambda me: me.say("leave"))]

    def check(final: Final) -> list[str]:
        wanted = {item.id: count for item, count in target.items()}
        return ([] if final.cart == wanted else [f"the cart has {final.cart}"]) + (
            ["something was ordered"] if final.placed else []
        )

    return Goal(wishes, check, f"Put {named(target)} into the cart and leave.")


def emptied(draw: Draw) -> Goal:
    """Fills a cart, then wants none of it."""
    target = several(draw, 2)
    wishes: list[Wish] = [cart(draw, target), Hold(name="empty", target={}, opening=lambda me: me.say("empty"))]
    return Goal(
        wishes,
        lambda final: [f"the cart has {final.cart}"] if final.cart else [],
        f"Put {named(target)} into the cart, then empty it.",
    )


def too_many(draw: Draw) -> Goal:
    """More than there are: the customer hears how many, and takes none."""
    world, rng = draw.world, draw.rng
    item = rng.choice([item for item in world.items if item.scarce])
    left = item.variant.stock or 0
    wish = Told(
        name="fact",
        question=lambda me: me.say("more_than_there_is", what=me.wanted(item, left + me.rng.randint(2, 4))),
        fact=lambda seen: str(left) in seen.text or counted_in(left, seen.text),
    )

    def check(final: Final) -> list[str]:
        return [f"the cart has {final.cart}"] if final.cart.get(item.id, 0) > left else []

    return Goal(
        [wish],
        every(told([wish]), check),
        f"Ask for more of {named({item: 1})} than the {left} there are, and hear it.",
        servable=False,
        check_is_state=False,
    )


def counted_in(count: int, text: str) -> bool:
    words = ("no", "one", "two", "three", "four", "five")
    return count < len(words) and words[count] in text.casefold().split()


KINDS = [
    Kind("change-of-mind", 40, change_of_mind, lambda world: len(world.by_product) > 4),
    Kind("cart-corrections", 45, corrections, lambda world: len(world.by_product) > 4),
    Kind("abandon", 12, abandon, lambda world: bool(world.plentiful)),
    Kind("empty-cart", 12, emptied, lambda world: len(world.by_product) > 4),
    Kind("too-many", 12, too_many, lambda world: any(item.scarce for item in world.items)),
]
