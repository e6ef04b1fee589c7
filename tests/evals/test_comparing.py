"""Two runs side by side: what was fixed, what broke, and whether that is more than chance."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agentpay.errors import StartupError
from agentpay.evals.cli import eval_app
from agentpay.evals.comparing import compare, mcnemar, read
from agentpay.evals.report import Case, Suite, report_data, write_report
from agentpay.evals.suites.folding import pass_hat


def report(outcomes: dict[str, bool | None], words: dict[str, str] | None = None, **figures: float) -> dict[str, Any]:
    cases = [
        Case(id, passed, {"transcript": ["customer: hi", (words or {}).get(id, "assistant: hello")]})
        for id, passed in outcomes.items()
    ]
    return report_data([Suite("talks", len(cases), figures=figures, results=cases)])


def test_each_case_is_told_by_what_became_of_it() -> None:
    before = report({"a": True, "b": False, "c": True, "d": True, "e": None, "f": True}, rate=0.8, same=1)
    after = report(
        {"a": True, "b": True, "c": False, "e": True, "f": True, "g": True}, {"f": "assistant: howdy"}, rate=0.6, same=1
    )
    found = compare(before, after, against="before")
    (suite,) = found.suites
    assert (suite.fixed, suite.broken, suite.same, suite.new, suite.gone) == (["b"], ["c"], 2, ["g"], ["d"])
    assert suite.changed == [{"id": "f", "before": "assistant: hello", "after": "assistant: howdy"}]
    assert suite.figures == {"rate": [0.8, 0.6]}
    assert (found.fixed, found.broken, found.p) == (1, 1, 1.0)


def test_a_suite_of_one_run_alone_is_new_or_gone() -> None:
    assert compare({"suites": []}, report({"a": True}), against="x").suites[0].new == ["a"]
    assert compare(report({"a": True}), {"suites": []}, against="x").suites[0].gone == ["a"]


@pytest.mark.parametrize(("fixed", "broken"), [(0, 1), (1, 0), (0, 6), (2, 9), (10, 10), (40, 3)])
def test_mcnemar_is_the_exact_one(fixed: int, broken: int) -> None:
    """Twice the tail of a fair coin's binomial, at most 1."""
    total = fixed + broken
    tail = sum(comb(total, k) for k in range(min(fixed, broken) + 1)) / 2**total
    assert mcnemar(fixed, broken) == pytest.approx(min(1.0, 2 * tail), abs=1e-6)


def test_nothing_changed_is_no_question_of_chance() -> None:
    assert mcnemar(0, 0) is None


def test_pass_k_is_the_chance_that_all_tries_pass() -> None:
    hats = pass_hat([[True, True, True, False], [True, True, True, True], [False, False, False, False]], 4)
    assert hats == {
        "1": round((3 / 4 + 1 + 0) / 3, 4),
        "2": round((3 / 6 + 1) / 3, 4),
        "3": round((1 / 4 + 1) / 3, 4),
        "4": 0.3333,
    }


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(eval_app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_drop_below_the_baseline_fails_with_what_broke(tmp_path: Path) -> None:
    def run(name: str, **outcomes: bool) -> str:
        cases = [Case(id, passed, {"transcript": ["assistant: hello"]}) for id, passed in outcomes.items()]
        write_report(
            tmp_path / name, [Suite("talks", len(cases), figures={"rate": 0.5}, results=cases)], run={"seed": 1}
        )
        return str(tmp_path / name)

    file = str(tmp_path / "baseline.json")
    code, said = invoke("baseline", run("first", a=True, b=False, c=True), file)
    assert (code, "3 cases" in said) == (0, True)
    assert "transcript" not in Path(file).read_text()
    assert invoke("compare", file, run("as-good", a=True, b=True, c=True))[0] == 0
    code, said = invoke("compare", file, run("worse", a=True, b=True, c=False))
    assert code == 1
    assert "broken  c" in said
    assert "fixed   b" in said
    assert invoke("compare", file, run("fewer", a=True, b=False))[0] == 1, "a case that is no longer held is a drop"
    assert invoke("compare", run("whole", a=True, b=False, c=True), run("fewer", a=True, b=False))[0] == 0
    code, said = invoke("compare", file, str(tmp_path / "worse"), "--json")
    assert json.loads(said)["suites"][0]["broken"] == ["c"]


def test_what_is_no_report_is_said(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"cases": 3}')
    with pytest.raises(StartupError, match="no report"):
        read(tmp_path)


def test_two_runs_of_a_seed_are_the_same_but_for_times(tmp_path: Path) -> None:
    def suite(took: float, said: str) -> Suite:
        bound = {"name": "times.cpu_ratio", "bound": "most", "wanted": 5, "got": took, "met": took < 5}
        case = Case("a", True, {"transcript": [said]}, {"turns": 2.0}, {"turn_p50": took})
        return Suite(
            "talks", 1, 1, figures={"rate": 1.0, "times": {"cpu_ratio": took}}, results=[case], thresholds=[bound]
        )

    write_report(tmp_path / "one", [suite(4.0, "hi")], run={"seed": 1, "started": "now", "seconds": 3.1})
    write_report(tmp_path / "two", [suite(6.0, "hi")], run={"seed": 1, "started": "later", "seconds": 4.0})
    write_report(tmp_path / "other", [suite(4.0, "ho")], run={"seed": 2, "started": "now", "seconds": 3.1})
    runner = CliRunner()
    same = runner.invoke(eval_app, ["compare", str(tmp_path / "one"), str(tmp_path / "two"), "--same"])
    assert (same.exit_code, "The same but for times." in same.output) == (0, True)
    other = runner.invoke(eval_app, ["compare", str(tmp_path / "one"), str(tmp_path / "other"), "--same"])
    assert other.exit_code == 1
    assert 'suites[0].results[0].detail.transcript[0]: "hi", "ho"' in other.output
    assert "run.seed: 1, 2" in other.output
    assert runner.invoke(eval_app, ["compare", str(tmp_path / "one"), str(tmp_path / "other")]).exit_code == 0
