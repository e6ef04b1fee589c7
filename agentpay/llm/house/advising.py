# ruff: noqa: E501 (a regular expression is read in one piece)
"""Which variant suits whom it is for, by the ranges that the shop tells: "size 3 is for 4 to 9 kg", "6-18 months"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.numbers import number
from agentpay.llm.house.purposes import ages

_UNITS = {
    "age": r"(?:years?|yrs?|months?|mths?)(?:[- ]olds?)?",
    "degrees": r"(?:degrees?|°\s?c?|celsius)",
    "kg": r"(?:kgs?|kilos?|kilograms?)",
    "litres": r"(?:litres?|liters?)",
    "cm": r"(?:cms?|centimet(?:re|er)s?)",
}
_N = r"\d+(?:[.,]\d+)?"
_WORD_N = rf"(?:{_N}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_TOLD = {kind: re.compile(rf"(?<![\w.,])(?P<n>{_WORD_N})[\s-]?(?P<unit>{unit})(?!\w)", re.I) for kind, unit in _UNITS.items()}  # fmt: skip
_RANGES = {
    kind: re.compile(
        rf"(?P<low>{_N})\s?(?:{unit}\s?)?(?:to|-|–|and)\s?(?P<high>{_N})\s?(?P<unit>{unit})(?!\w)"
        rf"|\b(?:up to|under|below|until|less than)\s(?P<most>{_N})\s?(?P<unit2>{unit})(?!\w)"
        rf"|\b(?:from|over|above)\s(?:about\s)?(?P<least>{_N})\s?(?P<unit3>{unit})(?!\w)|(?P<up>{_N})\s?(?P<unit4>{unit}) (?:and|or) (?:up|over|older|more)\b",
        re.I,
    )
    for kind, unit in _UNITS.items()
}
_PART = re.compile(r"[;,.:](?=\s|$)")
_TOKEN = re.compile(r"[\w/.,]*\w")
_YEAR = 12
_ASKED_OF = re.compile(
    r"\b(?:(?:is|are|would|will|does|do) (?:the|your|that|this) (?P<name>[a-z][\w' -]{1,40}?) (?:be )?(?:any good|ok|okay|all ?right|right|good|suitable|suit|work|fit|fine|do)\b[^?.!,]*)",
    re.I,
)
POINTS = re.compile(r"(?:\w+ )?(?:ones?|size|first|second|third|last|latter)", re.I)
"""Names that point: "the large one"."""
_WHICH = re.compile(
    r"\b(?:which|what) \w+|\b(?:ok|okay|right|good|suitable|suit|fine)\b.*\b(?:for|him|her|them|me|us)\b", re.I
)


def asked_of(text: str) -> re.Match[str] | None:
    """ "Is the acacia ok for him": the question, and as `name` what it is asked of."""
    return _ASKED_OF.search(text)


def asks_which(text: str) -> bool:
    """Whether a question about a product is which of it, or whether it suits somebody."""
    return _WHICH.search(text) is not None


def suited(text: str, product: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The variants in stock that suit what is told of who or what it is for, and the sentence that says so; no variants where that tells none apart."""
    told = _told(text)
    rows = [row for row in product["variants"] if row["available"] is None or row["available"] > 0]
    if not told or len(rows) < 2:
        return [], ""
    sentences = [
        one
        for body in (product.get("description"), product.get("conversational_description"))
        for one in describe.sentences(body or "")
    ]
    parts = [part for one in sentences for part in _PART.split(one)]
    spoken = [(row, _fits(row, told, parts)) for row in rows]
    fitting = [row for row, fits in spoken if fits]
    if not fitting or len(fitting) == len(rows):
        return [], ""
    fitting = _least(fitting, told, parts)
    why = [one for one in sentences if any(rx.search(one) for kind, rx in _RANGES.items() if kind in told)]
    return fitting, " ".join(why[:1])


def _least(rows: list[dict[str, Any]], told: dict[str, float], parts: Sequence[str]) -> list[dict[str, Any]]:
    """Of rows that each reach up to so much the least that does: 100 W, for 90 litres, of heaters up to 100 and up to 200."""
    reach = [_reaches(row, told, parts) for row in rows]
    if any(most is None for most in reach):
        return rows
    least = min(most for most in reach if most is not None)
    return [row for row, most in zip(rows, reach, strict=True) if most == least]


def _reaches(row: dict[str, Any], told: dict[str, float], parts: Sequence[str]) -> float | None:
    """Up to how much a row is for; None where it begins somewhere."""
    ranges = [one for kind in told for text in _texts(row, parts) for one in _ranges(kind, text)]
    return min((high for _, high in ranges), default=None) if all(low == 0 for low, _ in ranges) else None


def _texts(row: dict[str, Any], parts: Sequence[str]) -> list[str]:
    """The row's own values, and what is said of each of them."""
    values = [str(value) for value in row["options"].values()]
    said = [part for value in values for part in parts if _words(value) <= _words(_without_ranges(part))]
    return [*values, *said]


def _told(text: str) -> dict[str, float]:
    """What is told in figures: {"age": months, "degrees": 17.0}."""
    found: dict[str, float] = {}
    if years := ages(text):
        found["age"] = years[0] * _YEAR
    for kind, pattern in _TOLD.items():
        if (match := pattern.search(text)) is not None:
            found[kind] = _figure(match["n"]) * (_YEAR if kind == "age" and match["unit"][0] in "yY" else 1)
    return found


def _fits(row: dict[str, Any], told: dict[str, float], parts: Sequence[str]) -> bool:
    """Whether one range of the variant's holds what is told, and none speaks against it."""
    holds = False
    for value in map(str, row["options"].values()):
        own = [part for part in parts if _words(value) <= _words(_without_ranges(part))]
        for kind, figure in told.items():
            ranges = [one for text in (value, *own) for one in _ranges(kind, text)]
            if ranges and not any(low <= figure <= high for low, high in ranges):
                return False
            holds = holds or bool(ranges)
    return holds


def _ranges(kind: str, text: str) -> list[tuple[float, float]]:
    found = []
    for match in _RANGES[kind].finditer(text):
        unit = next(match[name] for name in ("unit", "unit2", "unit3", "unit4") if match[name])
        scale = _YEAR if kind == "age" and unit[0] in "yY" else 1
        low = match["low"] or match["least"] or match["up"]
        high = match["high"] or match["most"]
        # Who is eleven is so until the twelfth birthday
        found.append(
            (_figure(low) * scale if low else 0.0, _figure(high) * scale + (scale - 1) if high else float("inf"))
        )
    return found


def _without_ranges(part: str) -> str:
    for pattern in _RANGES.values():
        part = pattern.sub(" ", part)
    return part


def _figure(text: str) -> float:
    return float(text.replace(",", ".")) if text[0].isdigit() else float(number(text))


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _TOKEN.findall(text)}
