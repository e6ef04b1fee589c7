"""τ²-bench retail: what a task leaves behind is told as the reference tells it, and a model can play the agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agentpay.cli import app
from agentpay.commerce.importing import ImportProblems, load_tau2
from agentpay.evals.tau2.mapping import our_call
from agentpay.evals.tau2.state import same
from agentpay.evals.tau2.tasks import Action, load_tasks, owner
from agentpay.evals.tau2.user import STOP, is_over, spoken
from agentpay.settings import get_settings
from tests.conftest import shared
from tests.fakellm import FakeModel, running_fake_model

FOLDER = "data/tau2_retail"
SOME = ("3", "21", "105")
"""A change with a failing read before it, a change of two items, and an exchange the gift card cannot pay."""


@pytest.fixture
def fake() -> Iterator[FakeModel]:
    with running_fake_model() as model:
        yield model


def run(out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    names = {"--tasks": "tasks_train.json", "--db": "db.json.gz", "--expected": "expected_train.json.gz"}
    files = [part for option, name in names.items() for part in (option, str(shared(f"{FOLDER}/{name}")))]
    result = CliRunner().invoke(app, ["eval", "tau2", *files, "--out", str(out), "--json", *options])
    report = json.loads((out / "report.json").read_text())
    return result.exit_code, {suite["name"]: suite for suite in report["suites"]}


def test_gold_actions_end_in_the_references_state_and_nowhere_else(tmp_path: Path) -> None:
    code, suites = run(tmp_path, *(part for task in SOME for part in ("--only", task)))
    assert (code, suites["tau2"]["passed"], suites["tau2"]["failed"]) == (0, 3, 0)
    refusals = suites["tau2_refusals"]
    assert refusals["cases"] == 8  # two writes three ways, and one that fails by itself two ways
    assert refusals["failed"] == 0
    states = json.loads((tmp_path / "states.json").read_text())["tasks"]
    assert set(states) == set(SOME)
    assert states["105"]["changed"] == {}
    assert [failed["index"] for failed in states["3"]["failed"]] == [1]


@pytest.mark.slow
def test_every_training_task_ends_in_the_references_state(tmp_path: Path) -> None:
    code, suites = run(tmp_path)
    assert (code, suites["tau2"]["passed"]) == (0, 74)
    assert suites["tau2_refusals"]["cases"] > 300


def test_a_wrong_state_is_a_failure(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"tasks": {"105": {"changed": {"orders": {"#W1": {"status": "cancelled"}}}}}}))
    code, suites = run(tmp_path, "--only", "105", "--expected", str(wrong))
    assert (code, suites["tau2"]["failed"]) == (1, 1)


def test_a_model_plays_the_agent_against_the_simulated_user(
    tmp_path: Path, fake: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = next(task for task in load_tasks(shared(f"{FOLDER}/tasks_train.json")) if task.id == "0")
    write = next(ask for action in task.actions if (ask := our_call(action)) and ask.tool == "exchange_items")
    monkeypatch.setenv("OPENAI_API_KEY", "for-the-fake")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
    get_settings.cache_clear()
    # The user's model sees the agent's words as the user's role, and the other way round
    fake.script(
        {"role": "user", "matches": "How can I help", "text": "I want to exchange what order #W2378156 brought me."},
        {
            "role": "user",
            "matches": "I want to exchange",
            "calls": [{"name": write.tool, "arguments": write.arguments}],
        },
        {"role": "tool", "text": "Your exchange is on its way."},
        {"role": "user", "matches": "exchange is on its way", "text": f"Thanks! {STOP}"},
    )
    try:
        code, suites = run(tmp_path, "--only", "0", "--model", "openai:fake")
    finally:
        get_settings.cache_clear()
    assert fake.left() == []
    assert (code, suites["tau2"]["passed"]) == (0, 1), suites
    told = json.dumps(fake.requests()[0])
    assert "mechanical keyboard" in told, "the scenario is what the user's model is told"


def test_amounts_are_compared_to_the_cent_and_all_else_exactly() -> None:
    assert same({"amount": 0.04999999999999716}, {"amount": 0.05})
    assert not same({"amount": 0.06}, {"amount": 0.05})
    assert same({"cancel_reason": None}, {})
    assert not same({"items": ["a", "b"]}, {"items": ["b", "a"]})
    assert not same({"status": "cancelled"}, {"status": "pending"})


def test_unequal_lists_stay_a_call_that_cannot_succeed() -> None:
    given = {"order_id": "#W1", "item_ids": ["1", "2"], "new_item_ids": ["3"], "payment_method_id": "p"}
    ask = our_call(Action("x", "modify_pending_order_items", given))
    assert ask is not None
    assert ask.arguments["changes"][1]["to"] == {"variant": None}
    with pytest.raises(ValueError, match="no tool"):
        our_call(Action("x", "delete_everything", {}))
    assert our_call(Action("x", "calculate", {"expression": "1 + 1"})) is None


def test_the_owner_is_found_by_order_user_and_name() -> None:
    person = {"name": {"first_name": "Ann", "last_name": "Lee"}, "email": "a@b.example", "address": {"zip": "1"}}
    db = {"orders": {"#W1": {"user_id": "u2"}}, "users": {"u1": {**person, "email": "c@d.example"}, "u2": person}}

    def task(*actions: Action) -> Any:
        return type("T", (), {"actions": actions})()

    assert owner(task(Action("1", "get_order_details", {"order_id": "#W1"})), db) == "u2"
    assert owner(task(Action("1", "find_user_id_by_email", {"email": "A@b.example"})), db) == "u2"
    assert owner(task(), db) == "u1"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db.json").write_text('{"products": {}}')
    with pytest.raises(ImportProblems, match="mapping"):
        load_tau2(tmp_path / "db.json")


def test_marks_end_a_conversation_and_are_not_said() -> None:
    assert is_over(f"bye {STOP}")
    assert not is_over("bye")
    assert spoken(f" bye {STOP}") == "bye"
