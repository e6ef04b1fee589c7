"""What a trained head is and how it reads a sentence; numpy alone, about 0.3 ms a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentpay.intents.trained.ngrams import Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentpay.intents.trained.alignment import Alignment, States
    from agentpay.intents.trained.neighbours import Neighbours
    from agentpay.intents.trained.whitened import Whitened

    Matrix = NDArray[np.float32]

SHARPNESS = 5.0
"""Brings a support vector machine's margins to the scale of a logistic regression's log-odds."""
ALIGNED_SHARE = 12.0
"""Weight of the similarity (0 to 1) to an intent's nearest sentence; chosen on BANKING77's sentences outside the ten."""

WHITENED_SHARE = 8.0
"""Weight of the similarity to an intent's mean, where examples are few; chosen on the same."""
NEAR_SHARE = 8.0
"""Weight of the similarity to an intent's nearest sentences; chosen on a fifth of BANKING77's training sentences, 4 to 12 alike."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier: `columns` of shape (features, classes) and a bias a class."""

    columns: Matrix
    bias: Matrix


@dataclass(frozen=True, slots=True)
class Rejection:
    """A logistic regression over `signals` that tells what lies inside; below `threshold` a sentence is rejected."""

    weights: Matrix
    bias: float
    threshold: float

    def score(self, signals: Matrix) -> Matrix:
        score: Matrix = signals @ self.weights + np.float32(self.bias)
        return score


@dataclass(frozen=True, slots=True)
class Verdict:
    """`intent` is the best one, also where the sentence is rejected; `score` is above 0 inside, None without a rejection."""

    intent: str
    confidence: float
    score: float | None = None

    @property
    def rejected(self) -> bool:
        return self.score is not None and self.score < 0


@dataclass(frozen=True, slots=True)
class Head:
    """
    Two linear views of a sentence, its embedding and its n-grams, joined; and the nearest sentences.

    `classes` are the intents and, last where there is one, the class of what lies outside all of them.
    """

    model: str
    """The embedding model whose vectors it reads; others' mean nothing to it."""
    classes: list[str]
    outside: bool
    embedded: Linear
    words: Linear
    vocabulary: Vocabulary
    words_share: float
    """Weight of the n-grams' log-probability beside the embedding's."""
    rejection: Rejection | None = None
    alignment: Alignment | None = None
    whitened: Whitened | None = None
    neighbours: Neighbours | None = None

    @property
    def intents(self) -> list[str]:
        return self.classes[:-1] if self.outside else self.classes

    def read(self, texts: Sequence[str], vectors: Matrix, states: Sequence[States] | None = None) -> list[Verdict]:
        """A verdict a text. `states` are the texts' token states, which a head with an alignment needs."""
        logits, signals = self.views(texts, vectors)
        if self.alignment is not None:
            if states is None:
                raise ValueError("this head compares token by token and needs the texts' token states")
            logits = logits + ALIGNED_SHARE * np.stack([self.alignment.nearest(one) for one in states])
        if self.whitened is not None:
            logits = logits + WHITENED_SHARE * self.whitened.similar(vectors)
        if self.neighbours is not None:
            logits = logits + NEAR_SHARE * self.neighbours.similar(vectors)
        probabilities = np.exp(log_softmax(logits))
        best = probabilities.argmax(axis=1)
        scores: list[float | None] = [None] * len(texts)
        if self.rejection is not None:
            scores = [float(one) - self.rejection.threshold for one in self.rejection.score(signals)]
        return [
            Verdict(self.classes[place], float(row[place]), score)
            for place, row, score in zip(best, probabilities, scores, strict=True)
        ]

    def views(self, texts: Sequence[str], vectors: Matrix) -> tuple[Matrix, Matrix]:
        """
        (texts, intents): both views' log-probabilities joined; and (texts, 4): the signals of lying inside.

        The signals are the embedding's log-sum over the intents, how far its outside class is from there, and the best
        intent's and the outside class's margins by words. Zeros where there is no outside class.
        """
        dense = vectors @ self.embedded.columns + self.embedded.bias
        words = self.vocabulary.scores(texts, self.words.columns) + self.words.bias
        inside = len(self.intents)
        logits = log_softmax(dense[:, :inside]) + self.words_share * log_softmax(SHARPNESS * words[:, :inside])
        if not self.outside:
            return logits, np.zeros((len(texts), 4), np.float32)
        energy = np.logaddexp.reduce(dense[:, :inside], axis=1)
        signals = np.stack([energy, dense[:, inside], words[:, :inside].max(axis=1), words[:, inside]], axis=1)
        return logits, signals

    def by_words(self, texts: Sequence[str]) -> Matrix:
        """(texts, intents): the n-grams' log-probabilities alone; needs no embedding."""
        words = self.vocabulary.scores(texts, self.words.columns) + self.words.bias
        return log_softmax(SHARPNESS * words[:, : len(self.intents)])


def log_softmax(logits: Matrix) -> Matrix:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Matrix = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
