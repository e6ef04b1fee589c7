"""A run as LangSmith experiments: over real HTTP where there is a key, and without one connection where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from langsmith import testing

from agentpay.errors import StartupError
from agentpay.evals.experiments.asking import check_langsmith, hand_over
from agentpay.evals.experiments.examples import packaged_scenarios, scenarios_of
from agentpay.evals.experiments.masking import Masking
from agentpay.evals.experiments.running import Unpublished, publish, rehearse
from agentpay.evals.report import Case, Suite
from tests.evals.langsmith_stub import LangSmith, running_langsmith

DANA, STREET = "Dana Reyes", "14 Lindenallee"
SCENARIO = {
    "id": "buys-a-mug",
    "customer": {"email": "dana.reyes@mail.example", "name": DANA},
    "turns": [
        {"say": "Two oat mugs, please", "expect": {"cart": {"mug-oat": 2}}},
        {"say": f"Send the link. I'm {DANA}, {STREET}, 10115 Berlin"},
        {"pay": "success", "expect": {"order": {"status": "paid"}}},
    ],
    "finally": {"order": {"total": 4500}},
}


@pytest.fixture
def langsmith(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangSmith]:
    with running_langsmith() as running:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", running.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_test")
        yield running


def case(id: str, *, passed: bool | None = True, **detail: Any) -> dict[str, Any]:
    return {
        "id": id,
        "passed": passed,
        "detail": detail,
        "measures": {"turns": 2.0},
        "times": {"turn_p50": 31.5},
        "attempts": [],
    }


ADDRESS = {"line1": STREET, "city": "Berlin", "postal_code": "10115", "country": "DE"}
PLAYED = case(
    "buys-a-mug",
    passed=False,
    transcript=[
        "customer: Two oat mugs, please",
        "assistant (sales, add_to_cart): Two are in your cart. [update_cart] <cart>",
        f"customer: Send the link. I'm {DANA}, {STREET}, 10115 Berlin",
        f"assistant (payment, checkout): Here you are, Dana: (link) It goes to {STREET}. [create_payment_link]",
    ],
    tools=[
        [{"name": "update_cart", "arguments": {"variant": "mug-oat"}, "status": "ok", "result": {"items": []}}],
        [{"name": "set_customer_details", "arguments": {"name": DANA, "email": "dana.reyes@mail.example",
            "phone": "+49 30 901820", "shipping_address": ADDRESS}, "status": "ok", "result": {}}],
    ],
    nodes=[["understand", "supervisor", "sales", "remember"], ["understand", "supervisor", "payment", "remember"]],
    state={"status": "active", "customer": {"external_id": "shop-dana", "email": "dana.reyes@mail.example", "name": DANA}},
    failures=[{"check": "grounded", "expected": "holds", "got": f"turn 2: {STREET!r}"}],
    grades={"grounded": {"score": False, "comment": "turn 2: 'nothing'"}, "cost_usd": {"score": None, "comment": "no price"}},
)  # fmt: skip


def report(*cases: dict[str, Any], name: str = "scenarios") -> dict[str, Any]:
    return {"run": {"seed": 1, "model": "house"}, "suites": [{"name": name, "results": list(cases)}, {"name": "empty"}]}


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump([SCENARIO]))
    return file


def test_an_experiment_holds_each_case_with_its_graders_findings(langsmith: LangSmith, scenario_file: Path) -> None:
    scenarios = scenarios_of([scenario_file], named=False)
    (made,) = publish(report(PLAYED, case("not-played", passed=None)), scenarios, part="shop")
    assert (made.cases, made.means["passed"], made.means["grounded"]) == (1, 0.0, 0.0)
    (dataset,) = langsmith.datasets.values()
    assert dataset["name"] == "agentpay/scenarios/shop"
    (example,) = langsmith.examples.values()
    assert [turn.get("say", turn.get("pay")) for turn in example["inputs"]["turns"]][::2] == [
        "Two oat mugs, please",
        "success",
    ]
    assert example["outputs"]["turns"][0] == {"cart": {"mug-oat": 2}}
    assert example["outputs"]["finally"] == {"order": {"total": 4500}}
    (session,) = langsmith.sessions.values()
    assert session["reference_dataset_id"] == dataset["id"]
    roots = [run for run in langsmith.runs.values() if run.get("reference_example_id") == example["id"]]
    assert [run["outputs"]["nodes"] for run in roots] == [PLAYED["detail"]["nodes"]]
    names = sorted(run["name"] for run in langsmith.runs.values())
    assert names == ["case", "set_customer_details", "turn 1", "turn 2", "update_cart"]
    scores = {each["key"]: each["score"] for each in langsmith.feedback}
    assert scores == {"passed": 0.0, "turns": 2.0, "turn_p50_ms": 31.5, "grounded": 0.0, "cost_usd": None}


def test_a_dataset_that_is_synced_twice_changes_once(langsmith: LangSmith, scenario_file: Path) -> None:
    scenarios = scenarios_of([scenario_file], named=False)
    other = case("free-text", text="where is my parcel", intents=["order_status"])
    (first,) = publish(report(PLAYED, other), scenarios)
    assert first.synced is not None
    assert (first.synced.created, first.synced.updated, first.synced.deleted) == (2, 0, 0)
    langsmith.requests.clear()
    (second,) = publish(report(PLAYED, other), scenarios)
    assert second.synced is not None
    assert not second.synced.changed
    assert langsmith.changes == []
    assert second.synced.ids == first.synced.ids
    assert len(langsmith.sessions) == 2


def test_what_changed_in_the_files_changes_in_the_dataset(langsmith: LangSmith) -> None:
    old = [case("a", text="hello"), case("b", text="bye")]
    publish(report(*old), {})
    (made,) = publish(report(case("a", text="hello there"), case("c", text="thanks")), {})
    assert made.synced is not None
    assert (made.synced.created, made.synced.updated, made.synced.deleted) == (1, 1, 1)
    assert sorted(row["inputs"]["text"] for row in langsmith.examples.values()) == ["hello there", "thanks"]


def test_nobodys_data_leaves(langsmith: LangSmith, scenario_file: Path) -> None:
    publish(report(PLAYED), scenarios_of([scenario_file], named=False))
    sent = "\n".join(langsmith.bodies)
    assert "Two oat mugs" in sent
    for private in (DANA, "Dana", "Reyes", "dana.reyes", STREET, "10115", "901820"):
        assert private.casefold() not in sent.casefold(), private


def test_masking_is_the_same_each_time() -> None:
    told = {"customer": {"name": DANA, "email": "d@mail.example"}, "said": f"I am {DANA}, write to d@mail.example"}
    masked = Masking("a", told).masked(told)
    assert masked == Masking("a", told).masked(told)
    assert masked["customer"]["email"] in masked["said"]
    assert masked["customer"]["name"] in masked["said"]
    assert DANA not in json.dumps(masked)


def test_a_langsmith_that_refuses_is_told_of(langsmith: LangSmith) -> None:
    langsmith.broken = True
    with pytest.raises(Unpublished, match="did not take"):
        publish(report(case("a", text="hello")), {})


def test_without_a_key_nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StartupError, match="LANGSMITH_API_KEY is not set"):
        publish(report(case("a", text="hello")), {})


def test_every_packaged_scenario_can_be_an_example() -> None:
    scenarios = packaged_scenarios()
    (made,) = rehearse(report(*(case(id) for id in list(scenarios)[:20])), scenarios)
    assert made.cases == 20


REHEARSE = """
import json, sys
from agentpay.evals import offline
offline.guard()
import socket
try:
    socket.create_connection(("192.0.2.1", 443), 1)
