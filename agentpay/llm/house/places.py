"""Places a shop's own pages leave out, though their country is served: "we do not deliver to the islands"."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.describe import sentences

_WORD = r"[A-Z][^\W\d_'-]*(?:['-][^\W\d_]+)*(?!\d)"
_PLACE = re.compile(
    rf"\b(?:to|in|within|on)\s+(?:the\s+)?(?P<place>{_WORD}(?:\s+(?:of\s+|and\s+)?{_WORD}\b(?!\d)){{0,3}})"
)
_LOWER = re.compile(r"\b(?:to|in)\s+(?:the\s+)?(?P<place>[a-z][\w' -]{3,30}?)\W*$")
_WHOLE = ("uk", "us", "usa", "eu", "europe", "america", "the states", "england", "britain", "great britain")
"""Other words for countries, and what is larger than one."""
_LEFT_OUT = re.compile(
    r"\b(?:not|no|never|cannot|can't|don't|won't|unable|except\w*|exclud\w*|other than|apart from|mainland only|only)\b",
    re.I,
)


def place_named(act: ActView, country: str) -> str | None:
    """The place a clause names for delivery, where it is not the country itself."""
    match = _PLACE.search(act.text) or _LOWER.search(act.text)
    place = match["place"].strip() if match else None
    whole = {country.casefold(), *_WHOLE}
    return None if place is None or place.casefold() in whole else place


def leaves_out(passages: list[dict[str, Any]], place: str) -> tuple[str, str] | None:
    """(sentence, title) of the passage that says a place is not served."""
    words = re.compile(rf"\b{re.escape(place)}\b", re.I)
    for passage in passages:
        for sentence in sentences(passage["text"]):
            if words.search(sentence) and _LEFT_OUT.search(sentence):
                return sentence, passage["title"]
    return None
