"""Numbers that the page and the summary show beside what report.json holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentpay.evals.html.reading import Report, ReportSuite

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of cases, from 0 to 1, with Wilson's 95 % interval."""

    passed: int
    of: int
    value: float
    low: float
    high: float


def rate(passed: int, of: int) -> Rate | None:
    """None of nothing."""
    from scipy.stats import binomtest

    if of <= 0:
        return None
    interval = binomtest(passed, of).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(passed, of, passed / of, float(interval.low), float(interval.high))


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the cases of one suite: a time's quantiles in milliseconds."""

    suite: str
    name: str
    count: int
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float
    highest: float


def spreads(report: Report) -> list[Spread]:
    """One for each suite and name of a time, in the order of the suites."""
    found = []
    for suite in report.suites:
        by_name: dict[str, list[float]] = {}
        for case in suite.results:
            for name, value in case.times.items():
                by_name.setdefault(name, []).append(float(value))
        for name, values in sorted(by_name.items()):
            quantiles = [float(each) for each in np.percentile(values, (5, 25, 50, 75, 95, 99, 100))]
            found.append(Spread(suite.name, name, len(values), *quantiles))
    return found


@dataclass(frozen=True, slots=True)
class Measure:
    """Of the cases of one suite that have it."""

    suite: str
    name: str
    count: int
    total: float
    mean: float


def measures(suite: ReportSuite) -> list[Measure]:
    by_name: dict[str, list[float]] = {}
    for case in suite.results:
        for name, value in case.measures.items():
            if value is not None:
                by_name.setdefault(name, []).append(float(value))
    return [
        Measure(suite.name, name, len(values), sum(values), sum(values) / len(values))
        for name, values in sorted(by_name.items())
    ]


def turns_of(report: Report) -> list[list[str]]:
    """The nodes of each turn that a case recorded (`detail["nodes"]`)."""
    return [
        [str(node) for node in turn]
        for case in report.cases()
        for turn in case.detail.get("nodes") or ()
        if isinstance(turn, list)
    ]
