# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Prices, budgets and percentages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from agentpay.intents.entities.numerals import LIKELY_MONEY, NUMERAL, number
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf, Gated

_SYMBOLS = {
    "$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₺": "TRY", "₪": "ILS", "₩": "KRW", "₴": "UAH", "฿": "THB",
    "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "s$": "SGD", "hk$": "HKD", "r$": "BRL",
}  # fmt: skip
_CODES = ["USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD", "SGD", "HKD", "JPY", "CNY", "KRW", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "ILS", "AED", "SAR", "ZAR", "MXN", "BRL", "ARS", "THB", "PHP", "IDR", "MYR", "VND", "UAH"]  # fmt: skip
_NAMES = {
    "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "euro": "EUR", "euros": "EUR", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
    "pound sterling": "GBP", "pounds sterling": "GBP", "canadian dollars": "CAD", "australian dollars": "AUD", "us dollars": "USD", "swiss francs": "CHF",
    "franken": "CHF", "francs": "CHF", "yen": "JPY", "yuan": "CNY", "won": "KRW", "rupee": "INR", "rupees": "INR", "zł": "PLN", "zloty": "PLN", "złoty": "PLN",
    "kč": "CZK", "koruna": "CZK", "crowns": "CZK", "forint": "HUF", "lei": "RON", "lira": "TRY", "shekels": "ILS", "dirham": "AED", "dirhams": "AED",
    "rand": "ZAR", "pesos": "MXN", "reais": "BRL", "baht": "THB", "ringgit": "MYR", "kr": "SEK", "kronor": "SEK", "kroner": "NOK",
} | {code.lower(): code for code in _CODES}  # fmt: skip
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
_CROWNS = frozenset({"SEK", "NOK", "DKK"})
_SHARED = dict.fromkeys(("$", "dollar", "dollars", "buck", "bucks"), _DOLLARS) | dict.fromkeys(
    ("kr", "kronor", "kroner"), _CROWNS
)
"""Words that more currencies have: the shop's own is meant, where it has them."""
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "HUF": 2, "KWD": 3, "BHD": 3, "TND": 3}
MANY_DIGITS = frozenset(
    {"JPY", "KRW", "VND", "CLP", "ISK", "HUF", "INR", "IDR", "NGN", "PKR", "LKR", "KES", "RSD", "AMD"}
)
"""Currencies in which everyday prices have five digits."""
_NOTES = {"fiver": 5, "tenner": 10}
_SURELY_MONEY = 15
"""A bare number in words from which on it is read as a price after "under" and the like; "under two" means other things."""

NUMBER = r"\d{1,3}(?:[.,']\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_PREFIX = rf"(?<!\w)(?:us|ca?|au?|nz|hk|s|r)\$|\$|[¤€£¥₹₺₪₩₴฿]|\b(?:{'|'.join(_CODES)})\b"
_WORD_SUFFIX = (
    r"(?:"
    + "|".join(sorted((re.escape(name) for name in _NAMES), key=len, reverse=True))
    + r")\b(?!\s+of\b(?!\s+(?:my|our)\b))"
)
_SUFFIX = rf"[¤€£$¥₹₺₪₩₴฿]|{_WORD_SUFFIX}"
_UNIT = (
    r"(?!\s*-?\s*(?:kgs?|kilos?|g|grams?|mg|lbs?|pounds of|oz|ounces?|cm|mm|m|meters?|metres?|km|miles?|inch(?:es)?|in\b(?! (?:your|ur|this|the|my|our|total|all|cash)\b)|ft|feet"
    r"|foot|ml|l|litres?|liters?|gb|tb|mb|hz|w|watts?|v|volts?|hours?|hrs?|minutes?|mins?|days?|weeks?|months?|years?|people"
    r"|persons?|pieces?|items?|pairs?|packs?|times|wide|tall|deep|high|long|thick|of (?:them|those|these)|percent|%|stars?|reviews?|\")(?![\w]))"
)


