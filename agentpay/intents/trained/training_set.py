"""The readable training set: a file an intent, a sentence a line, `#` begins a comment."""

from __future__ import annotations

from pathlib import Path

from agentpay.intents.taxonomy import IntentName

FOLDER = Path(__file__).parents[1] / "data" / "training"


class BadTrainingSet(Exception):
    """A file of sentences that cannot be used; the message names it, and the line."""


def read(folder: Path = FOLDER) -> list[tuple[str, str]]:
    """(sentence, intent) of every file of the folder. Raises BadTrainingSet for a name that is no intent."""
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.txt")):
        if path.stem not in set(IntentName):
            raise BadTrainingSet(f"{path}: {path.stem} is no intent")
        found += [(sentence, path.stem) for _, sentence in _lines(path)]
    if not found:
        raise BadTrainingSet(f"{folder} holds no sentence.")
    return found


def read_extra(path: Path) -> list[tuple[str, str]]:
    """A merchant's own sentences, `intent: sentence` a line. Raises BadTrainingSet."""
    found: list[tuple[str, str]] = []
    for number, line in _lines(path):
        name, _, sentence = line.partition(":")
        if name.strip() not in set(IntentName) or not sentence.strip():
            raise BadTrainingSet(f"{path}:{number}: expected `intent: sentence`, the intent one of the taxonomy's")
        found.append((sentence.strip(), name.strip()))
    if not found:
        raise BadTrainingSet(f"{path} holds no sentence.")
    return found


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadTrainingSet(f"{path} cannot be read: {error}") from error
    return [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
