# ruff: noqa: E501 (a regular expression is read in one piece)
"""Which items of an order a customer's sentences are about: those the wish names, never those that shall stay.

People tell stories: what they bought, what is wrong with a part of it, what they like, and somewhere what they want done.
Each part of a sentence is read for which of these it is, and items count by the part that names them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from agentpay.llm.house.aftersale import counting, reading
from agentpay.llm.house.numbers import number

_SENTENCES = re.compile(r"[.;!?\n]+(?=\s|$)")
_MANNERS = re.compile(r"^\W*(?:please|pls|thanks?|thank you|thx|cheers|sorry|hi|hello|hey)?\W*$", re.I)
_PLEASE = re.compile(r"[, ]+(?:please|pls|thanks|thank you|thx|cheers)\b(?=\W*(?:$|[.;!?\n]))", re.I)
_FURTHER = re.compile(r"^\W*(?:and|also|plus|or)\b", re.I)
_NO = re.compile(r"^\W*(?:(?:no|nope|oh|wait|sorry|actually|but|ok(?:ay)?|yes|yeah|please)\b[\s,.!:;-]*)+", re.I)
_AS_WELL = re.compile(r"\b(?:too|also|as well|either)\b", re.I)
_PARTS = re.compile(
    r"\s*[()]\s*|\s+[-\u2013\u2014]+\s+|,\s*"
    r"|\s+(?=(?:but|though|although|while|whereas|except|apart from|other than|and not|rather than)\b)"
    r"|\s+(?=so\s+(?:i|we|it|they|the|my|please|can|could)\b)|\s+(?=(?:and|then|plus)\s+(?:i\b|i'|we\b|the\b|my\b|just\b|only\b|keep\w*\b|return\w*\b|send\w*\b|refund\w*\b|exchange\w*\b|swap\w*\b|cancel\w*\b|give\b|leave\b|take\b)"
    r"|and\s+(?:one|two|three|four|five|six|\d{1,2})\s+(?:of\b|is\b|are\b|was\b|were\b|has\b|have\b|had\b|came\b|arrived\b|broke\b))",
    re.I,
)
_STAYS_NOT = re.compile(
    r"\b(?:can'?t|cannot|doesn'?t|didn'?t|don'?t|don'?t (?:want|wish|need|like) to|do not (?:want|wish|need) to|not|won'?t|never|no longer|rather than|instead of|nor)\s+(?:\w+\s+)?keep(?:ing)?\b",
    re.I,
)
_STAYS = re.compile(
    r"(?:^|:\s)\W*(?:(?:and|but|so|please|just|only|then|while|though|by)\s+)*keep(?:ing)?\b(?! \w+ing\b)|\ba keeper\b"
    r"|\b(?:i|we|me|us|i'?ll|we'?ll|i'?d|we'?d|i'?m|we'?re|he'?ll|she'?ll|they'?ll)\s+(?:(?:will|would|want|wanna|like|love|prefer|plan|intend|going|gonna|can|could|may|might|shall|should|rather|only|just|definitely|happily|gladly|am|are|have|decided|to)\s+)*(?:keep(?:ing)?|hold(?:ing)? on to|hang(?:ing)? on to)\b(?! \w+ing\b)"
    r"|\bleave (?:the|my|those|these|both)\b(?!.*\bout\b)|(?<!n't )(?<!not )\bstays?\b(?! (?:on|in|up|closed|open|dry|warm|hot|cold|put|still|together)\b)"
    r"|^\W*(?:but |and )?(?:not (?=the\b|my\b|those\b|these\b|all\b|both\b)(?!.*\b(?:ordered|wanted|expected|bought)\b)|(?:except(?: for)?|apart from|other than|everything but|all but)\b(?! (?:it|that|this)\b))|\b(?:everything|all) (?:but|except)\b"
    r"|\b(?:don'?t|do not|not) (?:return|refund|exchange|cancel|swap|touch|send)\b",
    re.I,
)
_PRAISED = re.compile(
    r"\bonly (?:the|my) [\w' -]{2,40}? (?:came|arrived|turned up|(?:was|were) (?:in|inside|there|delivered))\b|\b(?:i|we) (?:really |absolutely |just )?love\b(?! to)|\b(?:i'm|i am|we're|we are) (?:\w+ )?(?:happy|pleased|delighted) with\b"
    r"|\b(?:is|are|was|were|fits?|works?|looks?)(?!n'?t)\s+(?!not\b|never\b)(?:(?!not\b|never\b|too\b)\w+\s+){0,2}?(?:fine|great|good|ok(?:ay)?|perfect(?:ly)?|lovely|well|beautiful(?:ly)?|nice|gorgeous|alright|brilliant|excellent|amazing|fantastic|wonderful|superb|awesome|divine|spot on)\b",
    re.I,
)
_LIKED = re.compile(
    r"^\W*(?:(?:and|but|the|my|our)\s+)*(?:(?!not\b|no\b|never\b|isn't\b|aren't\b)[\w'-]+\s+){1,4}(?:ok(?:ay)?|fine|perfect|great|good|lovely)\W*$",
    re.I,
)
"""Said without a verb: "rug ok"."""
_WITHIN = re.compile(r"\(([^()]*)\)")
_BESIDE = re.compile(
    r"\b(?:go|goes|going|match\w*|fits?|fitting|pair\w*|wear|wore|worn|used?|looks?)\s+(?:\w+\s+){0,2}?(?:with|next to|beside)\s+(?:the|my|our|an?)\s+[\w'-]+",
    re.I,
)
"""What something goes with, or does not: named, and not meant."""
_WISHES = re.compile(
    r"\b(?:return\w*|refund\w*|exchang\w*|swap\w*|replac\w*|cancel\w*|reimburse\w*|money back|money\b[^,]*\bback|get rid of|credit(?:ed)?|remove\w*|drop|delete|leave out|add|reduce|take (?:\w+ ){1,6}(?:off|out))\b"
    r"|\b(?:send|sent|sending|give|giving|bring|take|go|goes|going|come|ship)\b[^,]*\bback\b|\b(?:don'?t|do not|no longer|never) (?:want|need)\b|\b(?:change|switch|trade)\b",
    re.I,
)
_BOUGHT = re.compile(
    r"\b(?:i|we)(?:'ve| have|'d| had)? (?:just |only |recently )?(?:got|received|picked up)\b|\b(?:bought|ordered|purchased)\b|\bthere (?:were|was|are|is)\b|\bcontain(?:s|ed)\b",
    re.I,
)
_REASON = re.compile(r"^\W*(?:it|they|he|she|this|that|these|those|because|since|as|which|too)\b", re.I)
_REST = re.compile(
    r"\b(?:the|all|every)\s+(?:the\s+)?(?:rest|others?(?!\s+(?:orders?|parcel|package|delivery|shipment|day|week|one)\b)|remaining|remainder)\b|\bother (?:one|ones|two|three|items?|things?)\b|\b(?:everything|all) else\b",
    re.I,
)
_IT = re.compile(r"\b(?:it|this|that|them|these|those|they)\b", re.I)
_SAYS_MORE = re.compile(
    r"\b(?:i|i'm|i've|it|it's|they|we|he|she|is|are|was|were|isn't|aren't|wasn't|has|have|had|came|arrived|broke|fits?|does\w*|do|did\w*|will|would|can|could|please)\b",
    re.I,
)
_ONE_OF = re.compile(
    r"\b(?P<n>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3}|half) of (?:the|my|those|these|them|our|all)\b",
    re.I,
)
_SINGLE = re.compile(
    r"\b(?:that|this|the broken|the damaged|the faulty|the other|the cracked|only|just(?: the)?) one\b|\ba single one\b",
    re.I,
)
_SOME = re.compile(
    r"^\W*(?:(?:and|but|only|just|unfortunately|sadly)\s+)*(?P<n>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})(?:\s+of (?:them|those|these))?\s+(?:\w+\s+)?(?:is|are|was|were|has|have|had|came|arrived|broke|got|looks?|doesn'?t|don'?t|won'?t|does|do)\b",
    re.I,
)

_ORDER = re.compile(r"\b(?:orders?|purchase|parcel|package|shipment|delivery)\b|#|\d{3}", re.I)
_WHOLE = re.compile(
    r"\b(?:cancel\w*|stop|call off|want|need)\s+(?:(?!(?:from|in|on|of|off|out|before|until|till|when|once|if|unless|after|because|since|as|that|and|but)\b)[\w'-]+\s+){0,4}?(?:orders?|purchase|it|that|this|#?[a-z]{0,4}-?\d{3,})\b",
    re.I,
)
"""What is to go is the order: "cancel my order with the stool", "cancel it"."""
_KEEP_SOME = re.compile(
    r"\bkeep(?:ing)?\s+(?:just |only )?(?P<n>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b", re.I
)
_A_NAME = 7
"""Words that the naming of a further item has at most."""

_VERBS = {"return": "return", "exchange": "exchange", "refund": "refund", "cancel": "cancel", "items": "change"}
WISH, STAYS, PRAISED, STORY, TOLD = "wish", "stays", "praised", "story", "told"
Part = tuple[str, str]
"""(its role, its words)."""


@dataclass(slots=True)
class Meant:
    """`items` are what the wish is about, `kept` what is to stay; `rest`: all that does not stay."""

    items: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    rest: bool = False


@lru_cache(maxsize=64)
def parts(text: str) -> tuple[Part, ...]:
    """The parts of what was said, each as a wish, something that stays or is liked, a story of buying, or just told."""
    found: list[Part] = []
    aside = _WITHIN.findall(text)  # "(the strap I'll keep)"
    text = _PLEASE.sub("", text)
    text = _BESIDE.sub(" ", ". ".join([_WITHIN.sub(" ", text), *aside]))
    for sentence in _SENTENCES.split(text):
        told = [part.strip() for part in _PARTS.split(sentence) if part and not _MANNERS.match(part)]
        # "The sofa, the lamp and the rug are fine": what is listed first goes with what is said of the last
        last = next((place for place, part in enumerate(told) if not _is_bare(part)), 0)
        listed = last if last and _FURTHER.match(told[last]) and not _FURTHER.match(told[0]) else 0
        for place, part in enumerate(told):
            found.append((_role(told[listed] if place < listed else part, found, first=place == 0), part))
    return tuple(found)


def as_wish(kind: str, text: str) -> str:
    """A bare name that answers which thing is meant, or names a further one, as the wish it is for: "return the socks".

    Behind "…, but not the lamp" it would go on with what is to stay.
    """
    bare = kind in _VERBS and not any(_role_of_its_own(part) or _SAYS_MORE.search(part) for _, part in parts(text))
    return f"{_VERBS[kind]} {text.strip()}" if bare else text


def _is_bare(part: str) -> bool:
    """Whether it is no more than a name: "and the socks"."""
    return not _SAYS_MORE.search(part) and len(part.split()) <= _A_NAME and not _role_of_its_own(part)


def _role_of_its_own(part: str) -> str | None:
    if _STAYS.search(part) and not _STAYS_NOT.search(part):
        return STAYS
    if _WISHES.search(part) or _STAYS_NOT.search(part):
        return WISH
    return PRAISED if _LIKED.search(part) or _PRAISED.search(part) else None


def _role(part: str, before: Sequence[Part], *, first: bool) -> str:
    """`first`: it begins a sentence. What is to stay ends with its own, unless the next goes on: "The rug too"."""
    if own := _role_of_its_own(part):
        return own
    if before and _is_bare(part):
        # "… it's too small, and the socks": goes on with what was begun, whatever reason stands between
        begun = next((role for role, said in reversed(before) if role != TOLD or not _REASON.match(said)), TOLD)
        anew = first and not (_FURTHER.match(part) or _AS_WELL.search(part))
        return TOLD if anew and begun == STAYS else begun
    return STORY if _BOUGHT.search(part) else TOLD


def meant(text: str, items: Sequence[dict[str, Any]]) -> Meant:
    """What of `items` the text means. Without items where it names none that shall not stay."""
    said = parts(text)
    kept = reading.named_items(_of(said, STAYS), items)
    wished = _of(said, WISH)
    named = reading.named_items(wished, items)
    if _REST.search(wished) or (kept and wants_all(text)):
        some = [item for item in kept if _left(said, item, items)]
        stay = kept or named
        return Meant(some, [item for item in kept if item not in some]) if some else Meant(
            [item for item in items if item not in stay], stay, rest=True
        )  # fmt: skip
    narrower = [item for item in reading.named_items(_of(said, WISH, TOLD), items) if item in named]
    named = narrower or named
    if not named and _IT.search(wished):
        named = _before_it(said, items)
    for role in (TOLD, STORY, PRAISED):
        named = named or reading.named_items(_of(said, role), items)
    named = [
        item for item in named if item not in kept or _left(said, item, items) or _counted(said, WISH, item, items)
    ]
    return Meant(named, [item for item in kept if item not in named])


def wants_all(text: str) -> bool:
    """ "Everything", "both", "the whole order": of the wish, not of what was bought or shall stay."""
    return reading.wants_all(wish_of(text))


def wants_rest(text: str) -> bool:
    """ "Now the rest as well"."""
    return _REST.search(text) is not None or wants_all(text)


def means_one_thing(text: str) -> bool:
    """ "Money back for it": some thing of an order is meant, and not the order."""
    wish = wish_of(text)
    return _IT.search(wish) is not None and not reading.wants_all(wish) and _ORDER.search(wish) is None


def wish_of(text: str) -> str:
    """The parts of the text that say what is wanted, else those that just tell something."""
    said = parts(text)
    return _of(said, WISH) or _of(said, TOLD, STORY)


def without_kept(text: str) -> str:
    """The text without what is to stay: "cancel the kettle order but not the lamp one"."""
    said = parts(text)
    return _of(said, WISH, PRAISED, STORY, TOLD) if any(role == STAYS for role, _ in said) else text


def _of(said: Sequence[Part], *roles: str) -> str:
    return ". ".join(part for role, part in said if role in roles)


def _before_it(said: Sequence[Part], items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What "it" stands for: what was named last before the wish, of that which does not stay."""
    first = next(place for place, (role, part) in enumerate(said) if role == WISH and _IT.search(part))
    for role, part in reversed(said[:first]):
        if role not in (STAYS, PRAISED) and (named := reading.named_items(part, items)):
            return named
    return []


