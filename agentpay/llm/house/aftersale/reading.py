"""What a customer's words mean among the few things an order holds: which item, which other variant, how much of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentpay.llm.house.numbers import NUMBERS
from agentpay.llm.house.refs import stems

_TOKEN = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_INTO = re.compile(r"\s(?:for|to|into|with|against|instead of)\s", re.I)
_INSTEAD = re.compile(r"\b(?:instead|rather)\b", re.I)
_ALL = re.compile(
    r"\b(?:everything|all (?:of (?:it|them|the items)|items|the items|three|four|five)?|both|whole|entire|complete|the lot)\b",
    re.I,
)
_WHOLE_ORDER = re.compile(
    r"\b(?:return|send back|refund|cancel)\w*\s+(?:(?:my|the|this|that|whole|entire)\s+)+(?:\w+\s+)?(?:order|purchase)\b",
    re.I,
)
_FURTHER = re.compile(
    r"(?:\band|,|&|\bplus)\s+(?:also\s+)?(?:the|my|those|these|an?|one|two|three|both)\s+(?P<what>[a-z][\w'-]*(?:\s[a-z][\w'-]*){0,2}?)"
    r"(?=\s+(?:from|in|of|i|which|that|please|because|since|had|has|is|are|was|were|back|on|for)\b|[.,;!?]|$)",
    re.I,
)
_NO_GOODS = frozenset(
    {"cash", "invoice", "postage", "receipt", "shipping", "tracking", "website", "account", "address", "card",
     "color", "colour", "complete", "credit", "delivery", "difference", "email",
     "entire", "exchange", "first", "full", "good", "item", "label", "last", "latest", "lot",
     "money", "new", "number", "one", "order", "other", "package", "parcel", "payment", "previous",
     "price", "purchase", "reason", "recent", "refund", "replacement", "rest", "return", "same", "second",
     "shipment", "size", "stuff", "thing", "whole"}
)  # fmt: skip
_AN_ORDER = re.compile(
    r"\b(?:first|second|third|last|latest)\s+(?:[a-z]+\s+)?(?:orders?|purchase|delivery|parcel|package)\b", re.I
)
_A_THING = re.compile(
    r"\b(?:the|my|that|those|these|one|two|three|four|five|six|\d{1,2})\s+"
    r"(?!(?:other|second|first|last|latest|of|more|times?|hours?|days?|weeks?|months?|years?)\b)(?P<what>[a-z][\w'-]+)\b(?!\s+order\b)",
    re.I,
)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_SIZES = {"small": "s", "medium": "m", "large": "l", "xlarge": "xl", "xx": "xxl"}
_BIGGER = re.compile(r"\b(?:bigger|larger|size up|next size up)\b", re.I)
_SMALLER = re.compile(r"\b(?:smaller|size down|next size down)\b", re.I)


_MEASURED = re.compile(r"(\d+)([a-z]{1,5})$")
"""A number written together with its unit: "28cm"."""
_A_MEASURE = re.compile(r"(\d+)\s?[a-z]{1,3}", re.I)
_SMALL = frozenset(
    {"a", "an", "and", "as", "at", "back", "by", "do", "for", "from", "have", "i", "if", "in", "into",
     "is", "it", "me", "my", "not", "of", "off", "on", "one", "or", "our", "out", "so", "that", "the",
     "them", "then", "these", "they", "this", "those", "to", "too", "up", "was", "we", "with", "you"}
)  # fmt: skip
"""Words of titles that name nothing: "The Clown Cabaret" is no "the"."""
_WORD = re.compile(r"[a-z0-9]+")
_ASIDE = re.compile(r"[,(:\u2013\u2014]|\s(?:with|for|in|of|by|from|and)\s")
"""Where a title begins to tell what a thing is made of or for."""
_COMPOUNDED = 4
"""Letters of a word that may stand for a longer one that ends in it."""
_CLIPPED = 3
"""Letters of a word that may stand for the kind of thing that begins with it."""
_POINTING = frozenset({"the", "my", "those", "these", "this", "that", "both", "all", "a", "an"})


def tokens(text: str) -> set[str]:
    """The words of a text, without their plural too, and sizes by their letters: {"mediums", "medium", "m"}."""
    words = {word.casefold() for word in _TOKEN.findall(text.replace("-", " "))}
    words |= {part for word in words if (found := _MEASURED.match(word)) for part in found.groups()}
    words |= {word[:-1] for word in words if len(word) > 2 and word.endswith("s") and not word.endswith("ss")}
    return words | {_SIZES[word] for word in words if word in _SIZES}


def wants_all(text: str) -> bool:
    """ "Everything", "both", "the whole order"."""
    return _ALL.search(text) is not None or _WHOLE_ORDER.search(text) is not None


def named_items(text: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items that the text names by their titles, and by options where titles do not tell them apart.

    A word that stands in every title tells nothing. What no title names may be named by its category ("the concert
    tickets"). Empty where none is named.
    """
    said = said_words(text)
    titles = [title_words(item["title"]) for item in items]
    common = set.intersection(*titles) if len({item["title"] for item in items}) > 1 else set()
    scores = [len((title - common) & said) for title in titles]
    found = [item for item, score in zip(items, scores, strict=True) if score]
    if not found:
        found = list(items) if any(title & said for title in titles) else []
    found = _things_themselves(found, said, common)
    groups = {item["title"] for item in found}
    kept: list[dict[str, Any]] = []
    for title in groups:
        group = [item for item in found if item["title"] == title]
        best = _by_options(text, group) if len(group) > 1 else group
        kept += best or group
    if kept:
        kept += _by_category(text, items, kept)
    else:
        kept = _by_category(text, items, []) or _by_options(text, items)
    return [item for item in items if item in kept]