def price(n: int, *, bare: bool = False) -> str:
    """A price with its groups numbered `n`; `bare` also takes a number without any currency."""
    optional = "?" if bare else ""
    return (
        f"(?:(?P<p{n}>{_PREFIX})\\s?(?P<a{n}>{NUMBER})(?P<q{n}>k\\b|\\s(?:thousand|grand)\\b)?"
        f"|(?<![\\w.,#/])(?P<b{n}>{NUMBER})(?P<k{n}>k\\b|\\s(?:thousand|grand)\\b)?(?:\\s?(?P<s{n}>{_SUFFIX})){optional}"
        f"|\\b(?:an? )?(?P<t{n}>fiver|tenner)"
        f"|\\b(?P<w{n}>{NUMERAL})\\b(?:\\s(?P<v{n}>{_WORD_SUFFIX})){optional})"
    ) + (r"(?![\w%/]|[.,]\d)" + _UNIT if bare else r"(?!\w)")


_HEDGE = r"(?:(?:about|around|like|roughly|maybe|approximately|circa|some|say)\s+)?"
_BELOW = (
    r"(?:under|below|beneath|less than|lower than|cheaper than|(?:no|not|nothing|n't(?: \w+)?) (?:any )?more than|nothing (?:over|above)|(?:not|isn't|aren't|doesn't go) (?:over|above)|up ?to|max(?:imum)?\.?(?: of)?"
    r"|at most|within|(?:my |a |the |our )?(?:budget|limit)(?:'s| is| of|:)?(?: (?:under|about|around|max|like|maybe|roughly|up to|only|just))*|not exceeding)\s+|(?:<=?|≤|\bsub-?)\s*|(?:till|ceiling(?: is| of|:)?|keep it (?:to|under|below|at))\s+"
)
_ABOVE = r"over|above|more than|at least|min(?:imum)?\.?(?: of)?|starting (?:at|from)|upwards of|>=?"
_FLAGS = re.IGNORECASE
_RANGE = Gated(
    rf"(?:\bbetween\s+{price(1, bare=True)}\s*(?:and|to|-|&)\s*{price(2, bare=True)})"
    rf"|(?:(?:\bfrom\s+)?{price(3, bare=True)}\s*(?:to|-|and)\s*{price(4)})"
    rf"|(?:(?:\bfrom\s+)?{price(5)}\s*(?:to|-|and)\s*{price(6, bare=True)})"
    rf"|(?:\bfrom\s+{price(9, bare=True)}\s*(?:till|until)\s*{price(10)})|(?:^\W*{price(11, bare=True)}\s*(?:to|-)\s*{price(12, bare=True)}(?=\s*(?:,|$)|\s+[^\W\d_]{{3,}}))"
    rf"|(?:\bfrom\s+{price(7, bare=True)}\s*(?:up )?to\s*{price(8, bare=True)}(?=\s*(?:$|[?!.,;]|please\b|or so\b)))",
    _FLAGS,
)
_MAX = Gated(rf"(?<!\w)(?:for\s+)?(?:{_BELOW}){_HEDGE}{price(1, bare=True)}", _FLAGS)
_PURSE = Gated(
    rf"\b(?:i|we)(?:'ve| have)?(?: only| just)? (?:have|got|can spend|could spend|want to spend|can (?:only )?afford)(?: only| just| got)? {_HEDGE}{price(1)}"
    r"(?!\s*(?:off|credit|discount|voucher|gift|cheaper|less|refund|coupon|card))", _FLAGS
)  # fmt: skip
"""What the customer has to spend."""
_MADE_MORE = re.compile(
    r"\b(?:bump|raise|take|bring|push|put|increase|up|move|change|make)(?: (?:it|that|them|this|those|the \w+|\w+))?$",
    _FLAGS,
)
"""Before "up to 4": a count that grows, no price."""
_MAX_AFTER = Gated(
    rf"{price(1)}\s*(?:max(?:imum)?|tops|or (?:less|under|below|cheaper)|at most|budget|limit|(?:is all (?:there is|i (?:have|got))|at the (?:very )?(?:outside|most)))\b",
    _FLAGS,
)
_TO_AT_MOST = Gated(rf"(?<!up )(?<!down )\bto\s+{price(1)}\s*$", _FLAGS)
_MOVES = re.compile(
    r"\b(?:from|lower|drop|reduc\w*|bring|brought|down|raise|chang\w*|go|come|between|increase\w*|add)\b", _FLAGS
)
"""Beside "to 50 euros", where it is no limit: "bring it to 50 euros"."""
_MAX_BARE_AFTER = Gated(rf"{price(1, bare=True)}\s+(?:each\s+)?(?:max(?:imum)?|tops|or less)\b", _FLAGS)
_MIN = Gated(rf"(?<!\w)(?:{_ABOVE})\s+{price(1)}", _FLAGS)
_MIN_AFTER = Gated(rf"{price(1)}\s*(?:or (?:more|above|up)|and (?:up|above)|\+)(?!\w)", _FLAGS)
_ABOUT = Gated(
    rf"(?<!\w)(?:around|(?<!how )(?<!what )about|roughly|approximately|approx\.?|circa|~)\s*{price(1)}", _FLAGS
)
_PLAIN = Gated(price(1), _FLAGS)
_PERCENT = Gated(rf"(?<![\w.])(\d{{1,2}}|100|{NUMERAL})(?:[.,]\d+)?\s?(?:%|percent\b|per cent\b|pct\b)", _FLAGS)
_PERCENT_OF_PRICE = AnyOf(
    r"\b(off|code|coupon|promo|voucher|newsletter|discount|rebate|less|cheaper|reduction|knock|give|do|deal|price|lower|better|get|have|offer|accept|back|refund|down|fair|pay)\b|\?",
    _FLAGS,
)


