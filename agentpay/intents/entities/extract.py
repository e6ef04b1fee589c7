"""All entities of a message: first what stands alone (addresses, numbers, prices), then, a clause at a time, the shop's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.intents.entities.address import find_addresses
from agentpay.intents.entities.contact import find_emails, find_people
from agentpay.intents.entities.counting import EVERYTHING, PRONOUN, find_ordinals, find_quantity, find_sort
from agentpay.intents.entities.lexicon import Lexicon, chunks
from agentpay.intents.entities.money import Budget, Money, find_money
from agentpay.intents.entities.places import (
    POSTCODE,
    country_names,
    country_of,
    country_of_city,
    infer_country,
    regions_of,
)
from agentpay.intents.entities.query import product_words
from agentpay.intents.entities.references import find_codes, find_dates, find_orders
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.types import Dialogue, Entities, Vocabulary

_OFFER_ASKED = frozenset({"confirm_offer", "offer", "price", "amount", "counter_offer"})
_OFFERING = re.compile(
    r"\b(?:would|could|can|will|wud|cud) (?:you|u|ya) (?:do|take|accept|go)\b|\b(?:too|so) (?:expensive|much|pricey)\b",
    re.IGNORECASE,
)
_PLACE_LEAD = re.compile(r"\b(?:to|in|within|inside|from|for|outside)\s+(?:the\s+)?", re.IGNORECASE)
_PLACE_WORDS = re.compile(r"[^\W\d_][\w.'-]*(?:\s+[^\W\d_][\w.'-]*){0,3}")
_CITY_WORDS = re.compile(
    r"\b(?:(?:new york|los angeles|san francisco|mexico city|s[aã]o paulo|cape town)|[^\W\d_]{4,})\b", re.IGNORECASE
)
_POSTCODE_NAMED = re.compile(
    rf"\b(?:zip(?:\s?code)?|post(?:al)?\s?code|plz|to|in)\s*(?:is|:)?\s*(?P<code>{POSTCODE})(?![\w-])", re.IGNORECASE
)
_POSTCODE_END = re.compile(rf"(?<![\w-])(?P<code>{POSTCODE})\W*$", re.IGNORECASE)
_POSTCODE_ONLY = re.compile(rf"^\W*(?P<code>{POSTCODE})\W*$", re.IGNORECASE)
_WHICH = re.compile(r"\b(?:which|what|any other|other)\b", re.IGNORECASE)
_GIFT = re.compile(
    r"\b(?:gift|vouchers?|certificates?|credit|cards?)\b|\d(?:\s?(?:[$€£]|dollars?|euros?|pounds?|bucks))?\s+ones?\b",
    re.IGNORECASE,
)
_IDIOM = re.compile(r"\b(?:right (?:now|away)|straight away|in the first place|on the other hand)\b", re.IGNORECASE)
"""Words that mean none of the shop's: "right" is no hand here."""
_SHIPS = re.compile(
    r"\b(?:ship\w*|deliver\w*|postage|send|zip|post(?:al)? ?code|courier|live|based|express|standard)\b", re.IGNORECASE
)


