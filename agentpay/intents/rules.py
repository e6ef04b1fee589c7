# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Tier 1 of understanding: rules alone, no model, about a millisecond a message."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agentpay.intents import signals
from agentpay.intents.cries import without_cries
from agentpay.intents.deciding import decide, wanted_by_name
from agentpay.intents.entities.extract import ClauseReading, find_standing, read_clause
from agentpay.intents.entities.lexicon import Lexicon
from agentpay.intents.entities.query import asked_about, is_bare, product_words, title_run
from agentpay.intents.entities.spans import Span
from agentpay.intents.joining import distribute, tidy
from agentpay.intents.listing import completes, order_listed
from agentpay.intents.patterns import is_override
from agentpay.intents.segment import Clause, segment
from agentpay.intents.settling import resolve, settle_change, settle_money, with_carried, without_prices
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.telling import OF_PEOPLE, TELLS
from agentpay.intents.text import clean, normalise
from agentpay.intents.types import Act, Dialogue, Understanding, Vocabulary

_LEXICONS = 64
_CLAUSES = 24
"""More clauses than that are no shopper's message."""
_NORM_CHARS = 320
"""Rules look at the first of so many characters of a clause, which bounds their time."""
_STANDING_IN_NORM = frozenset(
    {"email", "url", "phone", "address", "order", "code", "date", "name", "money", "budget", "percent"}
)
_OF_THE_CART = frozenset({I.ADD_TO_CART, I.CHANGE_CART, I.REMOVE_FROM_CART})
_NAMES_PRODUCTS = frozenset(
    {
        I.PRODUCT_SEARCH, I.PRODUCT_DETAILS, I.PRODUCT_COMPARISON, I.AVAILABILITY, I.PRICE_QUESTION, I.RECOMMENDATION, I.ADD_TO_CART, I.CHANGE_CART,
        I.REMOVE_FROM_CART, I.NEGOTIATION, I.RETURN, I.EXCHANGE, I.REFUND, I.CHANGE_ORDER, I.CANCEL_ORDER, I.SHIPPING_QUOTE,
    }
)  # fmt: skip
_COUNTS_NOTHING = frozenset(
    {
        I.PRODUCT_COMPARISON, I.RECOMMENDATION, I.COMPLAINT, I.ACCOUNT, I.PAYMENT_PROBLEM, I.ORDER_STATUS, I.HUMAN, I.DISCOUNT,
        I.GREETING, I.THANKS, I.GOODBYE, I.OTHER,
    }
)  # fmt: skip
"""Numbers beside these are no count of goods: "I have two accounts", "we have three dogs, which rug?"."""
_REPLACES = frozenset(
    {I.ADD_TO_CART, I.CHANGE_CART, I.REMOVE_FROM_CART, I.CHANGE_ORDER, I.CANCEL_ORDER, I.EXCHANGE, I.RETURN, I.OTHER}
)
"""One count takes the place of another beside these; a clause that wants nothing may say it of the one before it."""
_TAKES_ALL = frozenset({I.REMOVE_FROM_CART, I.CANCEL_ORDER, I.RETURN, I.REFUND, I.EXCHANGE, I.ADD_TO_CART})
_OF_NO_GOODS = frozenset({I.SHIPPING_QUOTE, I.PROVIDE_DETAILS, I.POLICY, I.ORDER_STATUS, I.OTHER})
"""Nothing is sorted beside these: "the cheapest postage will do"."""
_SAYS_NOTHING_OF_DAYS = frozenset({I.GREETING, I.THANKS, I.GOODBYE})
_COMPARED_WITH = re.compile(
    r"\s+(?:compares?|compared|comparing|differs?|different|stacks? up|holds? up|measures? up)\s+(?:to|with|against|from|than)(?:\s+the)?\s+",
    re.IGNORECASE,
)
_DIFFER_LAST = re.compile(r"\s+(?:differ|differs|compare|compares|stack up|different)\W*$", re.IGNORECASE)
_EITHER = re.compile(r"(?:the )?(\w+) or (?:the )?(\w+)\b", re.IGNORECASE)
_ASKS_BEHIND = re.compile(r"\s+(?:which|whats|what's|what|how|hows)\s", re.IGNORECASE)
_SURE = 0.9
_ASKS_ABOUT = frozenset({I.PRODUCT_DETAILS, I.AVAILABILITY, I.PRICE_QUESTION})
_ABOUT_IT = re.compile(
    r"^(?:and |ok |so |hi |but )*(?:how \w+ |what (?:\w+ )?|when )?(?:does|do|is|are|can|will|has|have|would) (?:it|they)\b|\bdo you have (?:it|them)\b|\b(?:is|are) (?:it|they)\b ?\??$|^(?:and |so |ok )*who \w+ (?:it|this|that|them)\b"
)
_VOUCHER = re.compile(r"\b(?:gift )?vouchers?\b(?! codes?)")
_EXCHANGED_FOR = re.compile(
    r"\b(?:exchang|swap|replac|trad|switch)\w*\b.+?(\s(?:for|to|with|against)\s)", re.IGNORECASE
)


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
    goods: bool = False
    """Whether it names goods by words of the shop."""
    bare: bool = False
    """Whether it is nothing but that name and a wish for it."""


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

    async def warm_up(self) -> None:
        """There is nothing to load."""

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
        said = without_cries(cleaned, standing, lexicon, dialogue)
        addressed = any(span.kind == "address" for span in standing)
        for clause in segment(said, standing, lexicon.title_words)[:_CLAUSES]:
            inside = [s.shifted(clause.start) for s in standing if s.start >= clause.start and s.end <= clause.end]
            reading = read_clause(clause.text, inside, lexicon, dialogue, addressed=addressed)
            clauses.append((clause, _norm(clause, inside, lexicon), reading))
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
            acts.extend(new[1:] if completes(clause, new[0], acts) else new)
            listed = [*listed, *new] if clause.listed else new
            order_listed(listed, clause)
        tidied = tidy(distribute(acts), parsed.cleaned, dialogue, accepts, declines)
        if dialogue.asked_for is None and all(act.intent is I.OTHER for act in tidied):
            for act in tidied:
                act.entities.dates = []  # "my boss drives me up the wall today": small talk names no day
        understanding = Understanding(
            acts=tidied,
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


def _is_said_of_it(text: str, query: str) -> bool:
    """ "Pop one in the basket", "put it aside": words the shop does not know, before or behind what was spoken of."""
    name = re.escape(re.sub(r"\s(?:it|them|that|those)$", "", query))
    verb = rf"\W*(?:(?:and|then|so|ok|just|please|oh)\W+)*{name} (?:it|them|that|those|ones?)(?: (?:in|into|on|to|aside|away|back|for|too)\b|\W*$)"
    return re.match(verb, text, re.IGNORECASE) is not None or re.search(rf"\b(?:it|them) {name}\b", text) is not None


def _only_told(act: Act, lexicon: Lexicon) -> bool:
    """ "She measured again": what a clause tells of that the shop does not know is nothing that "it" could mean."""
    words = (act.entities.product_query or "").lower().split()
    told = TELLS.match(act.text) or OF_PEOPLE.match(act.text)
    return bool(words) and not lexicon.words.intersection(words) and told is not None


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
        return [Act(intent=I.OTHER, confidence=0.9, text=clause.text, entities=without_prices(entities))]
    intent, confidence = decide(norm, clause, reading, dialogue, before)
    goods = entities.product_query is not None and reading.known_words
    sent = entities.shipping_method or entities.country or entities.region or entities.address
    bought = entities.order_numbers or entities.dates
    bare = goods and not (sent or bought) and is_bare(clause.text, reading.spans, lexicon.words)
    if bare:
        intent, confidence = wanted_by_name(intent, confidence, clause, entities)
    heard.append(
        Heard(
            clause.start,
            norm,
            intent,
            confidence,
            counted=entities.quantity is not None,
            listed=clause.listed,
            goods=goods,
            bare=bare,
        )
    )
    asked_of_goods = intent in _NAMES_PRODUCTS and reading.known_words
    intent, confidence = told.get(clause.start, (intent, confidence))
    settle_money(intent, reading, norm, clause.text, lexicon.currency)
    if intent is I.EXCHANGE and (other := _EXCHANGED_FOR.search(clause.text)):
        first = [span for span in reading.spans if span.end <= other.start(1)]
        entities.product_query = product_words(
            clause.text[: other.start(1)], first, lexicon.option_name_words, keep=lexicon.title_words
        )
    if intent in _OF_THE_CART and not goods and (entities.options or entities.quantity) and TELLS.match(clause.text):
        entities.product_query, entities.pronoun = None, True  # "my wife says ochre"
    if (
        intent in _OF_THE_CART
        and not goods
        and entities.product_query
        and _is_said_of_it(clause.text, entities.product_query)
    ):
        entities.product_query, entities.pronoun = None, True
    if intent in _OF_THE_CART and goods and entities.product_query:
        entities.product_query = product_words(
            clause.text, reading.spans, lexicon.option_name_words, keep=lexicon.title_words, ordered=True
        )
    either = _EITHER.match(entities.product_query or "") if intent is I.RECOMMENDATION else None
    if either is not None and {word.lower() for word in either.groups()} <= set(lexicon.title_words):
        intent = I.PRODUCT_COMPARISON  # which of two that are named, whatever for
    if intent is I.PRODUCT_COMPARISON and entities.product_query:
        entities.product_query = _DIFFER_LAST.sub("", entities.product_query)
        entities.product_query = _COMPARED_WITH.sub(" versus ", _ASKS_BEHIND.split(entities.product_query)[0])
        parts = re.split(r"\s+(?:and|or|vs\.?|versus|with|than|to)\s+(?:the\s+)?", entities.product_query)
        entities.compared = [part.strip() for part in parts if part.strip()] if len(parts) > 1 else []
    if entities.everything and intent not in _TAKES_ALL:
        entities.everything = False
    if intent in _COUNTS_NOTHING and entities.quantity is not None:
        entities.quantity = None
    if "quantity" in entities.instead_of and intent not in _REPLACES:
        entities.instead_of = {name: value for name, value in entities.instead_of.items() if name != "quantity"}
    if entities.sort is not None and intent in _OF_NO_GOODS:
        entities.sort = None
    if intent in _SAYS_NOTHING_OF_DAYS:
        entities.dates = []
    if intent is I.OTHER and (clause.start in told or confidence >= _SURE):
        # "Have you ever been to Peru?": small talk names nothing that the shop acts on
        entities.dates, entities.options, entities.also, entities.ordinals = [], {}, {}, []
        entities.brand = None
        if entities.address is None:
            entities.country = entities.region = None
    if intent in {I.POLICY, I.PRODUCT_DETAILS} and entities.product_query:
        entities.product_query = title_run(entities.product_query, lexicon.title_words) or entities.product_query
    if intent is I.PRODUCT_DETAILS and entities.product_query:
        entities.product_query = asked_about(entities.product_query, lexicon.title_words)
        entities.pronoun = entities.pronoun or entities.product_query is None
    if intent in {I.AVAILABILITY, I.PRICE_QUESTION} and entities.product_query:
        # "Do you have the Heron for a left-handed player?"
        entities.product_query = asked_about(entities.product_query, lexicon.title_words) or entities.product_query
    # "Just one cat tree, standard, to 1 Park Row"
    ordered_beside = intent is I.PROVIDE_DETAILS and goods and entities.quantity is not None
    named = intent in _NAMES_PRODUCTS or (intent is I.POLICY and asked_of_goods) or ordered_beside
    if entities.product_query is not None and (entities.everything or not named):
        entities.product_query = None
    if intent in _ASKS_ABOUT and _ABOUT_IT.search(norm):
        entities.product_query, entities.pronoun = None, True
    if intent is I.CHANGE_CART:
        settle_change(entities, clause.text, lexicon)
    if intent in {I.ADD_TO_CART, I.CHANGE_CART} and not (entities.product_query or entities.ordinals):
        resolve(entities, [act for act in before if not _only_told(act, lexicon)])
    main = Act(intent=intent, confidence=confidence, text=clause.text, entities=entities)
    return with_carried(main)