def units(text: str, item: dict[str, Any], items: Sequence[dict[str, Any]]) -> int | None:
    """How many of one item the wish is about; None where the text does not count them."""
    said = parts(text)
    for role in (WISH, TOLD, STORY, PRAISED):
        if (counted := _counted(said, role, item, items)) is not None:
            return counted
    return _left(said, item, items)


def _counted(said: Sequence[Part], of: str, item: dict[str, Any], items: Sequence[dict[str, Any]]) -> int | None:
    """What the parts of a role count of the item. How many were bought says nothing, "one of the two I bought" does."""
    own = [part for role, part in said if role == of and _may_be_of(part, item, items)]
    for part in own:
        if found := _ONE_OF.search(part):
            return _number(found["n"], item["quantity"])
        if of == WISH and _SINGLE.search(part):
            return 1
        if of in (WISH, TOLD) and (found := _SOME.search(part)):
            return number(found["n"])
    counts = (counting.counted(part, item, items) for part in own if of in (WISH, TOLD))
    return next((counted for counted in counts if counted is not None), None)


def _left(said: Sequence[Part], item: dict[str, Any], items: Sequence[dict[str, Any]]) -> int | None:
    """What comes back of an item of which some are kept: "I'll keep one of the mugs"; None where none or all are."""
    for role, part in said:
        if role == STAYS and _may_be_of(part, item, items):
            counted = counting.counted(part, item, items)
            if counted is None and (found := _KEEP_SOME.search(part)):
                counted = number(found["n"])
            if counted is not None and 0 < counted < item["quantity"]:
                return int(item["quantity"]) - counted
    return None


def _may_be_of(part: str, item: dict[str, Any], items: Sequence[dict[str, Any]]) -> bool:
    named = reading.named_items(part, items)
    return not named or item in named


def _number(word: str, most: int) -> int:
    return most // 2 or 1 if word.casefold() == "half" else number(word)


def only_stays(text: str) -> bool:
    """ "The lipstick can stay", "no, not the soaps": what is to stay is all that is said."""
    said = parts(_NO.sub("", text))
    return bool(said) and all(role == STAYS for role, _ in said)


def means_order(text: str) -> bool:
    """ "Cancel my order with the stool": what is to go is the order, or all of it."""
    wish = _of(parts(text), WISH)
    return reading.wants_all(wish) or _WHOLE.search(wish) is not None


def only_part(text: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of "cancel just the table", where an order holds more than these; empty where the whole order is meant."""
    if len(items) < 2:
        return []
    said = parts(text)
    wish, kept = _of(said, WISH), meant(text, items).kept
    if not means_order(text):
        named = [item for item in reading.named_items(wish, items) if item not in kept]
        if named:
            return named if len(named) < len(items) else []
    return [item for item in items if item not in kept] if kept else []