def find_standing(text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> list[Span]:
    """What is recognised without regard to clauses, and what no clause may divide."""
    region = vocabulary.countries[0] if vocabulary.countries else None
    asked = dialogue.asked_for
    spans = find_emails(text)
    spans += find_addresses(text, vocabulary.countries, spans, asked)
    spans += find_orders(text, vocabulary.title_words, spans, asked)
    spans += find_people(text, region, spans, asked)
    spans += find_codes(text, vocabulary.title_words, spans, asked)
    spans += find_dates(text, spans)
    negotiating = dialogue.has_offer or asked in _OFFER_ASKED or _OFFERING.search(text) is not None
    spans += find_money(text, vocabulary.currency, spans, negotiating=negotiating)
    return spans


@dataclass(slots=True)
class ClauseReading:
    """A clause's entities; `money` and `percent` wait for the intent that says what they mean."""

    entities: Entities
    money: Money | None
    percent: int | None
    spans: list[Span]
    known_words: bool
    """Whether words of the shop (titles, brands, categories, attributes) occur."""
    names_option: bool = False
    """Whether an option is named as such: "which sizes", "what colours"."""


def read_clause(text: str, standing: Sequence[Span], lexicon: Lexicon, dialogue: Dialogue) -> ClauseReading:
    """The entities of one clause; `standing` are the spans inside it, with offsets of the clause."""
    entities = Entities()
    money, percent = _take_standing(entities, standing)
    taken = list(standing)
    hidden = [s for s in standing if s.kind in {"email", "url", "phone", "address", "order", "code", "date", "name"}]
    ordinals = find_ordinals(text, taken, dialogue.shown, dialogue.asked_for)
    for span in ordinals:
        entities.ordinals.extend(value for value in span.value if value not in entities.ordinals)
    taken += [Span(*match.span(), "idiom", None) for match in _IDIOM.finditer(text) if free(taken, *match.span())]
    found = lexicon.find(text, [*taken, *ordinals], asked_for=dialogue.asked_for)
    entities.options, entities.attributes = found.options, found.attributes
    entities.brand, entities.category, entities.shipping_method = found.brand, found.category, found.shipping_method
    taken += ordinals
    taken += found.spans
    if money is not None and (option := _amount_option(text, money, lexicon, entities, dialogue)) is not None:
        taken = [span for span in taken if span.value is not money] + [option]
        money = None
    if (quantity := find_quantity(text, taken)) is not None:
        entities.quantity = quantity.value
        taken.append(quantity)
    if (sort := find_sort(text)) is not None:
        entities.sort = sort[0]
        if free(taken, *sort[1]):
            taken.append(Span(*sort[1], "sort", sort[0]))
    taken += _take_place(text, hidden, lexicon, entities, dialogue)
    entities.product_query = product_words(text, taken, lexicon.option_name_words, keep=lexicon.title_words)
    if entities.product_query is not None:
        entities.product_query = lexicon.as_titled(entities.product_query)
    entities.everything = EVERYTHING.search(text) is not None
    if entities.product_query is None and not entities.ordinals:
        entities.pronoun = PRONOUN.search(text) is not None
    query_words = {w.lower() for w in (entities.product_query or "").split()}
    known = bool(query_words & lexicon.words or {w.rstrip("s") for w in query_words} & lexicon.words)
    return ClauseReading(
        entities,
        money,
        percent,
        taken,
        known or bool(found.brand or found.category or found.attributes),
        names_option=_WHICH.search(text) is not None
        and any(word.text in lexicon.option_names for word in chunks(text)),
    )


def _take_standing(entities: Entities, spans: Sequence[Span]) -> tuple[Money | None, int | None]:
    money: Money | None = None
    percent: int | None = None
    for span in spans:
        match span.kind, span.value:
            case "email", value:
                entities.emails.append(value)
            case "order", value:
                entities.order_numbers.append(value)
            case "code", value:
                entities.codes.append(value)
            case "date", value:
                entities.dates.append(value)
            case "phone", value:
                entities.phone = value
            case "name", value:
                entities.name = value
            case "address", value:
                entities.address = value
                entities.country, entities.region, entities.postal_code = (
                    value.country,
                    value.region,
                    value.postal_code or None,
                )
            case "budget", Budget(low, high, currency):
                entities.price_min = low if low is not None else entities.price_min
                entities.price_max = high if high is not None else entities.price_max
                entities.currency = currency or entities.currency
            case "money", Money() as value:
                money = money or value
            case "percent", value:
                percent = value
            case _:
                pass
    return money, percent


def _amount_option(text: str, money: Money, lexicon: Lexicon, entities: Entities, dialogue: Dialogue) -> Span | None:
    """The "$50" of "a $50 gift card", where the shop's cards come in amounts: an option, no price."""
    entry = lexicon.of_amount(money.minor // 100) if money.minor % 100 == 0 else None
    if entry is None or not (dialogue.asked_for == "variant" or _GIFT.search(text)):
        return None
    entities.options = {**entities.options, entry.name: entry.value}
    match = re.search(
        rf"[$€£]?\s?{money.minor // 100}(?:[.,]00)?(?:\s?(?:[$€£]|(?i:dollars?|euros?|pounds?|bucks|usd|eur|gbp)\b))?",
        text,
    )
    return Span(match.start(), match.end(), "option", entry) if match else None


def _take_place(
    text: str, hidden: Sequence[Span], lexicon: Lexicon, entities: Entities, dialogue: Dialogue
) -> list[Span]:
    """A country, state or postcode that is no part of an address: "shipping to Canada", "my zip is 97201"."""
    if entities.address is not None:
        return []
    found: list[Span] = []
    about_shipping = (
        _SHIPS.search(text) is not None
        or entities.shipping_method is not None
        or dialogue.asked_for
        in {
            "address",
            "shipping",
            "country",
            "postal_code",
        }
    )
    served = list(lexicon.countries)
    match = _POSTCODE_NAMED.search(text) if about_shipping else None
    if match is None and dialogue.asked_for in {"address", "shipping", "postal_code"}:
        match = _POSTCODE_ONLY.match(text)
    if match is None and dialogue.asked_for == "address":
        match = _POSTCODE_END.search(text)
    if match and free(hidden, *match.span("code")):
        entities.postal_code = match["code"].upper()
        entities.country = infer_country(entities.postal_code, None, served)
        found.append(Span(match.start(), match.end(), "place", entities.postal_code))
    for lead in _PLACE_LEAD.finditer(text):
        words_match = _PLACE_WORDS.match(text, lead.end())
        if not words_match or not free([*hidden, *found], lead.end(), lead.end() + 1):
            continue
        words = words_match.group().split()
        for size in range(len(words), 0, -1):
            candidate = " ".join(words[:size]).rstrip(".,?!'")
            country = _country(candidate)
            regions = regions_of(candidate) if about_shipping and (len(candidate) > 2 or candidate.isupper()) else ()
            if country is None and not regions:
                continue
            if country is None or (regions and country not in served and regions[0][0] in served):
                entities.region, country = regions[0][1], regions[0][0]
            entities.country = country
            found.append(Span(lead.start(), lead.end() + len(candidate), "place", country))
            return found
    if entities.country is None and entities.postal_code is None and about_shipping:
        for word in _CITY_WORDS.finditer(text):
            if (country := country_of_city(word.group())) is not None:
                entities.country = country
                found.append(Span(*word.span(), "place", country))
                return found
    if entities.country is None and (dialogue.asked_for in {"country", "shipping"} or about_shipping):
        for word in re.finditer(r"[A-Z][\w]+(?: [A-Z]\w+)*", text):
            if word.group().lower() in country_names():
                entities.country = country_of(word.group())
                found.append(Span(*word.span(), "place", entities.country))
                break
    return found


def _country(candidate: str) -> str | None:
    lowered = candidate.lower()
    if lowered in country_names():
        return (
            country_names()[lowered]
            if len(lowered) > 3 or candidate.isupper() or lowered in {"usa", "uk", "uae"}
            else None
        )
    if len(candidate) == 2 and candidate.isupper():
        return country_of(candidate)
    return None
