# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Tier 1 of understanding: rules alone, no model, about a millisecond a message."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agentpay.intents import signals
from agentpay.intents.deciding import DETAILS, PLACE, decide
from agentpay.intents.entities.extract import ClauseReading, find_standing, read_clause
from agentpay.intents.entities.finding import find_words
from agentpay.intents.entities.lexicon import Lexicon
from agentpay.intents.entities.query import product_words
from agentpay.intents.entities.spans import Span
from agentpay.intents.joining import distribute, tidy
from agentpay.intents.patterns import is_override
from agentpay.intents.segment import Clause, segment
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.text import clean, normalise
from agentpay.intents.types import Act, Dialogue, Entities, Understanding, Vocabulary

_LEXICONS = 64
_CLAUSES = 24
"""More clauses than that are no shopper's message."""
_NORM_CHARS = 320
"""Rules look at the first of so many characters of a clause, which bounds their time."""
_STANDING_IN_NORM = frozenset(
    {"email", "url", "phone", "address", "order", "code", "date", "name", "money", "budget", "percent"}
)
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
_NAMES_PRODUCTS = frozenset(
    {
        I.PRODUCT_SEARCH, I.PRODUCT_DETAILS, I.PRODUCT_COMPARISON, I.AVAILABILITY, I.PRICE_QUESTION, I.RECOMMENDATION, I.ADD_TO_CART, I.CHANGE_CART,
        I.REMOVE_FROM_CART, I.NEGOTIATION, I.RETURN, I.EXCHANGE, I.REFUND, I.CHANGE_ORDER, I.CANCEL_ORDER, I.SHIPPING_QUOTE,
    }
)  # fmt: skip
_ASKS_ABOUT = frozenset({I.PRODUCT_DETAILS, I.AVAILABILITY, I.PRICE_QUESTION})
_ABOUT_IT = re.compile(
    r"^(?:and |ok |so |hi |but )*(?:how \w+ |what (?:\w+ )?|when )?(?:does|do|is|are|can|will|has|have|would) (?:it|they)\b|\bdo you have (?:it|them)\b|\b(?:is|are) (?:it|they)\b ?\??$|^(?:and |so |ok )*who \w+ (?:it|this|that|them)\b"
)
_INTO = re.compile(r"\b(?:to|for|into|with)\b(?!.*\b(?:to|into)\b)", re.IGNORECASE)
_ONE_INTO = re.compile(r"\bones?\s+(?:to|for|into|with)\b", re.IGNORECASE)
_VOUCHER = re.compile(r"\b(?:gift )?vouchers?\b(?! codes?)")
_EXCHANGED_FOR = re.compile(
    r"\b(?:exchang|swap|replac|trad|switch)\w*\b.+?(\s(?:for|to|with|against)\s)", re.IGNORECASE
)
_MONEY_BACK = re.compile(r"\bmy <money> back\b|\b(?:want|need|get) (?:back )?my <money>")
_OFF = re.compile(
    r"<money>(?: \w+)? off\b|\b(?:off|knock|shave|down by|lower by|discount of|cheaper by) (?:the price )?(?:by )?<money>|<money> (?:less|cheaper|discount|reduction)\b"
)


_GUESSED = 0.65
"""How sure a search is that no rule names, but words of the shop."""
_POLITE = re.compile(r"\b(?:please|pls|plz)\W*$", re.IGNORECASE)
_THEIR_PRICE = re.compile(
    r"<money> (?:is|was|seems|sounds|feels) (?:\w+ ){0,2}?(?:a lot|much|more|expensive|pricey|steep|high|over)\b"
)
"""The shop's price complained of, not one that is proposed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A clause as rules heard it: where it begins, its normal form, and what they make of it."""

    start: int
    norm: str
    intent: I
    confidence: float
    counted: bool = False
    """Whether it says how many."""
    listed: bool = False
    """Whether it goes on with a list the clause before began."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message's clauses, each with its normal form and what it names."""

    cleaned: str
    whole: str
    """The whole message in normal form."""
    lexicon: Lexicon
    clauses: list[tuple[Clause, str, ClauseReading]]


