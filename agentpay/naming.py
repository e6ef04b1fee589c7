"""What the name of a product says and what is said besides it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = re.compile(r"[^\W_]+")


def besides_the_name(name: str, title: str, options: Mapping[str, str]) -> dict[str, str]:
    """The wished options without values that are but words of the title, said as a part of it.

    In "Anvil espresso beans" the product "Anvil espresso blend coffee beans" is named, no grind: its words stand in the
    title's order, each once. Who says "Anvil beans espresso", or espresso twice, wants espresso.
    """
    said, titled = _words(name), _words(title)
    return {key: value for key, value in options.items() if not _names(_words(value), said, titled)}


def _names(value: list[str], said: list[str], titled: list[str]) -> bool:
    if not value or not set(value) <= set(titled) or any(said.count(word) != 1 for word in value):
        return False
    own = [word for word in said if word in titled]
    places = iter(titled)
    return len(own) > len(value) and all(word in places for word in own)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
