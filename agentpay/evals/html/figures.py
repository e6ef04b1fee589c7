"""What suites measured (`Suite.figures`), as tables: the page needs to know none of the names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_APART = ("confusion", "pass^k", "causes")
"""What has a chart of its own."""
_LISTED = 40
"""Entries of a list."""
_LABELS = 32
"""Intents in a matrix."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    head: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """`rows`: of each actual intent, its name, how many rows it has, and for each intent (count, share of the row)."""

    labels: list[str]
    rows: list[tuple[str, int, list[tuple[int, float]]]]
    mistakes: list[tuple[str, str, int]]
    """What was taken for what, how often; most frequent first."""
    left_out: int
    """Intents without a place in it: of many, those are shown that are mistaken most."""


def confusion(counts: Mapping[str, Mapping[str, int]]) -> Matrix:
    """Of counts by actual, then predicted intent."""
    mistakes = [
        (actual, guess, n) for actual, row in counts.items() for guess, n in row.items() if n and actual != guess
    ]
    mistakes.sort(key=lambda one: (-one[2], one[0], one[1]))
    every = sorted({*counts, *(guess for row in counts.values() for guess in row)})
    labels = every
    if len(every) > _LABELS:
        mistaken: Counter[str] = Counter()
        for actual, guess, n in mistakes:
            mistaken.update({actual: n, guess: n})
        labels = sorted(sorted(every, key=lambda label: (-mistaken[label], label))[:_LABELS])
    rows = []
    for actual in labels:
        of = counts.get(actual, {})
        total = sum(of.values())
        rows.append(
            (actual, total, [(of.get(guess, 0), of.get(guess, 0) / total if total else 0.0) for guess in labels])
        )
    return Matrix(labels, rows, mistakes, len(every) - len(labels))


def scalars(figures: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, value) for name, value in figures.items() if not isinstance(value, dict | list) and value is not None
    ]


def tables(figures: Mapping[str, Any]) -> list[Table]:
    """Groups and lists; what lies deeper than a table is written out in its cell."""
    found = []
    for name, value in figures.items():
        if name in _APART or not value:
            continue
        if isinstance(value, dict):
            found.append(_of_dict(name, value))
        elif isinstance(value, list):
            found.append(_of_list(name, value))
    return found


def _of_dict(name: str, value: Mapping[str, Any]) -> Table:
    if all(isinstance(row, dict) for row in value.values()):
        columns = list(dict.fromkeys(column for row in value.values() for column in row))
        return Table(
            name, ["", *columns], [[key, *(row.get(column) for column in columns)] for key, row in value.items()]
        )
    return Table(name, ["", ""], [[key, each] for key, each in value.items()])


def _of_list(name: str, value: list[Any]) -> Table:
    shown = value[:_LISTED]
    title = name if len(value) <= _LISTED else f"{name} (the first {_LISTED} of {len(value)})"
    if all(isinstance(row, dict) for row in shown):
        columns = list(dict.fromkeys(column for row in shown for column in row))
        return Table(title, columns, [[row.get(column) for column in columns] for row in shown])
    if all(isinstance(row, list) for row in shown):
        return Table(title, [], [list(row) for row in shown])
    return Table(title, [], [[each] for each in shown])