Told = Mapping[int, tuple[I, float]]
"""What another tier says a clause wants, and how sure it is, by where the clause begins."""


class RuleClassifier:
    """
    Understands by rules. What no rule fits comes back as `other` or as a guess of low confidence for the tiers above.

    Confidence: 1.0 an unmistakable phrase, 0.9 a sure one, 0.6 what the words of the shop suggest, 0.4 and less a guess.
    """

    def __init__(self) -> None:
        self._lexicons: OrderedDict[int, tuple[Vocabulary, Lexicon]] = OrderedDict()

    async def understand(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> Understanding:
        """What a message wants; never fails, whatever the text."""
        return self.read(text, vocabulary, dialogue)

    def read(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue, told: Told | None = None) -> Understanding:
        """`understand` without waiting; `told` goes before the rules' own verdicts."""
        return self.settle(self.parse(text, vocabulary, dialogue), dialogue, told)[0]

    def weigh(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> tuple[Understanding, list[Heard]]:
        """`read`, and how each clause was heard."""
        return self.settle(self.parse(text, vocabulary, dialogue), dialogue)

    def parse(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> Parsed:
        """The clauses and what they name, whatever they may want."""
        cleaned = clean(text)
        lexicon = self._lexicon(vocabulary)
        standing = find_standing(cleaned, vocabulary, dialogue)
        whole = normalise(cleaned, [s for s in standing if s.kind in _STANDING_IN_NORM], lexicon.words)
        clauses: list[tuple[Clause, str, ClauseReading]] = []
        for clause in segment(cleaned, standing)[:_CLAUSES]:
            inside = [s.shifted(clause.start) for s in standing if s.start >= clause.start and s.end <= clause.end]
            clauses.append(
                (clause, _norm(clause, inside, lexicon), read_clause(clause.text, inside, lexicon, dialogue))
            )
        return Parsed(cleaned, whole[: 4 * _NORM_CHARS], lexicon, clauses)

    def settle(self, parsed: Parsed, dialogue: Dialogue, told: Told | None = None) -> tuple[Understanding, list[Heard]]:
        """What the clauses want, and how each was heard. `parsed` may be settled again, with more told."""
        heard: list[Heard] = []
        whole = parsed.whole
        accepts, declines = signals.accepts(whole) or signals.nods(parsed.cleaned), signals.declines(whole)
        acts: list[Act] = []
        listed: list[Act] = []
        for clause, norm, reading in parsed.clauses:
            # What a clause is taken for changes what its entities mean: each is replaced, none changed in place
            own = replace(reading, entities=reading.entities.model_copy())
            new = _acts(clause, norm, own, parsed.lexicon, dialogue, acts, told or {}, heard)
            acts.extend(new[1:] if _completes(clause, new[0], acts) else new)
            listed = [*listed, *new] if clause.listed else new
            _order_listed(listed, clause)
        understanding = Understanding(
            acts=tidy(distribute(acts), parsed.cleaned, dialogue, accepts, declines),
            hesitation=signals.hesitation(whole),
            accepts=accepts,
            declines=declines,
            angry=signals.angry(whole, parsed.cleaned),
            language=signals.language(parsed.cleaned),
        )
        return understanding, heard

    def _lexicon(self, vocabulary: Vocabulary) -> Lexicon:
        known = self._lexicons.get(id(vocabulary))
        if known is not None:
            self._lexicons.move_to_end(id(vocabulary))
            return known[1]
        lexicon = Lexicon(vocabulary)
        # The vocabulary is kept beside it, so that its id is not given to another one meanwhile.
        self._lexicons[id(vocabulary)] = (vocabulary, lexicon)
        while len(self._lexicons) > _LEXICONS:
            self._lexicons.popitem(last=False)
        return lexicon


def _norm(clause: Clause, spans: list[Span], lexicon: Lexicon) -> str:
    """The clause in the form that rules and the head read."""
    norm = normalise(clause.text, [s for s in spans if s.kind in _STANDING_IN_NORM], lexicon.words)
    norm = norm[:_NORM_CHARS] + (" ?" if clause.question else "")
    if "voucher" in lexicon.title_words and "<code>" not in norm:
        norm = _VOUCHER.sub("giftcard", norm)  # a thing this shop sells, no code
    return norm


def _acts(
    clause: Clause,
    norm: str,
    reading: ClauseReading,
    lexicon: Lexicon,
    dialogue: Dialogue,
    before: list[Act],
    told: Told,
    heard: list[Heard],
) -> list[Act]:
    """The acts of one clause: usually one, more where it also carries a code or an address."""
    entities = reading.entities
    if is_override(norm):
        return [Act(intent=I.OTHER, confidence=0.9, text=clause.text, entities=_without_prices(entities))]
    intent, confidence = decide(norm, clause, reading, dialogue, before)
    heard.append(
        Heard(clause.start, norm, intent, confidence, counted=entities.quantity is not None, listed=clause.listed)
    )
    intent, confidence = told.get(clause.start, (intent, confidence))
    _settle_money(intent, reading, norm)
    if intent is I.EXCHANGE and (other := _EXCHANGED_FOR.search(clause.text)):
        first = [span for span in reading.spans if span.end <= other.start(1)]
        entities.product_query = product_words(
            clause.text[: other.start(1)], first, lexicon.option_name_words, keep=lexicon.title_words
        )
    if intent is I.PRODUCT_COMPARISON and entities.product_query:
        entities.product_query = re.split(r"\s+which\s", entities.product_query)[0]
        parts = re.split(r"\s+(?:and|or|vs\.?|versus|with|than|to)\s+(?:the\s+)?", entities.product_query)
        entities.compared = [part.strip() for part in parts if part.strip()] if len(parts) > 1 else []
    if intent not in {I.REMOVE_FROM_CART, I.CANCEL_ORDER, I.RETURN, I.REFUND, I.EXCHANGE, I.ADD_TO_CART}:
        entities.everything = False
    if entities.everything or intent not in _NAMES_PRODUCTS:
        entities.product_query = None
    if intent in _ASKS_ABOUT and _ABOUT_IT.search(norm):
        entities.product_query, entities.pronoun = None, True
    if intent is I.CHANGE_CART:
        _settle_change(entities, clause.text, lexicon)
    if intent in {I.ADD_TO_CART, I.CHANGE_CART} and not (entities.product_query or entities.ordinals):
        _resolve(entities, before)
    main = Act(intent=intent, confidence=confidence, text=clause.text, entities=entities)
    return _with_carried(main)


def _settle_change(entities: Entities, text: str, lexicon: Lexicon) -> None:
    """ "Change the blue one to mustard": what it is, and what it shall be."""
    joint = _INTO.search(text)
    if joint is None:
        return
    now, then = find_words(lexicon, text[: joint.start()]).options, find_words(lexicon, text[joint.end() :]).options
    if then and now and set(now) & set(then):
        entities.options, entities.instead_of = then, now
        if entities.product_query and find_words(lexicon, entities.product_query).options:
            entities.product_query = None
        if _ONE_INTO.search(text):
            entities.quantity = None


def _settle_money(intent: I, reading: ClauseReading, norm: str) -> None:
    """Says what a price in the clause is: an offer, or a budget."""
    entities = reading.entities
    money = reading.money
    if money is not None and money.proposed:
        entities.amount, entities.currency, entities.percent = money.minor, money.currency, reading.percent
    elif intent is I.NEGOTIATION:
        if money is not None:
            entities.currency = money.currency
            if _OFF.search(norm):
                entities.amount_off = money.minor
            elif not _THEIR_PRICE.search(norm):
                entities.amount = money.minor
        elif entities.price_max is not None and re.search(r"\b(?:pay|offer|give|do|afford|budget|have|got)\b", norm):
            entities.amount = entities.price_max
        entities.percent = reading.percent
    elif intent in {I.PRODUCT_SEARCH, I.RECOMMENDATION} and money is not None and entities.price_max is None:
        if re.search(r"\b(?:for|at|have|spend|with|budget)\b[^<]*<money>", norm):
            entities.price_max, entities.currency = money.minor, money.currency
    elif intent is I.DISCOUNT:
        entities.percent = reading.percent
    elif money is not None and (intent is I.REFUND or _MONEY_BACK.search(norm)):
        entities.amount, entities.currency = money.minor, money.currency


def _completes(clause: Clause, act: Act, before: list[Act]) -> bool:
    """Whether the clause only says how many, or which, of what the one before put into the cart; if so it is joined to that."""
    said, own = before[-1] if before else None, act.entities
    if not (clause.listed and said):
        return False
    last = said.entities
    if said.intent is I.PRODUCT_SEARCH and act.intent is I.PRODUCT_SEARCH and _only_which(own, last):
        last.options = {**last.options, **own.options}
        return True
    if said.intent is not I.ADD_TO_CART:
        return False
    if _only_which(own, last):
        last.options = {**last.options, **own.options}
        return True
    if act.intent is I.PROVIDE_DETAILS and own.quantity and last.quantity is None:
        last.quantity, last.options = own.quantity, {**own.options, **last.options}
        own.quantity, own.options = None, {}
    if act.intent is not I.ADD_TO_CART:
        return False
    repeated = own.pronoun and own.product_query == last.product_query
    if not (repeated and last.product_query and last.quantity is None) or any(
        own.options.get(k, v) != v for k, v in last.options.items()
    ):
        return False
    last.quantity, last.options = own.quantity, {**last.options, **own.options}
    return True


def _order_listed(acts: list[Act], clause: Clause) -> None:
    """ "A ukulele, a stand and two packs of picks, please": what is counted in a bare list is wanted, and so is the rest of it."""
    if len(acts) < 2 or clause.question or any(act.intent is not I.PRODUCT_SEARCH for act in acts):
        return
    if acts[0].confidence <= _GUESSED and any(act.entities.quantity or _POLITE.search(act.text) for act in acts):
        for act in acts:
            act.intent, act.confidence = I.ADD_TO_CART, 0.8


def _only_which(own: Entities, last: Entities) -> bool:
    """ "two ovens, 6 quart, cream": nothing but further options of what was named before, none of them another's."""
    said = own.model_dump(exclude_defaults=True).keys() <= {"options", "pronoun", "product_query", "category"}
    named = last.product_query and own.product_query in (None, last.product_query)
    clash = any(own.options.get(name, value) != value for name, value in last.options.items())
    return bool(said and own.options and named and own.quantity is None and not clash)


def _without_prices(entities: Entities) -> Entities:
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


def _resolve(entities: Entities, before: list[Act]) -> None:
    """ "Do you have the mug in blue? Add it": what "it" is was said in the same message."""
    if entities.everything or not (entities.pronoun or entities.quantity or entities.options):
        return
    for act in reversed(before):
        said = act.entities
        if said.product_query and act.intent not in {I.REMOVE_FROM_CART, I.POLICY, I.RETURN}:
            entities.product_query = said.product_query
            entities.options = {**said.options, **entities.options}
            entities.pronoun = True
            return
        if said.ordinals:
            entities.ordinals = list(said.ordinals)
            return
    entities.pronoun = True


def _with_carried(act: Act) -> list[Act]:
    """Splits off details of delivery and codes that stand in a clause about something else."""
    acts = [act]
    entities = act.entities
    if act.intent in _CARRY_DETAILS and any(getattr(entities, name) for name in DETAILS):
        carried = {name: getattr(entities, name) for name in (*DETAILS, *PLACE) if getattr(entities, name)}
        acts.append(Act(intent=I.PROVIDE_DETAILS, confidence=0.9, text=act.text, entities=Entities(**carried)))
        for name in carried:
            setattr(entities, name, [] if name == "emails" else None)
    if entities.codes and act.intent is not I.DISCOUNT:
        acts.append(Act(intent=I.DISCOUNT, confidence=0.95, text=act.text, entities=Entities(codes=entities.codes)))
        entities.codes = []
    if act.intent in {I.DISCOUNT, I.PROVIDE_DETAILS}:
        entities.pronoun = False
    return acts
