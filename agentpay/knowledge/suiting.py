"""For how many people and from which age a product is, as its own data says: "players: 2-5", "serves 8", "from 8 years"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ANY = 999
_OF_PEOPLE = frozenset(
    {"players", "people", "persons", "person", "guests", "diners", "serves", "seats", "sleeps", "feeds"}
)
_EXACT = frozenset({"players"})
"""Named so, a single number is just that many; "sleeps 4" is for fewer, too."""
_OF_AGE = frozenset({"age", "ages"})
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "ten": 10,
    "twelve": 12,
}
_N = rf"(?:\d{{1,3}}|{'|'.join(_NUMBERS)})"
_RANGE = rf"(?P<low>{_N})(?:\s*(?:to|-|–|and)\s*(?P<high>{_N})|(?P<more>\s*\+| (?:and|or) (?:up|over|more|older)))?"
_VALUE = re.compile(rf"(?P<most>\bup to\s+)?{_RANGE}", re.I)
_TELLS_PEOPLE = (
    re.compile(rf"(?P<most>\bup to\s+)?\b{_RANGE}\s+(?P<name>players|people|persons|guests|diners)\b", re.I),
    re.compile(rf"\b(?P<name>serves|sleeps|seats|feeds)\s+(?P<most>up to\s+)?{_RANGE}", re.I),
)
_TELLS_AGE = (
    re.compile(rf"\b(?:from|aged?|ages)\s+(?:age\s+)?{_RANGE}\s*(?P<unit>years?|months?)\b", re.I),
    re.compile(rf"\b(?:from age|aged|ages?)\s+(?:from\s+)?{_RANGE}(?!\s*(?:years?|months?))", re.I),
    re.compile(rf"\b{_RANGE}\s*(?P<unit>years|months) (?:and|or) (?:up|over|older)\b", re.I),
)
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Range:
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def suits(facts: Mapping[str, Any], description: str, people: int | None, ages: Sequence[int]) -> bool | None:
    """Whether a product (its `attributes`, what is said of it) is for so many people of such ages; None where nothing tells."""
    attributes = facts.get("attributes") or {}
    text = f"{description} {facts.get('conversational_description') or ''}"
    told: list[bool] = []
    if people is not None and (for_so_many := list(_for_people(attributes, text))):
        told.append(any(one.holds(people) for one in for_so_many))  # "small serves two, large serves six"
    if ages and (from_age := list(_for_ages(attributes, text))):
        told.append(all(any(one.holds(age) for one in from_age) for age in ages))
    return all(told) if told else None


def _for_people(attributes: Mapping[str, Any], text: str) -> Iterator[Range]:
    for name, value in attributes.items():
        if (words := _words(name) & _OF_PEOPLE) and (found := _VALUE.search(str(value))):
            yield _so_many(found, exact=bool(words & _EXACT))
    for pattern in _TELLS_PEOPLE:
        for found in pattern.finditer(text):
            yield _so_many(found, exact=found["name"].lower() in _EXACT)


def _so_many(found: re.Match[str], *, exact: bool) -> Range:
    low = _number(found["low"])
    if found["most"]:
        return Range(1, low)
    if found["high"]:
        return Range(low, _number(found["high"]))
    if found["more"]:
        return Range(low, _ANY)
    return Range(low if exact else (low + 1) // 2, low)


def _for_ages(attributes: Mapping[str, Any], text: str) -> Iterator[Range]:
    for name, value in attributes.items():
        if _words(name) & _OF_AGE and (found := _VALUE.search(str(value))):
            yield _from_age(found, "months" if "month" in f"{name} {value}".lower() else "years")
    for pattern in _TELLS_AGE:
        for found in pattern.finditer(text):
            yield _from_age(found, found.groupdict().get("unit") or "years")


def _from_age(found: re.Match[str], unit: str) -> Range:
    per_year = _MONTHS if unit.lower().startswith("month") else 1
    high = _number(found["high"]) / per_year if found["high"] else _ANY
    return Range(_number(found["low"]) / per_year, high)


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", name.lower()))


def _number(said: str) -> int:
    return int(said) if said.isdigit() else _NUMBERS[said.lower()]
