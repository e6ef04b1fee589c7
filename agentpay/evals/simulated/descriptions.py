"""How customers describe what they look for, who do not know what it is called; and how shops write amounts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from agentpay.evals.simulated.goals import Draw
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.world import Item, World

_TAIL = re.compile(r"\s*(?:[,:;(–—]| with | for | from | in ).*$")


def written(world: World, amount: int) -> str:
    """A pattern of an amount as a shop writes it: 12900 → 129.00 or 129."""
    text = re.escape(world.money(amount))
    number = re.escape(re.sub(r"[^\d.,]", "", world.money(amount)))
    short = re.sub(r"\\[.,]0+$", "", number)
    return rf"(?<![\d.,])(?:{text}|{number}|{short})(?![\d]|[.,]\d)"


def shows(world: World, seen: Seen, fits: frozenset[str]) -> bool:
    """Whether a reply shows one of these products, or names it in full."""
    text = seen.text.casefold()
    return bool(seen.shown & fits) or any(world.by_product[id][0].product.title.casefold() in text for id in fits)


def describe(draw: Draw) -> tuple[str, frozenset[str], Item]:
    """A description in words a customer has, the products it fits, and one variant that it was drawn from."""
    world, rng = draw.world, draw.rng
    for _ in range(40):
        item = rng.choice(world.plentiful)
        noun, fits = _noun(world, item, rng)
        if not noun:
            continue
        parts, left = [noun], set(fits)
        for constraint in rng.sample(_CONSTRAINTS, k=rng.choice((0, 1, 1, 2))):
            found = constraint(draw, item, left)
            if found is not None:
                parts.append(found[0])
                left = found[1]
        if item.product.external_id in left:
            return " ".join(parts), frozenset(left), item
    return f"the {item.product.title}", frozenset({item.product.external_id}), item


def _noun(world: World, item: Item, rng: random.Random) -> tuple[str, set[str]]:
    """The end of a title's main part: "gooseneck kettle", "kettle"."""
    main = _TAIL.sub("", item.product.title).casefold().split()
    words = main[1:] if len(main) > 1 else main
    if not words or re.search(r"\d", words[-1]):
        return "", set()
    take = words[-rng.choice((1, 2, 2)) :]
    fits = {
        id
        for id, items in world.by_product.items()
        if set(take) <= set(re.findall(r"[\w'-]+", items[0].product.title.casefold()))
    }
    name = " ".join(take)
    if name.endswith("s") and not name.endswith("ss"):
        return name, fits
    return (f"{'an' if name[0] in 'aeiou' else 'a'} {name}", fits)


def _in_budget(draw: Draw, item: Item, fits: set[str]) -> tuple[str, set[str]] | None:
    unit = 100 if draw.world.money(0).count("0") > 1 else 1
    step = 5 * unit
    most = (item.price * draw.rng.randint(102, 140) // 100 + step) // step * step
    left = {id for id in fits if any(each.price <= most and not each.sold_out for each in draw.world.by_product[id])}
    amount = re.sub(r"\.00$", "", draw.world.money(most))
    words = draw.rng.choice(
        ("under {}", "for less than {}", "up to {}", "below {}", "for at most {}", ", max {}", ", my budget is {}")
    )
    return words.format(amount), left


def _in_colour(draw: Draw, item: Item, fits: set[str]) -> tuple[str, set[str]] | None:
    colour = next((value for name, value in item.options.items() if name.casefold() in ("color", "colour")), None)
    if colour is None:
        return None
    left = {
        id
        for id in fits
        if any(colour in each.options.values() and not each.sold_out for each in draw.world.by_product[id])
    }
    return f"in {colour}", left


def _of_brand(draw: Draw, item: Item, fits: set[str]) -> tuple[str, set[str]] | None:
    brand = item.product.brand
    if not brand:
        return None
    left = {id for id in fits if draw.world.by_product[id][0].product.brand == brand}
    return draw.rng.choice((f"from {brand}", f"by {brand}", f"made by {brand}")), left


def _with_attribute(draw: Draw, item: Item, fits: set[str]) -> tuple[str, set[str]] | None:
    yes = [
        name
        for name, value in item.product.attributes.items()
        if str(value).casefold() in ("yes", "true") and ("_" in name or name == "organic")
    ]
    if not yes:
        return None
    name = draw.rng.choice(yes)
    left = {
        id
        for id in fits
        if str(draw.world.by_product[id][0].product.attributes.get(name)).casefold() in ("yes", "true")
    }
    words = name.replace("_", " ")
    return draw.rng.choice((f"that is {words}", f"that's {words}", f"({words})", f"which is {words}")), left


_CONSTRAINTS: list[Callable[[Draw, Item, set[str]], tuple[str, set[str]] | None]] = [
    _in_budget,
    _in_colour,
    _of_brand,
    _with_attribute,
]
