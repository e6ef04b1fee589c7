"""Several views of a text, each a vector, put side by side so that each counts the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentpay.llm.embedder import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Placing:
    """Each view is brought to length 1, less the examples' mean, to length 1 again."""

    centre: Matrix
    """(views, dimension): the examples' means."""

    @classmethod
    def of(cls, views: Matrix) -> Placing:
        """`views` of the examples: (texts, views, dimension)."""
        return cls(_at_length_1(views).mean(axis=0))

    def vectors(self, views: Matrix) -> Matrix:
        """(texts, views, dimension) → (texts, views * dimension), of length 1."""
        placed = _at_length_1(_at_length_1(views) - self.centre)
        side_by_side: Matrix = placed.reshape(len(views), -1) / np.float32(np.sqrt(views.shape[1]))
        return side_by_side


def _at_length_1(views: Matrix) -> Matrix:
    return unit(views.reshape(-1, views.shape[-1])).reshape(views.shape)
