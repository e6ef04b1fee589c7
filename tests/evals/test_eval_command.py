"""`agentpay eval scenarios`: exit codes and report.json (CONTRACT §1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agentpay.evals.cli import eval_app

STORE = """
organization: {slug: pencil-shop, name: Pencil Shop, currency: USD}
agent: {name: Pia}
products:
  - external_id: pencil
    title: Graphite pencil
    category: Pencils
    variants: [{external_id: pencil-hb, price: 200, stock: 5, weight_grams: 8}]
"""
SCENARIOS = """
- id: holds
  turns:
    - say: hello
      expect: {intent: greeting, cart: {}, status: active}
- id: cannot-hold
  turns:
    - say: hello again
      expect: {reply_matches: ["xylophone"], cart: {}}
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.yaml"
    path.write_text(STORE)
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(eval_app, ["scenarios", *map(str, arguments)])
    return result.exit_code, result.output


def suite(folder: Path) -> dict[str, Any]:
    report = json.loads((folder / "report.json").read_text())
    (only,) = report["suites"]
    assert isinstance(only, dict)
    return only


def test_a_failing_scenario_is_told_with_its_transcript(tmp_path: Path, store: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text(SCENARIOS)
    code, output = run(file, "--store", store, "--out", tmp_path / "out", "--sse")
    assert code == 1
    assert "xylophone" in output
    assert "customer: hello again" in output
    found = suite(tmp_path / "out")
    assert {key: found[key] for key in ("name", "cases", "passed", "failed", "skipped")} == {
        "name": "scenarios",
        "cases": 2,
        "passed": 1,
        "failed": 1,
        "skipped": 0,
    }
    (failure,) = found["failures"]
    assert (failure["id"], failure["turn"], failure["check"]) == ("cannot-hold", 1, "reply_matches")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("[]", "holds no scenario"), ("- id: a\n  turn: []\n", "unknown key")],
)
def test_a_suite_without_a_case_fails(tmp_path: Path, store: Path, content: str | None, said: str) -> None:
    file = tmp_path / "scenarios.yaml"
    if content is not None:
        file.write_text(content)
    code, output = run(file, "--store", store, "--out", tmp_path / "out")
    found = suite(tmp_path / "out")
    assert (code, found["name"], found["cases"]) == (1, "scenarios", 0)
    assert said in found["problem"]
    assert said in output


def test_an_unknown_scenario_is_named(tmp_path: Path, store: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text(SCENARIOS)
    code, output = run(file, "--store", store, "--only", "nowhere")
    assert code == 1
    assert "nowhere" in output
