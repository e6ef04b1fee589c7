# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""E-mail addresses, web addresses, phone numbers and people's names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import phonenumbers

from agentpay.intents.entities.names import PARTICLE, TITLE, without_title
from agentpay.intents.entities.numerals import DIGIT
from agentpay.intents.entities.places import country_of, country_of_city
from agentpay.intents.entities.spans import Span, blanked, free
from agentpay.intents.gating import AnyOf, Gated
from agentpay.intents.words import word_set

_EMAIL = Gated(r"(?<![\w.+-])[\w.+%-]+@(?:[\w-]+\.)+[^\W\d_]{2,}(?![\w-])")
_URL = Gated(r"\b(?:https?://|www\.)[^\s<>\"]+[^\s<>\".,!?;:)]", re.IGNORECASE)
_PHONE = Gated(r"(?<![\w#-])(?:\+|\(\+?|00)?\d[\d\s().\-/]{5,18}\d(?![\w-])")
_PHONE_CONTEXT = AnyOf(
    r"\b(phone|mobile?|mob|hp|handphone|cell|call|ring|dial|tel(?:ephone)?|whats ?app|text|sms|reach)\b|\bnumber(?: is\b|:)",
    re.IGNORECASE,
)
_PART = r"(?:[A-ZÀ-ÖØ-Þ][\w'À-ÿ-]*|[A-Z]\.(?=\s))"
_PARTICLE = PARTICLE
_FULL_NAME = rf"{_PART}(?:\s+{_PARTICLE}){{0,2}}(?:\s+{_PART}){{0,3}}"
_TITLES = rf"(?:(?i:{TITLE}))?"
_NAMED = Gated(
    rf"(?:(?<!ompany )(?<!ser )\b[Nn]ame(?=\s+(?:{_PART}\s+){{1,3}}{_PART}\s*(?:[,.;\n]|$))|\b[Mm]y (?:full |last )?name(?: is|'?s|:)|\b[Nn]ame(?:\s?:|'s| is|(?: \w+){{1,3}}:)|\b[Nn]ame (?:back )?to(?: read)?|\b[Rr]ecipient(?: is|:)?|\b[Aa]tt(?:n|ention)?\b[:.]?(?: of)?|\bz\.\s?[Hh]d\.?|\bc/o|\b[Uu]nder the name(?: of)?|\b[Cc]all me)\s+{_TITLES}(?P<name>{_FULL_NAME})"
)
_WHOLE = rf"{_PART}(?:\s+{_PARTICLE}){{0,2}}(?:\s+{_PART}){{1,3}}"
_IN_WHOSE_NAME = Gated(
    rf"\b(?:[Pp]ut|[Cc]hange|[Mm]ake|[Ll]eave|[Bb]ook|[Rr]egister|[Oo]rder(?:ed)?)\b[^.?!]{{0,24}}?\bunder (?:[a-z']+ [a-z']*\s?name(?: instead)?[,:]?\s+)?{_TITLES}(?P<name>{_WHOLE})"
)
"""Whose an order shall be: "put it under Nomsa Dlamini", "under my son's name instead, Carl Reed"."""
_NAME_SPOKEN_OF = Gated(
    rf"\b(?:[Nn]ame|[Ss]urname)\b[^?!]*?\b(?:to|write|spell it|is|it's|must be|should be|should say)\s+{_TITLES}(?P<name>{_WHOLE})(?=\W*$|\s*[,.;]|\s+[a-z])"
)
"""A name behind words that speak of one: "my name on it is wrong, write Omar Al Said"."""
_POLITE = Gated(rf"(?P<name>{_WHOLE})\s*\((?:Mr|Mrs|Ms|Miss|Dr)\.?\)")
_TITLED = Gated(
    rf"(?:^|(?<=[\s,;/(-]))(?i:{TITLE})(?P<name>(?:{_PART}\s+){{0,3}}(?:{_PARTICLE}\s+){{0,2}}{_PART})(?=\s*(?:[,;.\n!?/)]|$|\d|\bat\b|\band\b))"
)
"""A person with a title, beside an address and the like."""
_SELF = Gated(rf"^\W*(?:(?:[Hh]i|[Hh]ello|[Hh]ey)[,!]?\s+)?(?:[Ii]t'?s\s+)?(?P<name>{_FULL_NAME})\s+here\b")
_AS_RECIPIENT = Gated(
    rf"\b(?:[Pp]ut|[Ww]rite|[Uu]se|[Hh]ave|[Ss]et|[Tt]ake)\s+(?P<name>{_FULL_NAME})\s+(?:in |down )?as (?:the |my |its |a )?(?:name|receiver|recipient|addressee|contact|customer)\b"
)
_TO_RING = Gated(
    rf"\b(?:[Rr]ing|[Cc]all|[Aa]sk for|[Cc]ontact|[Tt]ext|[Pp]hone)\s+(?P<name>{_FULL_NAME})\s+(?:on|at)\b"
)
_NAMED_LOWER = Gated(
    r"\b(?:my (?:full )?name(?: is|'s)|name\s?:)\s+(?P<name>[^\W\d_]+(?:\s+[^\W\d_]+)?)(?=\s*(?:[,.!\n]|$|and\b))",
    re.IGNORECASE,
)
_INTRODUCED = Gated(
    rf"(?:^|[.,!\n]\s*|\b(?:[Hh]i|[Hh]ello|[Hh]ey),?\s+)(?:I'?m|I am|[Tt]his is|[Ii]t's)\s+(?P<name>{_FULL_NAME})(?=\s*(?:[.,!\n]|$|and\b|here\b|from\b|-))"
)
_FOR_NAME = re.compile(rf"^\W*(?P<name>{_FULL_NAME})\W*$")
_FOR_WHOLE_NAME = re.compile(rf"^\W*{_TITLES}(?P<name>{_WHOLE})\W*$")
_WHOLE_NAME = rf"{_PART}(?:\s+{_PARTICLE}){{0,2}}(?:\s+{_PART}){{1,3}}"
_BEFORE_DETAIL = re.compile(
    rf"(?:^|[,;\n.:!?]\s*|\s[-–/]\s|\b(?:to|for|is|are|details|it'?s)\s+(?:my \w+\s+)?){_TITLES}(?P<name>{_WHOLE_NAME})\s*[,;:/.\n–-]*\s*(?:(?:(?:s?he'?s |s?he is |they'?re )?at|of|on|mob(?:ile)?|tel|phone|cell)[:.]?\s+)?$"
)
_AFTER_DETAIL = re.compile(
    rf"^\s*[,;\n.(-]*\s*(?:(?:it'?s |is |all )?for\s+|(?:and )?(?:my )?name (?:is )?|(?:and )?it'?s |[Cc]ontact |[Aa]tt(?:n|ention)?[:.]? )?{_TITLES}(?P<name>{_WHOLE_NAME})(?=\s*(?:[,;.\n!)]|$))"
)
_LOWER_BEFORE = re.compile(
    r"^\s*(?:(?:it'?s|this is|name|hi|im|i'm)\s+)?(?P<name>[^\W\d_]{2,}(?:\s[^\W\d_]{2,}){1,2})\s*[,\n]\s*$"
)
_SIGNED = Gated(
    rf"(?:\b[Tt]hanks|\b[Tt]hank you|\b[Rr]egards|\b[Cc]heers|\b[Bb]est|\b[Ss]incerely|\b[Ll]ove)[!,.\s-]+(?P<name>{_WHOLE_NAME})\W*$"
)
_DETAILS = frozenset({"address", "email", "phone"})
_NOT_NAMES = word_set(
    "interested looking sorry sure ready happy angry new fine good done not here just in on at from the a an ok okay yes no "
    "thanks please hi hello hey standard express interested using trying also still so very back i send ship deliver address email phone my "
    "it to for and the is order number street road thank you cheers regards best love where when what how can could would do does size hotel "
    "restaurant cafe company firma office haus school shop store gmbh ltd inc llc ag go ahead proceed sounds great perfect cool right then now "
    "deal agreed lets let's ring call contact text ask phone"
)


