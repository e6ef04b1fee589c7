# ruff: noqa: E501 (a regular expression is read in one piece)
"""What a clause's entities mean once it is known what the clause wants: offers and budgets, changes, what "it" is."""

from __future__ import annotations

import re

from agentpay.intents.deciding import DETAILS, PLACE
from agentpay.intents.entities.extract import ClauseReading
from agentpay.intents.entities.finding import find_words
from agentpay.intents.entities.lexicon import Lexicon
from agentpay.intents.entities.money import minor_units
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Act, Entities

_CARRY_DETAILS = frozenset(
    {
        I.ADD_TO_CART,
        I.CHANGE_CART,
        I.REMOVE_FROM_CART,
        I.CHECKOUT,
        I.NEGOTIATION,
        I.DISCOUNT,
        I.PRODUCT_SEARCH,
        I.VIEW_CART,
        I.GREETING,
        I.THANKS,
    }
)
_SAID_BESIDE = frozenset({"shipping_method", "postal_code"})
"""Of further values and replaced ones those that are details of delivery."""
_INTO = re.compile(r"\b(?:to|for|into|with)\b(?!.*\b(?:to|into)\b)", re.IGNORECASE)
_ONE_INTO = re.compile(r"\bones?\s+(?:to|for|into|with)\b", re.IGNORECASE)
_MONEY_BACK = re.compile(r"\bmy <money> back\b|\b(?:want|need|get) (?:back )?my <money>")
_OFF = re.compile(
    r"<money>(?: \w+)? off\b|\b(?:off|knock|shave|down by|lower by|discount of|cheaper by) (?:the price )?(?:by )?<money>|<money> (?:less|cheaper|discount|reduction)\b"
)
_BUDGET = re.compile(r"\b(?:budget|limit|max|under|below)\b")
_BARE_OFFER = re.compile(
    r"(?:^|(?<!not)(?<!since)(?<!are)[\s:])(?P<n>\d{2,5})(?=\s*(?:$|[?.!]|for (?:the|all|both|it|them|everything|that|this|those|these)\b|and (?:it|we|i)\b|tops\b|max\b|final\b|then\b))",
    re.IGNORECASE,
)
"""A price without a currency: "140 for the bench", "60?"."""
_THEIR_PRICE = re.compile(
    r"<money>(?: for (?:\w+ ){1,4}?)? ?(?:is|was|seems|sounds|feels) (?:\w+ ){0,3}?(?:a lot|much|more|expensive|pricey|steep|high|over|rich|cheeky|beyond|dear|robbery)\b|<money> for (?:an?|the|one) \w+(?: \w+)? \?"
    r"|^(?:(?:hm+|wow|lol|what|wait|sorry|ok|so|bro|mate|omg|um)\W+)*<money> for (?!the\b|it\b|both\b|all\b|them\b|th[ei]se\b|this\b|that\b|those\b|everything\b|my\b|your\b|\w+ of\b|two\b|three\b|four\b|five\b|six\b)(?:\w+ ){1,7}\?"
    r"|\bones? (?:for|at|thats|that's|that is|which is|it is) <money>|\b(?:you|youse|u)(?:'?re| are| want| ask)?(?: at)? <money>|<money> [^<]*\b(?:robbery|rip ?off|come on)\b|\bsteep that\b|\bwhy should i (?:pay|buy)\b"
    r"|<money> is what (?:i|we) paid\b|<money> (?:\w+ ){0,2}elsewhere\b"
)
"""The shop's price complained of, not one that is proposed."""
_ELSEWHERE = re.compile(
    r"\b(?:saw|seen|found)\b.*<money>|\b(?!i |you |we )\w+ (?:has|sells?|does|has got) (?:it|this|that|them|one|the (?:very )?same(?: \w+){0,2}) (?:there )?(?:at|for|<money>)|\bthey (?:have|do|sell) (?:it|them|the same(?: \w+)?) (?:at|for)|\b(?:an?other|the other) (?:shop|store|site|place|seller)\b|\belsewhere\b|\bcompetitors?\b|\bgetting (?:the )?same\b|\bsells? (?:this|that|the) \w+ (?:for|at) <money>"
)
"""What another shop takes is no offer."""


_MATCHED = re.compile(
    r"\b(?P<n>\d{2,5}(?:[.,]\d\d)?)\b[^.?!]{0,12}\bmatch (?:it|that|this|the price|them)\b[^.?!]*\b(?:deal|and (?:i|we|you|it'?s)|i'll|we'll|sold)\b",
    re.IGNORECASE,
)
"""Another shop's price that the customer would pay here: "the mall has it for 99, match that and I'll buy"."""


