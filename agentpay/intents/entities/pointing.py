# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""What a message points to without naming it: places in what was shown, "it", everything; and the order of prices."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from agentpay.intents.entities.numerals import number
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf, Gated

_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "6th": 6, "7th": 7, "8th": 8, "last": -1, "latter": -1, "former": 1, "final": -1, "bottom": -1, "top": 1,
}  # fmt: skip
_SIDES = frozenset({"top", "bottom", "former", "latter", "final"})
"""Places only in what was shown: elsewhere a thing has a top."""
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_FIRST_FEW = Gated(
    r"\b(?:the\s+)?(?P<end>first|last|top)\s+(?P<n>two|three|four|five|2|3|4|5)\b(?!\s+(?:minutes?|hours?|days?|weeks?|months?|years?|times|digits|letters|nights?)\b)(?:\s+(?:ones|options|items|products|results))?",
    re.IGNORECASE,
)
_GENERIC = r"ones?|item|product|option|result|choice|model|pair|thing|suggestion|position|listed|in the list|you (?:showed|listed|mentioned)"
_PLACE = Gated(
    rf"\b(?:the|your|that|this)\s+(?:very\s+)?(?P<o>{_ORDINAL})(?:\s+(?:and|&|or)\s+(?:the\s+)?(?P<o2>{_ORDINAL}))?"
    rf"(?:\s+(?:{_GENERIC}|1))?(?=\s*(?:$|[,.!?;)]|(?:in|please|pls|and|to|for|with|at|is|if|from|then|instead|or|looks?|seems?|vs|but|than|of (?:them|those|these)|does|has|have|was|will|would|can|also|too|though|more|less|better|[a-z]{{3,}}er)\b))",
    re.IGNORECASE,
)
_LAST_ONE_HAD = re.compile(
    r"\bfrom\s+the\s+$|\s+ones?\s+(?:had|was|were|came|arrived|broke|fell|died|lasted|didn'?t|wasn'?t|never|you sent|i (?:had|got|bought|ordered))\b",
    re.IGNORECASE,
)
"""Around "last", where it is what was bought before: "the last one was too heavy", "from the last one"."""
_PLACE_GENERIC = Gated(rf"\b(?P<o>{_ORDINAL})\s+(?:{_GENERIC})\b", re.IGNORECASE)
_PLACE_NOUN = Gated(
    rf"\b(?:the|your|that|this)\s+(?P<o>{_ORDINAL})\s+(?:(?:and|or|&)\s+(?:the\s+)?(?P<o2>{_ORDINAL})\s+)?(?!aid|hand|class|edition|name|order|time|day|week|month|year|night|floor)[^\W\d_]{{3,}}",
    re.IGNORECASE,
)
_NUMBERED = Gated(
    r"(?:#\s?|\b(?:no|nr)\.\s?|\b(?:number|no\.|nr\.?|option|item|result|choice|picture|photo|pic|image)\s+)(?P<n>\d|10|one|two|three|four|five)(?!\w|[.,]\d|-)(?:\s+(?:and|&|or)\s+(?:(?:number|no\.?|#)\s?)?(?P<n2>\d|one|two|three|four|five)(?![\w.,]*\w)(?!\s+(?:of|x)\b))?",
    re.IGNORECASE,
)
_OUT_OF = Gated(
    r"\b(?:out of|between|compare|of)\s+(?:numbers?\s+)?(?P<n>[1-9])\s+(?:and|or|&|vs)\s+(?:number\s+)?(?P<n2>[1-9])(?=\s*(?:$|[,.!?;]|which|what|who))",
    re.IGNORECASE,
)
"""Two places in what was shown: "out of 1 and 3, which is lighter?"."""
_AT_A_HOUSE = re.compile(r"\b(?:at|with|neighbou?rs?,?)\s+$", re.IGNORECASE)
"""Before the number of a house: "leave it with number 9"."""
_TWO_PLACES = Gated(
    rf"\b(?P<o>{_ORDINAL})\s*(?:and|&|or|,)\s*(?:the\s+)?(?P<o2>{_ORDINAL})\b(?!\s+(?:time|class|name|order|day|week|month|year)\b)",
    re.IGNORECASE,
)
_SEVERAL = Gated(
    r"(?:^|\b(?:do|does|are|is|of|compare|between|take|want|add|put)\s+)(?P<first>[1-9](?:\s*,\s*[1-9])*)\s*,?\s*(?:and|or|&|vs)\s+(?P<last>[1-9])(?=\W*$|\s*[,.?!]|\s+(?:compare|differ|which|what|please|pls|together|are|is|do)\b)",
    re.IGNORECASE,
)
"""Places in what was shown, one after the other: "how do 1, 2 and 4 compare"."""
_FROM_AN_END = Gated(
    rf"\b(?P<o>{_ORDINAL})\s+(?:one\s+)?from (?:the )?(?P<end>top|left|start|beginning|bottom|right|end|last)\b|\b(?P<before>next to (?:the )?last|second to last|second last|last but one|penultimate)\b",
    re.IGNORECASE,
)
_FRONT = frozenset({"top", "left", "start", "beginning"})
_FEW_FIRST = Gated(r"\bthe\s+(?P<n>two|three|2|3)\s+(?P<end>first|last)(?:\s+ones?)?(?=\W*$|\s*[,.?!])", re.IGNORECASE)
_ONE_AFTER = Gated(
    rf"\bnot (?:the )?(?P<o>{_ORDINAL})(?: one)?,? (?:but )?the (?:one after|next(?: one)?)\b", re.IGNORECASE
)
_SIDE = Gated(r"\bthe (?P<side>left|right)(?:[- ]hand)? (?:one|option|picture)\b", re.IGNORECASE)
_SHOWN_SO = Gated(
    r"\byou (?:showed|listed|sent|mentioned|suggested)(?: me| us)? (?P<o>first|last|second|third)\b", re.IGNORECASE
)
_BEGINS = re.compile(
    rf"^\W*(?P<o>{_ORDINAL})\s+(?!time|of all|aid|hand|class|week|month|year|night|name|order|day|things?|price|chance|question|offer|minute|call|delivery|i\b|we\b|my\b)(?:is\b|in\b|[^\W\d_]{{3,}})",
    re.IGNORECASE,
)
_MIDDLE = Gated(r"\b(?:the\s+)?(?:middle|center|centre)\s+(?:one|option|item|product)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:not|except|without|but not|instead of|rather than)\s+$", re.IGNORECASE)
_BARE_PLACE = re.compile(
    rf"^\W*(?:i'll take |i want |give me |the )?(?P<n>\d|one|two|three|four|five|{_ORDINAL})\W*(?:please|pls|thanks)?\W*$",
    re.IGNORECASE,
)
_BARE_PLACES = re.compile(
    rf"^\W*(?:(?:i'll take|i want|give me|ok|yes)\W+)?(?P<o>{_ORDINAL})\s*(?:and|&|,|n|plus)\s*(?P<o2>{_ORDINAL})\s+(?:ones\b|please\b|pls\b|thanks\b|\W)+$",
    re.IGNORECASE,
)
_BOTH = Gated(r"\bboth\b(?!\s+(?:of\s+)?(?:my|orders))", re.IGNORECASE)

