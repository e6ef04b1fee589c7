"""Numbers as customers write them, where they count goods or people."""

from __future__ import annotations

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_VALUES = {word: n for n, word in enumerate(_WORDS)} | dict.fromkeys(("a", "an", "the", "some"), 1)
NUMBERS = frozenset(_WORDS[1:11])
"""Words that count goods, wherever they stand."""


def number(word: str) -> int:
    """ "two" or "2" → 2; "a", "the" and "some" of a thing are one. Raises ValueError for other words."""
    value = _VALUES.get(word.casefold())
    return int(word) if value is None else value
