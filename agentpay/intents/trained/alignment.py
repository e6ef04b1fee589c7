"""The nearest example, token by token: where an intent has a handful of examples, more telling than any average of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    States: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]
    """A text's token numbers and the embedding model's last states, (tokens, dimension); first and last mark its ends."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """
    For each token of a sentence the most similar token of an example; the mean, rare tokens weighing more, is how similar the two are.

    After ColBERT's late interaction (Khattab & Zaharia, 2020), with weights by rarity.
    """

    tokens: NDArray[np.float32]
    """All examples' token states one after another, each of length 1."""
    starts: NDArray[np.int64]
    """Where each example begins in `tokens`."""
    owners: NDArray[np.int64]
    """The place of each example's intent."""
    intents: int
    rarity: dict[int, float]
    """How rare a token number is; of one that no example has: `unseen`."""
    unseen: float

    @classmethod
    def of(cls, states: Sequence[States], owners: NDArray[np.int64], intents: int) -> Alignment:
        found: Counter[int] = Counter()
        for numbers, _ in states:
            found.update(set(numbers.tolist()))
        rarity = {number: math.log(len(states) / (times + 1)) for number, times in found.items()}
        lengths = [len(numbers) for numbers, _ in states]
        return cls(
            _unit(np.concatenate([vectors for _, vectors in states])),
            np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
            owners,
            intents,
            {number: max(weight, 0.0) for number, weight in rarity.items()},
            math.log(len(states)),
        )

    def nearest(self, states: States) -> NDArray[np.float32]:
        """(intents,): how similar the most similar example of each intent is; 0 for an intent without one."""
        numbers, vectors = states[0][1:-1], states[1][1:-1]
        weights = np.asarray([self.rarity.get(number, self.unseen) for number in numbers.tolist()], np.float32)
        best = np.zeros(self.intents, np.float32)
        if not len(weights) or weights.sum() <= 0:
            return best
        similar = _unit(vectors) @ self.tokens.T
        by_example = weights @ np.maximum.reduceat(similar, self.starts, axis=1) / weights.sum()
        np.maximum.at(best, self.owners, by_example)
        return best


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.clip(norms, 1e-12, None)).astype(np.float32)
    return scaled
