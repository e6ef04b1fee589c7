"""Numbers as customers write them, where they count goods or people."""

from __future__ import annotations

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_VALUES = {word: n for n, word in enumerate(_WORDS)} | dict.fromkeys(("a", "an", "the", "some"), 1)
NUMBERS = frozenset(_WORDS[1:11])
"""Words that count goods, wherever they stand."""

COUNT = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve"
"""A regular expression for how many goods, that `number` reads."""
UNITS = (
    r"(?:balls?|skeins?|hanks?|cones?|spools?|reels?|rolls?|bundles?|bunch(?:es)?|sheets?|strips?|sticks?|bars?|blocks?|tubs?|pots?|jars?|tins?|cans?"
    r"|bottles?|tubes?|sachets?|pouch(?:es)?|packs?|packets?|box(?:es)?|cartons?|cases?|crates?|trays?|punnets?|bags?|sacks?|buckets?|loaf|loaves|slices?"
    r"|portions?|capsules?|tablets?|pairs?|sets?|pieces?|units?|metres?|meters?|yards?)"
)
"""What goods are counted in."""


def number(word: str) -> int:
    """ "two" or "2" → 2; "a", "the" and "some" of a thing are one. Raises ValueError for other words."""
    value = _VALUES.get(word.casefold())
    return int(word) if value is None else value
