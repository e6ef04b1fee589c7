# ruff: noqa: E501 (a regular expression is read in one piece)
"""What a wish names besides goods: for whom it is, what it shall be used for, and what must not be in it."""

from __future__ import annotations

import re

_TO_USE = re.compile(
    r"\b(?:something|anything|a thing|stuff|what|tools?)\s+(?:good |nice )?(?:i can (?:use )?)?(?:to|for)\s+(?P<verb>[a-z]{3,}(?:\s+\w+){0,5}?)\s+with\b",
    re.I,
)
_LIKES = re.compile(
    r"\b(?:who|she|he|they|that)(?:'s| is| are)?\s+(?:really |absolutely |just )?(?:likes?|loves?|enjoys?|adores?|into|keen on|fond of|mad about|crazy about|started|starting|takes? up|taking up)\s+(?P<interest>[^.?!,;]{3,60})",
    re.I,
)
_SMALL = frozenset(
    {"to", "a", "an", "the", "of", "and", "his", "her", "their", "my", "our", "it", "things", "stuff", "lot", "lots", "really", "very", "all", "kinds", "with"}
)  # fmt: skip
_SIZE_ADVICE = re.compile(
    r"\b(?:which|what) (?:\w+ ){0,2}?sizes?\b.*\b(?:i|we|you|need|take|should|fit\w*|right|my|he|she)\b"
    r"|\bhow (?:do|can|should) (?:i|we) (?:measure|choose|pick|know|find)\b|\bsize (?:chart|guide|table|advice)\b",
    re.I,
)
_WHAT_SIZE = re.compile(r"\b(?:what|which) (?:\w+ )?size\b", re.I)
_MEASURED = re.compile(r"\bmeasur\w*|\b\d+(?:[.,]\d+)? ?(?:cm|mm|inch(?:es)?|in|kg|kilos?|lbs?|years?)\b", re.I)
_STOCKS = re.compile(
    r"\bdo (?:you|u|ya)(?: guys| also)? (?:do|have|sell|stock|carry|make|keep|offer)\b|\bgot any\b", re.I
)


def used_for(text: str) -> str | None:
    """The deed of "something to prune roses with": what it is done to is not what is looked for."""
    match = _TO_USE.search(text)
    return match["verb"].split()[0] if match else None


def interest(text: str) -> str | None:
    """What somebody a thing is for likes: "for my mum, she likes gardening" → "gardening"."""
    match = _LIKES.search(text)
    if match is None:
        return None
    words = [word for word in re.findall(r"[^\W_]+", match["interest"]) if word.casefold() not in _SMALL]
    return " ".join(words[:5]) or None


def asks_for_size(text: str, message: str = "") -> bool:
    """Whether advice on a size is asked for, which a shop's own pages may give: by itself, or where `message` tells a measure."""
    measured = _WHAT_SIZE.search(text) is not None and _MEASURED.search(message) is not None
    return measured or _SIZE_ADVICE.search(text) is not None


def asks_for_goods(text: str) -> bool:
    """ "Do you do lawnmowers?"."""
    return _STOCKS.search(text) is not None