def settle_change(entities: Entities, text: str, lexicon: Lexicon) -> None:
    """ "Change the blue one to mustard": what it is, and what it shall be."""
    joint = _INTO.search(text)
    if joint is None or entities.instead_of:
        return
    now, then = find_words(lexicon, text[: joint.start()]).options, find_words(lexicon, text[joint.end() :]).options
    if then and now and set(now) & set(then):
        entities.options, entities.instead_of = then, now
        known = {*then.items(), *now.items()}
        entities.also = {
            name: others
            for name, values in entities.also.items()
            if (others := [value for value in values if (name, value) not in known])
        }
        if entities.product_query and find_words(lexicon, entities.product_query).options:
            entities.product_query = None
        if _ONE_INTO.search(text):
            entities.quantity = None


def settle_money(intent: I, reading: ClauseReading, norm: str, text: str, currency: str) -> None:
    """Says what a price in the clause is: an offer, or a budget."""
    entities = reading.entities
    money = reading.money
    if money is not None and money.off:
        entities.amount_off, entities.currency = money.minor, money.currency
    elif money is not None and (money.proposed or money.owed):
        entities.amount, entities.currency, entities.percent = money.minor, money.currency, reading.percent
    elif intent is I.NEGOTIATION:
        if (matched := _MATCHED.search(text)) is not None:
            entities.amount = minor_units(matched["n"], currency)
        elif money is not None:
            entities.currency = money.currency
            if _ELSEWHERE.search(norm):
                entities.currency = None
            elif _OFF.search(norm):
                entities.amount_off = money.minor
            elif not _THEIR_PRICE.search(norm):
                entities.amount = money.minor
        elif entities.price_max is not None and re.search(r"\b(?:pay|offer|give|do|afford|budget|have|got)\b", norm):
            entities.amount = entities.price_max
            if not _BUDGET.search(norm):
                entities.price_max = None
        elif (
            money is None
            and entities.amount is None
            and (bare := _BARE_OFFER.search(text))
            and not _ELSEWHERE.search(norm)
        ):
            entities.amount = minor_units(bare["n"], currency)
            if entities.quantity == int(bare["n"]):
                entities.quantity = None
        entities.percent = reading.percent
    elif intent in {I.PRODUCT_SEARCH, I.RECOMMENDATION} and money is not None and entities.price_max is None:
        if re.search(r"\b(?:for|at|have|spend|with|budget)\b[^<]*<money>", norm):
            entities.price_max, entities.currency = money.minor, money.currency
    elif intent in {I.DISCOUNT, I.ACCOUNT} or (intent is I.REFUND and reading.percent is not None):
        entities.percent = reading.percent
    elif money is not None and (intent is I.REFUND or _MONEY_BACK.search(norm)):
        entities.amount, entities.currency = money.minor, money.currency


def without_prices(entities: Entities) -> Entities:
    return entities.model_copy(
        update={
            "amount": None,
            "amount_off": None,
            "percent": None,
            "price_min": None,
            "price_max": None,
            "currency": None,
        }
    )


_HARDLY = 0.35
"""How sure a search is of words that neither a rule nor the shop knows: "hang on, he's grown"."""


def resolve(entities: Entities, before: list[Act]) -> None:
    """ "Do you have the mug in blue? Add it": what "it" is was said in the same message."""
    if entities.everything or not (entities.pronoun or entities.quantity or entities.options):
        return
    for act in reversed(before):
        said = act.entities
        guessed = act.intent is I.PRODUCT_SEARCH and act.confidence <= _HARDLY
        if said.product_query and not guessed and act.intent not in {I.REMOVE_FROM_CART, I.POLICY, I.RETURN}:
            entities.product_query = said.product_query
            entities.options = {**said.options, **entities.options}
            entities.pronoun = True
            return
        if said.ordinals:
            entities.ordinals = list(said.ordinals)
            return
    entities.pronoun = True


def with_carried(act: Act) -> list[Act]:
    """Splits off details of delivery and codes that stand in a clause about something else."""
    acts = [act]
    entities = act.entities
    if act.intent in _CARRY_DETAILS and any(getattr(entities, name) for name in DETAILS):
        carried = {name: getattr(entities, name) for name in (*DETAILS, *PLACE) if getattr(entities, name)}
        beside = {
            field: {name: given for name, given in getattr(entities, field).items() if name in _SAID_BESIDE}
            for field in ("also", "instead_of")
        }
        details = Entities.model_validate({**carried, **beside})
        acts.append(Act(intent=I.PROVIDE_DETAILS, confidence=0.9, text=act.text, entities=details))
        for name in carried:
            setattr(entities, name, [] if name == "emails" else None)
        entities.also = {name: given for name, given in entities.also.items() if name not in _SAID_BESIDE}
        entities.instead_of = {name: given for name, given in entities.instead_of.items() if name not in _SAID_BESIDE}
    if entities.codes and act.intent is not I.DISCOUNT:
        acts.append(Act(intent=I.DISCOUNT, confidence=0.95, text=act.text, entities=Entities(codes=entities.codes)))
        entities.codes = []
    if act.intent in {I.DISCOUNT, I.PROVIDE_DETAILS}:
        entities.pronoun = False
    return acts
