# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Discount codes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf, Gated
from agentpay.intents.words import word_set

_CODE_WORD = r"(?:(?:kortings|rabatt?|gutschein)(?:code|kode)|(?:discount|promo(?:tion(?:al)?)?|coupon|voucher|gift)[\s-]*codes?|codes?|coupons?|promo|voucher|gutschein(?:code)?|code promo|cup[oó]n)"
_MARKED_CODE = Gated(
    rf"(?<!gate )(?<!door )(?<!factor )(?<!entry )(?<!login )(?<!security )(?<!zip )(?<!post )(?<!bar )(?<!error )(?<!blik )(?<!qr )(?<!sms )\b{_CODE_WORD}\b\s*(?P<mark>is\b|was\b|:|=|called\b|named\b)?\s*[\"'(]?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{{2,31}})(?![\w@])",
    re.IGNORECASE,
)
_POLITE_END = re.compile(r"\W*(?:please|pls|plz|thanks|thank you|then|too|as well)\W*$", re.IGNORECASE)
_BEFORE_WORD = Gated(
    rf"(?<![\w@-])(?P<id>[A-Z0-9][A-Z0-9_-]{{2,31}})\s+(?i:(?:is|was|that's)\s+(?:my|the|a|our|your)\s+)?(?i:{_CODE_WORD})\b"
)
_CODE_THEN = Gated(
    rf"\b{_CODE_WORD}\s*[,;:.-]+\s*(?:(?:it'?s|it is|that'?s|which is|called)\s+)?[\"'(]?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{{2,31}})(?![\w@])",
    re.IGNORECASE,
)
"""A code set off from its word: "I got a code, autumn10"; only what looks like one."""
_USED_CODE = Gated(
    r"\b(?i:use|used|apply|try|tried|enter|entered|typed(?: in)?|keyed(?: in)?|redeem|put(?: in)?|stick|pop|add|with|and|or|how come)\s+(?:(?i:the|my|a|this)\s+)?[\"']?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{3,31})(?![\w@])"
)
_SHAPE_CODE = Gated(r"(?<![\w@#-])(?P<id>[A-Z]{3,}\d{1,4}|[A-Z]{4,}-\d{1,4})(?![\w@-])")
_ABOUT_CODES = AnyOf(
    r"\b(?:work|works|working|worked|valid|expired|apply|applied|discounts?|off|redeem|promos?|promotions?|codes?|coupons?|vouchers?|error|accepted|rejected|refused|invalid|not (?:taking|going|doing|having)|(?:isn'?t|won'?t|ain'?t|doesn'?t) (?:taking|going|doing|having|take|go|do)|counts?|stack|combine|total|cart|basket|order|checkout|pay(?:ing)?|haven'?t used|used)\b",
    re.IGNORECASE,
)
_BARE_CODE = re.compile(
    r"^\W*(?:(?:ok|okay|then|and|try|use|apply|redeem|with|it's|it is|maybe|or|please|what about|how about|yes|sure|so|i have|also|the|my|well)\W+)*"
    r"(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{2,31})(?:\W+(?:please|pls|then|instead|thanks|maybe))*\W*$",
    re.IGNORECASE,
)
_APPLIED_CODE = Gated(
    r"\b(?:apply|redeem)\s+(?:(?:the|my|this)\s+)?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{3,31})(?=\W*(?:please|pls|then|now|to\b|for me|$))",
    re.IGNORECASE,
)
_MIXED = Gated(r"(?<![\w@-])(?P<id>(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{4,32})(?![\w@-])", re.IGNORECASE)
_NAME = r"[\"'(]?(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{2,31})(?![\w@-])"
_LEADS = r"(?:(?:the|my|this|your|a|code|coupon|promo|voucher)\s+)*"
_STANDS_AS_CODE = (
    Gated(rf"\b(?:use|using|try|apply|redeem|enter|accept|honou?r|have|got|about)\s+{_LEADS}{_NAME}", re.IGNORECASE),
    Gated(
        rf"\b(?:does|do|did|is|are|will|would|can|could|has|if|and)\s+{_LEADS}{_NAME}\W*\s(?:(?:still|also|even|really|already|not|to|be|a|on|in)\s+)*"
        r"(?:works?|working|counts?|app(?:ly|lies)|valid|good|active|available|accepted|expired|ok(?:ay)?|usable|running)\b",
        re.IGNORECASE,
    ),
)
"""Where a word stands as only a code would; whether it is one, only the shop knows."""
_STILL_VALID = Gated(
    rf"\b(?:does|do|is|will|would|can)\s+{_LEADS}{_NAME}\s+(?:still\s+(?:work|count|apply|run|good|active)|(?:still\s+)?(?:valid|accepted|expired)|(?<=[A-Z\d]{{5}}\s)(?:work|apply|count) (?:on|for|with))",
    re.IGNORECASE,
)
"""Asked of codes alone: of one with a digit it is plain without looking whether the shop has it."""
_FAILS = Gated(
    r"(?<![\w@-])(?P<id>[A-Z]{5,}\d{0,3})\s+(?i:isn'?t|won'?t|doesn'?t|didn'?t|never|not|is not|does not|did not|will not|just)\s+(?i:(?:\w+\s+){0,2}?"
    r"(?:work\w*|appl\w*|tak\w*|took|gave?|go(?:es|ing)?|accept\w*|count\w*|sit\w*|bounc\w*|fail\w*))\b"
)
"""A word in capitals of which is said what is said of codes: "MUMSDAY isn't working"."""
_CODE_TOO = Gated(
    r"(?:^|[.!?;]\s+)(?i:also|and|plus|oh and)\s+(?P<id>[A-Z]{3,}\d{1,3})(?=(?:\W+(?i:please|pls|thanks|too|as well))*\W*$)"
)
"""A sentence that is nothing but a code: "Pop the cream in. Also GLOW20 please."."""
_CLAUSE = re.compile(r"[^.,;:!?\n]+")
_ALONE = re.compile(r"^\W*(?P<id>[A-Z]{3,}\d{1,3})\W*$")
_TALK = word_set("""
    yes nope hello hey bye goodbye checkout nothing none cart basket human help sorry nevermind stop cancel cheers great cool fine sure
    perfect thank everything more another other cheaper expensive right alright awesome maybe later skip never mind forget all them those these
    """)
