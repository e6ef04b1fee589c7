"""Words, pairs of words and pieces of words of a text, weighted by how rare they are: what an embedding blurs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[$€£?%]")
_PIECES = (2, 3, 4, 5)
"""Lengths of the pieces of a word, its two borders counted."""
_MAX_WORDS = 128
"""Words of a text that are looked at, as many as the embedding sees tokens."""


def ngrams(text: str) -> tuple[list[str], list[str]]:
    """The words and pairs of words of a text, and the pieces of its words; marked, so that the two never meet."""
    words = _WORD.findall(text.lower())[:_MAX_WORDS]
    whole = [f"w {word}" for word in words]
    whole += [f"b {one} {other}" for one, other in zip(["^", *words], [*words, "$"], strict=True)]
    pieces: list[str] = []
    for word in words:
        bordered = f"<{word}>"
        for size in _PIECES:
            pieces += [bordered[start : start + size] for start in range(len(bordered) - size + 1)]
    return whole, pieces


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that count, each with its place and its weight (the logarithm of how rare it is)."""

    places: dict[str, int]
    rarity: NDArray[np.float32]

    @classmethod
    def of(cls, texts: Iterable[str], *, at_least: int, at_most: int | None = None) -> Vocabulary:
        """The n-grams of `at_least` so many of the texts, the commonest `at_most`."""
        found: Counter[str] = Counter()
        count = 0
        for text in texts:
            whole, pieces = ngrams(text)
            found.update({*whole, *pieces})
            count += 1
        # Ties in alphabetical order, so that the same texts make the same file
        kept = sorted((n for n, times in found.items() if times >= at_least), key=lambda n: (-found[n], n))[:at_most]
        rarity = [math.log((1 + count) / (1 + found[n])) + 1 for n in kept]
        return cls({n: place for place, n in enumerate(kept)}, np.asarray(rarity, np.float32))

    def weights(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The places of a text's n-grams and their weights; words and pieces are each brought to length 1."""
        places: list[int] = []
        weights: list[NDArray[np.float32]] = []
        for part in ngrams(text):
            counts = Counter(place for n in part if (place := self.places.get(n)) is not None)
            if not counts:
                continue
            here = list(counts)
            times = np.fromiter(counts.values(), np.float32, len(here))
            values = (1 + np.log(times)) * self.rarity[here]
            places += here
            weights.append(values / np.linalg.norm(values))
        if not places:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return np.asarray(places, np.int64), np.concatenate(weights).astype(np.float32)

    def scores(self, texts: Sequence[str], columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """(texts, classes): each text's weights times `columns` of shape (n-grams, classes)."""
        scores = np.zeros((len(texts), columns.shape[1]), np.float32)
        for row, text in enumerate(texts):
            places, weights = self.weights(text)
            if len(places):
                scores[row] = weights @ columns[places]
        return scores
