"""Search by meaning: which model's vectors answer, and where they lie."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from agentpay.errors import StartupError
from agentpay.llm.embeddings import Embedder, EmbeddingsUnavailable, make_embeddings
from agentpay.llm.minilm import MODEL as LOCAL_MODEL
from agentpay.settings import Settings
from agentpay.store.vectors import PgVectors, VectorStore

if TYPE_CHECKING:
    from agentpay.llm.embedder import Vectors
    from agentpay.store.vectors import Vector

PATIENCE_SECONDS = 2.0
"""A query's vector is waited for this long; then words alone answer."""

logger = logging.getLogger(__name__)


class Semantic:
    """
    One a process. `current` is the model of the settings, by which everything is indexed; None: search by words alone.

    A shop is searched by the model that its organization names, which is another one while the settings' is being indexed.
    """

    def __init__(self, settings: Settings, redis: Redis | None = None, store: VectorStore | None = None) -> None:
        self._settings = settings
        self._redis = redis
        self.store: VectorStore = store or make_store(settings)
        self.current: Embedder | None = make_embeddings(settings, redis)
        self._known: dict[str, Embedder | None] = {self.current.model: self.current} if self.current else {}

    def embedder(self, model: str) -> Embedder | None:
        """The model of this name; None where it cannot be had any more (its key is gone)."""
        if model not in self._known:
            named = "local" if model == LOCAL_MODEL else model
            try:
                self._known[model] = make_embeddings(
                    self._settings.model_copy(update={"embeddings": named}), self._redis
                )
            except StartupError:
                self._known[model] = None
        return self._known[model]

    async def vector(self, model: str, query: str) -> Vector | None:
        """The query's vector, or None where the model cannot be had or takes too long."""
        found = await self.vectors(model, [query])
        return None if found is None else found[0]

    async def vectors(self, model: str, texts: Sequence[str]) -> Vectors | None:
        """The vectors of a few texts, (texts, dimensions), or None where the model cannot be had or takes too long."""
        embedder = self.embedder(model) if self.current is not None else None
        if embedder is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await embedder.aencode(texts, urgent=True)
        except (TimeoutError, EmbeddingsUnavailable) as error:
            logger.warning("No vector for a query (%s): it is answered by words alone.", type(error).__name__)
            return None

    async def warm_up(self) -> None:
        """Load the model beside everything else, so that no customer waits for it."""
        if self.current is not None and self._settings.embeddings == "local":
            try:
                await self.current.aencode(["hello"], urgent=True)
            except EmbeddingsUnavailable as error:
                logger.warning("Search goes by words alone: %s", error)


def make_store(settings: Settings) -> VectorStore:
    """Where AGENTPAY_VECTORS says vectors are kept. Raises StartupError."""
    if settings.vectors == "postgres":
        return PgVectors()
    from agentpay.store.pinecone import PineconeVectors

    return PineconeVectors(settings)