_OF_THE_CLOCK = AnyOf(
    r"\b(?:trucks?|vans?|couriers?|drivers?|slot|come|coming|arrive|arriving|turn up|o'?clock|at home|be here|be in)\b|\b\d{1,2} ?[ap]m\b",
    _FLAGS,
)
"""Where "between 8 and 12" are hours."""
_LAST_HOUR = 24_00
_LEAST_RANGE = 40_00
_NO_PRICES = re.compile(
    r"\b(?:chang\w*|switch\w*|mov\w*|swap\w*|increas\w*|reduc\w*|go|up|down|order|sizes?|bump|open|day|week)\b[^.?!]*$",
    _FLAGS,
)
"""Before "from 100 to 200", where it is no range of prices."""
_TILL = re.compile(r"till|ceiling", _FLAGS)
"""Before a day or a height rather than a price."""
_WEIGHS = re.compile(r"\b(?:rated|weighs?|holds?|supports?|lifts?|capacity|heavy|lbs|kg)\b", _FLAGS)
"""Where pounds are no money in a shop that has other."""
_A_SECOND = re.compile(rf"(?:to|till|until|-|and|&)\s*(?:{_PREFIX}|\d|an?\b|fiver|tenner|{NUMERAL})", _FLAGS)
"""Where a range's second price begins."""
_A_CURRENCY = re.compile(rf"[¤$€£¥₹₺₪₩₴฿]|{'|'.join(sorted(_NAMES))}|fiver|tenner", _FLAGS)
"""What a price holds that is no bare number."""
_A_NUMBER = re.compile(rf"\d[\d.,']*|\b(?:{NUMERAL}|fiver|tenner)\b", _FLAGS)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of minor units; `currency` is None where the shop's is meant."""

    minor: int
    currency: str | None = None
    proposed: bool = False
    """Whether its words say that the customer would pay it ("would you take 30?")."""
    off: bool = False
    """Whether its words say that it shall come off the price ("knock 30 off")."""
    owed: bool = False
    """Whether its words say that the customer wants it back ("the full 318 back")."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of a price in minor units."""

    low: int | None
    high: int | None
    currency: str | None = None


def minor_units(written: str, currency: str) -> int | None:
    """Minor units of a number as people write it ("1.200,50", "1,200.50", "90", "2'000"); None where it is none."""
    text = written.replace("'", "").replace(" ", "")
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


