"""Units and tries put together into a suite's part of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from statistics import fmean
from typing import Any

from agentpay.evals.report import Case, Suite
from agentpay.evals.suites.protocol import Outcome, SuiteKind, Unit
from agentpay.evals.suites.thresholds import held

_SHOWN_FAILURES = 200
_OF_A_FAILURE = ("failures", "errors", "expected", "got", "found", "said", "reason", "effects", "false_claims", "leaks")


def fold(
    kind: SuiteKind, units: Sequence[Unit], tries: Sequence[Mapping[str, Outcome]], bounds: Mapping[str, Any]
) -> Suite:
    """The suite over all its units. `tries`: by unit, one mapping a try; figures are those of the first."""
    order = [id for unit in units for id in unit.cases]
    by_try = [{case.id: case for outcome in found.values() for case in outcome.cases} for found in tries]
    results = [folded(id, [found[id] for found in by_try if id in found]) for id in order]
    figures = kind.figures([tries[0][unit.id] for unit in units])
    if len(tries) > 1:
        figures["pass^k"] = pass_hat([case.attempts for case in results if case.attempts], len(tries))
    passed, failed = (sum(case.passed is value for case in results) for value in (True, False))
    suite = Suite(
        kind.name,
        len(results),
        passed,
        failed,
        len(results) - passed - failed,
        [_failure(case) for case in results if case.passed is False][:_SHOWN_FAILURES],
        figures=figures,
        results=results,
    )
    suite.thresholds = held(suite, bounds)
    return suite


def pass_hat(attempts: Sequence[Sequence[bool]], tries: int) -> dict[str, float]:
    """pass^k for k from 1 to `tries`: the chance that k tries of a case all pass, C(passed, k) / C(tries, k), over the cases."""
    if not attempts:
        return {}
    return {
        str(k): round(fmean(comb(sum(each), k) / comb(len(each), k) for each in attempts if len(each) >= k), 4)
        for k in range(1, tries + 1)
    }


def folded(id: str, tries: Sequence[Case]) -> Case:
    """One case of its tries: the first that failed is what is shown."""
    if not tries:
        return Case(id, False, {"errors": ["the unit ended without it"]})
    if len(tries) == 1:
        return tries[0]
    if any(case.passed is None for case in tries):
        return tries[0]
    shown = next((case for case in tries if not case.passed), tries[0])
    attempts = [bool(case.passed) for case in tries]
    return Case(id, all(attempts), shown.detail, shown.measures, shown.times, attempts)


def _failure(case: Case) -> dict[str, Any]:
    return {"id": case.id, **{name: case.detail[name] for name in _OF_A_FAILURE if case.detail.get(name)}}
