"""A model's opinion: asked where one is named, told apart, and no reason to fail."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agentpay.errors import StartupError
from agentpay.evals.graders.judge import VARIABLE, Judge, chat_model, configured
from tests.evals.test_graders import record, turn
from tests.fakellm import FakeModel, running_fake_model


@pytest.fixture(scope="module")
def server() -> Iterator[FakeModel]:
    with running_fake_model() as running:
        yield running


@pytest.fixture
def model(server: FakeModel, monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    server.script()
    return server


def answer(score: float, reasoning: str) -> dict[str, str]:
    return {"text": json.dumps({"reasoning": reasoning, "score": score})}


async def test_the_judge_reads_the_conversation_and_its_opinion_binds_nobody(model: FakeModel) -> None:
    model.script(answer(0.25, "It did not say how long delivery takes."), answer(1.0, "Short and clear."))
    grades = await Judge(chat_model("openai:judge")).grade(record(turn()))
    assert [(grade.key, grade.score) for grade in grades] == [("judge_helpful", 0.25), ("judge_manner", 1.0)]
    assert "delivery" in grades[0].comment
    assert not any(grade.binding or grade.failed for grade in grades)
    asked = json.dumps(model.requests()[0])
    assert "The Oat mug is $20.00." in asked
    assert "product_search" in asked


async def test_a_judge_that_gives_no_answer_says_nothing(model: FakeModel) -> None:
    model.script({"text": "I would rather not.", "times": 4})
    grades = await Judge(chat_model("openai:judge")).grade(record(turn()))
    assert [grade.score for grade in grades] == [None, None]
    assert all("gave no answer" in grade.comment for grade in grades)


def test_nobody_judges_where_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert configured() is None
    monkeypatch.setenv(VARIABLE, "openai:gpt-5-mini")
    assert configured() == "openai:gpt-5-mini"


@pytest.mark.parametrize("name", ["house", "openai:", "anthropic:x"])
def test_a_judge_that_is_no_model_is_refused(name: str) -> None:
    with pytest.raises(StartupError, match=VARIABLE):
        chat_model(name)


def test_a_judge_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(StartupError, match="cannot be asked"):
        chat_model("openai:gpt-5-mini")
