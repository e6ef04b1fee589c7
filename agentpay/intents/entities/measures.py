# ruff: noqa: E501 (a regular expression is read in one piece)
"""Weights, volumes, lengths and the like, brought to one unit so that "half a kilo" and "500g" are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

Measure = tuple[str, Decimal]
"""Dimension and amount in its smallest unit: ("weight", 500)."""

_UNITS: dict[str, tuple[str, Decimal]] = {
    unit: (dimension, Decimal(factor))
    for dimension, units in {
        "weight": {"g": "1", "gr": "1", "gram": "1", "grams": "1", "kg": "1000", "kgs": "1000", "kilo": "1000", "kilos": "1000", "kilogram": "1000", "kilograms": "1000",
                   "oz": "28.35", "ounce": "28.35", "ounces": "28.35", "lb": "453.6", "lbs": "453.6", "pound": "453.6", "pounds": "453.6"},
        "volume": {"ml": "1", "cl": "10", "l": "1000", "litre": "1000", "litres": "1000", "liter": "1000", "liters": "1000"},
        "length": {"mm": "1", "cm": "10", "m": "1000", "metre": "1000", "metres": "1000", "meter": "1000", "meters": "1000",
                   "in": "25.4", "inch": "25.4", "inches": "25.4", "ft": "304.8", "foot": "304.8", "feet": "304.8"},
        "storage": {"gb": "1", "gig": "1", "gigs": "1", "gigabyte": "1", "gigabytes": "1", "tb": "1024", "terabyte": "1024", "tera": "1024"},
        "power": {"w": "1", "watt": "1", "watts": "1", "kw": "1000"},
        "voltage": {"v": "1", "volt": "1", "volts": "1"},
    }.items()
    for unit, factor in units.items()
}  # fmt: skip
_LONG = sorted((unit for unit in _UNITS if len(unit) > 2), key=len, reverse=True)
_ALL = "|".join(sorted(_UNITS, key=len, reverse=True))
_VALUE = re.compile(rf"^(?P<n>\d+(?:[.,]\d+|/\d+)?)\s?-?(?P<unit>{_ALL})\.?$", re.IGNORECASE)
_SAID = re.compile(
    rf"(?<![\w.,/-])(?P<n>\d+(?:[.,]\d+)?|½)\s?-?(?P<unit>{_ALL})(?![\w/]|'(?!s\b))|\b(?P<word>half an?|quarter of an?|quarter|half|one|two|three|five|an?|the)[ -](?P<long>{'|'.join(_LONG)})\b",
    re.IGNORECASE,
)
_WORDS = {
    "½": "0.5",
    "half": "0.5",
    "quarter": "0.25",
    "a": "1",
    "an": "1",
    "the": "1",
    "one": "1",
    "two": "2",
    "three": "3",
    "five": "5",
}


def measure(value: str) -> Measure | None:
    """What an option's value measures, if that is all it says: "1 kg" → ("weight", 1000)."""
    match = _VALUE.match(value.strip())
    return _of(match["n"], match["unit"]) if match else None


def find_measures(text: str) -> Iterator[tuple[int, int, Measure]]:
    """Measures in a text, and where they stand."""
    for match in _SAID.finditer(text):
        if match["unit"]:
            yield *match.span(), _of(_WORDS.get(match["n"], match["n"]), match["unit"])
        else:
            yield *match.span(), _of(_WORDS[match["word"].lower().split()[0]], match["long"])


def _of(amount: str, unit: str) -> Measure:
    dimension, factor = _UNITS[unit.lower()]
    whole, _, parts = amount.replace(",", ".").partition("/")
    return dimension, (Decimal(whole) / Decimal(parts or 1) * factor).normalize()
