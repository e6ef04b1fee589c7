# ruff: noqa: E501 (a regular expression is read in one piece)
"""Where something shall go, said without a street: a country, a state, a city, a postcode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentpay.intents.entities.numerals import DIGIT
from agentpay.intents.entities.places import (
    POSTCODE,
    country_names,
    country_of,
    country_of_city,
    country_of_people,
    infer_country,
    postcode_fits,
    regions_of,
)
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf, Gated

_LEAD = re.compile(r"\b(?:to|in|within|inside|from|for|outside)\s+(?:the\s+)?", re.IGNORECASE)
_TO = re.compile(r"\b(?:to|in)\s+(?:[A-Z]\w+\s+)?$")
_STATE_AFTER_CITY = re.compile(r"\b[A-Z][\w'-]+,?\s(?P<state>[A-Z]{2,3})(?!\w|\s?\d)")
"""A state behind its city, without a postcode: "to Moose Jaw SK"."""
_IN_COUNTRY = re.compile(
    r"\s*,\s*(?:[A-Z]{2,3}\s*,\s*)?(?P<country>[^\W\d_][\w.'-]*(?:\s[A-Z][\w.'-]*){0,2})(?=\W*(?:$|[.?!]))"
)
"""What follows a city: "to Toronto, Canada", "in Buffalo, NY, USA"."""
_WORDS = re.compile(r"[^\W\d_][\w.'-]*(?:\s+[^\W\d_][\w.'-]*){0,3}")
_CITY = re.compile(
    r"\b(?:(?:new (?:york|delhi|orleans)|los angeles|san (?:francisco|diego)|mexico city|s[aã]o paulo|rio de janeiro|cape town|tel aviv|abu dhabi|kuala lumpur|buenos aires|den haag|the hague"
    r"|salt lake city|las vegas|quebec city)|[^\W\d_]{4,})\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"\b(?:zip(?:\s?code)?|eir\s?code|post(?:al)?\s?code|plz|cap|pin(?:\s?code)?(?=\D{{0,4}}\d{{6}}\b)|to|in)\s*(?:is|:|'s|it'?s)?\s*(?P<code>{POSTCODE})(?![\w-])",
    re.IGNORECASE,
)
_END = re.compile(rf"(?<![\w-])(?P<code>{POSTCODE})\W*$", re.IGNORECASE)
_ONLY = re.compile(rf"^\W*(?P<code>{POSTCODE})\W*$", re.IGNORECASE)
_SHAPED = re.compile(
    r"(?<![\w-])(?P<code>(?P<gb>[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})|(?P<ca>[A-Z]\d[A-Z]\s?\d[A-Z]\d)|(?P<nl>\d{4}\s?[A-Z]{2})|(?P<pt>\d{4}-\d{3})|(?P<br>\d{5}-\d{3})|(?P<pl>\d{2}-\d{3}))(?![\w-])"
)
"""Postcodes that only one country has, in capitals."""
_UNMISTAKABLE = frozenset({"gb", "ca"})
_STATE = re.compile(
    r"(?P<words>[^\W\d_][\w.]*(?:\s+[^\W\d_][\w.]*)?)[\s,]{1,3}(?P<code>\d{5}(?:-\d{4})?|[A-Z]\d[A-Z]\s?\d[A-Z]\d|\d{4})(?![\w-])"
)
_BESIDE = re.compile(
    r"(?<![\w#.,/-])(?P<code>\d{3}\s\d{2}|\d{4,6})\s+(?P<after>[^\W\d_]{3,}(?:\s[A-Z][^\W\d_]+)?)|(?P<before>[^\W\d_]{3,}),?\s+(?P<code2>\d{4,6})(?![\w-]|[.,]\d)"
)
_SHIPS = AnyOf(
    r"\b(?:ship\w*|deliver\w*|postage|post|send\w*|zip|post(?:al)? ?code|courier|live|based|located|express|standard|overnight|freight|ups|fedex|dhl|usps|mail|tracked|get it to|(?:be|arrive|here|there) (?:in|by|at)"
    r"|spedition|moving|moved|doable|(?:costs?|charges?|price|how much)(?: is it)? to|carriage|freight|haulage|pallets?)\b",
    re.IGNORECASE,
)
_POST = re.compile(r"\s+post\b", re.IGNORECASE)
"""Behind a country's name: "Canada Post" carries parcels."""
_TOKEN = re.compile(r"[^\W\d_]+(?:[.'-][^\W\d_]+)*")
_OTHER_THINGS = frozenset({"china", "turkey", "jersey", "guernsey", "chad", "jordan", "georgia", "wales"})
"""Names of countries that mean other things as well, and count with a "to" before them only."""
_LISTED = re.compile(r"(?:^|,)\s*(?P<name>[A-Z][\w ]+?)\s*(?=,|\.|$)")
_PEOPLE = Gated(
    r"\b(?P<people>[^\W\d_]+)\s+(?:address|post ?code|zip|customers?|residents?|friend|buyers?)\b", re.IGNORECASE
)
_ASKED = frozenset({"address", "shipping", "country", "postal_code"})


