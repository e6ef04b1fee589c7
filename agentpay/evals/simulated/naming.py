"""How people call products and variants: rarely by the whole title, never so that a clerk could not tell which is meant."""

from __future__ import annotations

import random
import re
from functools import cache

from agentpay.evals.simulated.world import Item, World

_TAIL = re.compile(r"\s*(?:[,:;(–—]| with | for | from | in ).*$")
_COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Names:
    """What the products of a shop can be called."""

    def __init__(self, world: World) -> None:
        self._words = {id: _words(items[0].product.title) for id, items in world.by_product.items()}

    def product(self, rng: random.Random, item: Item) -> str:
        """The whole title, its main part, or as little of it as tells it from all others."""
        title = item.product.title
        main = _TAIL.sub("", title) or title
        short = self._short(main)
        names = [name for name in (main, short, short) if name and self._unique(name, item)]
        if item.product.brand and rng.random() < 0.08 and item.product.brand.casefold() not in title.casefold():
            return f"{item.product.brand} {rng.choice(names or [title])}"
        return rng.choice([*names, title] if names else [title])

    def the(self, rng: random.Random, item: Item) -> str:
        return f"the {self.product(rng, item)}"

    def wanted(self, rng: random.Random, item: Item, count: int = 1, *, options: bool = True) -> str:
        """ "two of the Orbit grinder in silver", "a Pebble mug (oat)", "the 28 cm Featherlite pan"."""
        name = self.product(rng, item)
        number = counted(rng, count)
        if not options or not item.options:
            if count > 1:
                return (
                    f"{number} {rng.choice(('of the ', 'x '))}{name}"
                    if rng.random() < 0.7
                    else f"{name}, {number} of them"
                )
            return rng.choice((f"the {name}", f"one {name}", f"the {name}"))
        choice = chosen(rng, item)
        if count > 1:
            return rng.choice(
                (f"{number} of the {name} in {choice}", f"{number} x {name}, {choice}", f"{number} {name}, {choice}")
            )
        return rng.choice(
            (f"the {name} in {choice}", f"one {name}, {choice}", f"the {name} ({choice})", f"the {name}, {choice}")
        )

    def _short(self, main: str) -> str:
        """The first word and the last of the main part: "Orbit grinder"; of a long one two and the last."""
        words = main.split()
        if len(words) > 3:
            return f"{words[0]} {words[1]} {words[-1]}"
        return f"{words[0]} {words[-1]}" if len(words) > 2 else main

    def _unique(self, name: str, item: Item) -> bool:
        """Whether no other product has all these words in its title."""
        words = _words(name)
        own = item.product.external_id
        return bool(words) and not any(words <= other for id, other in self._words.items() if id != own)


def chosen(rng: random.Random, item: Item) -> str:
    """The variant's options as people say them: "oat", "medium, sage", "size M"."""
    values = [str(value) for value in item.options.values()]
    if len(values) == 1 and len(values[0]) <= 2 and rng.random() < 0.7:
        return f"{next(iter(item.options))} {values[0]}"
    if rng.random() < 0.2:
        values = values[::-1]
    return rng.choice((", ", " ", " and ", ", ")).join(values) if len(values) > 1 else values[0]


def difference(new: Item, old: Item) -> tuple[str, str, str]:
    """The options in which two variants differ, of the new and of the old one, and how the first of them is called."""
    names = [name for name, value in new.options.items() if old.options.get(name) != value] or list(new.options)
    sized = len(names) == 1 and len(str(new.options[names[0]])) <= 2

    def written(item: Item) -> str:
        text = ", ".join(str(item.options[name]) for name in names if name in item.options)
        return f"{names[0]} {text}" if sized else text

    return written(new), written(old), names[0]


def counted(rng: random.Random, count: int) -> str:
    """2 → "two", "2"."""
    return _COUNT_WORDS[count] if count < len(_COUNT_WORDS) and rng.random() < 0.6 else str(count)


def kind_of(category: str) -> str:
    """What a category's goods are called: the last part of "Coffee > Grinders", "grinders"."""
    return category.split(">")[-1].strip().lower()


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold().replace("'s", "")))