_ASCENDING = Gated(
    r"\b(?:the\s+)?(?:cheapest|least expensive|lowest[- ]priced?|lowest price|most affordable|(?:low(?:est)?|cheap(?:est)?) to (?:high(?:est)?|dear(?:est)?|expensive)|cheap first)\b(?:\s+first\b)?",
    re.IGNORECASE,
)
_DESCENDING = Gated(
    r"\b(?:the\s+)?(?:most expensive|priciest|dearest|highest[- ]priced?|highest price|high(?:est)? to low(?:est)?|most premium)\b",
    re.IGNORECASE,
)
PRONOUN = AnyOf(
    r"\b(?:it|that|this|them|those|these|same|its)\b|\b(?:the|that|this|another|first|second|last|other|which|each|a)\s+(?:[\w-]+\s+){0,2}ones?\b|\bones\b",
    re.IGNORECASE,
)
EVERYTHING = AnyOf(
    r"\b(?:everything|all of (?:it|them|those|these|my (?:items|stuff))|(?:remove|delete|drop|clear|cancel|take out) all\b"
    r"|(?:empty|clear|reset|wipe|dump|delete)(?: out)? (?:my |the |that |this |whole |entire |all )*(?:shopping )?(?:cart|basket|bag|trolley)|(?:whole|entire) (?:cart|basket|bag|order)|start (?:all )?over|start (?:again|fresh|from scratch)|them all|all (?:the )?items|(?:empty|clear|bin|scrap|drop|remove|delete|dump|take out) the (?:whole|entire)? ?(?:thing|lot)"
    r"|(?:cart|basket) (?:empty|clean)|(?:empty|clear) (?:it|that)(?: out| all)?(?=\W*(?:please\W*)?$))\b",
    re.IGNORECASE,
)


