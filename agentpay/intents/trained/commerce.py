"""The head of our own taxonomy: trained on sentences in the rules' normal form, weighed against what the rules say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentpay.intents.rules import Heard, RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.text import normalise
from agentpay.intents.trained.fitting import fit, folds
from agentpay.intents.trained.head import Head, Linear, log_softmax
from agentpay.intents.trained.ngrams import Vocabulary
from agentpay.intents.types import Dialogue
from agentpay.intents.types import Vocabulary as ShopWords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentpay.llm.embedder import Embedder

    Matrix = NDArray[np.float32]

FILE = Path(__file__).parents[1] / "data" / "head.npz"
MOST_NGRAMS = 16_000
RULES_SHARE = 0.5
"""Weight of what the rules' verdict says beside the head: they are no independent witnesses."""
REJECTED = 0.05
"""The share of sentences set aside whose best intent was least likely; below their likelihood a clause is rejected."""
CERTAIN_SHARE = 0.95
"""Rules alone decide where, on the training set, so many of such verdicts are right."""
CERTAIN_ROWS = 20
CONFIRMED = 0.7
"""How likely the n-grams alone must find what the rules say: 96 of 100 such verdicts were right on sentences set aside."""
_SURE = 0.9
_CONFIRMABLE = 0.8
_WORDS_SHARE = 0.8
_UNSEEN = 0.3
"""What counts for a verdict never given of an intent."""


@dataclass(frozen=True, slots=True)
class CommerceHead:
    head: Head
    verdicts: list[str]
    """What rules may say: an intent and how sure they are of it ("refund+")."""
    likelihood: Matrix
    """(intents, verdicts): the logarithm of how often rules say that of a clause that wants this."""
    certain: frozenset[str]
    """The verdicts of rules that need no second opinion."""
    floor: float
    """Below this likelihood of the best intent a clause is rejected, and goes to the model."""

    def needs(self, heard: Heard) -> bool:
        """Whether the rules' verdict wants a second opinion: it has erred before, and the clause's words do not confirm it."""
        return _verdict(heard) not in self.certain and not self._confirmed(heard)

    def _confirmed(self, heard: Heard) -> bool:
        if heard.confidence < _CONFIRMABLE:
            return False
        words = self.head.by_words([heard.norm])[0]
        place = self.head.classes.index(heard.intent.value)
        return bool(words[place] >= np.log(CONFIRMED))

    def judge(self, heard: Sequence[Heard], vectors: Matrix) -> list[tuple[IntentName, float]]:
        """The best intent of each clause and how likely it is; `vectors` are the normal forms'."""
        logits, _ = self.head.views([clause.norm for clause in heard], vectors)
        for row, clause in enumerate(heard):
            if (verdict := _verdict(clause)) in self.verdicts:
                logits[row] += RULES_SHARE * self.likelihood[:, self.verdicts.index(verdict)]
        probabilities = np.exp(log_softmax(logits))
        return [(IntentName(self.head.classes[row.argmax()]), float(row.max())) for row in probabilities]


def train(
    sentences: Sequence[tuple[str, str]], embedder: Embedder, progress: Callable[[str, int, int], None]
) -> CommerceHead:
    """Learns from sentences and their intents. The rules' reliability and the floor come from sentences set aside."""
    heard = [_heard(sentence) for sentence, _ in sentences]
    labels = [intent for _, intent in sentences]
    norms = [clause.norm for clause in heard]
    batches = [norms[start : start + 64] for start in range(0, len(norms), 64)]
    vectors = np.empty((len(norms), embedder.dimension or 0), np.float32)
    for number, batch in enumerate(batches):
        vectors[number * 64 : number * 64 + len(batch)] = embedder.encode(batch)
        progress("Embedding", min((number + 1) * 64, len(norms)), len(norms))

    def trained(rows: Sequence[int]) -> Head:
        texts, names = [norms[row] for row in rows], [labels[row] for row in rows]
        return replace(
            fit(texts, names, vectors[list(rows)], model=embedder.model, outside="", at_most=MOST_NGRAMS),
            words_share=_WORDS_SHARE,
        )

    progress("Training", 0, 2)
    head = trained(range(len(norms)))
    progress("Training", 1, 2)
    names = np.asarray([head.classes.index(label) for label in labels], np.int64)
    verdicts, likelihood, certain = _reliability(heard, names, head.classes)
    aside = np.flatnonzero(folds(names) == 0)
    other = trained([int(row) for row in np.flatnonzero(folds(names) != 0)])
    judged = CommerceHead(other, verdicts, likelihood, certain, 0.0).judge(
        [heard[row] for row in aside], vectors[aside]
    )
    floor = float(np.quantile([likely for _, likely in judged], REJECTED))
    progress("Training", 2, 2)
    return CommerceHead(head, verdicts, likelihood, certain, floor)


