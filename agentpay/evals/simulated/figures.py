"""What is reported of simulated customers: goals reached, turns, who left, contradictions, and the causes of the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any

from agentpay.evals.report import Case

LEAST_REACHED = 0.95
"""Of conversations with a goal that the shop can serve."""
BOOKS = "books"
"""The case of a shop's money and stock."""


def books(violations: Sequence[str], name: str = BOOKS) -> Case:
    """The case that says whether money, stock and floors held over all conversations of a shop."""
    failures = [
        {"turn": 0, "said": "", "check": "invariant", "expected": "money, stock and floors hold", "got": each}
        for each in violations
    ]
    return Case(
        name, not violations, {"failures": failures} if failures else {}, {"violations": float(len(violations))}
    )


def figures(cases: Sequence[Case]) -> dict[str, Any]:
    """Shares from 0 to 1; `violations` are of money, stock, floors and privacy."""
    talks = [case for case in cases if "kind" in case.detail]
    servable = [case for case in talks if case.detail["servable"]]
    others = [case for case in talks if not case.detail["servable"]]
    in_books = sum(int(case.measures.get("violations", 0)) for case in cases)
    return {
        "conversations": len(talks),
        "servable": len(servable),
        "reached": _share(servable),
        "refused_rightly": _share(others),
        "turns": _mean(case.measures["turns"] for case in talks),
        "unhelpful_replies": _mean(case.measures["unhelpful"] for case in talks),
        "dropped_out": round(sum("dropped" in case.detail for case in talks) / len(talks), 4) if talks else None,
        "contradictions": sum(int(case.measures["contradictions"]) for case in talks),
        "errors": sum("error" in case.detail for case in talks),
        "violations": in_books,
        "kinds": _by(talks, lambda case: [case.detail["kind"]]),
        "moods": _by(talks, lambda case: [case.detail["customer"]["mood"]]),
        "habits": _by(talks, lambda case: case.detail["customer"]["habits"] or ["none"]),
        "causes": causes(talks),
    }


def causes(talks: Iterable[Case]) -> list[dict[str, Any]]:
    """What the rest was lost on, the most frequent first: the goal, the step, and what was asked or said last."""
    found: Counter[tuple[str, str, str]] = Counter()
    examples: dict[tuple[str, str, str], list[str]] = {}
    for case in talks:
        if case.passed:
            continue
        step = case.detail.get("lost_at") or case.detail["failures"][0]["check"]
        last = _class(case.detail.get("last_question") or case.detail["failures"][0]["got"])
        key = (case.detail["kind"], step, last)
        found[key] += 1
        examples.setdefault(key, []).append(case.id)
    return [
        {"goal": kind, "step": step, "last": last, "count": count, "cases": examples[kind, step, last][:5]}
        for (kind, step, last), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]


def _class(text: str) -> str:
    """A sentence without its numbers and names, so that those of one kind are counted together."""
    text = re.sub(r"[\w.+-]+@[\w.-]+", "(e-mail)", text)
    text = re.sub(r"[^\w\s]?\d[\d.,]*", "#", text)
    return " ".join(text.split())[:90]


def _by(talks: Sequence[Case], names: Callable[[Case], Sequence[str]]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Case]] = {}
    for case in talks:
        for name in names(case):
            groups.setdefault(name, []).append(case)
    return {
        name: {
            "conversations": len(group),
            "reached": _share(group),
            "turns": _mean(case.measures["turns"] for case in group),
        }
        for name, group in sorted(groups.items())
    }


def _share(group: Sequence[Case]) -> float | None:
    return round(sum(bool(case.measures["reached"]) for case in group) / len(group), 4) if group else None


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(fmean(known), 2) if known else None
