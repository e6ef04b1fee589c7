# ruff: noqa: E501 (a regular expression is read in one piece)
"""Counts and postcodes that take the place of others: "make it four, not two", "it's 8004 and not 8040"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.intents.entities.numerals import DIGIT, NUMERAL, number
from agentpay.intents.entities.places import POSTCODE
from agentpay.intents.entities.spans import Span, blanked, free
from agentpay.intents.gating import Gated

_N = rf"\d{{1,3}}|{NUMERAL}"
_COUNTS_END = r"(?=\W*$|\s*[,.;!?]|\s+(?:please|pls|as|like|that|which|so|and|but|then|of (?:them|those|these)|packs?|boxes|bottles|pieces|pairs|sets|bags)\b)"
_INSTEAD = rf"(?:(?:and|but)\s+)?(?:not|instead of|rather than|in place of)\s+(?:the\s+|just\s+|only\s+)?(?P<old>{_N}){_COUNTS_END}"
_DONE = r"(?:put|typed|ordered|pressed|clicked|chose|entered|added|wrote|picked|selected|keyed(?: in)?|got down|down)"
_SHALL_BE = r"(?:should(?:'ve| have)? (?:be(?:en)?|read|say)|(?:only |just )*(?:mean|meant|want|wanted|need|needed|wish|wished)(?: to (?:put|type|order|say|have|get))?)"
_REPLACED = (
    Gated(rf"\b{_INSTEAD}", re.IGNORECASE),
    Gated(rf"\bnot\s+(?P<old>{_N})\s*,?\s+but\s+(?P<new>{_N})(?:\s+(?:of|please|pls)\b|\W*$)", re.IGNORECASE),
    Gated(rf"^\W*from\s+(?P<old>{_N})\s+(?:[^\W\d_]+\s+)?to\s+(?P<new>{_N})\W*$", re.IGNORECASE),
    Gated(
        rf"\b(?:instead of|rather than)\s+(?:the\s+)?(?P<old>{_N})\s+(?:[^\W\d_]+\s+){{1,3}}?(?:only|just|i'll take|i take|make it|we need|i want|i need)\s+(?P<new>{_N}){_COUNTS_END}",
        re.IGNORECASE,
    ),
    Gated(r"(?<![\w.,])(?P<old>\d{1,2})\s*(?:→|->|=>)\s*(?P<new>\d{1,2})(?!\w)", re.IGNORECASE),
    Gated(rf"\b(?:qty|quantity|make \w+)\s+(?:to\s+)?(?P<new>{_N})\s+from\s+(?P<old>{_N})\W*$", re.IGNORECASE),
    Gated(
        rf"\b(?:change|increase|reduce|up|raise|lower|bump|go|take|move|bring|cut|drop|put|make|turn)\b[^.,;?!]{{0,30}}?\bfrom\s+(?P<old>{_N})\s+(?:[^\W\d_]+ )?(?:up |down )?to\s+(?P<new>{_N})\b",
        re.IGNORECASE,
    ),
    Gated(
        rf"\b(?:i|we|it|you)(?:'ve| have| has)?\s+(?:accidentally |mistakenly |wrongly )?(?:{_DONE}|shows?|says?)\s+(?P<old>{_N})(?:\s+by (?:mistake|accident))?\W*$",
        re.IGNORECASE,
    ),
)
_MEANT = Gated(
    rf"\b{_DONE}\s+(?P<old>{_N})\b[^.?!]{{0,30}}?\b{_SHALL_BE}\s+(?:just |only )?(?P<new>{_N}){_COUNTS_END}",
    re.IGNORECASE,
)
"""What was ordered by mistake, then what was meant: "I ordered ten when I meant one"."""
_NO_COUNT = re.compile(r"\b(?:street|house|door|flat|apartment|unit|road|number|size)\b", re.IGNORECASE)
_WORD = r"(?:zip(?:\s?codes?)?|eir\s?code|post(?:al)?\s?code|pin(?:\s?code)?(?=\D{0,9}\d{6}\b))"
_SPOKEN_OF = Gated(rf"\b{_WORD}\b", re.IGNORECASE)
_CODE = re.compile(rf"(?<![\w#./-])(?P<code>{POSTCODE})(?![\w-]|[.,]\d)", re.IGNORECASE)
_NOT_THIS = re.compile(
    rf"\s*,?\s*(?:(?:and|but)\s+)?(?:not|instead of|rather than)\s+(?P<old>{POSTCODE})(?!\w)", re.IGNORECASE
)
_HOUSE = Gated(
    r"(?<![\w.,/-])\d{1,5}[a-z]?(?:\s+(?!not\b|instead\b|rather\b)[^\W\d_][\w.'’-]*){1,4}(?P<old>\s*,?\s*(?:(?:and|but)\s+)?(?:not|instead of|rather than)\s+(?:number\s+|no\.?\s*)?\d{1,5}[a-z]?)(?!\w)(?!\s*(?:of|x)\b)",
    re.IGNORECASE,
)
"""Behind a street another number of a house, which was wrong: "12 Canal Row not 14, Leicester"."""
_NEAR = 48
"""So many characters from the word a postcode stands, in a sentence of its own, too."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """How many there were, how many there shall be where that is said beside it, and where both stand."""

    old: int
    new: int | None
    spans: list[Span]
    alone: bool = False
    """Whether it says so by itself: "I put five"."""


def find_replaced_count(text: str, taken: Sequence[Span]) -> Replaced | None:
    """A count that another takes the place of."""
    for match in _MEANT.finditer(text):
        old, new = number(match["old"]), number(match["new"])
        both = free(taken, *match.span("old")) and free(taken, *match.span("new"))
        if old and new and old != new and both and not _NO_COUNT.search(text):
            return Replaced(
                old, new, [Span(*match.span(name), "quantity", number(match[name])) for name in ("old", "new")]
            )
    for pattern in _REPLACED:
        for match in pattern.finditer(text):
            old = number(match["old"])
            if old and free(taken, *match.span("old")) and not _NO_COUNT.search(text):
                new = number(match["new"]) if "new" in match.groupdict() else None
                spans = [Span(*match.span("old"), "quantity", old)]
                if new is not None:
                    spans.append(Span(*match.span("new"), "quantity", new))
                return Replaced(old, new, spans, alone=pattern is _REPLACED[-1])
    return None


def find_postcodes(text: str, taken: Sequence[Span]) -> list[Span]:
    """A postcode that is called one, wherever it stands, and the one that it takes the place of."""
    word = _SPOKEN_OF.search(text)
    if word is None or not DIGIT.search(text):
        return []
    for match in _CODE.finditer(text, max(0, word.start() - _NEAR), min(len(text), word.end() + _NEAR)):
        code = match["code"]
        if not free(taken, *match.span("code")) or (code.isalpha() or len(code) < 4):
            continue
        found = [Span(*match.span("code"), "postcode", " ".join(code.upper().split()))]
        if other := _NOT_THIS.match(text, match.end("code")):
            found.append(Span(*other.span("old"), "old postcode", " ".join(other["old"].upper().split())))
        return found
    return []


def without_old_house(text: str) -> str:
    """The text with blanks where a number stands that a street's number replaces, as long as before: so addresses are read."""
    found = _HOUSE.search(text)
    return text if found is None else blanked(text, [found.span("old")])
