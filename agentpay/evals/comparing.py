"""Two runs case by case: what was fixed, what broke, whether that is more than chance, and what is said in other words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from pathlib import Path
from typing import Any

from agentpay.errors import StartupError
from agentpay.evals.report import Suite, report_data

_LINE = 200
_ABSENT = object()
Results = Mapping[str, Mapping[str, Any]]
"""A suite's cases by id, as `report.json` holds them."""


@dataclass(slots=True)
class SuiteComparison:
    """Ids of one suite's cases by what became of them; skipped ones are nowhere."""

    name: str
    fixed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    same: int = 0
    """Ended as before."""
    changed: list[dict[str, str]] = field(default_factory=list)
    """Of the same ones: those with other words, `{"id", "before", "after"}`: the first line that differs."""
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    p: float | None = None
    """Exact McNemar test, two-sided: how likely so one-sided a change is by chance. None where nothing changed."""
    figures: dict[str, list[float]] = field(default_factory=dict)
    """Figures that differ, `[before, after]`."""


@dataclass(slots=True)
class Comparison:
    """All suites that either run has. `p` over all of their cases together."""

    against: str
    suites: list[SuiteComparison]
    fixed: int
    broken: int
    p: float | None


def read(run: Path) -> dict[str, Any]:
    """A report: a run's folder, a `report.json`, or a stored baseline. Raises StartupError."""
    file = run / "report.json" if run.is_dir() else run
    try:
        found = json.loads(file.read_text("utf-8"))
        return {**found, "suites": list(found["suites"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartupError(f"{file} is no report of a run: {error}") from error


def compare(before: Mapping[str, Any], after: Mapping[str, Any], *, against: str) -> Comparison:
    """Both as `read` answers them, or as `report_data` makes them. Suites in the order of `after`."""
    old, new = ({suite["name"]: suite for suite in each["suites"]} for each in (before, after))
    suites = [_suite(name, old.get(name, {}), new.get(name, {})) for name in dict.fromkeys([*new, *old])]
    fixed, broken = (sum(len(getattr(each, name)) for each in suites) for name in ("fixed", "broken"))
    return Comparison(against, suites, fixed, broken, mcnemar(fixed, broken))


def compare_with(run: Path, suites: Sequence[Suite]) -> Comparison:
    """These suites against another run's. Raises StartupError where `run` is none."""
    return compare(read(run), report_data(suites), against=name_of(run))


def differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Each place in which two values of JSON differ, with both: `suites[0].results[3].passed: true, false`."""
    if isinstance(before, dict) and isinstance(after, dict):
        named = dict.fromkeys([*before, *after])
        pairs = [(before.get(name, _ABSENT), after.get(name, _ABSENT), f"{at}.{name}".lstrip(".")) for name in named]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(*pair, f"{at}[{number}]") for number, pair in enumerate(zip(before, after, strict=True))]
    else:
        return [] if before == after else [f"{at}: {_short(before)}, {_short(after)}"]
    return [line for old, new, place in pairs for line in differences(old, new, place)]


def _short(value: Any) -> str:
    said = "nothing" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _LINE else f"{said[:_LINE]}…"


def name_of(run: Path) -> str:
    """What a comparison calls it."""
    return run.stem if run.is_file() else run.resolve().name


def mcnemar(fixed: int, broken: int) -> float | None:
    """The exact two-sided p: of so many changed cases each is fixed or broken with equal chance. None without any."""
    changed = fixed + broken
    if not changed:
        return None
    tail = sum(comb(changed, k) for k in range(min(fixed, broken) + 1))
    return round(min(1.0, 2 * tail / (1 << changed)), 6)


def _suite(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> SuiteComparison:
    old, new = _results(before), _results(after)
    found = SuiteComparison(name, new=[id for id in new if id not in old], gone=[id for id in old if id not in new])
    for id, case in new.items():
        passed, was = case["passed"], old.get(id, {}).get("passed")
        if passed is None or was is None:
            continue
        if passed != was:
            (found.fixed if passed else found.broken).append(id)
            continue
        found.same += 1
        if (line := _other_words(old[id], case)) is not None:
            found.changed.append({"id": id, "before": line[0], "after": line[1]})
    found.p = mcnemar(len(found.fixed), len(found.broken))
    found.figures = _figures(before.get("figures") or {}, after.get("figures") or {})
    return found


def _results(suite: Mapping[str, Any]) -> Results:
    return {case["id"]: case for case in suite.get("results", ())}


def _other_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first line in which two transcripts differ; None where they do not, or one run kept none."""
    lines: list[Sequence[str]] = [(case.get("detail") or {}).get("transcript") or [] for case in (before, after)]
    if not all(lines):
        return None
    for number in range(max(map(len, lines))):
        old, new = (each[number] if number < len(each) else "" for each in lines)
        if old != new:
            return old, new
    return None


def _figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[float]]:
    """Plain numbers that both have and that differ; `times` are another matter."""
    return {
        name: [old, after[name]]
        for name, old in before.items()
        if isinstance(old, int | float) and isinstance(after.get(name), int | float) and old != after[name]
    }
