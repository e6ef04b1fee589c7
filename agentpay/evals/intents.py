"""`agentpay eval intents`: tier 2 trained on any labelled sentences and held to others (CONTRACT §1)."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agentpay.intents.trained.contrasting import TAUGHT_LAYERS, Contrasted, contrast, passes
from agentpay.intents.trained.fitting import few, fit, steps
from agentpay.intents.trained.placing import Placing
from agentpay.llm.minilm import MiniLM
from agentpay.llm.minilm_weights import Weights

if TYPE_CHECKING:
    from agentpay.intents.trained.alignment import States
    from agentpay.llm.embedder import Vectors

T = TypeVar("T")
OUTSIDE = "oos"
_BATCH = 64
"""Texts embedded between two steps of the progress bar."""

_POOLED_LAYERS = 2

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
    scarce = few(labels)
    if scarce:
        # An intent's name, read as words, is one more example of it
        names = sorted(set(labels) - {OUTSIDE})
        texts, labels = [*texts, *(name.replace("_", " ").lower() for name in names)], [*labels, *names]
    read = _with_states if scarce else _pooled
    known = [one for batch in _in_batches(read, texts, "Reading the examples", progress) for one in batch]
    # Examples that MiniLM was taught look surer than they are, and a threshold is chosen by how sure they look
    taught = _taught(known, labels, progress) if scarce and OUTSIDE not in labels else None
    placing = Placing.of(_parts(known, taught))
    done, total = 0, steps(labels, outside=OUTSIDE)
    progress("Training", 0, total)

    def step() -> None:
        nonlocal done
        done += 1
        progress("Training", done, total)

    head = fit(
        texts,
        labels,
        placing.vectors(_parts(known, taught)),
        model=_deep().model,
        outside=OUTSIDE,
        states=[one.states for one in known if one.states is not None] or None,
        step=step,
    )
    found: list[str] = []
    for batch in _in_batches(read, asked, "Reading the test rows", progress):
        here = asked[len(found) : len(found) + len(batch)]
        states = [one.states for one in batch if one.states is not None] or None
        verdicts = head.read(here, placing.vectors(_parts(batch, taught)), states)
        found += [OUTSIDE if verdict.rejected else verdict.intent for verdict in verdicts]
    return found


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as MiniLM reads it."""

    pooled: Vectors
    """(4, dimension): of the last two layers each the mean over its tokens and the greatest of each dimension."""
    states: States | None = None
    below: Vectors | None = None
    """The states below the layers that may be taught."""


def _pooled(texts: Sequence[str]) -> list[_Read]:
    return [_Read(_pools(layers)) for _, layers in _deep().layers(texts)]


def _with_states(texts: Sequence[str]) -> list[_Read]:
    return [
        _Read(_pools(layers), (numbers, layers[0]), layers[TAUGHT_LAYERS]) for numbers, layers in _deep().layers(texts)
    ]


def _pools(layers: Sequence[Vectors]) -> Vectors:
    import numpy as np

    return np.stack([pool for states in layers[:_POOLED_LAYERS] for pool in (states.mean(axis=0), states.max(axis=0))])


def _taught(known: Sequence[_Read], labels: Sequence[str], progress: Progress) -> Contrasted:
    import numpy as np

    names = sorted(set(labels))
    owners = np.asarray([names.index(label) for label in labels], np.int64)
    below = [one.below for one in known if one.below is not None]
    done, total = 0, passes(len(below))
    progress("Teaching", 0, total)

    def step() -> None:
        nonlocal done
        done += 1
        progress("Teaching", done, total)

    return contrast(below, owners, len(names), Weights(_deep().content()), step)


def _parts(texts: Sequence[_Read], taught: Contrasted | None) -> Vectors:
    """(texts, parts, dimension)"""
    import numpy as np

    if taught is None:
        return np.stack([one.pooled for one in texts])
    return taught.vectors([one.below for one in texts if one.below is not None])


@lru_cache(maxsize=1)
def _deep() -> MiniLM:
    return MiniLM(depth=TAUGHT_LAYERS + 1)


def _in_batches(
    read: Callable[[Sequence[str]], list[T]], texts: Sequence[str], doing: str, progress: Progress
) -> Iterator[list[T]]:
    """What `read` answers for each batch of the texts, on two threads; the model computes outside Python's lock."""
    _deep().load()
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    done = 0
    with ThreadPoolExecutor(2) as threads:
        for batch in threads.map(read, batches):
            done += len(batch)
            progress(doing, done, len(texts))
            yield batch


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
