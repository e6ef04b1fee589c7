"""The graph as it is drawn, what a checkpoint holds, and the window a model reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from agentpay.graphs.commerce import build_graph
from agentpay.graphs.context import load_context
from agentpay.graphs.services import build_services
from agentpay.graphs.state import turn_input
from agentpay.llm.brain import BrainRequest, ModelUnavailable, Writer
from agentpay.nodes.redact import ON_FILE, for_model
from agentpay.nodes.specialist import MAX_HANDOFFS
from agentpay.nodes.state import WINDOW, replace, window
from agentpay.settings import Settings
from agentpay.store.checkpoints import Saver
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Turn
from agentpay.tools.context import Context
from tests.commerce import shop


class Heard:
    """A sink that keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def emit(self, type: str, data: dict[str, Any]) -> None:
        self.events.append((type, data))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [data for kind, data in self.events if kind == type]


class Scripted:
    """A brain that does what it is told, then says it is gone."""

    name = "openai:scripted"

    def __init__(self, *messages: AIMessage) -> None:
        self.left = list(messages)

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        if not self.left:
            raise ModelUnavailable("nothing more to say")
        message = self.left.pop(0)
        if message.text:
            write(message.text)
        return message


class Conversation:
    """Turns of one conversation through the real graph over a real saver."""

    def __init__(self, database: Database, saver: Any, organization_id: UUID, conversation_id: UUID) -> None:
        self.database = database
        self.graph = build_graph(saver)
        self.organization_id = organization_id
        self.id = conversation_id
        self.services = build_services(Settings(_env_file=None), database)  # type: ignore[call-arg]
        self.heard = Heard()

    async def say(self, text: str, brain: Scripted | None = None, before: Sequence[AnyMessage] = ()) -> dict[str, Any]:
        turn_id = new_id()
        async with self.database.tx(self.organization_id) as tx:
            tx.session.add(Turn(id=turn_id, organization_id=self.organization_id, conversation_id=self.id))
        self.heard = Heard()
        context = await self._context(turn_id, brain)
        config: Any = {"configurable": {"thread_id": str(self.id)}, "metadata": {"turn_id": str(turn_id)}}
        given = turn_input(turn_id, [*before, HumanMessage(text)])
        final = await self.graph.ainvoke(given, config, context=context, durability="async")
        return dict(final)

    async def _context(self, turn_id: UUID, brain: Scripted | None) -> Context:
        context = await load_context(
            self.services,
            self.heard,
            organization_id=self.organization_id,
            conversation_id=self.id,
            turn_id=turn_id,
            base_url="http://shop.example",
        )
        if brain is not None:
            self.services.brains._made[brain.name] = brain  # type: ignore[attr-defined]
            object.__setattr__(context.agent, "model", brain.name)
        return context


@pytest.fixture
async def talk(database: Database, organization_id: UUID) -> Conversation:
    async with database.tx(organization_id) as tx:
        await shop.variant(tx, "kettle", price=4900, stock=10)
        conversation_id = await shop.conversation(tx)
    return Conversation(database, Saver(await database.direct_pool()), organization_id, conversation_id)


def call(name: str, n: int = 1, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"id": f"c{n}", "name": name, "args": arguments}])


def test_it_draws_with_exactly_its_nodes_and_edges() -> None:
    drawn = build_graph().get_graph()
    assert set(drawn.nodes) == {
        "__start__", "understand", "supervisor", "sales", "support", "payment", "remember", "__end__",
    }  # fmt: skip
    agents = ("sales", "support", "payment")
    edges = {(edge.source, edge.target) for edge in drawn.edges}
    assert edges == {
        ("__start__", "understand"),
        ("understand", "supervisor"),
        *(("supervisor", agent) for agent in agents),
        *((agent, other) for agent in agents for other in agents if agent != other),
        *((agent, "remember") for agent in agents),
        ("remember", "__end__"),
    } | {(agent, agent) for agent in agents if (agent, agent) in edges}
    assert build_graph().checkpointer is None
    assert build_graph(InMemorySaver()).checkpointer is not None


async def test_a_checkpoint_holds_plain_data_and_comes_back_as_it_was(talk: Conversation) -> None:
    assert os.environ["LANGGRAPH_STRICT_MSGPACK"] == "true"
    final = await talk.say("add two kettles to my cart")
    assert [block["type"] for block in final["reply"]["blocks"]] == ["cart"]
    kept = await talk.graph.aget_state({"configurable": {"thread_id": str(talk.id)}})
    assert kept.next == ()
    for name in ("reply", "stage", "active_agent", "understanding", "memory", "contact", "usage"):
        assert kept.values[name] == final[name], name
    assert _plain({name: value for name, value in kept.values.items() if name != "messages"})
    assert [type(message) for message in kept.values["messages"]] == [type(message) for message in final["messages"]]
    assert kept.values["messages"][2].artifact["cart"]["items"][0]["quantity"] == 2


