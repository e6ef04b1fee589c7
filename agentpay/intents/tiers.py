"""Understanding in three tiers: rules, the trained head where rules are unsure, a chat model for what that rejects."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from agentpay.intents.assigning import Judged, assign, joined
from agentpay.intents.background import with_goods_asked_about, without_background
from agentpay.intents.rules import Heard, Parsed, RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.types import Dialogue, Understanding, Vocabulary
from agentpay.llm.embedder import EmbeddingsUnavailable

if TYPE_CHECKING:
    from agentpay.intents.trained.commerce import CommerceHead, Encoder

log = logging.getLogger(__name__)

_HEADS = 64
_BARE_WORDS = 3
_SURE = 0.9
_A_PERSON = 0.9
"""A handover ends what the assistant can do: where no rule heard the wish for a person, the head is to be nearly as sure as a rule is."""
_REPLY_WORDS = 8
_SURE_OF_REPLY = 0.5
_ANSWER_WORDS = 4
_SURE_OF_ANSWER = 0.8
_READ_APART = 3
"""Of so many clauses each is read by itself, too, beside the whole message."""
_KEPT = 0.6
"""How sure an act is at least that a model named."""


class Namer(Protocol):
    """Tier 3: names the intents of clauses. None where the model cannot be had or says nothing of use."""

    async def name(self, text: str, clauses: list[str], dialogue: Dialogue) -> list[IntentName] | None: ...


class TieredClassifier:
    """
    Rules first. A message whose verdict its words confirm, or that the conversation decides ("M please" after "which size?"),
    is theirs; nothing is embedded for it. Of any other the head says which intents the whole message has, and the clauses
    are assigned to them. Of what it rejects a model, where one is configured, is asked once a message. Each tier that
    cannot be had leaves the verdict to the one before.
    """

    def __init__(
        self,
        rules: RuleClassifier,
        load: Callable[[str | None], CommerceHead],
        encoder: Encoder,
        namer: Namer | None = None,
    ) -> None:
        self._rules = rules
        self._load = load
        self._encoder = encoder
        self._namer = namer
        self._heads: OrderedDict[str | None, CommerceHead | None] = OrderedDict()

    async def understand(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> Understanding:
        """What a message wants; never fails, whatever the text."""
        from agentpay.intents.trained.commerce import message

        parsed = self._rules.parse(text, vocabulary, dialogue)
        understanding, heard = self._rules.settle(parsed, dialogue)
        head = await self._loaded(vocabulary.shop)
        if head is None or not heard or _answers(understanding, heard):
            return understanding
        settled = self._settled(parsed, heard, dialogue)
        if len(settled) == len(heard) or not head.needs(heard):
            return understanding
        try:
            apart = heard if 1 < len(heard) <= _READ_APART else []
            texts = [message(heard), *(clause.norm for clause in apart)]
            tokens, *alone = await asyncio.gather(*map(self._encoder.aread, texts))
        except EmbeddingsUnavailable as error:
            log.warning("intents are read by rules alone: %s", error)
            return understanding
        replies = frozenset(clause.start for clause in heard if _replies(clause, dialogue))
        likely, clauses = head.judge(heard, tokens, replies, alone)
        if likely[IntentName.HUMAN] < _A_PERSON and all(clause.intent is not IntentName.HUMAN for clause in heard):
            likely[IntentName.HUMAN] = 0.0
        judged = Judged(head.classes, likely, clauses, replies)
        told, further = assign(judged, heard, settled)
        named = {}
        if max(likely.values()) < head.floor:
            named = await self._named(text, [clause for clause in heard if clause.start not in settled], dialogue)
        if named:
            told, further = {**told, **named}, {}
        if told or further:
            understanding, _ = self._rules.settle(parsed, dialogue, told)
        if not named:
            understanding = without_background(understanding, heard, parsed, likely)
        if told or further:
            understanding = joined(understanding, heard, parsed, told, further)
        if not named:
            understanding = with_goods_asked_about(understanding, heard, parsed)
        return understanding.model_copy(update={"tier": "llm" if named else "embeddings"})

    async def warm_up(self) -> None:
        """Load the shipped head and its model beside the event loop, so that no message waits for them."""
        if await self._loaded(None) is None:
            return
        try:
            await self._encoder.aread("hello")
        except EmbeddingsUnavailable as error:
            log.warning("intents are read by rules alone: %s", error)

    async def _loaded(self, shop: str | None) -> CommerceHead | None:
        """The shop's head, read beside the event loop at its first message; None where there is none that fits."""
        if shop not in self._heads:
            try:
                head: CommerceHead | None = await asyncio.to_thread(self._load, shop)
            except (OSError, ValueError, KeyError) as error:
                log.warning("intents are read by rules alone: %s", error)
                head = None
            if head is not None and head.model != self._encoder.model:
                log.warning("intents are read by rules alone: the head reads vectors of %s only", head.model)
                head = None
            self._heads[shop] = head
            while len(self._heads) > _HEADS:
                self._heads.popitem(last=False)
        return self._heads[shop]

    def _settled(self, parsed: Parsed, heard: Sequence[Heard], dialogue: Dialogue) -> frozenset[int]:
        """Where the clauses begin that are the rules': of what a conversation makes of them a head knows nothing."""
        alone = {clause.start: clause.intent for clause in self._rules.settle(parsed, _NO_DIALOGUE)[1]}
        return frozenset(
            clause.start
            for clause in heard
            if alone.get(clause.start, clause.intent) is not clause.intent
            or _in_the_cart(clause, dialogue)
            or _as_asked(clause, dialogue)
        )

    async def _named(self, text: str, rejected: list[Heard], dialogue: Dialogue) -> dict[int, tuple[IntentName, float]]:
        if self._namer is None:
            return {}
        names = await self._namer.name(text, [clause.norm for clause in rejected], dialogue)
        if names is None:
            return {}
        return {clause.start: (name, _KEPT) for clause, name in zip(rejected, names, strict=True)}


