# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Postal addresses as people type them into a chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.intents.entities.places import (
    POSTCODE,
    country_codes,
    country_of,
    country_of_city,
    infer_country,
    postcode_fits,
    regions_of,
    subdivision,
)
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.types import PostalAddress

_SUFFIX = (
    r"street|str|st|avenue|ave|av|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|way|place|pl|plaza|terrace|ter|circle|cir|highway|hwy"
    r"|parkway|pkwy|square|sq|close|crescent|cres|gardens|gdns|grove|row|mews|hill|walk|trail|trl|loop|alley|quay|green|park|parade|rise|view"
    r"|point|bend|pike|broadway|esplanade|wharf|yard|vale|mount"
)
_MIDDLE = r"(?:(?:\d+(?:st|nd|rd|th)|[^\W\d_][\w.'-]*)\s+)"
_ENGLISH = rf"\d{{1,6}}[A-Za-z]?(?:\s?[-/]\s?\d{{1,5}}[A-Za-z]?)?,?\s+{_MIDDLE}{{1,5}}?(?:{_SUFFIX})\b\.?(?:\s+(?:{_SUFFIX})\b\.?)?(?:\s+(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b\.?(?=\s*[,\n]|\s+\w))?"
_FRENCH = r"\d{1,4}\s?(?:bis|ter)?,?\s+(?:rue|avenue|av\.|boulevard|bd\.?|place|chemin|all[ée]e|impasse|quai|cours|route)\s+[^,\d\n]{2,40}"
_GERMANIC_SUFFIX = (
    r"(?:stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|damm|ufer|chaussee|straat|laan|plein|gracht|kade|dijk|singel|hof|vej|gade"
    r"|gatan|vägen|veien|rak|katu|markt)"
)
_GERMANIC = rf"(?:[A-ZÄÖÜ][\w.äöüß-]*\s+){{0,3}}?(?i:[\w.äöüß-]*{_GERMANIC_SUFFIX})\s+\d{{1,4}}\s?(?:[a-zA-Z]\b)?(?:[-/]\d{{1,4}})?"
_ROMANCE = r"(?:calle|c/|avenida|avda\.?|plaza|paseo|carrer|via|viale|piazza|corso|rua|praça|praca|ulica|ul\.)\s+[^,\d\n]{2,40},?\s+\d{1,4}\w?"
_BOX = r"p\.?\s?o\.?\s+box\s+\d+"
_LINE1 = re.compile(rf"(?<![\w#.,-])(?:{_ENGLISH}|{_FRENCH}|{_ROMANCE}|{_BOX})", re.IGNORECASE)
_LINE1_CASED = re.compile(rf"(?<![\w#-]){_GERMANIC}(?![\w])")
_LINE1_LOOSE = re.compile(r"(?<![\w#.-])\d{1,6}[A-Za-z]?\s+[^\W\d][^,\d\n.!?]{2,40}(?=\s*[,\n])")
_LINE1_NAME_FIRST = re.compile(
    r"(?:^|(?:\bto|\bis|\baddress|:|\bin)\s+)(?P<line>[^\W\d][^,\d\n.!?:]{2,40}\s\d{1,4}\s?[a-zA-Z]?)(?=\s*[,\n])"
)
_LINE2 = re.compile(
    r"\s*[,\n]?\s*((?:(?:apt|apartment|unit|suite|ste|flat|floor|room|rm|building|bldg|wohnung)\b\.?\s*#?\s*[\w-]+|#\s?\w+"
    r"|\d{1,2}(?:st|nd|rd|th) floor)(?:\s*,?\s*(?:building|bldg|floor|room)\s+\w+)?)",
    re.IGNORECASE,
)
_FLAT_FIRST = re.compile(r"((?:flat|apt|apartment|unit|suite)\b\.?\s*\w+)\s*,\s*$", re.IGNORECASE)
_CONTEXT = re.compile(
    r"\b(ship|shipping|shipped|deliver(?:y|ed)?|address|send|sent|post(?:ed)?|live at|mail|dispatch|goes? to|bring|it's|adresse|envoyer|dirección)\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(rf"(?<![\w]){POSTCODE}(?![\w])", re.IGNORECASE)
_CUT = re.compile(
    r"\s(?:please|pls|plz|thanks?|thx|and|with|by|via|using|for|is|my|send|standard|express|then|but|i|i'll|i'm|ok|when|how|what|asap|if|can|could"
    r"|will|would|the|also|so|it|at|as)\b|[()\"]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<!\bst)(?<!\bmt)(?<!\bft)(?<!\bd\.c)(?<!\bu\.s)[.](?=\s|$)|[!?;]", re.IGNORECASE)
_CITY = re.compile(r"[^\W\d_][^\W\d_]*(?:[ .'-]{1,2}[^\W\d_]+){0,4}\.?")
_NOT_CITY = re.compile(
    r"\b(?:ship|send|deliver|add|pay|link|want|checkout|order|card|code|use|apply|email|e-mail|phone|name|standard|express|shipping|i|me|you|it"
    r"|please|thanks|size|and|the|to|a)\b",
    re.IGNORECASE,
)

_HEAD = re.compile(
    rf"(?:^|[.:!?\n]\s*|\b(?:in|to|at|is|from)\s+)(?:(?P<city>[^\W\d_][^\W\d_.' -]*(?:[ ,]{{1,2}}[^\W\d_][\w.'-]*){{0,3}})[ ,]{{1,2}}(?P<post>{POSTCODE})|(?P<post2>{POSTCODE})\s+(?P<city2>[^\W\d_][\w.' -]{{1,30}}?))\s*[, ]\s*(?:at\s+)?$",
    re.IGNORECASE,
)
_CITY_LEAD = re.compile(r"^.*\b(?:in|to|at|is|from)\s+", re.IGNORECASE)
_BEFORE_STREET = re.compile(r"(?:^|\b(?:in|to|at|is|from)\s+)(?P<city>[A-Z][\w.'-]*(?:\s[A-Z][\w.'-]*){0,2})\s*,\s*$")
_STREETS_OF = tuple(
    (re.compile(pattern, re.IGNORECASE), countries.split())
    for pattern, countries in (
        (r"stra(?:ß|ss)e\b|str\.?\s|gasse\b|\bplatz\b|allee\b|damm\b|ufer\b", "DE AT CH"),
        (r"straat\b|gracht\b|laan\b|\bplein\b|kade\b|singel\b", "NL BE"),
        (r"\b(?:rue|chemin|impasse|quai|all[ée]e)\b", "FR BE CH LU"),
        (r"\b(?:calle|plaza|paseo|avenida|avda|carrer)\b|\bc/", "ES MX AR"),
        (r"\b(?:via|viale|piazza|corso)\b", "IT"),
        (r"\b(?:rua|pra[çc]a|travessa)\b", "PT BR"),
        (r"\b(?:ulica|ul)\b", "PL"),
        (r"(?:gatan|vägen)\b", "SE"),
    )
)
_CITY_FIRST = frozenset({"US", "CA", "AU", "GB", "IE", "NZ", "IN", "JP", "BR"})
"""Countries that write the postcode after the city."""


@dataclass(slots=True)
class _Tail:
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    end: int = 0
    postcode_first: bool = False


def find_addresses(
    text: str, countries: Sequence[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """Addresses in the text. Without a country in it the shop's countries decide, by state or form of the postcode."""
    if not any(c.isdigit() for c in text):
        return []
    found: list[Span] = []
    for pattern, loose in ((_LINE1, False), (_LINE1_CASED, False), (_LINE1_LOOSE, True), (_LINE1_NAME_FIRST, True)):
        for match in pattern.finditer(text):
            group = "line" if "line" in pattern.groupindex else 0
            start, end = match.span(group)
            if not free([*taken, *found], start, end):
                continue
            span = _complete(text, start, end, countries, asked_for, loose=loose)
            if span is not None and free([*taken, *found], span.start, span.end):
                found.append(span)
        if found:
            break
    return found


def _complete(
    text: str, start: int, end: int, countries: Sequence[str], asked_for: str | None, *, loose: bool
) -> Span | None:
    line1 = text[start:end].strip(" ,")
    if re.search(r"(?i)\b(ship|add|order|want|address|deliver|send)\b", line1):
        return None
    line2: str | None = None
    if after := _LINE2.match(text, end):
        line2, end = after.group(1).strip(), after.end()
    elif before := _FLAT_FIRST.search(text[max(0, start - 24) : start]):
        line2 = before.group(1)
        start = start - (len(before.group()))
    tail = _read_tail(text, end)
    if tail.city is None and tail.postcode is None and (head := _read_head(text, start)) is not None:
        tail, start = head
        tail.end = end
    elif (begins := _city_before(text, start, tail)) is not None:
        start = begins
    context = (
        asked_for in {"address", "shipping_address", "details"}
        or _CONTEXT.search(text[max(0, start - 60) : start]) is not None
    )
    certain = tail.postcode is not None or ((tail.country or tail.region) is not None and tail.city is not None)
    if tail.city is None or not (certain or (context and not loose)) or (loose and not (tail.postcode and tail.city)):
        return None
    likely = [c for c in countries if c not in _CITY_FIRST] if tail.postcode_first else countries
    if loose and not context and line1.islower():
        return None
    country = tail.country or _by_street(line1, tail, countries) or infer_country(tail.postcode, tail.region, likely)
    region = tail.region
    if region and country:
        region = subdivision(country, region) or region
    if country is None and tail.postcode is None and countries:
        country = countries[0]
    value = PostalAddress(
        line1=re.sub(r"\s+", " ", line1),
        line2=line2,
        city=tail.city,
        region=region,
        postal_code=tail.postcode or "",
        country=country,
    )
    return Span(start, tail.end, "address", value)


def _by_street(line1: str, tail: _Tail, served: Sequence[str]) -> str | None:
    """The country whose language the street is in and whose postcodes look like this one; a well-known city goes before."""
    if tail.region or not tail.postcode:
        return None
    known = country_of_city(tail.city or "")
    if known is not None and postcode_fits(known, tail.postcode):
        return known
    for pattern, countries in _STREETS_OF:
        if pattern.search(line1):
            likely = [c for c in served if c in countries] or countries
            return next((c for c in likely if postcode_fits(c, tail.postcode)), None)
    return None


def _read_head(text: str, end: int) -> tuple[_Tail, int] | None:
    """City, region and postcode before the street ("I live in Portland Oregon 97201, 12 Main St"), and where they begin."""
    match = _HEAD.search(text[:end])
    if match is None:
        return None
    start = match.start("city") if match["city"] else match.start("post2")
    city = match["city"] or match["city2"]
    if match["city"] and (lead := _CITY_LEAD.match(city)):  # "send it to Leeds": the city is what follows
        start, city = start + lead.end(), city[lead.end() :]
    if _NOT_CITY.search(city):
        return None
    tail = _Tail(postcode=(match["post"] or match["post2"]).upper())
    return (tail, start) if _take_city(city, 0, tail, followed=True) else None


def _city_before(text: str, start: int, tail: _Tail) -> int | None:
    """ "Boston, 12 Beacon St, MA 02108": the city stands before the street. Answers where it begins."""
    regions = regions_of(tail.city or "")
    match = _BEFORE_STREET.search(text[:start]) if regions and (tail.city or "").isupper() and tail.postcode else None
    if match is None or _NOT_CITY.search(match["city"]):
        return None
    tail.region, tail.city = regions[0][1], match["city"]
    return match.start("city")


def _read_tail(text: str, start: int) -> _Tail:
    """City, region, postcode and country, piece by piece between commas, until something else begins."""
    stop = _SENTENCE.search(text, start + 1 if text[start : start + 1] == "." else start)
    limit = min(stop.start() if stop else len(text), start + 140)
    tail = _Tail(end=start)
    position = start
    for raw in re.split(r"([,\n])", text[start:limit]):
        piece_start, position = position, position + len(raw)
        piece = raw.strip()
        if raw in {",", "\n"} or not piece:
            continue
        if not _read_piece(piece_start, raw, tail):
            break
        if tail.country:
            break
    return tail


def _read_piece(offset: int, raw: str, tail: _Tail) -> bool:
    """Takes what the piece says into `tail`; False where the address ends before or within it."""
    lead = len(raw) - len(raw.lstrip())
    cut = _CUT.search(raw, max(0, lead - 1))
    body = raw[: cut.start()] if cut else raw
    content = body.strip().rstrip(".")
    if not content:
        return False
    base = offset + lead
    if (tail.city or tail.postcode) and (country := _country(content)):
        tail.country, tail.end = country, base + len(content)
        return False
    post = None if tail.postcode else _POSTCODE.search(content)
    if post is None:
        if tail.city is None:
            return _take_city(content, base, tail, followed=False) and cut is None
        region = content if regions_of(content) else None
        if region and tail.region is None:
            tail.region, tail.end = _region_code(region), base + len(content)
            return cut is None
        return False
    before, after = content[: post.start()].strip(), content[post.end() :].strip()
    if before and not _take_before(before, base, tail):
        return False
    tail.postcode = re.sub(r"^[A-Z]{1,2}-(?=\d{4,5}$)", "", re.sub(r"\s+", " ", post.group())).upper()
    tail.end = base + post.end()
    tail.postcode_first = not before and tail.city is None
    if after:
        after_base = base + content.index(after, post.end())
        words = after.split()
        for size in (3, 2, 1):
            if len(words) < size:
                continue
            country = _country(" ".join(words[-size:]), code_anywhere=True)
            if country and (tail.city or len(words) > size):
                rest = " ".join(words[:-size])
                if tail.city is None and not _take_city(rest, after_base, tail, followed=True):
                    continue
                tail.country, tail.end = country, base + len(content)
                return False
        if tail.city is None:
            if not _take_city(after, after_base, tail, followed=True):
                return False
        else:
            return False
    return cut is None


def _take_before(before: str, base: int, tail: _Tail) -> bool:
    """What stands before the postcode: "Portland OR", "London", or only a state after the city."""
    if tail.city is not None:
        if regions_of(before):
            tail.region = _region_code(before)
            return True
        return False
    return _take_city(before, base, tail, followed=True)


def _take_city(content: str, base: int, tail: _Tail, *, followed: bool) -> bool:
    words = content.split()
    region: str | None = None
    for size in (3, 2, 1):
        if len(words) <= size:
            continue
        candidate = " ".join(words[-size:])
        if regions_of(candidate) and (followed or len(candidate) > 3 or candidate.isupper()):
            region, words = candidate, words[:-size]
            break
    city = " ".join(words)
    if not _CITY.fullmatch(city) or _NOT_CITY.search(city):
        return False
    tail.city = city.title() if city.islower() else city
    if region:
        tail.region = _region_code(region)
    tail.end = base + len(content)
    return True


def _region_code(words: str) -> str:
    options = regions_of(words)
    return options[0][1] if options else words.upper()


def _country(words: str, *, code_anywhere: bool = False) -> str | None:
    if len(words) == 2:
        known = words.upper() in country_codes() or words.upper() == "UK"
        return country_of(words) if known and (words.isupper() or code_anywhere) else None
    return country_of(words)
