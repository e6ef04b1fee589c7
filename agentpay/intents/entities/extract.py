"""All entities of a message: first what stands alone (addresses, numbers, prices), then, a clause at a time, the shop's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.intents.entities.address import find_addresses
from agentpay.intents.entities.address_blocks import find_address_blocks
from agentpay.intents.entities.claims import find_claims
from agentpay.intents.entities.codes import find_codes
from agentpay.intents.entities.contact import find_emails, find_people
from agentpay.intents.entities.counting import find_quantity
from agentpay.intents.entities.dates import MONTH_FIRST, find_dates
from agentpay.intents.entities.destinations import Destination, find_destination
from agentpay.intents.entities.finding import find_words
from agentpay.intents.entities.lexicon import Lexicon, chunks
from agentpay.intents.entities.money import MANY_DIGITS, Budget, Money, find_money
from agentpay.intents.entities.numerals import LIKELY
from agentpay.intents.entities.offers import find_offers
from agentpay.intents.entities.order_numbers import find_orders
from agentpay.intents.entities.places import infer_country
from agentpay.intents.entities.pointing import EVERYTHING, PRONOUN, find_ordinals, find_sort
from agentpay.intents.entities.query import product_words
from agentpay.intents.entities.replacing import find_postcodes, find_replaced_count, without_old_house
from agentpay.intents.entities.several import Found
from agentpay.intents.entities.signs import in_signs
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.entities.units import unit_spans
from agentpay.intents.gating import AnyOf, Gated
from agentpay.intents.types import Dialogue, Entities, Vocabulary

_OFFER_ASKED = frozenset({"confirm_offer", "offer", "price", "amount", "counter_offer"})
_OFFERING = AnyOf(
    r"\b(?:would|could|can|will|wud|cud) (?:you|u|ya) (?:do|take|accept|go)\b|\b(?:too|so) (?:expensive|much|pricey)\b",
    re.IGNORECASE,
)
_WHICH = AnyOf(r"\b(?:which|what|any other|other)\b", re.IGNORECASE)
_GIFT = AnyOf(
    r"\b(?:gift|vouchers?|certificates?|credit|cards?)\b|\d(?:\s?(?:[$€£]|dollars?|euros?|pounds?|bucks))?\s+ones?\b",
    re.IGNORECASE,
)
_IDIOM = Gated(
    r"\b(?:right (?:now|away)|blue light(?= card)|black friday|straight away|in the first place|on the other hand)\b"
    r"|^\W*(?:all )?right(?=[,.!]| then\b| so\b)",
    re.IGNORECASE,
)
"""Words that mean none of the shop's: "right" is no hand here."""


