# ruff: noqa: E501 (a regular expression is read in one piece)
"""What goods are counted in, where a clause says so: "8 balls of the moss one", "two bags of alp", "3 skeins blue"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import Gated
from agentpay.intents.words import word_set

_PURE = (
    r"skeins?|hanks?|cones?|spools?|reels?|bobbins?|rolls?|bundles?|bunch(?:es)?|tins?|cans?|jars?|tubes?|sachets?|packs?|packets?|cartons?|crates?"
    r"|punnets?|sacks?|loaf|loaves|slices?|portions?|servings?|pairs?|sets?|copy|copies|pieces?|units?|metres?|meters?|yards?"
)
UNIT = rf"(?:{_PURE}|balls?|sheets?|sticks?|bars?|blocks?|tubs?|pots?|bottles?|box(?:es)?|cases?|trays?|bags?|buckets?|barrels?|kegs?|cups?|glass(?:es)?)"
"""What goods are counted in; the first hardly ever are goods by themselves."""
_OF = re.compile(
    r"\s+(?:more\s+|extra\s+|further\s+)?(?P<unit>[^\W\d_]{3,})\s+of\b(?P<known>\s+(?:the|your|that|this|those|these|same)\b)*(?=\s+\S)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"\s+(?:more\s+|extra\s+)?(?:(?P<pure>{_PURE})\b(?!\s+of\b)|(?P<unit>{UNIT})\s+(?:the\s+)?(?P<next>[^\W\d_]+))",
    re.IGNORECASE,
)
_ONE_OF = Gated(
    rf"\b(?:an?|another|some|any more|the|those)\s+(?P<unit>{UNIT})\s+of\b(?:\s+(?:the|your|that|this|those|these)\b)*(?=\s+\S)",
    re.IGNORECASE,
)
_COUNTS_NONE = word_set(
    "one ones each any some both all more kind kinds sort sorts type types way ways day days week weeks month months year years hour hours "
    "minute minutes friend friends member members people percent time times half quarter part parts order orders size sizes"
)
"""Words before "of" that are no measure of goods: "two days of rain", "two of each"."""


def unit_spans(text: str, taken: Sequence[Span], goods: Collection[str], *, chosen: bool) -> list[Span]:
    """
    The words that say what is counted in, which name nothing: of any kind behind a number and before "of", else the usual ones.

    `goods` are words of titles, which name goods wherever they stand; `chosen`: an option says which goods are meant, so
    that "3 skeins blue" names no other.
    """
    found: list[Span] = []

    def add(match: re.Match[str], group: str, end: int) -> None:
        unit = match[group].lower()
        own = {unit, unit.removesuffix("s"), unit.removesuffix("es"), f"{unit}s"}
        if not own & set(goods) and unit not in _COUNTS_NONE and free([*taken, *found], *match.span(group)):
            found.append(Span(match.start(group), end, "unit", unit))

    for counted in [span for span in taken if span.kind == "quantity"]:
        if (match := _OF.match(text, counted.end)) is not None:
            add(match, "unit", match.end())
        elif (match := _BARE.match(text, counted.end)) is not None:
            if match["pure"] and chosen:
                add(match, "pure", match.end("pure"))
            elif match["unit"] and match["next"].lower() in goods:
                add(match, "unit", match.end("unit"))
    for match in _ONE_OF.finditer(text):
        add(match, "unit", match.end())
    return found