def read_price(match: re.Match[str], n: int, shop: str) -> Money | None:
    written = match.group(f"a{n}") or match.group(f"b{n}")
    if note := match.group(f"t{n}"):
        written = str(_NOTES[note.lower()])
    mark = (match.group(f"p{n}") or match.group(f"s{n}") or match.group(f"v{n}") or "").lower().strip()
    if words := match.group(f"w{n}"):
        value = number(words)
        if value is None or not (mark or value >= _SURELY_MONEY):
            return None
        written = str(value)
    if not written:
        return None
    currency = None
    if mark:
        currency = shop if shop in _SHARED.get(mark, ()) else _SYMBOLS.get(mark) or _NAMES.get(mark)
    minor = minor_units(written, currency or shop)
    if minor is None:
        return None
    if match.group(f"k{n}") or match.group(f"q{n}"):
        minor *= 1000
    return Money(minor, currency)


def find_money(text: str, shop_currency: str, taken: Sequence[Span] = ()) -> list[Span]:
    """Budgets ("under $200", "between 50 and 80 euros"), prices ("$90") and percentages of a price ("15% off")."""
    if not LIKELY_MONEY.within(text):
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

    ranged = _A_SECOND.search(text) is not None and len(_A_NUMBER.findall(text)) > 1
    for match in _RANGE.finditer(text) if ranged else ():
        for first in (1, 3, 5, 7, 9, 11):
            low, high = read_price(match, first, shop_currency), read_price(match, first + 1, shop_currency)
            if low and high:
                if (match[f"k{first + 1}"] or match[f"q{first + 1}"]) and low.minor < high.minor // 100:
                    low = Money(low.minor * 1000, low.currency)  # "15 to 20 thousand"
                bare = not (low.currency or high.currency)
                if first == 11 and bare and (low.minor < _LEAST_RANGE or low.minor % 1000 or high.minor % 1000):
                    continue
                if low.minor < 100_00 <= high.minor and high.minor % 100_00 == 0 and match[f"w{first}"]:
                    low = Money(low.minor * 100, low.currency)  # "two and three hundred"
                if first == 7 and bare and (_NO_PRICES.search(text[: match.start()]) or high.minor < _LEAST_RANGE):
                    continue  # "from 9 to 10", of a size
                if bare and max(low.minor, high.minor) <= _LAST_HOUR and _OF_THE_CLOCK.within(text):
                    continue
                if low.minor > high.minor:
                    low, high = high, low
                add(match, low, high)
    marked = _A_CURRENCY.search(text) is not None
    for pattern in (_MAX, _PURSE, _MAX_AFTER, _MAX_BARE_AFTER, _TO_AT_MOST) if marked else (_MAX, _MAX_BARE_AFTER):
        for match in pattern.finditer(text):
            if pattern is _TO_AT_MOST and _MOVES.search(text[: match.start()]):
                continue
            high = read_price(match, 1, shop_currency)
            if high is not None and high.currency == "GBP" != shop_currency and _WEIGHS.search(text):
                continue
            if high is not None and high.currency is None and high.minor < 100_00 and _TILL.match(text, match.start()):
                continue
            counts = high is not None and high.currency is None and _MADE_MORE.search(text[: match.start()].rstrip())
            if high and not counts:
                add(match, None, high)
    if marked:
        for pattern in (_MIN, _MIN_AFTER):
            for match in pattern.finditer(text):
                if low := read_price(match, 1, shop_currency):
                    add(match, low, None)
        for match in _ABOUT.finditer(text):
            price = read_price(match, 1, shop_currency)
            if price and not (price.currency == "GBP" != shop_currency and _WEIGHS.search(text)):
                add(match, price, None, spread=True)
        for match in _PLAIN.finditer(text):
            if (price := read_price(match, 1, shop_currency)) and free([*taken, *found], match.start(), match.end()):
                found.append(Span(match.start(), match.end(), "money", price))
    for match in _PERCENT.finditer(text):
        if _PERCENT_OF_PRICE.within(text) and free([*taken, *found], match.start(), match.end()):
            found.append(Span(match.start(), match.end(), "percent", number(match.group(1))))
    return found
