"""The nearest mean of an intent's examples, by what tells intents apart: directions in which an intent's own examples differ count less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentpay.llm.embedder import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_SHRINKAGE = 0.3
"""How far the covariance is drawn to the same in all directions: a handful of examples an intent tells little of it."""


@dataclass(frozen=True, slots=True)
class Whitened:
    """Linear discriminant analysis with cosine similarity; needs no more than a few examples an intent."""

    centre: Matrix
    turned: Matrix
    """(dimension, dimension): evens out how examples of one intent vary."""
    means: Matrix
    """(intents, dimension), of length 1."""

    @classmethod
    def of(cls, vectors: Matrix, owners: NDArray[np.int64], intents: int) -> Whitened:
        """`owners` are the places of the examples' intents, each of which has one at least."""
        centre: Matrix = unit(vectors).mean(axis=0)
        shifted = unit(unit(vectors) - centre)
        apart = shifted - np.stack([shifted[owners == owner].mean(axis=0) for owner in range(intents)])[owners]
        covariance = apart.T @ apart / len(apart)
        size = len(centre)
        evened = covariance + _SHRINKAGE * np.trace(covariance) / size * np.eye(size, dtype=np.float32)
        values, axes = np.linalg.eigh(evened)
        turned: Matrix = ((axes / np.sqrt(values)) @ axes.T).astype(np.float32)
        placed = unit(shifted @ turned)
        means = np.stack([placed[owners == owner].mean(axis=0) for owner in range(intents)])
        return cls(centre, turned, unit(means))

    def similar(self, vectors: Matrix) -> Matrix:
        """(texts, intents): the cosine similarity to each intent's mean."""
        found: Matrix = unit(unit(unit(vectors) - self.centre) @ self.turned) @ self.means.T
        return found
