"""The nearest examples, by their embeddings: what a line between intents cannot say where an intent has several ways of being put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentpay.llm.embedder import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_NEAREST = 5
"""So many examples of an intent are looked at."""
_TOGETHER = 256
"""Texts compared at once, which bounds memory."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Examples' embeddings, those of an intent together."""

    centre: Matrix
    vectors: Matrix
    """(examples, dimension), less the centre, at length 1."""
    ends: NDArray[np.int64]
    """(intents + 1,): where each intent's examples begin and end."""

    @classmethod
    def of(cls, vectors: Matrix, owners: NDArray[np.int64], intents: int) -> Neighbours:
        """`owners` are the places of the examples' intents, each of which has one at least."""
        centre: Matrix = unit(vectors).mean(axis=0)
        order = np.argsort(owners, kind="stable")
        ends = np.searchsorted(owners[order], np.arange(intents + 1))
        return cls(centre, unit(unit(vectors[order]) - centre), ends)

    def similar(self, vectors: Matrix) -> Matrix:
        """(texts, intents): the mean cosine similarity to the nearest examples of each intent."""
        asked = unit(unit(vectors) - self.centre)
        found = np.empty((len(asked), len(self.ends) - 1), np.float32)
        for start in range(0, len(asked), _TOGETHER):
            here = asked[start : start + _TOGETHER] @ self.vectors.T
            for intent, (first, end) in enumerate(zip(self.ends[:-1], self.ends[1:], strict=True)):
                near = min(_NEAREST, int(end - first))
                best = np.partition(here[:, first:end], end - first - near, axis=1)[:, -near:]
                found[start : start + _TOGETHER, intent] = best.mean(axis=1)
        return found