_GREETINGS = frozenset({"hallo", "welcome", "morning", "evening"})
"""Said alone these greet, even where a code has that name."""
_NOT_CODES = word_set(
    "points stars miles for from that this please pls the and you have any work works working not doesn didn isn is was are can could with to at on in it "
    "codes code discount coupon promo voucher does did do or valid expired still available apply applied use using got get "
    "again once more before later today now here thanks instead would will should let what which how when where there too also already didnt doesnt isnt "
    "wont cant card cards shipping delivery usd eur gbp again once first then later before after one ones mine yours now earlier above same last "
    "thing things anyway somehow maybe properly already back came come comes itself anot accepted rejected refused arrived went gone sent given required needed blik otp sms smses "
)


def perhaps_codes(text: str, title_words: Collection[str]) -> list[Span]:
    """Words that are codes if the shop has such, upper-cased: those with a digit anywhere, others where only a code stands."""
    places = [match.span("id") for pattern in (_MIXED, *_STANDS_AS_CODE) for match in pattern.finditer(text)]
    for clause in _CLAUSE.finditer(text):
        if (alone := _BARE_CODE.match(clause.group())) and alone.group("id").lower() not in _GREETINGS:
            start, end = alone.span("id")
            places.append((clause.start() + start, clause.start() + end))
    found: list[Span] = []
    for start, end in places:
        word = text[start:end]
        spoken = (
            word.lower() in _NOT_CODES or word.lower() in _TALK or (word.lower() in title_words and not word.isupper())
        )
        if not spoken and free(found, start, end):
            found.append(Span(start, end, "code", word.upper()))
    return found


def find_codes(
    text: str,
    title_words: Collection[str],
    taken: Sequence[Span] = (),
    asked_for: str | None = None,
    known: Collection[str] = (),
) -> list[Span]:
    """Discount codes, upper-cased as the shop compares them without case; only where the sentence is about one.

    `known`: those of `perhaps_codes` that the shop has, whatever stands around them.
    """
    perhaps = perhaps_codes(text, title_words) if known else []
    found = [span for span in perhaps if span.value in known and free(taken, span.start, span.end)]

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
    for match in itertools.chain(_STILL_VALID.finditer(text), _FAILS.finditer(text), _CODE_TOO.finditer(text)):
        add(match, sure=False)
    for match in _BEFORE_WORD.finditer(text):
        add(match, sure=False)
    if _ABOUT_CODES.within(text):
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
