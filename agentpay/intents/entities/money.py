# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Prices, budgets and percentages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from agentpay.intents.entities.spans import Span, free

_SYMBOLS = {
    "$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN",
    "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "usd": "USD",
    "euro": "EUR", "euros": "EUR", "eur": "EUR", "pound": "GBP", "pounds": "GBP", "quid": "GBP", "gbp": "GBP",
    "chf": "CHF", "franken": "CHF", "francs": "CHF", "cad": "CAD", "aud": "AUD", "yen": "JPY", "jpy": "JPY",
    "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "inr": "INR", "rupees": "INR",
}  # fmt: skip
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
_DOLLAR_WORDS = frozenset({"$", "dollar", "dollars", "buck", "bucks"})
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "HUF": 2, "KWD": 3, "BHD": 3, "TND": 3}

_NUMBER = r"\d{1,3}(?:[.,']\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_PREFIX = r"us\$|[$€£¥₹]|\b(?:usd|eur|gbp|chf|cad|aud)\b"
_SUFFIX = (
    r"[€£$¥₹]|(?:euros?|eur|dollars?|usd|bucks?|quid|pounds?(?!\s+of)|gbp|chf|franken|francs|cad|aud|yen|jpy|sek|nok|dkk"
    r"|pln|zł|inr|rupees)\b"
)
_UNIT = (
    r"(?!\s*-?\s*(?:kgs?|kilos?|g|grams?|mg|lbs?|pounds of|oz|ounces?|cm|mm|m|meters?|metres?|km|miles?|inch(?:es)?|in\b|ft|feet"
    r"|foot|ml|l|litres?|liters?|gb|tb|mb|hz|w|watts?|v|volts?|hours?|hrs?|minutes?|mins?|days?|weeks?|months?|years?|people"
    r"|persons?|pieces?|items?|pairs?|packs?|percent|%|stars?|reviews?|\")(?![\w]))"
)


def _price(n: int, *, bare: bool = False) -> str:
    """A price with its groups numbered `n`; `bare` also takes a number without any currency."""
    suffix = f"(?:\\s?(?P<s{n}>{_SUFFIX}))" + ("?" if bare else "")
    k = f"(?P<k{n}>k\\b)?"
    return (
        f"(?:(?P<p{n}>{_PREFIX})\\s?(?P<a{n}>{_NUMBER})(?P<q{n}>k\\b)?"
        f"|(?<![\\w.,#])(?P<b{n}>{_NUMBER}){k}{suffix})" + (r"(?![\w%]|[.,]\d)" + _UNIT if bare else r"(?!\w)")
    )


_BELOW = (
    r"under|below|beneath|less than|lower than|cheaper than|(?:no|not|nothing) more than|nothing (?:over|above)|not (?:over|above)|up ?to|max(?:imum)?\.?(?: of)?"
    r"|at most|within|(?:my |a |the )?(?:budget|limit)(?: is| of|:)?(?: (?:under|about|around|max))?|<=?|not exceeding|sub"
)
_ABOVE = r"over|above|more than|at least|min(?:imum)?\.?(?: of)?|starting (?:at|from)|upwards of|>=?"
_FLAGS = re.IGNORECASE
_RANGE = re.compile(
    rf"(?:\bbetween\s+{_price(1, bare=True)}\s*(?:and|to|-|&)\s*{_price(2, bare=True)})"
    rf"|(?:(?:\bfrom\s+)?{_price(3, bare=True)}\s*(?:to|-|and)\s*{_price(4)})"
    rf"|(?:(?:\bfrom\s+)?{_price(5)}\s*(?:to|-|and)\s*{_price(6, bare=True)})",
    _FLAGS,
)
_MAX = re.compile(rf"(?<!\w)(?:for\s+)?(?:{_BELOW})\s+(?:about\s+|around\s+)?{_price(1, bare=True)}", _FLAGS)
_MAX_AFTER = re.compile(
    rf"{_price(1)}\s*(?:max(?:imum)?|tops|or (?:less|under|below|cheaper)|at most|budget|limit)\b", _FLAGS
)
_MAX_BARE_AFTER = re.compile(rf"{_price(1, bare=True)}\s+(?:max(?:imum)?|tops|or less)\b", _FLAGS)
_MIN = re.compile(rf"(?<!\w)(?:{_ABOVE})\s+{_price(1)}", _FLAGS)
_MIN_AFTER = re.compile(rf"{_price(1)}\s*(?:or (?:more|above|up)|and (?:up|above)|\+)(?!\w)", _FLAGS)
_ABOUT = re.compile(
    rf"(?<!\w)(?:around|(?<!how )(?<!what )about|roughly|approximately|approx\.?|circa|~)\s*{_price(1)}", _FLAGS
)
_PLAIN = re.compile(_price(1), _FLAGS)
_PERCENT = re.compile(r"(?<![\w.])(\d{1,2}|100)(?:[.,]\d+)?\s?(?:%|percent\b|per cent\b|pct\b)", _FLAGS)
_PERCENT_OF_PRICE = re.compile(
    r"\b(off|discount|rebate|less|cheaper|reduction|knock|give|do|deal|price|lower|better|get|have|offer|accept)\b|\?",
    _FLAGS,
)
_BARE_OFFER = re.compile(
    rf"(?:\b(?:do|you take|u take|(?:go|come|get|down|lower) (?:down )?to|for|about|offer|say|pay|accept|at|give you)\s+|(?:^|[,.!]\s)\W*)(?P<bare>{_NUMBER})\s*(?=\?|$|[.!,]\s|please\b|and (?:we|i)\b|is (?:my|the|all)\b)",
    _FLAGS,
)