except offline.WentOutside:
    pass
else:
    sys.exit("the guard lets everything through")
from agentpay.evals.experiments.running import rehearse
from agentpay.evals.graders.trajectory import Trajectories
made = rehearse(json.load(sys.stdin), {})
assert [each.means["passed"] for each in made] == [0.0], made
"""


def in_a_guarded_process(program: str, tries: Path, *arguments: str, told: str = "", **more: str) -> Any:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "LANGCHAIN"))}
    environment |= {"AGENTPAY_EVALUATION_OFFLINE": str(tries), **more}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, input=told, env=environment, cwd=Path(__file__).parents[2], text=True, capture_output=True, check=False
    )


def test_without_a_key_the_same_experiment_opens_not_one_connection(tmp_path: Path) -> None:
    tries = tmp_path / "tries.txt"
    done = in_a_guarded_process(REHEARSE, tries, told=json.dumps(report(PLAYED)), LANGSMITH_TRACING="true")
    assert done.returncode == 0, done.stderr
    assert [line.split(" (")[0] for line in tries.read_text().splitlines()] == ["look up 192.0.2.1"]


@pytest.mark.langsmith
def test_a_marked_test_is_an_ordinary_one_without_a_key() -> None:
    testing.log_inputs({"text": "hello"})
    testing.log_outputs({"intents": ["greeting"]})
    testing.log_feedback(key="passed", score=1)


MARKED = """
import sys
from agentpay.evals import offline
offline.guard()
import pytest
sys.exit(pytest.main([sys.argv[1], "-p", "no:cacheprovider", "-k", "test_a_marked_test_is_an_ordinary_one"]))
"""


@pytest.mark.parametrize("tracing", ["true", "false"])
def test_marked_tests_call_nobody_without_a_key(tmp_path: Path, tracing: str) -> None:
    tries = tmp_path / "tries.txt"
    done = in_a_guarded_process(MARKED, tries, __file__, LANGSMITH_TRACING=tracing)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "." in done.stdout
    assert not tries.exists()


# -- the commands


def eval_langsmith(folder: Path, *options: str, **environment: str) -> Any:
    command = [sys.executable, "-m", "agentpay", "eval", "langsmith", str(folder), *options]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "LANGCHAIN"))}
    return subprocess.run(command, env={**inherited, **environment}, text=True, capture_output=True, check=False)


def test_a_stored_run_is_published_by_a_command(langsmith: LangSmith, tmp_path: Path, scenario_file: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report(PLAYED)))
    key = {"LANGSMITH_ENDPOINT": langsmith.url, "LANGSMITH_API_KEY": "lsv2_test"}
    done = eval_langsmith(tmp_path, "--scenarios", str(scenario_file), "--json", **key)
    assert done.returncode == 0, done.stderr
    (made,) = json.loads(done.stdout)["experiments"]
    assert made["dataset"] == {"name": "agentpay/scenarios/shop", "created": 1, "updated": 0, "deleted": 0}
    assert {each["key"] for each in langsmith.feedback} >= {"passed", "grounded"}
    refused = eval_langsmith(tmp_path)
    assert refused.returncode == 2
    assert "LANGSMITH_API_KEY is not set" in refused.stderr
    dry = eval_langsmith(tmp_path, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "(not sent)" in dry.stdout


def test_a_run_is_handed_over_where_a_key_is_set(
    langsmith: LangSmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = [Suite("intents", 1, 1, results=[Case("greets", True, {"text": "hello", "intents": ["greeting"]})])]
    assert hand_over(suites, None, asked=False)
    assert langsmith.requests == []
    assert hand_over(suites, None, asked=None)
    assert [row["inputs"]["text"] for row in langsmith.examples.values()] == ["hello"]
    langsmith.broken = True
    assert not hand_over(suites, None, asked=True)
    monkeypatch.delenv("LANGSMITH_API_KEY")
    langsmith.requests.clear()
    assert hand_over(suites, None, asked=None)
    assert langsmith.requests == []
    with pytest.raises(StartupError, match="LANGSMITH_API_KEY"):
        check_langsmith(asked=True)
