# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Postal addresses as people type them into a chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.intents.entities.address_country import country_of_address
from agentpay.intents.entities.numerals import DIGIT
from agentpay.intents.entities.places import (
    POSTCODE,
    country_by_plate,
    country_codes,
    country_of,
    country_of_city,
    postcode_fits,
    regions_of,
    subdivision,
)
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.entities.streets import street_lines
from agentpay.intents.types import PostalAddress

_LINE2 = re.compile(
    r"\s*[,\n]?\s*((?:(?:apt|apartment|unit|suite|ste|flat|floor|room|rm|building|bldg|wohnung)\b\.?\s*#?\s*[\w-]+|#\s?\w+"
    r"|\d{1,2}(?:st|nd|rd|th) floor|\d{1,2}\s?[ºª°][^,\n]{0,12}|(?:/\s?)?(?:lgh|whg|appt?|piso|lok|m|bus|top|post(?:nummer|\s?number|\s?nr))\b\.?\s*\d+\w?|\d{1,2}\.\s?(?:tv|th|mf|sal|og|stock|etage)\b\.?)(?:\s*,?\s*(?:building|bldg|floor|room)\s+\w+)?)",
    re.IGNORECASE,
)
_FLAT_FIRST = re.compile(r"((?:flat|apt|apartment|unit|suite)\b\.?\s*\w+)\s*,\s*$", re.IGNORECASE)
_UNIT = r"(?:unit|shop|office|villa|stand|lot|plot|rmb|rmsd|rd|rr|rural route|site|blk|block|h\.?\s?no|house no|no|level|hc)"
_OWN_NUMBER = re.compile(
    rf"(?<!\w)(?:(?:{_UNIT}\.?\s*#?\w*\d\w*\s*,?\s*)+|{_UNIT}\.?\s+|(?:(?:u|unit|flat|apt)\.?\s?)?\d\w{{0,4}}/|\d{{1,2}}/\d{{1,2}}\s)$",
    re.IGNORECASE,
)
"""Before a street what is part of its line: "Stand 118, Kloof Rd", "RR 2 Site 14 Box 9", "Unit 7/214 Marine Pde", "3/2 47 Dumbarton Rd"."""
_HOUSE_FIRST = re.compile(
    r"(?<![\w'’])((?:[A-Z][\w'’.]*\s){1,3}(?:Convent|House|Residency|Apartments?|Towers?|Heights|Court|Lodge|Hall|Centre|Center|Building|Mansions?|Farm|School|Hospital)|[A-Z]\w{3,}gården|The(?:\s[A-Z][\w'’]+){1,3})\s*,\s*$"
)
"""The name of a house before its street."""
_CONTEXT = re.compile(
    r"\b(ship|shipping|shipped|deliver(?:y|ed)?|address|send|sent|post(?:ed)?|live at|mail|dispatch|goes? to|bring|it's|adresse|envoyer|dirección)\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(rf"(?<![\w]){POSTCODE}(?![\w])", re.IGNORECASE)
_CUT = re.compile(
    r"\s(?:please|pls|plz|thanks?|thx|and|with|by|via|using|for|is|my|send|standard|express|then|but|i|i'll|i'm|ok(?!,? \d{5}\b)|when|how|what|asap|if|can|could"
    r"|will|would|tel|mob|mobile?|cell|phone|ph|hp|bitte|contact|attn|att|landmark|eircode|the(?!\s+hague\b)|also|so|it|at|as|instead|not|rather|now|because|since|order|we|let|need|want)\b|[()\"]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<!\bst)(?<!\bco)(?<!\bmt)(?<!\bft)(?<!\bd\.c)(?<!\bu\.s)[.](?=\s|$)|[!?;]", re.IGNORECASE)
_CITY = re.compile(r"[^\W\d_][^\W\d_]*(?:[ .'-]{1,2}[^\W\d_]+){0,4}\.?")
_NOT_CITY = re.compile(
    r"\b(?:ship|send|deliver|add|pay|link|want|checkout|order|card|code|use|apply|email|e-mail|phone|name|standard|express|shipping|i|me|you|it"
    r"|please|thanks|size|and|the|to|a)\b",
    re.IGNORECASE,
)

ASKED = frozenset({"address", "shipping_address", "details"})
"""What is asked for where an address answers."""
_STATE_ASIDE = re.compile(r"\(([^\W\d_]{2,}(?:[ -][^\W\d_]+)*)\)")
"""A state or a province in brackets: "Montréal (Québec) H2H 1V4"."""
_VIA = re.compile(r"\s*via\s+(?=[A-Z][\w ]+\s[A-Z]{2,3}\s\d{4}\b)")
"""Before the town that the post for a village goes through, as in Australia."""
_NUMBER_BEHIND = re.compile(r"\s\+?\d[\d ]{6,}$")
"""A phone number behind a city."""
_HEAD = re.compile(
    rf"(?:^|[.:!?\n]\s*|\b(?:in|to|at|is|from)\s+)(?:(?P<city>[^\W\d_][^\W\d_.' -]*(?:[ ,]{{1,2}}[^\W\d_][\w.'-]*){{0,3}})[ ,]{{1,2}}(?P<post>{POSTCODE})|(?P<post2>{POSTCODE})\s+(?P<city2>[^\W\d_][\w.' -]{{1,30}}?))\s*[, ]\s*(?:at\s+)?$",
    re.IGNORECASE,
)
_COUNTY = re.compile(r"^(?:co\.?|county|kreis|prov(?:\.|ince)?)\s+[^\W\d_]", re.IGNORECASE)
_CITY_LEAD = re.compile(r"^.*\b(?:in|to|at|is|from)\s+", re.IGNORECASE)
_BEFORE_STREET = re.compile(r"(?:^|\b(?:in|to|at|is|from)\s+)(?P<city>[A-Z][\w.'-]*(?:\s[A-Z][\w.'-]*){0,2})\s*,\s*$")


@dataclass(slots=True)
class _Tail:
    city: str | None = None
    locality: str | None = None
    """A part of the city that stands before it: "Clifton, Bristol"."""
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    end: int = 0
    postcode_first: bool = False


def find_addresses(
    text: str, countries: Sequence[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """Addresses in the text. Without a country in it the shop's countries decide, by state or form of the postcode."""
    if not DIGIT.search(text):
        return []
    found: list[Span] = []
    for lines, loose in street_lines(text):
        for start, end in lines:
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
    if re.match(r"(?i)\d+\s?(?:km|kgs?|cm|mm|miles?|lbs?|days?|weeks?|months?|years?)\b", line1):
        return None
    if re.search(r"(?i)\b(ship|add|order|want|address|deliver|send)\b", line1):
        return None
    line2: str | None = None
    line_end = end
    if after := _LINE2.match(text, end):
        line2, end = after.group(1).strip(), after.end()
    if line2 is None and (before := _FLAT_FIRST.search(text[max(0, start - 24) : start])):
        line2 = before.group(1)
        start = start - (len(before.group()))
    elif own := _OWN_NUMBER.search(text[max(0, start - 40) : start]):
        start -= len(own.group())
        line1 = text[start:line_end].strip(" ,")
    if line2 is None and (before := _HOUSE_FIRST.search(text[max(0, start - 60) : start])):
        line2 = before.group(1)
        start = start - (len(before.group()))
    tail = _read_tail(text, end)
    if tail.city is None and tail.postcode is None and (head := _read_head(text, start)) is not None:
        tail, start = head
        tail.end = end
    elif (begins := _city_before(text, start, tail)) is not None:
        start = begins
    context = asked_for in ASKED or _CONTEXT.search(text[max(0, start - 60) : start]) is not None
    certain = tail.postcode is not None or ((tail.country or tail.region) is not None and tail.city is not None)
    if tail.city is None or not (certain or (context and not loose)) or (loose and not (tail.postcode and tail.city)):
        return None
    named = tail.region or tail.country or country_of_city(tail.city.rstrip(" 0123456789"))
    telling = tail.postcode is not None and named is not None
    if loose and not context and line1.islower() and not telling:
        return None
    country = tail.country or country_of_address(
        line1, tail.city, tail.region, tail.postcode, countries, postcode_first=tail.postcode_first
    )
    region = tail.region
    if region and country:
        region = subdivision(country, region) or region
    value = PostalAddress(
        line1=re.sub(r"\s+", " ", line1),
        line2=", ".join(filter(None, (line2, tail.locality))) or None,
        city=tail.city,
        region=region,
        postal_code=tail.postcode or "",
        country=country,
    )
    return Span(start, tail.end, "address", value)


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
    for raw in re.split(r"([,\n]|\s[-–—/]\s)", text[start:limit]):
        piece_start, position = position, position + len(raw)
        piece = raw.strip()
        if piece in {",", "-", "–", "—", "/"} or not piece:
            continue
        if via := _VIA.match(raw):
            piece_start, raw = piece_start + via.end(), raw[via.end() :]
        if not _read_piece(piece_start, raw, tail, text[position:limit]):
            break
        if tail.country:
            break
    return tail


def _read_piece(offset: int, raw: str, tail: _Tail, rest: str) -> bool:
    """Takes what the piece says into `tail`; False where the address ends before or within it. `rest` is what follows."""
    if (state := _STATE_ASIDE.search(raw)) is not None and regions_of(state[1]):
        raw = f"{raw[: state.start()]} {state[1]} {raw[state.end() :]}"
    lead = len(raw) - len(raw.lstrip())
    cut = _CUT.search(raw, max(0, lead - 1))
    body = raw[: cut.start()] if cut else raw
    content = body.strip().rstrip(".")
    if not content:
        return False
    base = offset + lead
    if tail.city and tail.region is None and cut is None and _state_before(content, rest):
        tail.region, tail.end = _region_code(content), base + len(content)
        return True
    if (tail.city or tail.postcode) and (country := _country(content)) and not _rather_a_state(content, country, tail):
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
        if tail.postcode is None and cut is None and _POSTCODE.search(rest):
            return _take_further(content, base, tail)
        return False
    before, after = content[: post.start()].strip(), _NUMBER_BEHIND.sub("", content[post.end() :]).strip()
    if before and not _take_before(before, base, tail):
        return False
    plate = re.match(r"([A-Z]{1,2})-(?=\d{4,5}$)", post.group())
    tail.postcode = re.sub(r"\s+", " ", post.group()[plate.end() if plate else 0 :]).upper()
    if plate and tail.country is None:
        tail.country = country_by_plate(plate[1], tail.postcode)
    tail.end = base + post.end()
    tail.postcode_first = not before and tail.city is None
    if after:
        after_base = base + content.index(after, post.end())
        words = after.split()
        for size in (3, 2, 1):
            if len(words) < size:
                continue
            country = _country(" ".join(words[-size:]), code_anywhere=True)
            if country and len(words[-1]) == 2 and not postcode_fits(country, tail.postcode):
                country = None  # "10121 Torino TO": a province, not Tonga
            if country and (tail.city or len(words) > size):
                rest = " ".join(words[:-size])
                if tail.city is None and not _take_city(rest, after_base, tail, followed=True):
                    continue
                tail.country, tail.end = country, base + len(content)
                return False
        if tail.city is None:
            if not _take_city(after, after_base, tail, followed=True):
                return False
        elif tail.region is None and regions_of(after):
            tail.region, tail.end = _region_code(after), base + len(content)
        else:
            return False
    return cut is None


def _take_before(before: str, base: int, tail: _Tail) -> bool:
    """What stands before the postcode: "Portland OR", "London", or only a state after the city."""
    if tail.city is not None:
        if regions_of(before):
            tail.region = _region_code(before)
            return True
        return _take_further(before, base, tail)
    return _take_city(before, base, tail, followed=True)


def _take_further(content: str, base: int, tail: _Tail) -> bool:
    """What stands between a first place and the postcode: its county, or the city that place is a part of."""
    if _COUNTY.match(content):
        tail.region, tail.end = content, base + len(content)
        return True
    locality, tail.city = tail.city, None
    if tail.locality is None and _take_city(content, base, tail, followed=True):
        tail.locality = locality
        return True
    tail.city = locality
    return False


def _state_before(content: str, rest: str) -> bool:
    """ "Oakland, CA, 94610": two letters with such a postcode behind them are a state, not Canada."""
    post = re.match(rf"\s*,\s*(?P<code>{POSTCODE})(?!\w)", rest, re.IGNORECASE)
    return post is not None and any(postcode_fits(country, post["code"]) for country, _ in regions_of(content))


def _rather_a_state(content: str, country: str, tail: _Tail) -> bool:
    """ "Cupertino, CA" without a postcode."""
    return tail.postcode is None and bool(regions_of(content)) and country_of_city(tail.city or "") != country


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
    if region is None and len(words) > 1 and re.fullmatch("[A-Z]{2}", words[-1]) and not words[0].isupper():
        region = words.pop()  # an Italian province: "Torino TO"
    district = f" {words.pop()}" if len(words) > 1 and re.fullmatch(r"\d{1,2}[A-Z]?", words[-1]) else ""  # "Dublin 6W"
    city = " ".join(words)
    if country_of_city(city) is None and (not _CITY.fullmatch(city) or _NOT_CITY.search(city)):
        return False
    tail.city = (city.title() if city.islower() else city) + district
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
