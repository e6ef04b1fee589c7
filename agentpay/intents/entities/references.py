# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Order numbers, discount codes and dates."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

from agentpay.intents.entities.spans import Span, free
from agentpay.intents.words import word_set

_ORDER_WORD = r"(?:orders?|purchase|invoice|parcel|package|shipment|bestellung|commande|pedido)"
_MARKED_ORDER = re.compile(
    rf"\b{_ORDER_WORD}\s*(?:(?:number|no|nr|num|id|ref(?:erence)?)\b\.?\s*)?(?:is|was|:|=)?\s*#?\s?(?P<id>[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*)(?![\w@])",
    re.IGNORECASE,
)
_HASH_ORDER = re.compile(r"(?<![\w&])#\s?(?P<id>[A-Za-z]{0,4}-?\d[\dA-Za-z-]{2,})(?!\w)")
_SHAPE_ORDER = re.compile(r"(?<![\w#-])(?P<id>[A-Z]{1,6}(?:-\d{2,}){1,3}|[A-Z]{1,3}\d{6,})(?![\w-])")
_SHAPE_ORDER_LOWER = re.compile(r"(?<![\w#-])(?P<id>[A-Za-z]{1,4}-\d{3,})(?![\w-])")
_AFTER_SALES = re.compile(
    rf"\b({_ORDER_WORD}|track(?:ing)?|refund|return|cancel|exchange|deliver(?:y|ed)|shipped|arrived?|received?|status|where|bought|from)\b",
    re.IGNORECASE,
)
_ABOUT_GOODS = re.compile(
    r"\b(?:add|put|buy|cart|basket|bag|how much|price|in stock|do (?:you|u) (?:have|sell)|looking for|take|want)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\s+(?:more\s+)?[^\W\d_]{2,}")
_AFTER_NUMBER = word_set(
    "is was has have and please pls from to for not yet of where when still which that did in it on i hasn't"
)

_CODE_WORD = r"(?:(?:discount|promo(?:tion(?:al)?)?|coupon|voucher|gift)[\s-]*codes?|codes?|coupons?|promo|voucher|gutschein(?:code)?|code promo|cup[oó]n)"
_MARKED_CODE = re.compile(
    rf"\b{_CODE_WORD}\b\s*(?P<mark>is\b|was\b|:|=|called\b|named\b)?\s*[\"'(]?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{{2,31}})(?![\w@])",
    re.IGNORECASE,
)
_POLITE_END = re.compile(r"\W*(?:please|pls|plz|thanks|thank you|then|too|as well)\W*$", re.IGNORECASE)
_BEFORE_WORD = re.compile(
    rf"(?<![\w@-])(?P<id>[A-Z0-9][A-Z0-9_-]{{2,31}})\s+(?i:(?:is|was|that's)\s+(?:my|the|a|our|your)\s+)?(?i:{_CODE_WORD})\b"
)
_CODE_THEN = re.compile(
    rf"\b{_CODE_WORD}\s*[,;-]+\s*[\"'(]?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{{2,31}})(?![\w@])", re.IGNORECASE
)
"""A code set off from its word: "I got a code, autumn10"; only what looks like one."""
_USED_CODE = re.compile(
    r"\b(?i:use|apply|try|enter|redeem|with|and|or)\s+(?:(?i:the|my|a|this)\s+)?[\"']?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{3,31})(?![\w@])"
)
_SHAPE_CODE = re.compile(r"(?<![\w@#-])(?P<id>[A-Z]{3,}\d{1,3})(?![\w@-])")
_ABOUT_CODES = re.compile(
    r"\b(?:work|works|working|worked|valid|expired|apply|applied|discounts?|off|redeem|promos?|promotions?|codes?|coupons?|vouchers?)\b",
    re.IGNORECASE,
)
_BARE_CODE = re.compile(
    r"^\W*(?:(?:ok|okay|then|and|try|use|apply|redeem|with|it's|it is|maybe|or|please|what about|how about|yes|sure|so|i have|also|the|my|well)\W+)*"
    r"(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{2,31})(?:\W+(?:please|pls|then|instead|thanks|maybe))*\W*$",
    re.IGNORECASE,
)
_APPLIED_CODE = re.compile(
    r"\b(?:apply|redeem)\s+(?:(?:the|my|this)\s+)?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{3,31})(?=\W*(?:please|pls|then|now|to\b|for me|$))",
    re.IGNORECASE,
)
_MIXED = re.compile(r"(?<![\w@-])(?P<id>(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{4,32})(?![\w@-])", re.IGNORECASE)
_ALONE = re.compile(r"^\W*(?P<id>[A-Z]{3,}\d{1,3})\W*$")
_TALK = word_set("""
    yes nope hello hey bye goodbye checkout nothing none cart basket human help sorry nevermind stop cancel cheers great cool fine sure
    perfect thank everything more another other cheaper expensive right alright awesome maybe later skip never mind forget all them those these
    """)
_NOT_CODES = word_set(
    "for from that this please pls the and you have any work works working not doesn didn isn is was are can could with to at on in it "
    "codes code discount coupon promo voucher does did do or valid expired still available apply applied use using got get "
    "today now here thanks instead would will should let what which how when where there too also already didnt doesnt isnt "
    "wont cant card cards shipping delivery usd eur gbp"
)

_MONTHS = {m: i for i, names in enumerate(
    ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
     "september sept sep", "october oct", "november nov", "december dec"), start=1) for m in names.split()}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?({_MONTH})\b\.?(?:,?\s+(\d{{4}}))?", re.IGNORECASE
)
_MONTH_DAY = re.compile(
    rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:packs?|pairs?|of))(?:,?\s+(\d{{4}}))?", re.IGNORECASE
)
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)")
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1}
_RELATIVE_WORD = re.compile(r"\b(today|tomorrow|yesterday)\b", re.IGNORECASE)


