# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""
Postal addresses whose street no word or number makes one: houses, blocks and boxes between commas.

What is known of such an address is its end (or its beginning): a postcode beside a city. The pieces next to it, up to a
person's name or a sentence, are its lines: "Flat 302, Sai Residency, 5th Cross, Bengaluru 560038", "Postbus 4410, 3006 AK Rotterdam".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.intents.entities.address import ASKED
from agentpay.intents.entities.address_country import country_of_address
from agentpay.intents.entities.names import person
from agentpay.intents.entities.numerals import DIGIT
from agentpay.intents.entities.places import (
    POSTCODE,
    country_by_plate,
    country_codes,
    country_of,
    country_of_city,
    infer_country,
    postcode_fits,
    regions_of,
    state_of,
    subdivision,
)
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf
from agentpay.intents.types import PostalAddress

_DIVIDER = re.compile(
    r"\s*[,;:\n]\s*|\s+[/–—-]\s+|(?<![^\W_]{4}\s)(?:(?<=[^\W_]{4})|(?<=\d))\.\s+(?=[^\W\d_]{2}|\+?\d{3})|[()]|\s+(?=(?:c/o|attn?|contact)\b)"
)
"""Between the pieces of an address; a full stop behind a short word is an abbreviation's."""
_CODE = re.compile(
    rf"(?<![\w#/-])(?:(?P<prefix>〒|(?P<land>[A-Z]{{1,2}})-|S(?=\d{{6}}))\s?)?(?:(?:pin|plz|zip|eircode|postcode)\s+)?(?P<code>{POSTCODE})(?![\w-])",
    re.IGNORECASE,
)
_HOUSE = AnyOf(
    r"\b(?:house|cottage|farm|convent|residenc(?:y|e)|apartments?|towers?|heights|palms?|nagar|society|chs|enclave|villas?|manor|lodge|smithy|mill|barn|court"
    r"|road|street|lane|avenue|cross|main|marg|close|square|box|postbus|postfach|packstation|apartado|stand|plot|lot|block|blk|flat|unit|suite|shop|office|floor|room"
    r"|rr|rd|rmb|estate|park|gardens?|yard|quays?|terrace)\b",
    re.IGNORECASE,
)
"""Words of places to live and work at."""
_LEAD = re.compile(
    r"^.*?\b(?:address(?: is| to)?|(?:send|ship|deliver|post|bring|go|move|it|that|this|order|lieferung|office|work|place|home)\b[^,;:]{0,30}?\b(?:to|at|an)|to|at|is|it'?s|live (?:at|in))\s+(?=[^\W_])",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r"\b(?:i|my|me|you|your|please|pls|can|could|will|would|is|are|was|name|phone|tel|mob(?:ile)?|cell|mail|email|order|leave|nobody|deliver|send|ship|want|need|thanks|thank|contact|by|via|with|not|how|what|when)\b",
    re.IGNORECASE,
)
"""Words of a sentence, which no line of an address has."""
_ABOUT_AN_ADDRESS = AnyOf(
    r"\b(?:ship\w*|deliver\w*|address|send\w*|sent|post(?:ed)?|mail|go(?:es)? to|live|office|work|lieferung|(?:box|postbus|postfach) \d+)\b",
    re.IGNORECASE,
)
_MOST_PIECES = 5
_NUMBER = re.compile(r"\d{7}|\d{4}[ -]\d{4}|(?:\d{2,3}[ -]){3}")
"""A phone number or the like."""
_CITY = re.compile(r"[^\W\d_][\w.'’ -]{1,30}(?: \d{1,2}\w?)?")
_CITY_STATE = {"SG": "Singapore"}
"""Whose addresses need not name a city."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Place:
    """The piece that names the postcode or the city, and what the pieces beside it add."""

    first: int
    last: int
    city: str
    postcode: str = ""
    region: str | None = None
    country: str | None = None
    line: _Piece | None = None
    """What stands before the city in its own piece."""
    leads: bool = False
    """Whether the postcode stands before the city, so that the street may follow."""


def find_address_blocks(
    text: str, countries: Sequence[str], taken: Sequence[Span] = (), asked_for: str | None = None
) -> list[Span]:
    """The address of a message in which no street was found."""
    if not DIGIT.search(text) or (_DIVIDER.search(text) is None and asked_for not in ASKED):
        return []
    about = asked_for in ASKED or _ABOUT_AN_ADDRESS.within(text)
    if not (about or _CODE.search(text)):
        return []
    pieces = _pieces(text, taken)
    place = _place(pieces, countries, about=about)
    if place is None:
        return []
    lines = _lines_before(pieces, place.first)
    if place.line is not None:
        lines.append(place.line)
    if not lines and place.leads:
        lines = _lines_behind(pieces, place.last)
    said = ", ".join(line.text for line in lines)
    if not lines or not (DIGIT.search(said) or _HOUSE.within(said)):
        return []
    if not about and not (_HOUSE.within(said) or len(lines) > 1 or DIGIT.search(said)):
        return []
    line1 = re.sub(r"\s+", " ", text[lines[0].start : lines[-1].end])
    country = place.country or country_of_address(
        line1, place.city, place.region, place.postcode or None, countries, postcode_first=place.leads
    )
    region = place.region
    if region and country:
        region = subdivision(country, region) or region
    begin, end = min(lines[0].start, pieces[place.first].start), max(lines[-1].end, pieces[place.last].end)
    value = PostalAddress(line1=line1, city=place.city, region=region, postal_code=place.postcode, country=country)
    return [Span(begin, end, "address", value)] if free(taken, begin, end) else []


def _pieces(text: str, taken: Sequence[Span]) -> list[_Piece]:
    """What stands between commas and the like, without what leads up to an address."""
    found: list[_Piece] = []
    position = 0
    for divider in [*_DIVIDER.finditer(text), None]:
        end = divider.start() if divider else len(text)
        start = position
        position = divider.end() if divider else end
        raw = text[start:end]
        if not raw.strip():
            continue
        start += len(raw) - len(raw.lstrip())
        if (lead := _LEAD.match(text[start:end])) is not None:
            start += lead.end()
        piece = _Piece(text[start:end].strip(" ."), start, start + len(text[start:end].rstrip(" .")))
        if piece.text and free(taken, piece.start, piece.end):
            found.append(piece)
        elif piece.text:
            found.append(_Piece("", piece.start, piece.end))
    return found


def _place(pieces: Sequence[_Piece], countries: Sequence[str], *, about: bool) -> _Place | None:
    for index, piece in enumerate(pieces):
        code = _CODE.search(piece.text)
        if code is None or _NUMBER.search(piece.text):
            continue
        place = _around_code(pieces, index, code, countries)
        if place is not None:
            _with_country(pieces, place, countries)
            return place
    if about:
        for index in range(len(pieces) - 1, 0, -1):
            city = pieces[index].text
            if (country := country_of_city(city)) is not None:
                place = _Place(index, index, city, country=country)
                _with_country(pieces, place, countries)
                return place
    return None


def _around_code(pieces: Sequence[_Piece], index: int, code: re.Match[str], countries: Sequence[str]) -> _Place | None:
    """City and region beside a postcode."""
    piece = pieces[index]
    written = " ".join(code["code"].upper().split())
    owner = country_by_plate(code["land"], written) if code["land"] else None
    if owner is None and code["prefix"] == "〒":
        owner = "JP"
    if owner is None and code["prefix"] and code["prefix"].upper() == "S":
        owner = "SG"
    if owner is None and infer_country(written, None, countries) is None:
        owner = country_of_city(_last_city(f", {piece.text[: code.start()]}".strip(" ,-")))
        if owner is None or not postcode_fits(owner, written):
            return None
    before, after = piece.text[: code.start()].strip(" ,-"), piece.text[code.end() :].strip(" ,-")
    if after and not before:
        words = after.split()
        while words and (words[-1].islower() and len(words) > 1):
            words.pop()
        city = re.sub(r"^[Cc]o\.?\s+(?=[A-Z])", "", " ".join(words))
        if _is_city(city):
            return _Place(index, index, city, written, country=owner, leads=True)
        return None
    if before:
        city, region = _without_region(re.sub(r"^[Cc]o\.?\s+(?=[A-Z])", "", before))
        if _SPEAKS.search(city):
            return None
        if _is_city(city):
            return _Place(index, index, city, written, region, owner)
        city = _last_city(before)
        line = before.removesuffix(city).strip(" ,")
        if not city:
            owner = owner or infer_country(written, None, countries)
            city = _CITY_STATE.get(owner or "", "")
        if not city or not line:
            return None
        return _Place(
            index, index, city, written, country=owner, line=_Piece(line, piece.start, piece.start + len(line))
        )
    first = index - 1
    region = None
    if first >= 0 and (named := regions_of(pieces[first].text)):
        region, first = named[0][1], first - 1
    if first > 0 and _is_city(pieces[first].text):
        return _Place(first, index, pieces[first].text, written, region, owner)
    owner = owner or infer_country(written, None, countries)
    return _Place(index, index, _CITY_STATE[owner], written, country=owner) if owner in _CITY_STATE else None


def _last_city(words: str) -> str:
    """The well-known city that the words end with."""
    parts = words.split()
    for size in (3, 2, 1):
        if len(parts) > size and country_of_city(" ".join(parts[-size:])) is not None:
            return " ".join(parts[-size:])
    return ""


def _with_country(pieces: Sequence[_Piece], place: _Place, countries: Sequence[str]) -> None:
    """What the pieces behind the city say of its state and its country."""
    for piece in pieces[place.last + 1 : place.last + 3]:
        if place.region is None and (named := regions_of(piece.text)) and len(piece.text) > 1:
            place.region = named[0][1]
        elif place.region is None and (state := next(filter(None, (state_of(c, piece.text) for c in countries)), None)):
            place.region = state
        elif (country := _country(piece.text)) is not None:
            place.country = country
        else:
            break
        place.last += 1


def _country(words: str) -> str | None:
    bare = words.replace(".", "")
    if len(bare) == 2 and not (bare.isupper() and bare in country_codes() | {"UK"}):
        return None
    return country_of(bare) if len(bare) > 1 else None


def _is_city(words: str) -> bool:
    return bool(words) and _CITY.fullmatch(words) is not None and words[0].isupper() and not _SPEAKS.search(words)


def _without_region(words: str) -> tuple[str, str | None]:
    parts = words.split()
    for size in (2, 1):
        if len(parts) > size and (named := regions_of(" ".join(parts[-size:]).strip("()"))):
            return " ".join(parts[:-size]), named[0][1]
    return words, None


def _lines_before(pieces: Sequence[_Piece], end: int) -> list[_Piece]:
    """The pieces before the city, back to a person, to words of a sentence or to the beginning."""
    lines: list[_Piece] = []
    for piece in reversed(pieces[max(0, end - _MOST_PIECES) : end]):
        if not _is_line(piece):
            break
        lines.insert(0, piece)
    while lines and not DIGIT.search(lines[0].text) and not _HOUSE.within(lines[0].text):
        if not (_may_be_person(lines[0]) or country_of_city(lines[0].text)):
            break
        lines.pop(0)
    return lines


def _lines_behind(pieces: Sequence[_Piece], start: int) -> list[_Piece]:
    lines: list[_Piece] = []
    for piece in pieces[start + 1 : start + 1 + _MOST_PIECES]:
        if not _is_line(piece) or (lines and not DIGIT.search(piece.text) and _may_be_person(piece)):
            break
        lines.append(piece)
    return lines


def _is_line(piece: _Piece) -> bool:
    words = piece.text
    if not words or _SPEAKS.search(words) or _NUMBER.search(words) or len(words) > 60:
        return False
    if person(words, titled=True) is not None:
        return False
    return not words.islower() or DIGIT.search(words) is not None or _HOUSE.within(words)


def _may_be_person(piece: _Piece) -> bool:
    return person(piece.text) is not None