def _heard(sentence: str) -> Heard:
    """A whole sentence in normal form with the rules' first verdict, as of a shop without words of its own."""
    _, clauses = _RULES.weigh(sentence, _NO_SHOP, _NO_DIALOGUE)
    if not clauses:  # an attempt to command the assistant, which rules settle before anything else
        return Heard(0, normalise(sentence), IntentName.OTHER, _SURE)
    first = clauses[0]
    norm = " ".join(clause.norm.removesuffix(" ?") for clause in clauses)
    return Heard(0, norm + (" ?" if "?" in sentence else ""), first.intent, first.confidence)


_RULES, _NO_SHOP, _NO_DIALOGUE = RuleClassifier(), ShopWords(), Dialogue()


def _verdict(heard: Heard) -> str:
    return heard.intent.value + ("+" if heard.confidence >= _SURE else "=" if heard.confidence >= 0.6 else "-")


def _reliability(
    heard: Sequence[Heard], names: NDArray[np.int64], classes: list[str]
) -> tuple[list[str], Matrix, frozenset[str]]:
    said = [_verdict(clause) for clause in heard]
    verdicts = sorted(set(said))
    counts = np.zeros((len(classes), len(verdicts)), np.float32)
    np.add.at(counts, (names, np.asarray([verdicts.index(verdict) for verdict in said], np.int64)), 1)
    certain = {
        verdict
        for place, verdict in enumerate(verdicts)
        if verdict.endswith("+")
        and counts[:, place].sum() >= CERTAIN_ROWS
        and counts[classes.index(verdict[:-1]), place] >= CERTAIN_SHARE * counts[:, place].sum()
    }
    counts += _UNSEEN
    likelihood: Matrix = np.log(counts / counts.sum(axis=1, keepdims=True))
    return verdicts, likelihood, frozenset(certain)


def save(trained: CommerceHead, path: Path = FILE) -> None:
    """Half precision, compressed; the same head makes the same bytes."""
    head = trained.head
    about = {
        "model": head.model,
        "classes": head.classes,
        "words_share": head.words_share,
        "verdicts": trained.verdicts,
        "certain": sorted(trained.certain),
        "floor": trained.floor,
        "ngrams": list(head.vocabulary.places),
    }
    half = {
        "embedded": head.embedded.columns,
        "embedded_bias": head.embedded.bias,
        "words": head.words.columns,
        "words_bias": head.words.bias,
        "rarity": head.vocabulary.rarity,
        "likelihood": trained.likelihood,
    }
    written = io.BytesIO()
    encoded = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    arrays: dict[str, Any] = {name: values.astype(np.float16) for name, values in half.items()}
    np.savez_compressed(written, about=encoded, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written.getvalue())


def load(path: Path = FILE) -> CommerceHead:
    """Raises OSError or ValueError where the file is missing or is no head."""
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(stored["about"].tobytes())
        full = {name: stored[name].astype(np.float32) for name in stored.files if name != "about"}
    vocabulary = Vocabulary({ngram: place for place, ngram in enumerate(about["ngrams"])}, full["rarity"])
    head = Head(
        about["model"],
        about["classes"],
        False,
        Linear(full["embedded"], full["embedded_bias"]),
        Linear(full["words"], full["words_bias"]),
        vocabulary,
        about["words_share"],
    )
    return CommerceHead(head, about["verdicts"], full["likelihood"], frozenset(about["certain"]), about["floor"])


@lru_cache(maxsize=1)
def shipped() -> CommerceHead:
    """The head that comes with AgentPay, loaded once a process."""
    return load()