_ANSWER = re.compile(
    r"^\W*(?:(?:it'?s|it is|that'?s|i'?m in|i live in|in|to|for|from|the|my country is|ok|oh|just)\s+)*(?P<name>[^\W\d_][\w .'-]*?)(?:\s+(?:please|pls|thanks|thank you))?\W*$",
    re.IGNORECASE,
)
"""What a bare answer to "Which country?" looks like."""


@dataclass(slots=True)
class Destination:
    """What was said of a place; `spans` are the words that said it."""

    country: str | None = None
    region: str | None = None
    postal_code: str | None = None
    spans: list[Span] = field(default_factory=list)


def find_destination(
    text: str, taken: Sequence[Span], served: Sequence[str], *, shipping: bool, asked_for: str | None
) -> Destination:
    """
    A place that is no part of an address: "shipping to Canada", "my zip is 97201", "I'm in Austin, TX 78701".

    `served` are the shop's countries, which decide where more than one has such a postcode; `shipping`: the clause names a
    shipping method. Without anything about delivery only what cannot be mistaken counts.
    """
    found = Destination()
    shipping = shipping or _SHIPS.within(text) or asked_for in _ASKED
    if DIGIT.search(text):
        _state_and_code(text, taken, found, shipping=shipping)
        if found.postal_code is None:
            _shaped_code(text, taken, served, found, shipping=shipping)
        if found.postal_code is None:
            _code_beside_city(text, taken, served, found, shipping=shipping)
        if found.postal_code is None:
            _bare_code(text, taken, served, found, shipping=shipping, asked_for=asked_for)
    if found.country is None and asked_for == "country" and (match := _ANSWER.match(text)):
        found.country = country_names().get(match["name"].casefold())
    if found.country is None:
        _named_place(text, [*taken, *found.spans], served, found, shipping=shipping)
    return found


def _take(found: Destination, start: int, end: int, code: str, country: str | None) -> None:
    found.postal_code, found.country = " ".join(code.upper().split()), country
    found.spans.append(Span(start, end, "place", found.postal_code))


def _state_and_code(text: str, taken: Sequence[Span], found: Destination, *, shipping: bool) -> None:
    """ "Austin, TX 78701", "Whitehorse, Yukon Y1A 2C6", "Anchorage AK 99501"."""
    for match in _STATE.finditer(text):
        words = match["words"].split()
        for size in (2, 1):
            candidate = " ".join(words[-size:])
            if len(words) < size or (len(candidate) <= 3 and not (candidate.isupper() or shipping)):
                continue
            for country, code in regions_of(candidate):
                if postcode_fits(country, match["code"]) and free(taken, *match.span("code")):
                    start = match.end("words") - len(candidate)
                    before = re.search(
                        r"(?:\b(?:to|in|from|at)\s+)?(?:[A-Z][\w.'-]*\s+){0,2}[A-Z][\w.'-]*,?\s+$", text[:start]
                    )
                    _take(found, before.start() if before else start, match.end(), match["code"], country)
                    found.region = code
                    return


def _shaped_code(
    text: str, taken: Sequence[Span], served: Sequence[str], found: Destination, *, shipping: bool
) -> None:
    upper = text.upper()
    for match in _SHAPED.finditer(upper if shipping and len(upper) == len(text) else text):
        country = next(name.upper() for name in ("gb", "ca", "nl", "pt", "br", "pl") if match[name])
        near = any(country_of_city(word.group()) == country for word in _CITY.finditer(text))
        sure = (
            match.group().isupper() and country.lower() in _UNMISTAKABLE and text[match.start() : match.end()].isupper()
        )
        if (sure or near or (shipping and (country in served or country.lower() in _UNMISTAKABLE))) and free(
            taken, *match.span()
        ):
            lead = re.search(r"(?:\b(?:to|in|from|at|it'?s)\s+)?(?:[A-Z][\w'-]+,?\s+)?$", text[: match.start()])
            _take(found, lead.start() if lead else match.start(), match.end(), match["code"], country)
            return


def _code_beside_city(
    text: str, taken: Sequence[Span], served: Sequence[str], found: Destination, *, shipping: bool
) -> None:
    """ "1070 Wien", "Lyon 69002"; beside a city that nobody knows only where delivery is spoken of."""
    for match in _BESIDE.finditer(text):
        code, city = match["code"] or match["code2"], match["after"] or match["before"]
        country = country_of_city(city) or country_of_city(city.split()[0])
        if country is not None and not postcode_fits(country, code):
            country = None
        if country is None and shipping and city[0].isupper() and match["code"]:
            country = infer_country(code, None, served)
        if country is None and shipping and city[0].isupper() and _TO.search(text[: match.start()]):
            country = infer_country(code, None, served)
        if country is not None and free(taken, *match.span()):
            lead = re.search(r"\b(?:to|in|from|at)\s+$", text[: match.start()])
            _take(found, lead.start() if lead else match.start(), match.end(), code, country)
            return


