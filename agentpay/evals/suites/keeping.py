"""A run's folder: what its terms were, and what each finished unit came to, so that a run that was cut short goes on."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentpay.errors import StartupError
from agentpay.evals.report import Case
from agentpay.evals.suites.protocol import Outcome, Terms

_TERMS, _PARTS = "terms.json", "parts"
_PACKAGE = Path(__file__).parents[2]


class Kept:
    """One folder. A run with other terms is never mixed in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / _PARTS

    def begin(self, terms: Mapping[str, Any], *, resume: bool) -> None:
        """Keeps the run's terms. With `resume` what the folder holds is gone on with, else it is forgotten.

        Raises StartupError where the folder's run had other terms, and names them.
        """
        file = self._folder / _TERMS
        if resume and file.exists():
            before = json.loads(file.read_text("utf-8"))
            other = sorted(name for name in {*before, *terms} if before.get(name) != terms.get(name))
            if other:
                raise StartupError(f"{self._folder} holds a run with another {', '.join(other)}: leave --resume out.")
            return
        shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir(parents=True)
        _write(file, dict(terms))

    def get(self, suite: str, unit: str, attempt: int) -> Outcome | None:
        """What it came to, where it has finished."""
        try:
            found = json.loads(self._file(suite, unit, attempt).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Outcome([Case(**case) for case in found["cases"]], found["partial"])

    def put(self, suite: str, unit: str, attempt: int, outcome: Outcome) -> None:
        file = self._file(suite, unit, attempt)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, asdict(outcome))

    def _file(self, suite: str, unit: str, attempt: int) -> Path:
        return self._parts / suite / f"{re.sub(r'[^A-Za-z0-9_-]', '_', unit)}.{attempt}.json"


def fingerprint(terms: Terms, *, repeat: int) -> dict[str, Any]:
    """What a run's results hang on, by name: its terms, the program, and the public data sets."""
    held = {name: value for name, value in asdict(terms).items() if name not in ("scratch", "datasets")}
    return {**held, "repeat": repeat, "program": program(), "data sets": _print_of(terms.datasets)}


def program() -> str:
    """A print of every file of the installed package: prompts, wordings, models and code."""
    seen = sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            seen.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:16]


def _print_of(folder: Path | None) -> str | None:
    """By names and sizes: the sets are large, and nobody edits them by hand."""
    if folder is None:
        return None
    files = [
        f"{path.relative_to(folder)}:{path.stat().st_size}" for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    return sha256("\n".join(files).encode()).hexdigest()[:16]


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all: a run may be cut short at any time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(content, ensure_ascii=False, default=str), "utf-8")
    os.replace(fresh, file)