def find_orders(
    text: str, title_words: Collection[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """Order numbers: by a word like "order" before them, by "#", or by shape (letters, dash, digits)."""
    if not any(c.isdigit() for c in text):
        return []
    found: list[Span] = []

    def add(match: re.Match[str]) -> None:
        start, end = match.span("id")
        if start > 0 and text[start - 1] == "#":
            start -= 1
        if free([*taken, *found], start, end):
            found.append(Span(start, end, "order", match.group("id")))

    for match in _MARKED_ORDER.finditer(text):
        number = match.group("id")
        if not any(c.isdigit() for c in number) or number.lower() in title_words:
            continue
        marked = "#" in match.group() or re.search(r"(?i)number|\bno\b|\bnr\b|\bid\b|ref", match.group()) is not None
        counted = _COUNTED.match(text, match.end("id"))
        if number.isdigit() and not marked:
            if len(number) < 3 or (
                len(number) < 5 and counted and counted.group().split()[0].lower() not in _AFTER_NUMBER
            ):
                continue
        elif not marked and len(number) < 4:
            continue
        add(match)
    for match in _HASH_ORDER.finditer(text):
        add(match)
    about_orders = asked_for == "order_number" or _AFTER_SALES.search(text) is not None
    for match in _SHAPE_ORDER.finditer(text):
        if _ABOUT_GOODS.search(text) and not about_orders:
            continue
        if match.group("id").lower() not in title_words and ("-" in match.group("id") or about_orders):
            parts = match.group("id").lower().split("-")
            if all(part in title_words for part in parts) and not about_orders:
                continue
            add(match)
    if about_orders:
        for match in _SHAPE_ORDER_LOWER.finditer(text):
            if match.group("id").lower() not in title_words:
                add(match)
    if asked_for == "order_number" and not found:
        for match in re.finditer(r"(?<![\w@.])(?P<id>(?=[\w-]*\d)[A-Za-z0-9][\w-]{2,})(?![\w@])", text):
            add(match)
            break
    return found


def find_codes(
    text: str, title_words: Collection[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """Discount codes, upper-cased as the shop compares them without case; only where the sentence is about one."""
    found: list[Span] = []

    def add(match: re.Match[str], *, sure: bool) -> None:
        code = match.group("id")
        lowered = code.lower()
        if lowered in _NOT_CODES or lowered in _TALK or not free([*taken, *found], *match.span("id")):
            return
        has_digit, has_letter = any(c.isdigit() for c in code), any(c.isalpha() for c in code)
        shouted = code.isupper() and len(code) >= 4
        mixed = has_digit and has_letter and lowered not in title_words
        if sure or mixed or (shouted and (lowered not in title_words)):
            found.append(Span(match.start("id"), match.end("id"), "code", code.upper()))

    for match in _MARKED_CODE.finditer(text):
        code = match.group("id")
        plain_word = code.islower() and code.isalpha() and match.group("mark") is None
        at_end = not text[match.end() :].strip(" .!?,") or _POLITE_END.match(text[match.end() :])
        add(match, sure=not plain_word or bool(at_end))
    for match in _CODE_THEN.finditer(text):
        add(match, sure=False)
    for match in _BEFORE_WORD.finditer(text):
        add(match, sure=False)
    if _ABOUT_CODES.search(text):
        for match in _SHAPE_CODE.finditer(text):
            add(match, sure=False)
    for match in _USED_CODE.finditer(text):
        first = match.group().split()[0].lower()
        if first in {"with", "and", "or"} and not (
            found or (match.group("id").isupper() and any(c.isdigit() for c in match.group("id")))
        ):
            continue
        add(match, sure=False)
    for match in _APPLIED_CODE.finditer(text):
        add(match, sure=match.group("id").lower() not in title_words)
    if alone := _ALONE.match(text):
        add(alone, sure=alone.group("id").lower() not in title_words)
    if asked_for in {"code", "discount", "discount_code"}:
        for match in _MIXED.finditer(text):
            add(match, sure=False)
    if asked_for in {"code", "discount", "discount_code"} and (bare := _BARE_CODE.match(text)):
        add(bare, sure=bare.group("id").lower() not in title_words)
    return found


def find_dates(text: str, taken: Sequence[Span] = (), today: date | None = None) -> list[Span]:
    """Dates as ISO strings; a day without a year is of the current year, 03/04/2025 is read month first."""
    now = today or datetime.now(UTC).date()
    found: list[Span] = []

    def add(match: re.Match[str], year: int, month: int, day: int) -> None:
        if not free([*taken, *found], *match.span()):
            return
        try:
            value = date(year, month, day)
        except ValueError:
            return
        found.append(Span(match.start(), match.end(), "date", value.isoformat()))

    for match in _ISO.finditer(text):
        add(match, int(match[1]), int(match[2]), int(match[3]))
    for match in _DAY_MONTH.finditer(text):
        add(match, int(match[3] or now.year), _MONTHS[match[2].lower()], int(match[1]))
    for match in _MONTH_DAY.finditer(text):
        add(match, int(match[3] or now.year), _MONTHS[match[1].lower()], int(match[2]))
    for match in _DOTTED.finditer(text):
        add(match, int(match[3]), int(match[2]), int(match[1]))
    for match in _SLASHED.finditer(text):
        first, second = int(match[1]), int(match[2])
        month, day = (second, first) if first > 12 else (first, second)
        add(match, int(match[3]), month, day)
    for match in _RELATIVE_WORD.finditer(text):
        day_meant = now + timedelta(days=_RELATIVE[match[1].lower()])
        add(match, day_meant.year, day_meant.month, day_meant.day)
    return found
