"""A model that keeps failing is left alone, and found again when it is back."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda

from agentpay.llm.brain import ModelUnavailable
from agentpay.llm.openai import OpenAIBrain
from agentpay.llm.openai.breaker import CircuitBreaker
from tests.fakellm import FakeModel
from tests.llm.test_openai import request, settings_for


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_open_after_failures_in_a_row_then_one_call_tries() -> None:
    clock = Clock()
    breaker = CircuitBreaker(2, 30, clock)
    for _ in range(2):
        assert breaker.admit()
        breaker.failed()
    assert not breaker.admit()
    clock.now += 31
    assert breaker.admit()
    assert not breaker.admit()  # while the one tries
    breaker.failed()
    clock.now += 29
    assert not breaker.admit()
    clock.now += 2
    assert breaker.admit()
    breaker.abandoned()  # its customer left
    assert breaker.admit()
    breaker.succeeded()
    assert breaker.admit()
    assert breaker.admit()


def test_a_success_between_failures_counts_anew() -> None:
    breaker = CircuitBreaker(2, 30, Clock())
    for _ in range(5):
        assert breaker.admit()
        breaker.failed()
        assert breaker.admit()
        breaker.succeeded()


async def test_a_hanging_model_is_waited_for_a_few_times_only(fake: FakeModel) -> None:
    settings = settings_for(fake.url, model_timeout_seconds=0.2, model_breaker_failures=2, model_breaker_seconds=0.5)
    brain = OpenAIBrain("fake", settings)
    fake.script({"fault": "hang", "times": 2}, {"text": "Back."})
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="silence"):
            await brain.respond(request(), lambda piece: None)
    with pytest.raises(ModelUnavailable, match="in a row"):
        await brain.respond(request(), lambda piece: None)
    assert fake.calls() == 2
    await asyncio.sleep(0.6)
    assert (await brain.respond(request(), lambda piece: None)).content == "Back."
    await brain.close()


class Heard(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.ended: list[object] = []

    async def on_llm_new_token(self, token: str, **_: object) -> None:
        self.tokens.append(token)

    async def on_llm_end(self, response: object, **_: object) -> None:
        self.ended.append(response)


async def test_callbacks_hear_what_is_said(fake: FakeModel) -> None:
    """Tracers and LangGraph's `messages` mode come as callbacks of the run."""
    brain = OpenAIBrain("fake", settings_for(fake.url))
    fake.script({"text": "one two three"})
    heard, pieces = Heard(), list[str]()

    async def ask(_: object, config: RunnableConfig) -> AIMessage:
        return await brain.respond(request(HumanMessage("hello")), pieces.append)

    message = await RunnableLambda(ask).ainvoke("", {"callbacks": [heard]})
    assert "".join(heard.tokens) == "".join(pieces) == message.content == "one two three"
    assert len(heard.ended) == 1
    await brain.close()
