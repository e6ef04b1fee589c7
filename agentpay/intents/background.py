"""Clauses that tell and want nothing, beside one that wants something: "ive left it super late", "we lost my father"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

from agentpay.intents.assigning import ASKS, completed
from agentpay.intents.deciding import OF_GOODS
from agentpay.intents.rules import Heard, Parsed
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.telling import OF_PEOPLE, TELLS
from agentpay.intents.types import Act, Understanding
from agentpay.intents.words import holds

GUESS = 0.5
"""Less sure than that is what a clause wants that hardly wants anything: of 25 such clauses in the blind sets 20 wanted nothing."""
_LIKELY = 0.8
"""From this likelihood on in the whole message it is wanted, however little the rules make of its clause."""
_MEANT = 0.6
"""How sure the wish is at least that a clause is the background of."""
_MANNERS = frozenset({I.GREETING, I.THANKS, I.GOODBYE, I.OTHER})
_LEADS_UP = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok|so|good \w+)\W+)*(?:(?:i|we)(?:'?(?:d|m|re|ve))? (?:\w+ )?)?"
    r"(?:need|want|like|looking|after|buying|ordering|shopping)"
    r"(?: (?:to (?:buy|order|get)|this|these|the following|(?:some|a few|several) (?:things?|stuff|bits)|things|stuff))*"
    r" for (?:(?:my|our|the|an?|his|her|their) )?(?:\w+ )?\w+\W*$",
    re.IGNORECASE,
)
"""For whom a list is that follows: "I need for my restaurant:"."""
_INTO_THE_CART = re.compile(
    r"^\W*(?:(?:ok|so|please|pls|then|and|also|just)\W+)*(?:add|put|pop|stick|order|buy)\b", re.IGNORECASE
)
"""An order, whatever is asked next."""
_PLEASE = re.compile(r"\b(?:please|pls|plz)\b", re.IGNORECASE)
_SENT = re.compile(r"\b(?:deliver|freight|postage|posting|shipping|send|ship|courier)", re.IGNORECASE)
_SURE = 0.9
_SAYS_LITTLE = frozenset({"product_query", "pronoun", "category", "dates"})
"""What a clause may name without wanting it."""


def without_background(
    understanding: Understanding, heard: Sequence[Heard], parsed: Parsed, likely: Mapping[I, float] | None = None
) -> Understanding:
    """
    The acts without those that are a guess, or that tell of what this shop does not know, beside one that is neither.

    `likely` is how likely the whole message has an intent: what is likely there is no guess.
    """
    if len(understanding.acts) < 2:
        return understanding
    texts = _by_text(heard, parsed)
    acts = [(act, next((one for text, one in texts if act.text in text), None)) for act in understanding.acts]
    kept = [
        act
        for act, clause in acts
        if clause is None or not _is_background(act, clause, acts, parsed.lexicon.words, likely or {})
    ]
    meant = next((act for act in kept if act.intent not in _MANNERS), None)
    if meant is None:
        return understanding
    # "I need it by the 20th. Can you do that to Ottawa?": the day is what the wish is about
    days = [day for act in understanding.acts if act not in kept for day in act.entities.dates]
    if days and not meant.entities.dates:
        meant.entities.dates = days
    return understanding.model_copy(update={"acts": kept})


def _by_text(heard: Sequence[Heard], parsed: Parsed) -> list[tuple[str, Heard]]:
    """The words of each clause, and what was heard of it."""
    starts = {clause.start: clause for clause in heard}
    return [(clause.text, starts[clause.start]) for clause, _, _ in parsed.clauses if clause.start in starts]


def with_goods_asked_about(understanding: Understanding, heard: Sequence[Heard], parsed: Parsed) -> Understanding:
    """
    The acts without those that only name the goods of the question behind them: "15 tablets for a home. Best price?".

    The question has what they name.
    """
    said = dict(_by_text(heard, parsed))
    kept: list[Act] = []
    for act in reversed(understanding.acts):
        if kept and act.text in said and _names_what_is_asked_about(act, said[act.text], kept[0]):
            question = kept[0]
            if not _of_goods(question, parsed.lexicon.words) and _of_goods(act, parsed.lexicon.words):
                # "The mixer in graphite, but 699 is steep": the price is no name
                question.entities.product_query = None
            kept[0] = question.model_copy(update={"entities": completed(question, act)})
        else:
            kept.insert(0, act)
    return understanding.model_copy(update={"acts": kept})


def _names_what_is_asked_about(act: Act, clause: Heard, question: Act) -> bool:
    if act.intent not in {I.ADD_TO_CART, I.PRODUCT_SEARCH} or act.text == question.text:
        return False
    if clause.norm.endswith(" ?") or ASKS.match(act.text) or _INTO_THE_CART.match(act.text):
        return False
    ordered = clause.intent is I.ADD_TO_CART
    match question.intent:
        case I.NEGOTIATION:
            return act.intent is I.ADD_TO_CART  # so many are wanted at a better price
        case I.SHIPPING_QUOTE:
            return _SENT.search(act.text) is not None
        case I.PRICE_QUESTION:
            return act.intent is I.ADD_TO_CART and not ordered and not _PLEASE.search(act.text)
        case I.PRODUCT_DETAILS:
            return act.intent is I.ADD_TO_CART and not ordered and act.confidence < _SURE
        case I.RECOMMENDATION:
            return not ordered and act.intent is I.PRODUCT_SEARCH and act.confidence < _SURE
    return False


def _of_goods(act: Act, words: Set[str]) -> bool:
    """Whether it names goods in a word of the shop's."""
    # "10 yr anniversary", in a shop that sells by tens: a number alone names no goods
    named = {word for word in (act.entities.product_query or "").lower().split() if not word.isdigit()}
    return any(holds(words, word) for word in named)


def _is_background(
    act: Act, clause: Heard, acts: Sequence[tuple[Act, Heard | None]], words: Set[str], likely: Mapping[I, float]
) -> bool:
    asks = clause.norm.endswith(" ?") or ASKS.match(act.text) is not None
    people = act.intent in OF_GOODS and OF_PEOPLE.match(act.text) is not None
    names = set(act.entities.model_dump(exclude_defaults=True)) - _SAYS_LITTLE - ({"quantity"} if people else set())
    known = act.intent in OF_GOODS and clause.goods and _of_goods(act, words)
    listed = clause.listed and clause.intent in OF_GOODS  # not what merely stands behind "hi,"
    if act.intent in _MANNERS or asks or listed or names or known:
        return False
    tells = act.intent in OF_GOODS and act.entities.product_query is not None and TELLS.match(act.text) is not None
    leads_up = act.intent in OF_GOODS and _LEADS_UP.match(act.text) is not None
    tells = tells or people
    if not (tells or leads_up) and (act.confidence >= GUESS or likely.get(act.intent, 0.0) >= _LIKELY):
        return False
    return any(
        other is not act
        and other.intent not in _MANNERS
        and (other.confidence >= _MEANT or (said is not None and said.goods))
        and (tells or leads_up or other.confidence >= act.confidence)
        for other, said in acts
    )
