"""Understanding in three tiers: rules, the trained head where rules are unsure, a chat model for what that rejects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from agentpay.intents.rules import Heard, RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.types import Dialogue, Understanding, Vocabulary
from agentpay.llm.embedder import EmbeddingsUnavailable

if TYPE_CHECKING:
    from agentpay.intents.trained.commerce import CommerceHead
    from agentpay.llm.embedder import Embedder

log = logging.getLogger(__name__)

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
        self, rules: RuleClassifier, load: Callable[[], CommerceHead], embedder: Embedder, namer: Namer | None = None
    ) -> None:
        self._rules = rules
        self._load = load
        self._embedder = embedder
        self._namer = namer
        self._head: CommerceHead | None = None
        self._missing = False

    async def understand(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> Understanding:
        """What a message wants; never fails, whatever the text."""
        understanding, heard = self._rules.weigh(text, vocabulary, dialogue)
        head = await self._loaded()
        if head is None:
            return understanding
        unsure = [clause for clause in heard if head.needs(clause)]
        if unsure:
            unsure = self._without_context(text, vocabulary, dialogue, unsure)
        if not unsure:
            return understanding
        try:
            vectors = await self._embedder.aencode([clause.norm for clause in unsure], urgent=True)
        except EmbeddingsUnavailable as error:
            log.warning("intents are read by rules alone: %s", error)
            return understanding
        verdicts = head.judge(unsure, vectors)
        told = {clause.start: verdict for clause, verdict in zip(unsure, verdicts, strict=True)}
        rejected = [clause for clause in unsure if told[clause.start][1] < head.floor]
        named = await self._named(text, rejected, dialogue) if rejected else {}
        read = self._rules.read(text, vocabulary, dialogue, {**told, **named})
        return read.model_copy(update={"tier": "llm" if named else "embeddings"})

    async def _loaded(self) -> CommerceHead | None:
        """The head, read beside the event loop at the first message; None where its file is not there or not ours."""
        if self._head is None and not self._missing:
            try:
                head = await asyncio.to_thread(self._load)
            except (OSError, ValueError, KeyError) as error:
                self._missing = True
                log.warning("no trained intents: %s", error)
                return None
            if head.head.model != self._embedder.model:
                self._missing = True
                log.warning("the trained intents read vectors of %s only", head.head.model)
                return None
            self._head = head
        return self._head

    def _without_context(
        self, text: str, vocabulary: Vocabulary, dialogue: Dialogue, unsure: list[Heard]
    ) -> list[Heard]:
        """The clauses that rules read alike outside of this conversation: of what the others mean a head knows nothing."""
        alone = {clause.start: clause.intent for clause in self._rules.weigh(text, vocabulary, _NO_DIALOGUE)[1]}
        return [clause for clause in unsure if alone.get(clause.start, clause.intent) is clause.intent]

    async def _named(self, text: str, rejected: list[Heard], dialogue: Dialogue) -> dict[int, tuple[IntentName, float]]:
        if self._namer is None:
            return {}
        names = await self._namer.name(text, [clause.norm for clause in rejected], dialogue)
        if names is None:
            return {}
        return {clause.start: (name, _KEPT) for clause, name in zip(rejected, names, strict=True)}


_NO_DIALOGUE = Dialogue()