def _things_themselves(found: list[dict[str, Any]], said: set[str], common: set[str]) -> list[dict[str, Any]]:
    """ "The guitar" is the guitar, not also the guitar stand: what a title's last word names goes before what it is for."""
    themselves = {_last_word(item["title"]) for item in found} & said
    if not themselves:
        return found
    return [
        item
        for item in found
        if _last_word(item["title"]) in said or (title_words(item["title"]) & said) - common - themselves
    ]


def _last_word(title: str) -> str:
    """What kind of thing a title names: "stand" of "Folding guitar stand (black) with bag"."""
    words = _WORD.findall(_ASIDE.split(title.casefold().replace("-", " "))[0])
    return next(iter(stems(words[-1])), "") if words else ""


def said_words(text: str) -> set[str]:
    """The words of a text without their plural, "shelves" and "knives" too."""
    words = stems(text.replace("-", " "))
    return words | {word[:-2] + end for word in words if word.endswith("ve") for end in ("f", "fe")}


def title_words(title: str) -> set[str]:
    """The words of a title that name the thing."""
    words = stems(title.replace("-", " "))
    return words - _SMALL - NUMBERS or words


def _by_category(text: str, items: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Further items that the words left over name by what they are ("the concert tickets"), or by a part of a word."""
    kinds = [stems((item.get("category") or "").replace("-", " ")) - _SMALL for item in items]
    common = set.intersection(*kinds) if len(items) > 1 else set()
    taken = {word for item in found for word in title_words(item["title"])}
    words = _WORD.findall(text.casefold().replace("-", " "))
    said = set()
    for place, word in enumerate(words):
        before = words[max(0, place - 2) : place]
        if any(one in _POINTING or one in NUMBERS or one.isdigit() for one in before):
            said |= said_words(word)
    said -= taken | _SMALL
    return [
        item
        for item, kind in zip(items, kinds, strict=True)
        if item not in found and ((kind - common) & said or _compounds(item["title"], said))
    ]


def _compounds(title: str, said: set[str]) -> bool:
    """ "The lamp", of a headlamp; "the amp", of an amplifier."""
    longer = (own for own in title_words(title) if len(own) > _COMPOUNDED)
    ends = any(own.endswith(word) for own in longer for word in said if len(word) >= _COMPOUNDED)
    kind = _last_word(title)
    return ends or any(_CLIPPED <= len(word) < len(kind) and kind.startswith(word) for word in said)


def not_held(text: str, items: Sequence[dict[str, Any]]) -> list[str]:
    """What a list names besides what the order holds: "lamp" of "the oil and the lamp"."""
    further = [match["what"] for match in _FURTHER.finditer(text)]
    return [
        what
        for what in further
        if not stems(what) & _NO_GOODS and not named_items(f"the {what}", [*items, {"title": "", "options": {}}])
    ]


def not_named(text: str, items: Sequence[dict[str, Any]]) -> str | None:
    """ "Multitool", of "cancel the multitool" where the order holds none; None where an item is named, or no thing at all."""
    if not items or named_items(text, items):
        return None
    return next((thing for thing in things(text) if not said_words(thing) & _kinds(items)), None)


def things(text: str) -> list[str]:
    """What the text names with "the" or "my", orders, money and the like aside."""
    named = [found["what"] for found in _A_THING.finditer(text)]
    return [one for one in named if not said_words(one) & (_NO_GOODS | _SMALL)]


def _kinds(items: Sequence[dict[str, Any]]) -> set[str]:
    """Words of the items' categories and options."""
    values = [str(value) for item in items for value in item["options"].values()]
    return {word for text in [*values, *(item.get("category") or "" for item in items)] for word in said_words(text)}


def placed(text: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """ "The first one", "the last"."""
    words = tokens(_AN_ORDER.sub(" ", text))
    places = [place for word, place in _ORDINALS.items() if word in words]
    return [items[place] for place in places if -len(items) <= place < len(items)]


def becomes(text: str, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The variants an item shall become: those named behind "for", "to" and the like, the last that names any ("swap it for
    the blue one, to the same address"). Without such a word, those the text names at all."""
    if _INTO.search(text) is None:
        return alternatives(text, item)
    while (joint := _last(_INTO, text)) is not None:
        if named := alternatives(split_into(text)[1], item):
            return named
        text = text[: joint.start()]
    return []


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(reversed(list(pattern.finditer(text))), None)


def split_into(text: str) -> tuple[str, str]:
    """ "The amber lamp for a white one" → ("the amber lamp", "a white one"); without such a word, the same twice."""
    found = list(_INTO.finditer(text))
    if not found:
        return text, text
    joint = found[-1]
    before, after = text[: joint.start()], text[joint.end() :]
    if "instead of" in joint.group().casefold():
        return after, before
    return before, after


def alternatives(text: str, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The other variants of an item that the text can mean: those it names the most new values of."""
    said = tokens(text)
    others: list[dict[str, Any]] = item["alternatives"]
    if step := _step(text, item):
        return step
    scored = []
    for other in others:
        new = [str(value) for name, value in other["options"].items() if str(item["options"].get(name)) != str(value)]
        hit = sum(
            (_says(said, value) or _by_number(said, value)) + (tokens(value) <= said) for value in new
        )  # a value said whole before a part
        scored.append((hit, hit - len(new), other))
    best = max(((hit, rest) for hit, rest, _ in scored), default=(0, 0))
    if best[0] == 0:
        return []
    return [other for hit, rest, other in scored if (hit, rest) == best]


def _step(text: str, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """ "One size bigger", where the sizes are numbers or the letters from XS to XXL and nothing else differs."""
    up, down = _BIGGER.search(text), _SMALLER.search(text)
    if not (up or down):
        return []
    name = next((name for name in item["options"] if "size" in name.casefold()), None)
    if name is None:
        return []
    alike = [
        other
        for other in item["alternatives"]
        if all(value == item["options"].get(key) for key, value in other["options"].items() if key != name)
    ]
    ranks = [(rank, other) for other in alike if (rank := _rank(str(other["options"].get(name)))) is not None]
    own = _rank(str(item["options"][name]))
    if own is None:
        return []
    beyond = sorted((r for r in ranks if (r[0] > own if up else r[0] < own)), key=lambda r: r[0] if up else -r[0])
    return [beyond[0][1]] if beyond else []


def _rank(size: str) -> float | None:
    letters = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl")
    plain = _SIZES.get(size.casefold(), size.casefold())
    if plain in letters:
        return float(letters.index(plain))
    try:
        return float(plain.replace(",", "."))
    except ValueError:
        return None


def _by_options(text: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of several variants those whose options the text names best."""
    said = tokens(text)
    scores = [sum(_says(said, str(value)) for value in item["options"].values()) for item in items]
    best = max(scores, default=0)
    return [item for item, score in zip(items, scores, strict=True) if score == best] if best else []


def _by_number(said: set[str], value: str) -> bool:
    """ "The 60", of "60 cm"."""
    found = _A_MEASURE.fullmatch(value.strip())
    return found is not None and found[1] in said


def _says(said: set[str], value: str) -> bool:
    """Whether the words hold the value, or the word of it that matters ("white" of "opal white")."""
    words = tokens(value)
    return bool(words) and (words <= said or (len(words) > 1 and any(len(word) > 3 and word in said for word in words)))
