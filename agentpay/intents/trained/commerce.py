"""The head of our own taxonomy: which intents a whole message has, learnt from sentences in the rules' normal form."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentpay.intents.assigning import CONFIRMED, ahead
from agentpay.intents.rules import Heard, RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.text import normalise
from agentpay.intents.trained.fitting import rows_of
from agentpay.intents.trained.joins import with_joins
from agentpay.intents.trained.ngrams import Vocabulary
from agentpay.intents.trained.training_set import Example
from agentpay.intents.trained.weighing import FLOOR, weigh
from agentpay.intents.types import Dialogue
from agentpay.intents.types import Vocabulary as ShopWords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentpay.llm.embedder import Embedder

    Matrix = NDArray[np.float32]

FILE = Path(__file__).parents[1] / "data" / "head.npz"
MOST_NGRAMS = 24_000
_MARGIN = 0.3
"""Inverse regularisation of the support vector machines."""
_CONFIRMABLE = 0.8


@dataclass(frozen=True, slots=True)
class CommerceHead:
    """
    One linear classifier an intent, over a message's embedding and its n-grams together; a message may have several intents.

    Its parts add up, so that the n-grams' part alone tells which clause speaks for which intent.
    """

    model: str
    """The embedding model whose vectors it reads; others' mean nothing to it."""
    classes: list[str]
    centre: Matrix
    """(dimension,): the training set's mean vector, which is taken off."""
    embedded: Matrix
    """(dimension, intents)"""
    words: Matrix
    """(n-grams, intents)"""
    bias: Matrix
    vocabulary: Vocabulary
    floor: float
    """Below this likelihood of the best intent a message is rejected, and goes to the model."""

    def needs(self, heard: Sequence[Heard]) -> bool:
        """Whether the rules' verdict wants a second opinion: of one clause the words alone may confirm it."""
        if len(heard) != 1 or heard[0].confidence < _CONFIRMABLE:
            return True
        words = self._by_words([heard[0].norm])[0]
        return ahead(words, self.classes, heard[0].intent) < CONFIRMED

    def judge(self, heard: Sequence[Heard], vector: Matrix) -> tuple[dict[IntentName, float], Matrix]:
        """
        How likely the message has each intent, and (clauses, intents) how much each clause speaks for it.

        `vector` is that of `message(heard)`.
        """
        shifted = vector - self.centre
        whole = shifted / max(float(np.linalg.norm(shifted)), 1e-9) @ self.embedded
        texts = [clause.norm for clause in heard]
        clauses = self._by_words(texts)
        # A single clause is the whole message
        spoken = clauses[0] if texts == [message(heard)] else self._by_words([message(heard)])[0]
        whole = whole + spoken
        likely = weigh(self.classes, whole, clauses, heard)
        return {IntentName(name): float(one) for name, one in zip(self.classes, likely, strict=True)}, clauses

    def _by_words(self, norms: Sequence[str]) -> Matrix:
        scores: Matrix = self.vocabulary.scores(norms, self.words) + self.bias
        return scores


def message(heard: Sequence[Heard]) -> str:
    """The whole message in the form the head reads."""
    asks = any(clause.norm.endswith(" ?") for clause in heard)
    return " ".join(clause.norm.removesuffix(" ?") for clause in heard) + (" ?" if asks else "")


def train(examples: Sequence[Example], embedder: Embedder, progress: Callable[[str, int, int], None]) -> CommerceHead:
    """Learns from messages and their intents, and from messages joined of two of them."""
    examples = with_joins(examples)
    norms = [_norm(text) for text, _ in examples]
    vectors = np.empty((len(norms), embedder.dimension or 0), np.float32)
    for start in range(0, len(norms), 64):
        vectors[start : start + 64] = embedder.encode(norms[start : start + 64])
        progress("Embedding", min(start + 64, len(norms)), len(norms))
    classes = sorted({name for _, names in examples for name in names})
    return _fit(norms, [names for _, names in examples], vectors, classes, embedder.model, progress)


def _fit(
    norms: Sequence[str],
    intents: Sequence[Sequence[str]],
    vectors: Matrix,
    classes: list[str],
    model: str,
    progress: Callable[[str, int, int], None],
) -> CommerceHead:
    from scipy.sparse import csr_matrix, hstack
    from sklearn.svm import LinearSVC

    vocabulary = Vocabulary.of(norms, at_least=2, at_most=MOST_NGRAMS)
    centre = vectors.mean(axis=0)
    shifted = vectors - centre
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True) + 1e-9
    features = hstack([csr_matrix(shifted), rows_of(vocabulary, norms)]).tocsr()
    columns = np.zeros((features.shape[1], len(classes)), np.float32)
    bias = np.zeros(len(classes), np.float32)
    for place, name in enumerate(classes):
        machine = LinearSVC(C=_MARGIN).fit(features, [name in names for names in intents])
        columns[:, place], bias[place] = machine.coef_[0], machine.intercept_[0]
        progress("Training", place + 1, len(classes))
    dimension = vectors.shape[1]
    return CommerceHead(model, classes, centre, columns[:dimension], columns[dimension:], bias, vocabulary, FLOOR)


def _norm(text: str) -> str:
    """A message in normal form, as of a shop without words of its own."""
    _, clauses = _RULES.weigh(text, _NO_SHOP, _NO_DIALOGUE)
    return message(clauses) if clauses else normalise(text)


_RULES, _NO_SHOP, _NO_DIALOGUE = RuleClassifier(), ShopWords(), Dialogue()


def save(head: CommerceHead, path: Path = FILE) -> None:
    """Half precision, compressed; the same head makes the same bytes."""
    about = {
        "model": head.model,
        "classes": head.classes,
        "floor": head.floor,
        "ngrams": list(head.vocabulary.places),
    }
    half = {
        "centre": head.centre,
        "embedded": head.embedded,
        "words": head.words,
        "bias": head.bias,
        "rarity": head.vocabulary.rarity,
    }
    written = io.BytesIO()
    encoded = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    arrays: dict[str, Any] = {name: values.astype(np.float16) for name, values in half.items()}
    np.savez_compressed(written, about=encoded, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written.getvalue())


def load(path: Path = FILE) -> CommerceHead:
    """Raises OSError, ValueError or KeyError where the file is missing or is no head."""
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(stored["about"].tobytes())
        full = {name: stored[name].astype(np.float32) for name in stored.files if name != "about"}
    vocabulary = Vocabulary({ngram: place for place, ngram in enumerate(about["ngrams"])}, full["rarity"])
    return CommerceHead(
        about["model"], about["classes"], full["centre"], full["embedded"], full["words"], full["bias"], vocabulary,
        about["floor"],
    )  # fmt: skip


@lru_cache(maxsize=1)
def shipped() -> CommerceHead:
    """The head that comes with AgentPay, loaded once a process."""
    return load()
