"""`DIR/report.json` as the page and the summary need it. Whatever a suite left out is simply not shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ReportCase:
    """A case as report.json has it (report.Case)."""

    suite: str
    id: str
    passed: bool | None
    detail: dict[str, Any]
    measures: dict[str, float]
    times: dict[str, float]
    attempts: list[bool]


@dataclass(frozen=True, slots=True)
class ReportSuite:
    """A suite as report.json has it (report.Suite)."""

    name: str
    cases: int
    passed: int
    failed: int
    skipped: int
    problem: str | None
    figures: dict[str, Any]
    thresholds: list[dict[str, Any]]
    results: list[ReportCase]

    @property
    def held(self) -> int:
        """Cases that ended either way."""
        return self.passed + self.failed

    @property
    def unmet(self) -> list[dict[str, Any]]:
        return [threshold for threshold in self.thresholds if not threshold.get("met")]

    @property
    def good(self) -> bool:
        """Whether it holds: by its thresholds, where it has any, else by its cases."""
        if self.problem is not None or not self.cases:
            return False
        return not self.unmet if self.thresholds else not self.failed


@dataclass(frozen=True, slots=True)
class Report:
    suites: list[ReportSuite]
    run: dict[str, Any] = field(default_factory=dict)
    comparison: dict[str, Any] | None = None

    @property
    def good(self) -> bool:
        return bool(self.suites) and all(suite.good for suite in self.suites)

    def cases(self) -> Iterator[ReportCase]:
        for suite in self.suites:
            yield from suite.results


def read_report(folder: Path) -> Report:
    """Raises OSError and ValueError where `folder`/report.json is not there, or no report."""
    path = folder / "report.json"
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("suites"), list):
        raise ValueError(f"{path} is no report: it has no suites")
    suites = [_suite(suite) for suite in content["suites"]]
    return Report(suites, content.get("run") or {}, content.get("comparison"))


def _suite(data: dict[str, Any]) -> ReportSuite:
    name = str(data["name"])
    results = [_case(name, case) for case in data.get("results") or ()]
    return ReportSuite(
        name=name,
        cases=int(data.get("cases") or 0),
        passed=int(data.get("passed") or 0),
        failed=int(data.get("failed") or 0),
        skipped=int(data.get("skipped") or 0),
        problem=data.get("problem"),
        figures=data.get("figures") or {},
        thresholds=data.get("thresholds") or [],
        results=results or _of_failures(name, data.get("failures") or []),
    )


def _case(suite: str, data: dict[str, Any]) -> ReportCase:
    return ReportCase(
        suite,
        str(data["id"]),
        data.get("passed"),
        data.get("detail") or {},
        data.get("measures") or {},
        data.get("times") or {},
        data.get("attempts") or [],
    )


def _of_failures(suite: str, failures: list[dict[str, Any]]) -> list[ReportCase]:
    """Cases of a report that names its failures alone: those of one id are one case."""
    found: dict[str, ReportCase] = {}
    for number, failure in enumerate(failures, 1):
        rest = dict(failure)
        case_id = str(rest.pop("id", number))
        transcript = rest.pop("transcript", None)
        case = found.setdefault(case_id, ReportCase(suite, case_id, False, {"failures": []}, {}, {}, []))
        case.detail["failures"].append(rest)
        if transcript:
            case.detail["transcript"] = transcript
    return list(found.values())
