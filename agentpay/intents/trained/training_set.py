"""
The readable training set: a file an intent, a message a line, `#` begins a comment.

Messages of several wishes lie in `several.txt`, `intent + intent: message` a line.
"""

from __future__ import annotations

from pathlib import Path

from agentpay.intents.taxonomy import IntentName

FOLDER = Path(__file__).parents[1] / "data" / "training"
SEVERAL = "several"

Example = tuple[str, tuple[str, ...]]
"""A message and its intents."""


class BadTrainingSet(Exception):
    """A file of sentences that cannot be used; the message names it, and the line."""


def read(folder: Path = FOLDER) -> list[Example]:
    """Every file of the folder. Raises BadTrainingSet for a name that is no intent."""
    found: list[Example] = []
    for path in sorted(folder.glob("*.txt")):
        if path.stem == SEVERAL:
            found += _labelled(path)
        elif path.stem in set(IntentName):
            found += [(sentence, (path.stem,)) for _, sentence in _lines(path)]
        else:
            raise BadTrainingSet(f"{path}: {path.stem} is no intent")
    if not found:
        raise BadTrainingSet(f"{folder} holds no sentence.")
    return found


def read_extra(path: Path) -> list[Example]:
    """A merchant's own sentences, `intent: sentence` a line, or `intent + intent: sentence`. Raises BadTrainingSet."""
    found = _labelled(path)
    if not found:
        raise BadTrainingSet(f"{path} holds no sentence.")
    return found


def _labelled(path: Path) -> list[Example]:
    found: list[Example] = []
    for number, line in _lines(path):
        given, _, sentence = line.partition(":")
        names = tuple(name.strip() for name in given.split("+"))
        if not set(names) <= set(IntentName) or not sentence.strip():
            raise BadTrainingSet(f"{path}:{number}: expected `intent: sentence`, the intent one of the taxonomy's")
        found.append((sentence.strip(), names))
    return found


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadTrainingSet(f"{path} cannot be read: {error}") from error
    return [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
