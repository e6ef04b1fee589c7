"""`agentpay eval intents`: tier 2 trained on any labelled sentences and held to others (CONTRACT §1)."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agentpay.intents.trained.fitting import few, fit, steps
from agentpay.llm.minilm import minilm

if TYPE_CHECKING:
    from agentpay.intents.trained.alignment import States
    from agentpay.llm.embedder import Vectors

T = TypeVar("T")
OUTSIDE = "oos"
_BATCH = 64
"""Texts embedded between two steps of the progress bar."""

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""


class BadSentences(Exception):
    """A file that holds no labelled sentences; the message names the file, and the line."""


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    intent: str | None
    """None where a test row has no label."""


def read_sentences(path: Path, *, labelled: bool) -> list[Sentence]:
    """The rows of a JSONL file, gzipped or not. Raises BadSentences."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if _gzipped(path) else path.open(encoding="utf-8") as lines:
            found = [_sentence(path, number, line, labelled) for number, line in enumerate(lines, 1) if line.strip()]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadSentences(f"{path} cannot be read: {error}") from error
    if not found:
        raise BadSentences(f"{path} holds no sentence.")
    return found


def _gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _sentence(path: Path, number: int, line: str, labelled: bool) -> Sentence:
    try:
        row: Any = json.loads(line)
    except ValueError:
        raise BadSentences(f"{path}:{number}: no JSON") from None
    text = row.get("text") if isinstance(row, dict) else None
    intent = row.get("intent") if isinstance(row, dict) else None
    if not isinstance(text, str) or not (isinstance(intent, str) or (intent is None and not labelled)):
        raise BadSentences(f'{path}:{number}: expected {{"text": …, "intent": …}}')
    return Sentence(text, intent)


def predict(train: Sequence[Sentence], test: Sequence[Sentence], progress: Progress) -> list[str]:
    """The intent of each test row, `oos` where it is rejected. Raises ValueError where nothing can be learnt of `train`."""
    texts, labels = [row.text for row in train], [row.intent or "" for row in train]
    asked = [row.text for row in test]
    states: list[States] | None = None
    asked_states: list[States] | None = None
    if few(labels):
        # An intent's name, read as words, is one more example of it
        names = sorted(set(labels) - {OUTSIDE})
        texts, labels = [*texts, *(name.replace("_", " ").lower() for name in names)], [*labels, *names]
        states = _in_batches(minilm().states, texts, "Reading the examples", progress)
        asked_states = _in_batches(minilm().states, asked, "Reading the test rows", progress)
        vectors, asked_vectors = _pooled(states), _pooled(asked_states)
    else:
        vectors = _embedded(texts, "Embedding the examples", progress)
        asked_vectors = _embedded(asked, "Embedding the test rows", progress)
    done, total = 0, steps(labels, outside=OUTSIDE)
    progress("Training", 0, total)

    def step() -> None:
        nonlocal done
        done += 1
        progress("Training", done, total)

    head = fit(
        texts,
        labels,
        vectors,
        model=minilm().model,
        outside=OUTSIDE,
        states=states,
        step=step,
    )
    verdicts = head.read(asked, asked_vectors, asked_states)
    return [OUTSIDE if verdict.rejected else verdict.intent for verdict in verdicts]


def _embedded(texts: Sequence[str], doing: str, progress: Progress) -> Vectors:
    import numpy as np

    return np.stack(_in_batches(lambda batch: list(minilm().encode(batch)), texts, doing, progress))


def _pooled(states: Sequence[States]) -> Vectors:
    """The mean of each text's states at length 1, which is what `MiniLM.encode` answers."""
    import numpy as np

    from agentpay.llm.embedder import unit

    return unit(np.stack([vectors.mean(axis=0) for _, vectors in states]))


def _in_batches(
    read: Callable[[Sequence[str]], list[T]], texts: Sequence[str], doing: str, progress: Progress
) -> list[T]:
    """What `read` answers for all texts, on two threads; the model computes outside Python's lock."""
    minilm().load()
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    found: list[T] = []
    with ThreadPoolExecutor(2) as threads:
        for batch in threads.map(read, batches):
            found += batch
            progress(doing, len(found), len(texts))
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares of the labelled test rows; None where there is none of a kind."""

    rows: int
    right: int
    in_scope_accuracy: float | None
    """Of the rows in scope those that got their own intent; a rejected one is wrong."""
    oos_recall: float | None
    """Of the rows out of scope those that were rejected."""
    oos_precision: float | None
    intents: dict[str, tuple[int, int, int]]
    """By intent: rows, right ones, and how many other rows were taken for it."""
    matrix: dict[str, dict[str, int]]
    """By intent: what its rows were taken for, and how often; the commonest first."""

    def confusions(self, most: int = 20) -> list[tuple[str, str, int]]:
        """The commonest mistakes: an intent, what it was taken for, how often."""
        wrong = [
            (intent, guess, count)
            for intent, row in self.matrix.items()
            for guess, count in row.items()
            if guess != intent
        ]
        return sorted(wrong, key=lambda one: (-one[2], one))[:most]


def measure(test: Sequence[Sentence], predicted: Sequence[str]) -> Measured:
    """Compares predictions with the labels there are."""
    pairs = [(row.intent, guess) for row, guess in zip(test, predicted, strict=True) if row.intent is not None]
    inside = [intent == guess for intent, guess in pairs if intent != OUTSIDE]
    outside = [guess == OUTSIDE for intent, guess in pairs if intent == OUTSIDE]
    rejected = [intent == OUTSIDE for intent, guess in pairs if guess == OUTSIDE]
    names = sorted({intent for intent, _ in pairs})
    by_intent = {
        name: (
            sum(intent == name for intent, _ in pairs),
            sum(intent == guess == name for intent, guess in pairs),
            sum(guess == name != intent for intent, guess in pairs),
        )
        for name in names
    }
    matrix: dict[str, Counter[str]] = {name: Counter() for name in names}
    for intent, guess in pairs:
        matrix[intent][guess] += 1
    return Measured(
        len(pairs),
        sum(intent == guess for intent, guess in pairs),
        _share(inside),
        _share(outside),
        _share(rejected),
        by_intent,
        {name: dict(row.most_common()) for name, row in matrix.items()},
    )


def confusion(test: Sequence[Sentence], predicted: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many labelled rows of each intent were taken for each: counts by actual, then by predicted intent."""
    pairs = Counter((row.intent, guess) for row, guess in zip(test, predicted, strict=True) if row.intent is not None)
    found: dict[str, dict[str, int]] = {}
    for (intent, guess), count in sorted(pairs.items()):
        found.setdefault(intent, {})[guess] = count
    return found


def _share(of: Sequence[bool]) -> float | None:
    return round(sum(of) / len(of), 4) if of else None