def find_standing(text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> list[Span]:
    """What is recognised without regard to clauses, and what no clause may divide."""
    region = vocabulary.countries[0] if vocabulary.countries else None
    asked = dialogue.asked_for
    written = in_signs(text, vocabulary.currency)
    spans = find_emails(text)
    placed = without_old_house(text)
    addresses = find_addresses(placed, vocabulary.countries, spans, asked)
    spans += addresses or find_address_blocks(placed, vocabulary.countries, spans, asked)
    spans += find_orders(written, vocabulary.title_words, spans, asked, many_digits=vocabulary.currency in MANY_DIGITS)
    spans += find_postcodes(text, spans)
    spans += find_codes(written, vocabulary.title_words, spans, asked, dialogue.codes)
    spans += find_people(text, vocabulary.countries, spans, asked)
    spans += find_dates(text, spans, month_first=region in MONTH_FIRST)
    negotiating = dialogue.has_offer or asked in _OFFER_ASKED or _OFFERING.within(text)
    spans += find_offers(written, vocabulary.currency, spans, negotiating=negotiating)
    spans += find_claims(written, vocabulary.currency, spans)
    prices = find_money(written, vocabulary.currency, spans)
    if asked == "variant":  # "up to 60" answers which one
        prices = [one for one in prices if one.kind != "budget" or one.value.currency is not None]
    return spans + prices


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


def read_clause(
    text: str, standing: Sequence[Span], lexicon: Lexicon, dialogue: Dialogue, *, addressed: bool = False
) -> ClauseReading:
    """The entities of one clause; `standing` are the spans inside it, with offsets of the clause. `addressed`: the message
    gives an address."""
    entities = Entities()
    money, percent = _take_standing(entities, standing)
    taken = list(standing)
    hidden = [
        s
        for s in standing
        if s.kind in {"email", "url", "phone", "address", "order", "code", "date", "name", "money", "budget"}
    ]
    ordinals = find_ordinals(text, taken, dialogue.shown, dialogue.asked_for)
    for span in ordinals:
        entities.ordinals.extend(value for value in span.value if value not in entities.ordinals)
    taken += [Span(*match.span(), "idiom", None) for match in _IDIOM.finditer(text) if free(taken, *match.span())]
    found = find_words(lexicon, text, [*taken, *ordinals], asked_for=dialogue.asked_for, addressed=addressed)
    _take_words(entities, found)
    taken += ordinals
    taken += found.spans
    if money is not None and (option := _amount_option(text, money, lexicon, entities, dialogue)) is not None:
        taken = [span for span in taken if span.value is not money] + [option]
        money = None
    if entities.address is None:
        shipping = entities.shipping_method is not None
        chosen = [span for span in found.spans if span.kind == "option"]  # the weight DK of a yarn is not Denmark
        place = find_destination(
            text, [*hidden, *chosen], lexicon.countries, shipping=shipping, asked_for=dialogue.asked_for
        )
        _take_place(entities, place, lexicon)
        taken += place.spans
    taken += _counted(entities, text, taken, lexicon)
    taken += unit_spans(text, taken, lexicon.title_words, chosen=bool(entities.options))
    if (sort := find_sort(text)) is not None:
        entities.sort = sort[0]
        if free(taken, *sort[1]):
            taken.append(Span(*sort[1], "sort", sort[0]))
    query = product_words(text, taken, lexicon.option_name_words, keep=lexicon.title_words)
    if query is not None:
        entities.product_query = lexicon.as_titled(query)
    _without_its_own_name(entities, found, text)
    if EVERYTHING.within(text):
        entities.everything = True
    if query is None and not entities.ordinals and PRONOUN.within(text):
        entities.pronoun = True
    query_words = {w.lower() for w in (entities.product_query or "").split()}
    known = bool(query_words & lexicon.words or {w.rstrip("s") for w in query_words} & lexicon.words)
    return ClauseReading(
        entities,
        money,
        percent,
        taken,
        known or bool(found.brand or found.category or found.attributes),
        names_option=_WHICH.within(text) and any(word.text in lexicon.option_names for word in chunks(text)),
    )


def _take_words(entities: Entities, found: Found) -> None:
    """What the shop's words say; a field that is as it was is not set again, which costs more than to look."""
    for name in ("options", "attributes", "also", "brand", "category", "shipping_method"):
        if value := getattr(found, name):
            setattr(entities, name, value)
    if found.instead_of:
        entities.instead_of = {**found.instead_of, **entities.instead_of}


def _take_place(entities: Entities, place: Destination, lexicon: Lexicon) -> None:
    """What was said of a place; a postcode that was called one goes before what merely looks like one."""
    for name in ("country", "region", "postal_code"):
        if (value := getattr(place, name)) and getattr(entities, name) is None:
            setattr(entities, name, value)
    if entities.postal_code and entities.country is None:
        entities.country = infer_country(entities.postal_code, None, lexicon.countries)


def _counted(entities: Entities, text: str, taken: Sequence[Span], lexicon: Lexicon) -> list[Span]:
    """How many, and what that takes the place of; the spans that say it."""
    replaced = find_replaced_count(text, taken) if LIKELY.within(text) else None
    spans = replaced.spans if replaced is not None else []
    if replaced is not None and replaced.new is not None:
        entities.quantity = replaced.new
    elif (quantity := find_quantity(text, [*taken, *spans], lexicon.title_words)) is not None:
        entities.quantity = quantity.value
        spans = [*spans, quantity]
    if replaced is not None:
        if entities.quantity != replaced.old and (entities.quantity or replaced.alone):
            entities.instead_of = {**entities.instead_of, "quantity": str(replaced.old)}
    elif entities.quantity:
        for name, value in entities.instead_of.items():
            if value.isdigit() and name in lexicon.options and name not in entities.options:
                # "Make it 24, not 12": where the one is a count, so is the other, though boxes of 12 are sold
                kept = {key: was for key, was in entities.instead_of.items() if key != name}
                entities.instead_of = {**kept, "quantity": value}
                break
    return spans


def _without_its_own_name(entities: Entities, found: Found, text: str) -> None:
    """ "A throw in oatmeal": a value that is the name of a kind of goods, and stands as such, is no option here."""
    query, kind = (entities.product_query or "").lower(), (found.category or "").lower().rpartition(" > ")[2]
    for name in found.of_names:
        value = entities.options.get(name, "").lower()
        if (
            value
            and value == query
            and kind in (value, f"{value}s")
            and re.search(rf"\b(?:an?|the) {re.escape(value)}\b", text, re.I)
        ):
            entities.options = {other: said for other, said in entities.options.items() if other != name}


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
            case "postcode", value:
                entities.postal_code = value
            case "old postcode", value:
                entities.instead_of = {**entities.instead_of, "postal_code": value}
            case "date", str() as value:
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
                money = value if money is None or (_said_of(value) and not _said_of(money)) else money
            case "percent", value:
                percent = value
            case _:
                pass
    return money, percent


def _said_of(money: Money) -> bool:
    return money.proposed or money.owed or money.off


def _amount_option(text: str, money: Money, lexicon: Lexicon, entities: Entities, dialogue: Dialogue) -> Span | None:
    """The "$50" of "a $50 gift card", where the shop's cards come in amounts: an option, no price."""
    entry = lexicon.of_amount(money.minor // 100) if money.minor % 100 == 0 else None
    if entry is None or not (dialogue.asked_for == "variant" or _GIFT.within(text)):
        return None
    entities.options = {**entities.options, entry.name: entry.value}
    match = re.search(
        rf"[$€£]?\s?{money.minor // 100}(?:[.,]00)?(?:\s?(?:[$€£]|(?i:dollars?|euros?|pounds?|bucks|usd|eur|gbp)\b))?",
        text,
    )
    return Span(match.start(), match.end(), "option", entry) if match else None
