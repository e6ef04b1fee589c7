# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Discount codes."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.spans import Span, free
from agentpay.intents.words import word_set

_CODE_WORD = r"(?:(?:discount|promo(?:tion(?:al)?)?|coupon|voucher|gift)[\s-]*codes?|codes?|coupons?|promo|voucher|gutschein(?:code)?|code promo|cup[oó]n)"
_MARKED_CODE = re.compile(
    rf"(?<!gate )(?<!door )(?<!factor )(?<!entry )(?<!login )(?<!security )(?<!zip )(?<!post )(?<!bar )\b{_CODE_WORD}\b\s*(?P<mark>is\b|was\b|:|=|called\b|named\b)?\s*[\"'(]?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{{2,31}})(?![\w@])",
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
    r"\b(?i:use|apply|try|enter|redeem|put|stick|pop|add|with|and|or)\s+(?:(?i:the|my|a|this)\s+)?[\"']?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{3,31})(?![\w@])"
)
_SHAPE_CODE = re.compile(r"(?<![\w@#-])(?P<id>[A-Z]{3,}\d{1,3})(?![\w@-])")
_ABOUT_CODES = re.compile(
    r"\b(?:work|works|working|worked|valid|expired|apply|applied|discounts?|off|redeem|promos?|promotions?|codes?|coupons?|vouchers?|error|accepted|rejected|invalid|counts?|total|cart|basket|order|checkout|pay(?:ing)?|haven'?t used|used)\b",
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


def find_codes(
    text: str, title_words: Collection[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """Discount codes, upper-cased as the shop compares them without case; only where the sentence is about one."""
    found: list[Span] = []

    def add(match: re.Match[str], *, sure: bool) -> None:
        code = match.group("id")
        lowered = code.lower()
        going_on = code.islower() and lowered.endswith("ing")  # "why isn't my birthday code showing"
        if going_on or lowered in _NOT_CODES or lowered in _TALK or not free([*taken, *found], *match.span("id")):
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
        if first in {"with", "and", "or", "put", "stick", "pop", "add"} and not (
            (found and first in {"with", "and", "or"}) or _SHAPE_CODE.fullmatch(match.group("id"))
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
