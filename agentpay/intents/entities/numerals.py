# ruff: noqa: E501 (a list of words is read in one piece)
"""Numbers in words: "seven", "twenty-five", "a hundred", "half a dozen"."""

from __future__ import annotations

import re

from agentpay.intents.gating import AnyOf

_ONES = {word: value for value, word in enumerate(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
    start=1,
)}  # fmt: skip
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_GROUPS = {"dozen": 12, "hundred": 100, "thousand": 1000, "grand": 1000}


def _any(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_BELOW_HUNDRED = rf"(?:(?:{_any(_TENS)})(?:[ -](?:one|two|three|four|five|six|seven|eight|nine)\b)?|{_any(_ONES)})"
NUMERAL = rf"(?:(?:(?:(?:an?|{_BELOW_HUNDRED})[ -])?(?:hundred|thousand)|(?:an?|{_BELOW_HUNDRED})[ -]grand)(?:(?: and)? {_BELOW_HUNDRED})?|{_BELOW_HUNDRED})"
"""A regular expression for a number in words, to be used without regard to case and between word boundaries."""
DIGIT = re.compile(r"\d")
LIKELY = AnyOf(rf"\d|\b(?:{_any(_ONES | _TENS | _GROUPS)}|couple|pair|single|another|fiver|tenner)", re.IGNORECASE)
"""Whether a text may hold a number at all."""

LIKELY_MONEY = AnyOf(
    rf"\d|\b(?:{_any(_TENS)}|fifteen|sixteen|seventeen|eighteen|nineteen|hundred|thousand|grand|fiver|tenner)\b|\b(?:{_any(_ONES)}) (?:[a-z]+ )?(?:pounds?|quid|euros?|dollars?|bucks?|francs|kr|percent|per cent|rupees|yen)\b",
    re.IGNORECASE,
)
"""Whether a text may hold a price or a percentage."""


def number(written: str) -> int | None:
    """What digits or words of a number stand for; None where they are none."""
    if written.isdigit():
        return int(written)
    total = 0
    for word in re.split(r"[\s-]+", written.lower()):
        if word in _GROUPS:
            total = max(total, 1) * _GROUPS[word]
        elif word in _ONES or word in _TENS:
            total += _ONES.get(word) or _TENS[word]
        elif word not in {"a", "an", "and"}:
            return None
    return total or None
