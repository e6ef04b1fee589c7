"""Which of several variants "the big one" is: by the measures and sizes that their options tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from agentpay.llm.house.numbers import UNITS

_BIG = re.compile(r"\b(?:big|bigger|biggest|large|larger|largest|tall|taller|tallest|long|longer|longest)\b", re.I)
_SMALL = re.compile(r"\b(?:small|smaller|smallest|little|short|shorter|shortest|mini)\b", re.I)
_MIDDLE = re.compile(r"\b(?:middle|medium|mid[- ]?sized?)\b", re.I)
_GENERIC = re.compile(
    rf"\b(?:ones?|size|version|please|{UNITS})\b|^\W*(?:the )?\w+\W*$"
    r"|\bthe (?:\w+er|\w+est)\W*$|\bthe (?:bigg|larg|tall|long|small|short)(?:er|est)\b",
    re.I,
)
_MEASURE = re.compile(r"(?P<n>\d+(?:[.,]\d+)?)\s*(?P<unit>[a-zA-Z]*)")
_SIDES = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:[a-zA-Z]{1,4}\s*)?[x×]\s*(?=\d)", re.I)
_IN_BASE = {"kg": 1000.0, "l": 1000.0, "litre": 1000.0, "liter": 1000.0, "m": 100.0, "cl": 10.0, "dl": 100.0, "mm": 0.1}
_LETTER_OF = {
    "small": "s",
    "medium": "m",
    "large": "l",
    "extra large": "xl",
    "extra small": "xs",
    "x-large": "xl",
    "2xl": "xxl",
}
LETTERS = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl")


def same(own: str, wanted: str) -> bool:
    """Whether two values are one, a size by either of its names: "S" is small."""
    own, wanted = own.casefold(), wanted.casefold()
    return own == wanted or _LETTER_OF.get(own, own) == _LETTER_OF.get(wanted, wanted)


def by_size(text: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The row that "the big one", "the smallest" or "the middle one" means; None where sizes do not tell them apart."""
    if len(rows) < 2 or not _GENERIC.search(text):
        return None
    if _BIG.search(text):
        place = len(rows) - 1
    elif _SMALL.search(text):
        place = 0
    elif _MIDDLE.search(text) and len(rows) % 2:
        place = len(rows) // 2
    else:
        return None
    names = {name for row in rows for name in row["options"]}
    for name in sorted(names):
        sized = [(size_of(str(row["options"].get(name, ""))), row) for row in rows]
        sizes = [size for size, _ in sized if size is not None]
        if len(sizes) == len(rows) == len(set(sizes)):
            return sorted(sized, key=lambda pair: pair[0] or 0.0)[place][1]
    return None


def size_of(value: str) -> float | None:
    """ "200 ml" → 200, "1 l" → 1000, "M" → 3; None where the value tells no size."""
    if value.casefold() in LETTERS:
        return float(LETTERS.index(value.casefold()))
    sides = [float(side.replace(",", ".")) for side in _SIDES.findall(value)]
    if sides:  # "5 x 60 mm"
        return prod(sides) * (size_of(_SIDES.sub("", value)) or 1.0)
    match = _MEASURE.search(value)
    if match is None:
        return {"small": 1.0, "medium": 2.0, "large": 3.0}.get(value.casefold())
    return float(match["n"].replace(",", ".")) * _IN_BASE.get(match["unit"].casefold(), 1.0)