_NO_DIALOGUE = Dialogue()
_CART = frozenset({IntentName.CHANGE_CART, IntentName.REMOVE_FROM_CART, IntentName.ADD_TO_CART})


def _answers(understanding: Understanding, heard: list[Heard]) -> bool:
    """A bare yes or no, which only the conversation explains, an attempt to command us, or a language not learnt."""
    commands = any(act.intent is IntentName.OTHER and act.confidence >= _SURE for act in understanding.acts)
    bare = (understanding.accepts or understanding.declines) and all(
        len(clause.norm.split()) <= _BARE_WORDS and not clause.goods for clause in heard
    )
    return bare or commands or understanding.language != "en"


def _replies(heard: Heard, dialogue: Dialogue) -> bool:
    """A few words that rules understand, in a conversation about something: "M please", "and the e-book?"."""
    goes_on = dialogue.asked_for is not None or dialogue.shown > 0 or dialogue.cart_items > 0
    return goes_on and len(heard.norm.removesuffix(" ?").split()) <= _REPLY_WORDS and heard.confidence >= _SURE_OF_REPLY


def _as_asked(heard: Heard, dialogue: Dialogue) -> bool:
    """The very thing that was asked for: "M please", "three"."""
    few = len(heard.norm.removesuffix(" ?").split()) <= _ANSWER_WORDS
    return dialogue.asked_for is not None and few and heard.confidence >= _SURE_OF_ANSWER


def _in_the_cart(heard: Heard, dialogue: Dialogue) -> bool:
    """ "Swap the M for an L" while things lie in the cart means no placed order."""
    before_sale = dialogue.cart_items > 0 and dialogue.stage not in {"paid", "after_sales"}
    return before_sale and heard.intent in _CART and heard.confidence >= _SURE
