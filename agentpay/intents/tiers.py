"""Understanding in three tiers: rules, the trained head where rules are unsure, a chat model for what that rejects."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from agentpay.intents.rules import Heard, Parsed, RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.types import Dialogue, Understanding, Vocabulary
from agentpay.llm.embedder import EmbeddingsUnavailable

if TYPE_CHECKING:
    from agentpay.intents.trained.commerce import CommerceHead
    from agentpay.llm.embedder import Embedder

log = logging.getLogger(__name__)

_HEADS = 64
_BARE_WORDS = 3
_SURE, _CONTRADICTS = 0.9, 0.97
"""So sure a rule gives way to a head that is this sure of something else, …"""
_LIKELIER = 0.15
"""… and any other to one that is so much surer."""
_REPLY_WORDS = 8
_SURE_OF_REPLY = 0.5
_KEPT = 0.6
"""How sure an act is at least that a model named."""


class Namer(Protocol):
    """Tier 3: names the intents of clauses. None where the model cannot be had or says nothing of use."""

    async def name(self, text: str, clauses: list[str], dialogue: Dialogue) -> list[IntentName] | None: ...


class TieredClassifier:
    """
    Rules first. A clause whose verdict has proven right on the training set, or that the conversation decides ("M please"
    after "which size?"), is theirs; nothing is embedded for it. The others are weighed by the head, and of those it
    rejects a model, where one is configured, is asked once a message. Each tier that cannot be had leaves the verdict to
    the one before.
    """

    def __init__(
        self,
        rules: RuleClassifier,
        load: Callable[[str | None], CommerceHead],
        embedder: Embedder,
        namer: Namer | None = None,
    ) -> None:
        self._rules = rules
        self._load = load
        self._embedder = embedder
        self._namer = namer
        self._heads: OrderedDict[str | None, CommerceHead | None] = OrderedDict()

    async def understand(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> Understanding:
        """What a message wants; never fails, whatever the text."""
        parsed = self._rules.parse(text, vocabulary, dialogue)
        understanding, heard = self._rules.settle(parsed, dialogue)
        head = await self._loaded(vocabulary.shop)
        if head is None or _answers(understanding, heard):
            return understanding
        unsure = [clause for clause in heard if not _replies(clause, dialogue) and head.needs(clause)]
        if unsure:
            unsure = self._without_context(parsed, unsure)
        if not unsure:
            return understanding
        try:
            vectors = await self._embedder.aencode([clause.norm for clause in unsure], urgent=True)
        except EmbeddingsUnavailable as error:
            log.warning("intents are read by rules alone: %s", error)
            return understanding
        verdicts = head.judge(unsure, vectors)
        listing = any(_buys(clause) or clause.listed for clause in heard)
        told = {
            clause.start: verdict
            for clause, verdict in zip(unsure, verdicts, strict=True)
            if not _stays(clause, *verdict, dialogue, listing=listing)
            # "They are too big, can I exchange them?" is one wish
            and not any(other.intent is verdict[0] for other in heard if other.start != clause.start)
        }
        rejected = [clause for clause in unsure if clause.start in told and told[clause.start][1] < head.floor]
        named = await self._named(text, rejected, dialogue) if rejected else {}
        if told:
            understanding, _ = self._rules.settle(parsed, dialogue, {**told, **named})
        return understanding.model_copy(update={"tier": "llm" if named else "embeddings"})

    async def _loaded(self, shop: str | None) -> CommerceHead | None:
        """The shop's head, read beside the event loop at its first message; None where there is none that fits."""
        if shop not in self._heads:
            try:
                head: CommerceHead | None = await asyncio.to_thread(self._load, shop)
            except (OSError, ValueError, KeyError) as error:
                log.warning("intents are read by rules alone: %s", error)
                head = None
            if head is not None and head.head.model != self._embedder.model:
                log.warning("intents are read by rules alone: the head reads vectors of %s only", head.head.model)
                head = None
            self._heads[shop] = head
            while len(self._heads) > _HEADS:
                self._heads.popitem(last=False)
        return self._heads[shop]

    def _without_context(self, parsed: Parsed, unsure: list[Heard]) -> list[Heard]:
        """The clauses that rules read alike outside of this conversation: of what the others mean a head knows nothing."""
        alone = {clause.start: clause.intent for clause in self._rules.settle(parsed, _NO_DIALOGUE)[1]}
        return [clause for clause in unsure if alone.get(clause.start, clause.intent) is clause.intent]

    async def _named(self, text: str, rejected: list[Heard], dialogue: Dialogue) -> dict[int, tuple[IntentName, float]]:
        if self._namer is None:
            return {}
        names = await self._namer.name(text, [clause.norm for clause in rejected], dialogue)
        if names is None:
            return {}
        return {clause.start: (name, _KEPT) for clause, name in zip(rejected, names, strict=True)}


_NO_DIALOGUE = Dialogue()
_CART = frozenset({IntentName.CHANGE_CART, IntentName.REMOVE_FROM_CART, IntentName.ADD_TO_CART})
_NAMING = frozenset(
    {
        IntentName.PRODUCT_SEARCH,
        IntentName.PRODUCT_DETAILS,
        IntentName.RECOMMENDATION,
        IntentName.AVAILABILITY,
        IntentName.ADD_TO_CART,
    }
)
"""In a list, and beside a purchase, the rules know which of these says what is bought: "I love the blue one. I'll take it"."""
_PLACED = frozenset({IntentName.EXCHANGE, IntentName.CANCEL_ORDER, IntentName.CHANGE_ORDER, IntentName.RETURN})


def _answers(understanding: Understanding, heard: list[Heard]) -> bool:
    """A bare yes or no, which only the conversation explains, an attempt to command us, or a language not learnt."""
    commands = any(act.intent is IntentName.OTHER and act.confidence >= _SURE for act in understanding.acts)
    bare = (understanding.accepts or understanding.declines) and all(
        len(clause.norm.split()) <= _BARE_WORDS for clause in heard
    )
    return bare or commands or understanding.language != "en"


def _replies(heard: Heard, dialogue: Dialogue) -> bool:
    """A few words that rules understand, in a conversation about something: "M please", "and the e-book?"."""
    goes_on = dialogue.asked_for is not None or dialogue.shown > 0 or dialogue.cart_items > 0
    return goes_on and len(heard.norm.split()) <= _REPLY_WORDS and heard.confidence >= _SURE_OF_REPLY


def _buys(heard: Heard) -> bool:
    return heard.intent is IntentName.ADD_TO_CART and heard.confidence >= _SURE


def _stays(heard: Heard, judged: IntentName, likely: float, dialogue: Dialogue, *, listing: bool) -> bool:
    """Whether the rules' verdict stands all the same.

    "Swap the M for an L" while things lie in the cart means no placed order; "two copies to 9 Oak Ave" is an order that
    carries an address; and what both leave open is no news.
    """
    if judged is IntentName.HUMAN and heard.norm.startswith("i am "):
        return True  # who the customer is, or says to be
    if heard.intent is IntentName.OTHER:
        return judged is IntentName.OTHER
    if likely < (_CONTRADICTS if heard.confidence >= _SURE else heard.confidence + _LIKELIER):
        return True
    if heard.intent is IntentName.ADD_TO_CART and heard.counted:
        return True
    if listing and heard.intent in _NAMING and judged in _NAMING | _CART:
        return True
    before_sale = dialogue.cart_items > 0 and dialogue.stage not in {"paid", "after_sales"}
    return before_sale and heard.intent in _CART and judged in _PLACED
