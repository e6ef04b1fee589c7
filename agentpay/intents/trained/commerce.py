"""The head of our own taxonomy: which intents a whole message has, learnt from sentences in the rules' normal form."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from agentpay.intents.assigning import CONFIRMED, ahead
from agentpay.intents.rules import Heard, RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.text import normalise
from agentpay.intents.trained.descent import EPOCHS, one_vs_rest
from agentpay.intents.trained.fitting import rows_of
from agentpay.intents.trained.joins import Message, with_joins
from agentpay.intents.trained.ngrams import Vocabulary
from agentpay.intents.trained.training_set import Example
from agentpay.intents.trained.weighing import FLOOR, weigh
from agentpay.intents.types import Dialogue
from agentpay.intents.types import Vocabulary as ShopWords
from agentpay.llm.embedder import unit
from agentpay.llm.minilm import DIMENSION

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Tokens: TypeAlias = tuple[NDArray[np.int64], Matrix]
    """Places of a text's tokens in it, (tokens, 2), and their states, (tokens, dimension)."""

FILE = Path(__file__).parents[1] / "data" / "head.npz"
MOST_NGRAMS = 24_000
_CONFIRMABLE = 0.8


class Encoder(Protocol):
    """What reads texts for the head: `agentpay.llm.minilm.MiniLM`."""

    model: str

    def read(self, texts: Sequence[str]) -> list[Tokens]: ...

    async def aread(self, text: str) -> Tokens: ...


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

    def judge(
        self, heard: Sequence[Heard], tokens: Tokens, replies: Collection[int] = (), alone: Sequence[Tokens] = ()
    ) -> tuple[dict[IntentName, float], Matrix]:
        """
        How likely the message has each intent, and (clauses, intents) how much each clause speaks for it.

        `tokens` are those of `message(heard)`, read once for all clauses; `replies` are the clauses, by where they begin, that the
        conversation makes plain; `alone` are the tokens of each clause read by itself, where there are several.
        """
        texts = [clause.norm for clause in heard]
        clauses = self._scores(texts, clause_vectors(heard, tokens))
        # A single clause is the whole message
        whole = (
            clauses[0] if len(heard) == 1 else self._scores([message(heard)], tokens[1].mean(axis=0, keepdims=True))[0]
        )
        own = self._scores(texts, np.stack([states.mean(axis=0) for _, states in alone])) if alone else clauses
        likely = weigh(self.classes, whole, clauses, own, heard, replies)
        return {IntentName(name): float(one) for name, one in zip(self.classes, likely, strict=True)}, clauses

    def _scores(self, norms: Sequence[str], vectors: Matrix) -> Matrix:
        scores: Matrix = centred(vectors, self.centre) @ self.embedded + self._by_words(norms)
        return scores

    def _by_words(self, norms: Sequence[str]) -> Matrix:
        scores: Matrix = self.vocabulary.scores(norms, self.words) + self.bias
        return scores


def message(heard: Sequence[Heard]) -> str:
    """The whole message in the form the head reads."""
    asks = any(clause.norm.endswith(" ?") for clause in heard)
    return " ".join(clause.norm.removesuffix(" ?") for clause in heard) + (" ?" if asks else "")


def centred(vectors: Matrix, centre: Matrix) -> Matrix:
    """Vectors at length 1, less the centre, at length 1 again."""
    shifted: Matrix = unit(unit(vectors) - centre)
    return shifted


def clause_vectors(heard: Sequence[Heard], tokens: Tokens) -> Matrix:
    """(clauses, dimension): the mean of the states of each clause's tokens; it knows its neighbours, the model read them all."""
    places, states = tokens
    found = np.empty((len(heard), states.shape[1]), np.float32)
    start = 0
    for row, clause in enumerate(heard):
        end = start + len(clause.norm.removesuffix(" ?"))
        inside = (places[:, 0] >= start) & (places[:, 1] <= end) & (places[:, 1] > places[:, 0])
        found[row] = states[inside].mean(axis=0) if inside.any() and len(heard) > 1 else states.mean(axis=0)
        start = end + 1
    return found


def train(examples: Sequence[Example], encoder: Encoder, progress: Callable[[str, int, int], None]) -> CommerceHead:
    """Learns from messages and their intents, and from messages joined of two of them; from the clauses of each, too."""
    from threadpoolctl import threadpool_limits

    messages = with_joins(examples)
    norms: list[str] = []
    parts: list[str] = []
    names: list[tuple[str, ...]] = []
    part_names: list[tuple[str, ...]] = []
    vectors = np.empty((len(messages), DIMENSION), np.float32)
    part_vectors: list[Matrix] = []
    for row, joined in enumerate(messages):
        norm, heard = heard_in(joined.text)
        norms.append(norm)
        names.append(joined.names)
        tokens = encoder.read([norms[-1]])[0]
        vectors[row] = tokens[1].mean(axis=0)
        if clauses := clause_labels(joined, heard):
            parts += [clause.norm for clause in heard]
            part_names += clauses
            part_vectors.append(clause_vectors(heard, tokens))
        if row % 64 == 63 or row + 1 == len(messages):
            progress("Embedding", row + 1, len(messages))
    classes = sorted({name for given in names for name in given})
    vocabulary = Vocabulary.of(norms, at_least=2, at_most=MOST_NGRAMS)
    centre: Matrix = unit(vectors).mean(axis=0)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress("Training", done, EPOCHS)

    wanted = np.asarray([[name in given for name in classes] for given in [*names, *part_names]])
    dense = centred(np.concatenate([vectors, *part_vectors]), centre)
    with threadpool_limits(1):  # so that the same sentences make the same file
        embedded, words, bias = one_vs_rest(dense, rows_of(vocabulary, [*norms, *parts]), wanted, step)
    return CommerceHead(encoder.model, classes, centre, embedded, words, bias, vocabulary, FLOOR)


def heard_in(text: str) -> tuple[str, list[Heard]]:
    """A text of the training set as the head reads it, and its clauses; a text without words has none."""
    _, heard = _RULES.weigh(text, _NO_SHOP, _NO_DIALOGUE)
    return message(heard) if heard else normalise(text), heard


def clause_labels(joined: Message, heard: Sequence[Heard]) -> list[tuple[str, ...]]:
    """The intents of each clause, where there are clauses and it is known: those of the wish that it is a part of."""
    if len(heard) < 2:
        return []
    if len(joined.names) == 1:
        return [joined.names] * len(heard)
    if joined.second is None:
        return _of_two(joined.names, heard)
    found = [joined.names[:1] if clause.start < joined.second - 1 else joined.names[1:] for clause in heard]
    return found if len(set(found)) > 1 else []


def _of_two(names: tuple[str, ...], heard: Sequence[Heard]) -> list[tuple[str, ...]]:
    """Two clauses of a message of two wishes: a wish each, in the order in which they are named unless rules hear the other."""
    if len(heard) != 2 or len(names) != 2:
        return []
    said = [clause.intent.value for clause in heard]
    turned = sum(map(str.__eq__, said, reversed(names))) > sum(map(str.__eq__, said, names))
    return [names[1:], names[:1]] if turned else [names[:1], names[1:]]


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