def _bare_code(
    text: str,
    taken: Sequence[Span],
    served: Sequence[str],
    found: Destination,
    *,
    shipping: bool,
    asked_for: str | None,
) -> None:
    match = _NAMED.search(text) if shipping else None
    if match is None and asked_for in {"address", "shipping", "postal_code"}:
        match = _ONLY.match(text)
    if match is None and asked_for == "address":
        match = _END.search(text)
    if match is not None and free(taken, *match.span("code")):
        code = match["code"].upper()
        _take(found, match.start(), match.end(), code, infer_country(code, None, served))


def _named_place(
    text: str, taken: Sequence[Span], served: Sequence[str], found: Destination, *, shipping: bool
) -> None:
    """A country or a state by its name, or the country of a well-known city."""
    for lead in _LEAD.finditer(text):
        words_match = _WORDS.match(text, lead.end())
        if not words_match or not free(taken, lead.end(), lead.end() + 1):
            continue
        if (beyond := _IN_COUNTRY.match(text, words_match.end())) and (country := _country(beyond["country"])):
            found.country = country
            found.spans.append(Span(lead.start(), beyond.end(), "place", country))
            return
        words = words_match.group().split()
        for size in range(len(words), 0, -1):
            candidate = " ".join(words[:size]).rstrip(".,?!'")
            country = _country(candidate) or _with_article(lead.group(), candidate)
            regions = regions_of(candidate) if shipping and (len(candidate) > 2 or candidate.isupper()) else ()
            if country is None and not regions:
                continue
            if country is None or (regions and country not in served and regions[0][0] in served):
                found.region, country = regions[0][1], regions[0][0]
            found.country = country
            found.spans.append(Span(lead.start(), lead.end() + len(candidate), "place", country))
            return
    for state in _STATE_AFTER_CITY.finditer(text) if shipping else ():
        for country, region in regions_of(state["state"]):
            if country in served and free(taken, *state.span()):
                found.country, found.region = country, region
                found.spans.append(Span(*state.span(), "place", country))
                return
        if state["state"] in served and free(taken, *state.span()):
            found.country = state["state"]
            found.spans.append(Span(*state.span(), "place", found.country))
            return
    if shipping and found.postal_code is None:
        for word in _CITY.finditer(text):
            if (country := country_of_city(word.group())) is not None and free(taken, *word.span()):
                found.country = country
                found.spans.append(Span(*word.span(), "place", country))
                return
    if shipping and _by_name_alone(text, taken, found):
        return
    if (match := _PEOPLE.search(text)) and (country := country_of_people(match["people"])) is not None:
        found.country = country
        return
    beside_details = any(span.kind in {"email", "phone", "name"} for span in taken)
    for word in (
        _LISTED.finditer(text)
        if beside_details
        else re.finditer(r"(?P<name>[A-Z][\w]+(?: [A-Z]\w+)*)", text)
        if shipping
        else ()
    ):
        if word["name"].lower() in country_names() and free(taken, *word.span("name")):
            found.country = country_of(word["name"])
            found.spans.append(Span(*word.span("name"), "place", found.country))
            return


def _by_name_alone(text: str, taken: Sequence[Span], found: Destination) -> bool:
    """ "How much delivery germany": where delivery is spoken of, a country's name needs no "to"."""
    words = list(_TOKEN.finditer(text))
    for size in (3, 2, 1):
        for first, last in zip(words, words[size - 1 :], strict=False):
            name = text[first.start() : last.end()].casefold()
            if name in _OTHER_THINGS or not (len(name) > 3 or name in ("usa", "uk", "uae")):
                continue
            country = country_names().get(name)
            if country is not None and free(taken, first.start(), last.end()) and not _POST.match(text, last.end()):
                found.country = country
                found.spans.append(Span(first.start(), last.end(), "place", country))
                return True
    return False


def _with_article(lead: str, candidate: str) -> str | None:
    """ "Send it to the us": a country, where "send it to us" is not."""
    with_article = lead.lower().split()[-1] == "the" and candidate.lower() in ("us", "uk", "uae")
    return country_of(candidate.upper()) if with_article else None


def _country(candidate: str) -> str | None:
    lowered = candidate.lower()
    if lowered in country_names():
        certain = len(lowered) > 3 or candidate.isupper() or lowered in {"usa", "uk", "uae"}
        return country_names()[lowered] if certain else None
    if len(candidate) == 2 and candidate.isupper():
        return country_of(candidate)
    return None