def find_emails(text: str) -> list[Span]:
    """E-mail addresses, lower-cased, and web addresses."""
    found = [Span(m.start(), m.end(), "email", m.group().lower()) for m in _EMAIL.finditer(text)] if "@" in text else []
    return found + [Span(m.start(), m.end(), "url", m.group()) for m in _URL.finditer(text) if free(found, *m.span())]


def find_people(
    text: str, regions: Sequence[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """A phone number (E.164; a national one is read as of the first of the countries `regions` that has it) and a person's name."""
    found = _phones(text, regions, taken, asked_for) if DIGIT.search(text) else []
    names = _names(text, [*taken, *found], asked_for) or _beside_details(text, [*taken, *found], asked_for)
    return found + names


def _phones(text: str, regions: Sequence[str], taken: Sequence[Span], asked_for: str | None) -> list[Span]:
    found: list[Span] = []
    context = asked_for == "phone" or _PHONE_CONTEXT.within(text)
    addresses = [span.value for span in taken if span.kind == "address"]
    regions = [one.country for one in addresses if one.country] + list(regions)
    # "97209. 503-555-0144" is a postcode and a number
    for match in _PHONE.finditer(blanked(text, ((span.start, span.end) for span in taken), "|")):
        written = match.group()
        digits = sum(c.isdigit() for c in written)
        international = written.lstrip("(").startswith(("+", "00"))
        separated = len(re.findall(r"\d[\s().\-/]+\d", written)) >= 2 and digits >= 9
        national = written.startswith("0") and digits in (10, 11)  # no order's number begins so
        beside = bool(addresses) and digits >= 8
        if not (international or context or separated or national or beside) or digits < 7:
            continue
        number = "+" + written.lstrip("(")[2:] if written.startswith("00") else written
        parsed = _parsed(number, (None,) if international else regions or ("US",))
        told = international or context or separated or national
        if parsed is not None and (told or phonenumbers.is_valid_number(parsed)):
            value = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            found.append(Span(match.start(), match.end(), "phone", value))
            break
    return found


def _parsed(number: str, regions: Sequence[str | None]) -> phonenumbers.PhoneNumber | None:
    """As a number of the first of the regions in which it is valid, else of the first in which it may be one."""
    possible: phonenumbers.PhoneNumber | None = None
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return parsed
        if possible is None and (region is None or phonenumbers.is_possible_number(parsed)):
            possible = parsed
    return possible


def _beside_details(text: str, taken: Sequence[Span], asked_for: str | None) -> list[Span]:
    """A name that stands beside an address, an e-mail or a phone number, or under the message."""
    details = [span for span in taken if span.kind in _DETAILS]
    for span in details:
        before = _BEFORE_DETAIL.search(text[: span.start])
        if before is None and asked_for is not None:
            before = _LOWER_BEFORE.search(text[: span.start])
        after = _AFTER_DETAIL.search(text[span.end :])
        for match, offset in ((before, 0), (after, span.end)):
            if match is None or not free(taken, match.start("name") + offset, match.end("name") + offset):
                continue
            if not any(word.lower() in _NOT_NAMES or country_of(word) for word in match["name"].split()):
                start = match.start("name") + offset
                return [Span(start, start + len(match["name"]), "name", _spelt(without_title(match["name"])))]
    if details:
        for match in _TITLED.finditer(text):
            if free(taken, *match.span("name")) and match["name"].split()[0].lower() not in _NOT_NAMES:
                return [Span(*match.span(), "name", match["name"])]
    if (signed := _SIGNED.search(text)) and free(taken, *signed.span("name")):
        return [Span(*signed.span("name"), "name", signed["name"])]
    return []


def _is_place(name: str) -> bool:
    return country_of_city(name) is not None or any(country_of(w) or country_of_city(w) for w in name.split())


def _spelt(name: str) -> str:
    return name.title() if name.islower() else name


def _names(text: str, taken: Sequence[Span], asked_for: str | None) -> list[Span]:
    patterns = [
        _NAMED,
        _IN_WHOSE_NAME,
        _NAME_SPOKEN_OF,
        _POLITE,
        _AS_RECIPIENT,
        _TO_RING,
        _NAMED_LOWER,
        _INTRODUCED,
        _SELF,
    ] + ([_FOR_NAME] if asked_for == "name" else [_FOR_WHOLE_NAME] if asked_for == "address" else [])
    for pattern in patterns:
        for match in pattern.finditer(text):
            name = match.group("name")
            if (
                name.split()[0].lower() in _NOT_NAMES
                or (pattern is _FOR_WHOLE_NAME and _is_place(name))
                or not free(taken, *match.span("name"))
            ):
                continue
            return [Span(match.start(), match.end("name"), "name", _spelt(without_title(name)))]
    return []