async def test_what_was_spoken_of_lasts_from_turn_to_turn(talk: Conversation) -> None:
    first = await talk.say("add a kettle to my cart")
    second = await talk.say("make it three")
    assert first["memory"]["focus"]["title"] == "Kettle"
    assert second["reply"]["blocks"][-1]["items"][0]["quantity"] == 3
    assert second["reply"]["tool_calls"][0]["name"] == "update_cart"
    assert second["step"] == 2, "the steps of a turn are counted from its start"


async def test_handoffs_end_with_a_person(talk: Conversation) -> None:
    around = ["support", "sales", "payment", "support", "sales"]
    brain = Scripted(*(call(f"transfer_to_{agent}", n) for n, agent in enumerate(around)))
    final = await talk.say("I'm looking for a kettle", brain)
    assert final["handoffs"] == MAX_HANDOFFS
    assert [data["agent"] for data in talk.heard.of("agent")] == ["sales", "support", "sales", "payment"]
    assert [one["name"] for one in final["reply"]["tool_calls"]] == ["handoff_to_human"]
    assert final["handed_off"] is True
    assert final["stage"] == "handed_off"
    assert final["reply"]["content"]
    assert len(brain.left) == 1


async def test_of_two_handoffs_in_one_message_the_first_counts(talk: Conversation) -> None:
    both = AIMessage("", tool_calls=[
        {"id": "a", "name": "transfer_to_payment", "args": {}},
        {"id": "b", "name": "transfer_to_nobody", "args": {}},
    ])  # fmt: skip
    final = await talk.say("I'm looking for a kettle", Scripted(both, AIMessage("Here I am.")))
    assert final["active_agent"] == "payment"
    assert final["reply"]["content"] == "Here I am."
    results = [message for message in final["messages"] if isinstance(message, ToolMessage)]
    assert [message.status for message in results] == ["success", "error"]


async def test_a_model_that_fails_before_it_speaks(talk: Conversation) -> None:
    final = await talk.say("add two kettles to my cart", Scripted())
    assert final["degraded"] is True
    assert talk.heard.of("message.discarded") == []
    assert final["reply"]["blocks"][0]["items"][0]["quantity"] == 2


async def test_text_of_two_steps_is_set_apart(talk: Conversation) -> None:
    looking = AIMessage("Let me look.", tool_calls=[{"id": "a", "name": "product_search", "args": {"query": "kettle"}}])
    final = await talk.say("I'm looking for a kettle", Scripted(looking, AIMessage("We have one.")))
    assert final["reply"]["content"] == "Let me look.\n\nWe have one."
    assert "".join(delta["text"] for delta in talk.heard.of("message.delta")) == final["reply"]["content"]
    assert len({delta["message_id"] for delta in talk.heard.of("message.delta")}) == 1


async def test_the_transcript_replaces_what_the_checkpoint_had(talk: Conversation) -> None:
    await talk.say("hello")
    final = await talk.say("thanks", before=[HumanMessage("hello"), AIMessage("Hi!"), AIMessage("Your payment came.")])
    assert [message.text for message in final["messages"]][:4] == ["hello", "Hi!", "Your payment came.", "thanks"]


def test_the_window_is_bounded_and_never_begins_with_a_result_without_its_call() -> None:
    messages: list[AnyMessage] = []
    for n in range(200):
        added: list[AnyMessage] = [
            HumanMessage(f"m{n}"),
            AIMessage("", tool_calls=[{"id": f"{n}-{i}", "name": "view_cart", "args": {}} for i in range(n % 4)]),
            *(ToolMessage("{}", tool_call_id=f"{n}-{i}") for i in range(n % 4)),
        ]
        messages = window(messages, added)
        assert len(messages) <= WINDOW * 2
        assert messages[0].type != "tool"
        assert messages[-len(added) :][0].text == f"m{n}"
    assert len(messages) > WINDOW
    assert [message.text for message in window(messages, replace([HumanMessage("new")]))] == ["new"]


def test_what_a_model_reads_of_a_result() -> None:
    result = {
        "checkout": {
            "customer": {"email": "dana@shopper.example", "name": "Dana"},
            "shipping_address": {"line1": "12 Elm St", "line2": None, "city": "Portland", "country": "US"},
            "items": [{"title": "Kettle", "unit_price": 4900}],
        }
    }
    shown = for_model(result)["checkout"]
    assert shown["customer"] == {"email": ON_FILE, "name": ON_FILE}
    assert shown["shipping_address"] == {"line1": ON_FILE, "line2": None, "city": "Portland", "country": "US"}
    assert shown["items"] == result["checkout"]["items"]
    assert result["checkout"]["customer"]["email"] == "dana@shopper.example"


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return all(_plain(inner) for inner in value)
    return value is None or isinstance(value, (str, int, float, bool))