_DOWN_TO = re.compile(
    rf"\b(?:go|come|get|drop|lower)(?: it)? (?:down )?to\s+(?P<bare>{_NUMBER})\s*(?=\?|$|[.!,]\s|please\b)", _FLAGS
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of minor units; `currency` is None where the shop's is meant."""

    minor: int
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of a price in minor units."""

    low: int | None
    high: int | None
    currency: str | None = None


def minor_units(number: str, currency: str) -> int | None:
    """Minor units of a number as people write it ("1.200,50", "1,200.50", "90", "2'000"); None where it is none."""
    text = number.replace("'", "").replace(" ", "")
    dot, comma = text.rfind("."), text.rfind(",")
    if dot >= 0 and comma >= 0:
        decimal, group = (".", ",") if dot > comma else (",", ".")
        text = text.replace(group, "").replace(decimal, ".")
    elif dot >= 0 or comma >= 0:
        mark = "." if dot >= 0 else ","
        digits_after = len(text) - text.rfind(mark) - 1
        text = text.replace(mark, "") if text.count(mark) > 1 or digits_after == 3 else text.replace(mark, ".")
    try:
        value = Decimal(text) * (10 ** _EXPONENTS.get(currency, 2))
    except InvalidOperation:
        return None
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _read(match: re.Match[str], n: int, shop: str) -> Money | None:
    number = match.group(f"a{n}") or match.group(f"b{n}")
    if not number:
        return None
    mark = (match.group(f"p{n}") or match.group(f"s{n}") or "").lower().strip()
    currency = None
    if mark:
        currency = shop if mark in _DOLLAR_WORDS and shop in _DOLLARS else _SYMBOLS.get(mark)
    minor = minor_units(number, currency or shop)
    if minor is None:
        return None
    if match.group(f"k{n}") or match.group(f"q{n}"):
        minor *= 1000
    return Money(minor, currency)


def find_money(text: str, shop_currency: str, taken: Sequence[Span] = (), *, negotiating: bool = False) -> list[Span]:
    """
    Budgets ("under $200", "between 50 and 80 euros"), prices ("$90") and percentages of a price ("15% off").

    With `negotiating`, a bare number that stands like an offer ("90?", "would you do 90") is a price too.
    """
    if not any(c.isdigit() for c in text):
        return []
    found: list[Span] = []

    def add(match: re.Match[str], low: Money | None, high: Money | None, spread: bool = False) -> None:
        if not free([*taken, *found], match.start(), match.end()):
            return
        known = low or high
        assert known is not None
        currency = (low.currency if low else None) or (high.currency if high else None)
        if spread:
            found.append(
                Span(match.start(), match.end(), "budget", Budget(known.minor * 4 // 5, known.minor * 6 // 5, currency))
            )
        else:
            value = Budget(low.minor if low else None, high.minor if high else None, currency)
            found.append(Span(match.start(), match.end(), "budget", value))

    for match in _RANGE.finditer(text):
        for first in (1, 3, 5):
            low, high = _read(match, first, shop_currency), _read(match, first + 1, shop_currency)
            if low and high:
                if low.minor > high.minor:
                    low, high = high, low
                add(match, low, high)
    for pattern in (_MAX, _MAX_AFTER, _MAX_BARE_AFTER):
        for match in pattern.finditer(text):
            if high := _read(match, 1, shop_currency):
                add(match, None, high)
    for pattern in (_MIN, _MIN_AFTER):
        for match in pattern.finditer(text):
            if low := _read(match, 1, shop_currency):
                add(match, low, None)
    for match in _ABOUT.finditer(text):
        if price := _read(match, 1, shop_currency):
            add(match, price, None, spread=True)
    for match in _PLAIN.finditer(text):
        if (price := _read(match, 1, shop_currency)) and free([*taken, *found], match.start(), match.end()):
            found.append(Span(match.start(), match.end(), "money", price))
    for match in _PERCENT.finditer(text):
        if _PERCENT_OF_PRICE.search(text) and free([*taken, *found], match.start(), match.end()):
            found.append(Span(match.start(), match.end(), "percent", int(match.group(1))))
    if negotiating:
        stated = any(span.kind == "money" for span in found)
        for match in (_DOWN_TO if stated else _BARE_OFFER).finditer(text):
            start, end = match.span("bare")
            minor = minor_units(match.group("bare"), shop_currency)
            if minor and free([*taken, *found], start, end):
                found.append(Span(start, end, "money", Money(minor)))
    return found