def find_ordinals(text: str, taken: Sequence[Span], shown: int, asked_for: str | None) -> list[Span]:
    """Places in what was shown, from 1, -1 the last; `shown` > 0 also allows "the second jacket"."""
    found: list[Span] = []

    def add(match: re.Match[str], values: list[int]) -> None:
        if free([*taken, *found], *match.span()) and not _NEGATED.search(text[: match.start()]):
            found.append(Span(*match.span(), "ordinal", values))

    for match in _FIRST_FEW.finditer(text):
        add(match, _at_an_end(match))
    if shown:
        _by_sides(text, shown, add)
    for match in _PLACE.finditer(text):
        if not shown and match["o"].lower() in _SIDES:
            continue
        if _was_had(match):
            continue
        add(match, [_ordinal(match)] + ([_ordinal(match, "o2")] if match["o2"] else []))
    for match in _PLACE_GENERIC.finditer(text):
        if not shown and text[: match.start()].strip() and match["o"].lower() == "second":
            continue  # "is second one cheaper?"
        if _was_had(match):
            continue
        add(match, [_ordinal(match)])
    if shown:
        for match in _PLACE_NOUN.finditer(text):
            if match["o"].lower() == "last" and _LAST_ONE_HAD.match(text, match.end("o")):
                continue
            for group in ("o", "o2") if match["o2"] else ("o",):
                if free([*taken, *found], *match.span(group)):
                    found.append(Span(*match.span(group), "ordinal", [_ordinal(match, group)]))
        if not found and (begins := _BEGINS.match(text)) and free(taken, *begins.span("o")):
            found.append(Span(*begins.span("o"), "ordinal", [_ordinal(begins)]))
        if not found and shown >= 2 and (both := _BOTH.search(text)):
            add(both, [1, 2])
    for match in _NUMBERED.finditer(text):
        if not shown and _AT_A_HOUSE.search(text[: match.start()]):
            continue
        if shown or not match.group().startswith("#"):
            value = number(match["n"])
            if value and (shown or re.match(r"(?i)(?:option|item|result|choice|number)", match.group())):
                add(match, [value, *([number(match["n2"]) or 0] if match["n2"] else [])])
    for match in _OUT_OF.finditer(text) if shown >= 2 else ():
        if max(pair := [int(match["n"]), int(match["n2"])]) <= shown:
            add(match, pair)
    if shown >= 3 and shown % 2 and (middle := _MIDDLE.search(text)):
        add(middle, [(shown + 1) // 2])
    if not found and shown and (two := _BARE_PLACES.match(text)):
        add(two, [_ordinal(two), _ordinal(two, "o2")])
    if not found and shown and asked_for in {"product", "choice", "ordinal"} and (bare := _BARE_PLACE.match(text)):
        word = bare["n"].lower()
        value = _ORDINALS.get(word) or number(word)
        if value:
            add(bare, [value])
    return found


def _ordinal(match: re.Match[str], group: str = "o") -> int:
    return _ORDINALS[match[group].lower()]


def _was_had(match: re.Match[str]) -> bool:
    """Whether "the last one" is what was bought before."""
    if match["o"].lower() != "last":
        return False
    before, behind = match.start("o"), match.end("o")
    return bool(_LAST_ONE_HAD.match(match.string, behind) or _LAST_ONE_HAD.search(match.string, 0, before))


def _at_an_end(match: re.Match[str]) -> list[int]:
    """So many places from the front or from the back: "the first two", "the three last"."""
    count = number(match["n"]) or 0
    last = match["end"].lower() == "last"
    return [-i for i in range(count, 0, -1)] if last else list(range(1, count + 1))


def _by_sides(text: str, shown: int, add: Callable[[re.Match[str], list[int]], None]) -> None:
    """Places said by several at once, from an end, by what stands before them or by their side."""
    for match in _SEVERAL.finditer(text):
        places = [int(one) for one in re.findall(r"\d", f"{match['first']} {match['last']}")]
        if max(places) <= shown:
            add(match, places)
    for match in _FROM_AN_END.finditer(text):
        place = 2 if match["before"] else _ordinal(match)
        from_front = match["end"] is not None and match["end"].lower() in _FRONT
        add(match, [place if from_front else -place])
    for match in _FEW_FIRST.finditer(text):
        add(match, _at_an_end(match))
    for match in _ONE_AFTER.finditer(text):
        add(match, [_ordinal(match) + 1])
    for match in _TWO_PLACES.finditer(text):
        add(match, [_ordinal(match), _ordinal(match, "o2")])
    for match in _SIDE.finditer(text) if shown == 2 else ():
        add(match, [1 if match["side"].lower() == "left" else 2])
    for match in _SHOWN_SO.finditer(text):
        add(match, [_ordinal(match)])


def find_sort(text: str) -> tuple[Literal["price_asc", "price_desc"], tuple[int, int]] | None:
    """The order of price that is asked for, and where."""
    if match := _ASCENDING.search(text):
        return "price_asc", match.span()
    if match := _DESCENDING.search(text):
        return "price_desc", match.span()
    return None
