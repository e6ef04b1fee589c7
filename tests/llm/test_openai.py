"""The chat model's path over real HTTP, with everything that a provider does wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from pydantic import SecretStr

from agentpay.errors import StartupError
from agentpay.llm.brain import BrainRequest, ModelUnavailable, ToolSpec, TurnView
from agentpay.llm.brains import BrainRegistry
from agentpay.llm.openai import OpenAIBrain
from agentpay.settings import Settings
from tests.fakellm import FakeModel, free_port

KEY = "sk-fake-5f1d0c"
TOOLS = [
    ToolSpec(
        "update_cart",
        "Change the cart.",
        {"type": "object", "properties": {"product": {"type": "string"}, "quantity": {"type": "integer"}}},
    ),
    ToolSpec("view_cart", "Show the cart.", {"type": "object", "properties": {}}),
]


def settings_for(url: str, **values: Any) -> Settings:
    values = {"model_timeout_seconds": 5.0, "model_max_retries": 0, **values}
    return Settings(_env_file=None, openai_base_url=url, openai_api_key=SecretStr(KEY), **values)  # type: ignore[call-arg]


def request(*messages: AnyMessage, tools: list[ToolSpec] = TOOLS) -> BrainRequest:
    said = list(messages) or [HumanMessage("hello")]
    turn = TurnView(text="hello", acts=[], agent="sales", abilities={}, currency="USD", shop="Shop", assistant="Nora")
    return BrainRequest("You sell things.", said, tools, turn)


@pytest.fixture
async def brain(fake: FakeModel) -> AsyncIterator[OpenAIBrain]:
    made = OpenAIBrain("fake", settings_for(fake.url))
    yield made
    await made.close()


async def test_text_arrives_piece_by_piece_and_is_whole_in_the_end(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"text": "The mug is $24.00 and in stock."})
    fake.configure(delay_ms=30)
    pieces: list[str] = []
    try:
        message = await brain.respond(request(), pieces.append)
    finally:
        fake.configure(delay_ms=0)
    assert len(pieces) > 1
    assert "".join(pieces) == message.content == "The mug is $24.00 and in stock."
    assert message.tool_calls == []
    assert message.usage_metadata is not None
    assert message.usage_metadata["input_tokens"] > 0
    assert message.usage_metadata["output_tokens"] == 40


async def test_a_piece_is_written_before_the_next_one_exists(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"text": "one two three"})
    fake.configure(delay_ms=150)
    try:
        first = asyncio.Event()
        task = asyncio.create_task(brain.respond(request(), lambda piece: first.set()))
        await asyncio.wait_for(first.wait(), 5)
        assert not task.done()
        assert (await task).content == "one two three"
    finally:
        fake.configure(delay_ms=0)


async def test_several_tool_calls_in_one_message(fake: FakeModel, brain: OpenAIBrain) -> None:
    calls = [
        {"name": "update_cart", "arguments": {"product": "mug “Stone” \n", "quantity": 2}},
        {"name": "update_cart", "arguments": {"product": "lamp", "quantity": 1}},
        {"name": "view_cart", "arguments": {}},
    ]
    fake.script({"calls": calls})
    pieces: list[str] = []
    message = await brain.respond(request(), pieces.append)
    assert [{"name": c["name"], "arguments": c["args"]} for c in message.tool_calls] == calls
    assert len({call["id"] for call in message.tool_calls}) == 3
    assert pieces == []


async def test_what_reaches_the_server(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"text": "Done."})
    history: list[AnyMessage] = [
        HumanMessage("a mug please"),
        AIMessage("", tool_calls=[{"id": "c1", "name": "update_cart", "args": {"product": "mug"}}]),
        ToolMessage('{"ok": true}', tool_call_id="c1", name="update_cart"),
    ]
    await brain.respond(request(*history), lambda piece: None)
    (sent,) = fake.requests()
    assert sent["model"] == "fake"
    assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "tool"]
    assert sent["messages"][0]["content"] == "You sell things."
    assert sent["messages"][3]["tool_call_id"] == sent["messages"][2]["tool_calls"][0]["id"] == "c1"
    assert [t["function"]["name"] for t in sent["tools"]] == ["update_cart", "view_cart"]
    assert sent["tools"][0]["function"]["parameters"] == TOOLS[0].parameters
    assert sent["stream"] is True
    assert KEY not in str(sent)


@pytest.mark.parametrize("fault", [429, 500, 503, "truncate", "garbage", "bad_tool_json", "reset", 400, 401])
async def test_each_fault_is_model_unavailable(fake: FakeModel, brain: OpenAIBrain, fault: object) -> None:
    fake.script({"fault": fault, "text": "half of this never comes through"})
    with pytest.raises(ModelUnavailable) as raised:
        await brain.respond(request(), lambda piece: None)
    assert KEY not in str(raised.value)
    fake.script({"text": "Back again."})
    assert (await brain.respond(request(), lambda piece: None)).content == "Back again."


async def test_half_of_a_tool_calls_arguments_is_no_call(fake: FakeModel, brain: OpenAIBrain) -> None:
    """The broken arguments hold a whole `"quantity": 1`, which lenient parsers would run the tool with."""
    fake.script({"fault": "bad_tool_json"})
    with pytest.raises(ModelUnavailable, match="no JSON: update_cart"):
        await brain.respond(request(), lambda piece: None)


async def test_arguments_that_are_no_object_are_no_call(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"calls": [{"name": "update_cart", "arguments": ["mug", 2]}]})
    with pytest.raises(ModelUnavailable):
        await brain.respond(request(), lambda piece: None)


async def test_what_no_database_stores_is_left_out(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"text": "Two\x00 mugs"}, {"calls": [{"name": "update_cart", "arguments": {"product": ["m\x00ug"]}}]})
    pieces: list[str] = []
    said = await brain.respond(request(), pieces.append)
    assert "".join(pieces) == said.content == "Two mugs"
    called = await brain.respond(request(), pieces.append)
    assert called.tool_calls[0]["args"] == {"product": ["mug"]}


async def test_an_empty_answer_is_none(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"text": ""})
    with pytest.raises(ModelUnavailable, match="empty"):
        await brain.respond(request(), lambda piece: None)


async def test_a_silent_model_is_given_up(fake: FakeModel) -> None:
    brain = OpenAIBrain("fake", settings_for(fake.url, model_timeout_seconds=0.2))
    fake.script({"fault": "hang"})
    with pytest.raises(ModelUnavailable):
        await asyncio.wait_for(brain.respond(request(), lambda piece: None), 5)
    await brain.close()


async def test_a_model_that_falls_silent_half_way_is_given_up(fake: FakeModel) -> None:
    brain = OpenAIBrain("fake", settings_for(fake.url, model_timeout_seconds=0.4))
    fake.script({"text": "one two"})
    fake.configure(delay_ms=60_000)
    pieces: list[str] = []
    try:
        with pytest.raises(ModelUnavailable):
            await asyncio.wait_for(brain.respond(request(), pieces.append), 5)
    finally:
        fake.configure(delay_ms=0)
    assert pieces == ["one "]
    await brain.close()


async def test_slow_but_steady_is_no_silence(fake: FakeModel) -> None:
    brain = OpenAIBrain("fake", settings_for(fake.url, model_timeout_seconds=0.6))
    fake.script({"text": "a b c d e f g h"})
    fake.configure(delay_ms=120)
    try:
        assert (await brain.respond(request(), lambda piece: None)).content == "a b c d e f g h"
    finally:
        fake.configure(delay_ms=0)
    await brain.close()


@pytest.mark.parametrize("fault", [429, 503, "reset"])
async def test_what_passes_is_tried_again(fake: FakeModel, fault: object) -> None:
    brain = OpenAIBrain("fake", settings_for(fake.url, model_max_retries=2))
    fake.script({"fault": fault}, {"text": "Second try."})
    assert (await brain.respond(request(), lambda piece: None)).content == "Second try."
    assert fake.calls() == 2
    await brain.close()


async def test_retries_end(fake: FakeModel) -> None:
    brain = OpenAIBrain("fake", settings_for(fake.url, model_max_retries=1))
    fake.script({"fault": 503, "times": 10})
    with pytest.raises(ModelUnavailable, match="503"):
        await brain.respond(request(), lambda piece: None)
    assert fake.calls() == 2
    await brain.close()


async def test_nobody_listens_there() -> None:
    brain = OpenAIBrain("fake", settings_for(f"http://127.0.0.1:{free_port()}/v1"))
    with pytest.raises(ModelUnavailable):
        await asyncio.wait_for(brain.respond(request(), lambda piece: None), 5)
    await brain.close()


async def test_a_cancelled_call_is_cancelled_and_lets_the_server_go(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script({"text": "one two three"})
    fake.configure(delay_ms=60_000)
    try:
        first = asyncio.Event()
        task = asyncio.create_task(brain.respond(request(), lambda piece: first.set()))
        await asyncio.wait_for(first.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            if fake.client.get("/stats").json()["aborted"]:
                break
            await asyncio.sleep(0.02)
        assert fake.client.get("/stats").json()["active"] == 0
    finally:
        fake.configure(delay_ms=0)


async def test_calls_share_connections_and_tools_are_put_together_once(fake: FakeModel, brain: OpenAIBrain) -> None:
    fake.script()
    for _ in range(3):
        await brain.respond(request(), lambda piece: None)
        await brain.respond(request(tools=TOOLS[:1]), lambda piece: None)
    assert [len(sent["tools"]) for sent in fake.requests()] == [2, 1, 2, 1, 2, 1]
    assert len(brain._model._heads) == 2
    session = brain._model._session
    assert session is not None
    assert session.connector is not None
    assert [len(kept) for kept in session.connector._conns.values()] == [1]


def test_one_brain_a_model_and_clear_words_for_a_wrong_setting(fake: FakeModel) -> None:
    registry = BrainRegistry(settings_for(fake.url, model="openai:fake"))
    assert registry.get("openai:fake") is registry.get("openai:fake")
    assert registry.get("openai:other") is not registry.get("openai:fake")
    assert registry.get("house") is registry.house
    assert [registry.get(f"openai:{name}").name for name in ("fake", "other")] == ["openai:fake", "openai:other"]
    with pytest.raises(StartupError, match="not known"):
        BrainRegistry(settings_for(fake.url, model="gpt"))
    with pytest.raises(StartupError, match="OPENAI_API_KEY"):
        BrainRegistry(Settings(_env_file=None, model="openai:fake", openai_api_key=None))  # type: ignore[call-arg]


async def test_an_agents_own_model_is_made_at_its_first_turn(fake: FakeModel) -> None:
    registry = BrainRegistry(settings_for(fake.url))
    fake.script({"text": "one"}, {"text": "two"})
    brain = registry.get("openai:own")
    both = await asyncio.gather(*(brain.respond(request(), lambda piece: None) for _ in range(2)))
    assert {message.content for message in both} == {"one", "two"}
    assert [sent["model"] for sent in fake.requests()] == ["own", "own"]
