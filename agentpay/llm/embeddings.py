"""The embedding model that the settings name, with a cache in front of it."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError

from agentpay.errors import StartupError
from agentpay.llm.embedder import Embedder, EmbeddingsUnavailable, unit
from agentpay.llm.minilm import minilm
from agentpay.settings import Settings

if TYPE_CHECKING:
    from agentpay.llm.embedder import Vectors

__all__ = ["CachedEmbeddings", "Embedder", "EmbeddingsUnavailable", "OpenAIEmbedder", "make_embeddings"]

NONE = "none"
LOCAL = "local"
KEPT_SECONDS = 30 * 24 * 3600
LATEST = 2048
"""Vectors kept in the process (1.5 KB each): greetings and the questions of the day come again and again."""
PAUSE_SECONDS = 5.0
"""A Redis that failed is left alone this long, so that its time-outs are not paid with every query."""


def make_embeddings(settings: Settings, redis: Redis | None = None) -> Embedder | None:
    """The model of AGENTPAY_EMBEDDINGS, not loaded yet; None for `none`. Raises StartupError where it cannot be one."""
    check_embeddings(settings)
    if settings.embeddings == NONE:
        return None
    model: Embedder = (
        minilm()
        if settings.embeddings == LOCAL
        else OpenAIEmbedder(settings.embeddings.removeprefix("openai:"), settings)
    )
    return CachedEmbeddings(model, redis) if redis is not None else model


def check_embeddings(settings: Settings) -> None:
    """Raises StartupError where AGENTPAY_EMBEDDINGS names no model, or one whose key is missing."""
    if settings.embeddings in (NONE, LOCAL):
        return
    provider, _, name = settings.embeddings.partition(":")
    if provider != "openai" or not name:
        raise StartupError(
            f"AGENTPAY_EMBEDDINGS={settings.embeddings!r} is not known: use `local`, `openai:<model>` or `none`."
        )
    if settings.openai_api_key is None:
        raise StartupError(
            f"AGENTPAY_EMBEDDINGS={settings.embeddings} needs OPENAI_API_KEY (any value for a local server)."
        )


class OpenAIEmbedder(Embedder):
    """Any OpenAI-compatible `/embeddings` endpoint. Every failure is `EmbeddingsUnavailable`."""

    def __init__(self, model: str, settings: Settings) -> None:
        from langchain_openai import OpenAIEmbeddings  # a second of imports that the local model does not need

        self.model = f"openai:{model}"
        self.dimension: int | None = None
        self._client = OpenAIEmbeddings(
            model=model,
            openai_api_key=settings.openai_api_key,
            openai_api_base=settings.embeddings_base_url or settings.openai_base_url,
            request_timeout=settings.model_timeout_seconds,
            max_retries=settings.model_max_retries,
            check_embedding_ctx_length=False,  # texts go as they are: other servers do not take OpenAI's token numbers
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        try:
            return self._vectors(self._client.embed_documents(list(texts)))
        except Exception as error:  # whatever the client throws, search goes on by words
            raise _unavailable(error) from error

    async def aencode(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        del urgent
        try:
            return self._vectors(await self._client.aembed_documents(list(texts)))
        except Exception as error:
            raise _unavailable(error) from error

    def _vectors(self, found: list[list[float]]) -> Vectors:
        import numpy as np

        vectors = unit(np.asarray(found, np.float32))
        self.dimension = vectors.shape[1]
        return vectors


def _unavailable(error: Exception) -> EmbeddingsUnavailable:
    """Its message may quote the texts or the key, so only its kind is told."""
    return EmbeddingsUnavailable(type(error).__name__)


class CachedEmbeddings(Embedder):
    """Remembers vectors in Redis by model and content hash, at half precision, which is what the vector index keeps too;
    the latest that somebody waited for also in the process.

    Answers are rounded alike whether they come from a cache or not. Without Redis every other text is computed.
    """

    def __init__(self, inner: Embedder, redis: Redis) -> None:
        self.inner = inner
        self.model = inner.model
        self.dimension = inner.dimension
        self._redis = redis
        self._retry_at = 0.0
        self._latest: OrderedDict[str, Vectors] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Without the cache, which belongs to the event loop."""
        return _rounded(self.inner.encode(texts))

    async def aencode(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        import numpy as np

        unique = list(dict.fromkeys(texts))
        kept = {text: self._latest[text] for text in unique if text in self._latest}
        kept |= await self._get([text for text in unique if text not in kept])
        missing = [text for text in unique if text not in kept]
        if missing:
            fresh = _rounded(await self.inner.aencode(missing, urgent=urgent))
            self.dimension = fresh.shape[1]
            kept.update(zip(missing, fresh, strict=True))
            await self._set(missing, fresh)
        if not unique:
            return np.empty((0, self.dimension or 0), np.float32)
        if urgent:  # what customers say; the texts of an index are met once
            self._remember(kept)
        return np.stack([kept[text] for text in texts])

    def _remember(self, vectors: dict[str, Vectors]) -> None:
        for text, vector in vectors.items():
            self._latest[text] = vector
            self._latest.move_to_end(text)
        while len(self._latest) > LATEST:
            self._latest.popitem(last=False)

    def _key(self, text: str) -> str:
        return f"agentpay:embedding:{self.model}:{hashlib.sha256(text.encode()).hexdigest()}"

    async def _get(self, texts: list[str]) -> dict[str, Vectors]:
        import numpy as np

        if not texts or time.monotonic() < self._retry_at:
            return {}
        try:
            found = await self._redis.mget([self._key(text) for text in texts])
        except (TimeoutError, RedisError, OSError):
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            return {}
        kept = {
            text: np.frombuffer(value, np.float16).astype(np.float32)
            for text, value in zip(texts, found, strict=True)
            if isinstance(value, bytes)
        }
        if kept and self.dimension is None:
            self.dimension = len(next(iter(kept.values())))
        return kept

    async def _set(self, texts: list[str], vectors: Vectors) -> None:
        import numpy as np

        if time.monotonic() < self._retry_at:
            return
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for text, vector in zip(texts, vectors, strict=True):
                pipeline.set(self._key(text), vector.astype(np.float16).tobytes(), ex=KEPT_SECONDS)
            await pipeline.execute()
        except (TimeoutError, RedisError, OSError):
            self._retry_at = time.monotonic() + PAUSE_SECONDS


def _rounded(vectors: Vectors) -> Vectors:
    import numpy as np

    return vectors.astype(np.float16).astype(np.float32)
