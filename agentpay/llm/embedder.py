"""What an embedding model is to the rest of AgentPay: texts in, unit vectors out, the model's name recorded with each."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from langchain_core.embeddings import Embeddings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]
    """(texts, dimension), each row of length 1, so that a dot product is the cosine."""


class Embedder(Embeddings):
    """
    langchain's `Embeddings` over numpy arrays.

    `model` names the vectors: two models' vectors are never compared. `dimension` is None until a remote model answered.
    Raises EmbeddingsUnavailable where the model cannot be had; callers then go on by words alone.
    """

    model: str
    dimension: int | None

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Vectors:
        """The texts' vectors, in order. Blocks: not for the event loop."""

    async def aencode(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """The same beside the event loop. `urgent`: someone waits for it, so it does not queue behind bulk work."""
        del urgent
        return await asyncio.to_thread(self.encode, texts)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self.encode(texts).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = (await self.aencode(texts)).tolist()
        return found

    async def aembed_query(self, text: str) -> list[float]:
        found: list[float] = (await self.aencode([text], urgent=True))[0].tolist()
        return found


class EmbeddingsUnavailable(Exception):
    """No vectors now: the endpoint failed, or the model's files are missing or not the ones they should be."""


def unit(vectors: Vectors) -> Vectors:
    """Rows brought to length 1; a row of zeros stays."""
    import numpy as np

    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.clip(norms, 1e-12, None)).astype(np.float32)
    return scaled
