# ruff: noqa: E501 (a regular expression is read in one piece)
"""How many of an item a customer means. A measure ("75 ml", "20x28 inch") counts nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentpay.llm.house.aftersale.reading import said_words, title_words
from agentpay.llm.house.numbers import NUMBERS, number

_UNITS = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})\s+(?:of|pairs?|packs?|units?|pieces?|sets?|more|x|×)?\b"
    r"|\b(one|two|three|four|five|six|seven|eight|nine|ten)\W*$",
    re.I,
)
_MEASURE = re.compile(
    r"\b\d+(?:[.,]\d+)?(?:\s?x\s?\d+(?:[.,]\d+)?)*\s?"
    r"(?:ml|cl|l|lit(?:er|re)s?|g|kg|mg|oz|lbs?|mm|cm|m|met(?:er|re)s?|km|inch(?:es)?|in|ft|feet|\"|w|watts?|v|volts?|gb|tb|%|percent)(?!\w)"
    r"|\b\d+\s?x\s?\d+\b|(?<![\w-])\d+(?:\.\d+)?\s?[-\u2013]\s?\d+(?:\.\d+)?(?![\w-])",
    re.I,
)
"""A range counts nothing either: "age 7-8"."""
_SOLD_PER = re.compile(r"\bper ([a-z]+)\b")
_SHORT = {
    "metre": "m|met(?:er|re)s?",
    "meter": "m|met(?:er|re)s?",
    "kilo": "kgs?|kilos?",
    "kg": "kgs?|kilos?",
    "litre": "l|lit(?:er|re)s?",
}
_NUMBERED = re.compile(r"\d")
_WORD = re.compile(r"[a-z0-9]+|[,;.]")
_LOOK_BACK = 5
"""Words before an item's name that may count it: "two of the small red shelves"."""
_BARE = re.compile(
    r"^\W*(?:(?:no|wait|sorry|actually|oh|hm+|i|we|mean\w*|just|only|want\w*|need|please|but|make it|send back|return|cancel|it'?s)\W+)*"
    r"(?P<n>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})(?: of (?:them|those|these|it))?(?:\W+(?:please|pls|thanks|only|then|though|is enough|will do))*\W*$",
    re.I,
)

_N = r"one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}"
_ONLY_CAME = re.compile(
    rf"\b(?:only|just)\s+(?:(?:got|had|received|found|sent|contained|counted|there (?:was|were))\s+)?(?P<came>{_N})\b",
    re.I,
)
_OF_A_PARCEL = re.compile(
    r"\b(?:arriv\w*|came|come|received|got|sent|inside|contain\w*|there (?:was|were)|in (?:the|my|it|a|this)\b|paid for|missing|short)",
    re.I,
)
_LACKS = re.compile(
    rf"\b(?P<n>{_N}|an?)\s+(?:[a-z][\w'-]*\s+){{0,3}}?(?:short|missing|too few)\b"
    rf"|\b(?:missing|lacks?|lacking|short(?: by| of)?)\s+(?P<m>{_N})\b",
    re.I,
)


def short_by(text: str, due: int) -> int | None:
    """How many of `due` pieces did not come: 1 of "only three in the parcel and I paid for four", "we're two cups short"."""
    text = without_measures(text)
    if (came := _ONLY_CAME.search(text)) and _OF_A_PARCEL.search(text) and 0 < number(came["came"]) < due:
        others = {number(said) for said in re.findall(rf"\b(?:{_N})\b", text.replace(came[0], " "), re.I)}
        if due in others or _LACKS.search(text):
            return due - number(came["came"])
    if lacks := _LACKS.search(text):
        units = number(lacks["n"] or lacks["m"])
        return units if units < due else None
    return None


def without_measures(text: str) -> str:
    return _MEASURE.sub(" ", text)


def without_values(text: str, items: Sequence[Mapping[str, Any]]) -> str:
    """The text without values of options that hold a number and more: the 40 of "pack of 40" counts nothing."""
    variants = [one for item in items for one in (item, *item.get("alternatives", ()))]
    values = {str(value) for one in variants for value in one["options"].values()}
    for value in sorted((one for one in values if _NUMBERED.search(one) and not one.isdigit()), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", " ", text, flags=re.I)
    return text


def without_sales_units(text: str, items: Sequence[dict[str, Any]]) -> str:
    """ "3 metres", of cloth that is sold "per metre", as 3: there it is a count."""
    sold = {unit for item in items for unit in _SOLD_PER.findall(item["title"].casefold())}
    for unit in sold:
        forms = _SHORT.get(unit, re.escape(unit) + "e?s?")
        text = re.sub(rf"(?<![\d.,])\b({_N})\s?(?:{forms})\b(?! wide)", r"\1", text, flags=re.I)
    return text


def units_of(text: str, most: int) -> int | None:
    """How many of an item are meant, where the text says so."""
    found = _UNITS.search(without_measures(text))
    if found is None:
        return None
    units = number(found[1] or found[2])
    return units if units <= most else None


def only_so_many(text: str) -> int | None:
    """1 of "no wait, only one of them": a number and nothing that names an item."""
    found = _BARE.match(without_measures(text))
    return number(found["n"]) if found else None


def counted(text: str, item: Mapping[str, Any], items: Sequence[dict[str, Any]]) -> int | None:
    """How many of one item the text names: 1 of "one shelf and the stool"; None where it does not count it."""
    others = {word for other in items if other["title"] != item["title"] for word in title_words(other["title"])}
    own = title_words(item["title"]) - others
    words = _WORD.findall(without_measures(text).casefold().replace("-", " "))
    for place, word in enumerate(words):
        if not said_words(word) & own:
            continue
        for one in reversed(words[max(0, place - _LOOK_BACK) : place]):
            if one in ("and", "or", ",", ";", ".") or said_words(one) & others:
                break
            if one in ("a", "an"):
                return 1
            if one in NUMBERS or one.isdigit():
                return number(one)
    return None
