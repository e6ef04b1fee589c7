"""What goes with what is spoken of: "a bag that fits it", "a spare set of strings for it"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agentpay.llm.house.facts import content
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Talk

_FITS_IT = re.compile(
    r"\b(?:for|fit|fits|fitting|match|matches|matching|suits?|with|on|same size as|size as)"
    r" (?:it|that|this|them|those|these|that one|this one|(?:the|that|this) [a-z][\w-]*)\b",
    re.I,
)

_MATCHING = re.compile(r"\b(?:the|a) matching\b", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def variant_matching(talk: Talk, text: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one row with an option as what it shall fit has it: the bag of size 3/4, for a guitar of that size."""
    own = _options_of_it(talk) if _FITS_IT.search(text) or _MATCHING.search(text) else set()
    numbers = {number for value in own for number in _NUMBER.findall(value)}
    same = [
        row for row in rows if numbers and numbers == set(_NUMBER.findall(" ".join(map(str, row["options"].values()))))
    ]
    if len(same) == 1:
        return same[0]  # "the matching cabinet", that fits the Lagoon 120, for the tank of 120 l
    fitting = [row for row in rows if own & {str(value).casefold() for value in row["options"].values()}]
    return fitting[0] if len(fitting) == 1 else None


def product_matching(talk: Talk, text: str, products: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one of several products whose title has most words of what it shall go with: strings for ukuleles, for a ukulele."""
    if not _FITS_IT.search(text) or talk.focus is None:
        return None
    its = content(talk.focus.get("title") or "")
    shared = [len(its & stems(one["title"])) for one in products]
    best = max(shared, default=0)
    return products[shared.index(best)] if best and shared.count(best) == 1 else None


def _options_of_it(talk: Talk) -> set[str]:
    options = (talk.focus or {}).get("options") or {}
    return {str(value).casefold() for value in options.values()}
