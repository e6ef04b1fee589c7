"""A turn that another process takes over: from its last step where each is stored, from its start where none is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from sqlalchemy import update

from agentpay.conversations.turns.accept import Place, accept_at_once
from agentpay.conversations.turns.engine import Durability, GraphEngine
from agentpay.conversations.turns.events import Event
from agentpay.conversations.turns.finish import finish
from agentpay.conversations.turns.lease import Lease
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.checkpoints import Saver
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Turn
from agentpay.tools.execute import TurnTaken
from tests.commerce import shop


class State(TypedDict, total=False):
    turn_id: str
    reply: dict[str, Any]
    count: int


@dataclass
class Context:
    log: TurnLog
    stage: str = "greeting"
    agent_version: int = 1


@dataclass
class Bench:
    """A graph of two nodes: the first speaks, the second waits until it may go on."""

    database: Database
    lease: Lease
    spoken: list[int] = field(default_factory=list)
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def engine(self, durability: Durability) -> GraphEngine:
        async def speak(state: State, runtime: Runtime[Context]) -> State:
            self.spoken.append(state.get("count", 0))
            message_id = str(new_id())
            runtime.context.log.emit("message.delta", {"message_id": message_id, "text": "Hi"})
            reply = {"message_id": message_id, "agent": "sales", "content": "Hi", "blocks": []}
            return {"reply": {**reply, "intent": "other", "tool_calls": []}, "count": state.get("count", 0) + 1}

        async def wait(state: State, runtime: Runtime[Context]) -> State:
            self.waits.set()
            await self.go_on.wait()
            return {"turn_id": state["turn_id"]}

        async def context(lease: Lease, log: TurnLog, row: None) -> Context:
            return Context(log)

        def make_input(turn_id: UUID, messages: Sequence[AnyMessage], summary: str) -> dict[str, Any]:
            return {"turn_id": str(turn_id)}

        graph = StateGraph(State, context_schema=Context)
        graph.add_node("speak", speak)
        graph.add_node("wait", wait)
        graph.add_edge(START, "speak")
        graph.add_edge("speak", "wait")
        graph.add_edge("wait", END)
        compiled = graph.compile(checkpointer=Saver(await self.database.direct_pool()))
        return GraphEngine(compiled, self.database, load_context=context, make_input=make_input, durability=durability)

    def log(self, lease: Lease, earlier: Sequence[Event] = ()) -> TurnLog:
        return TurnLog(lease.turn_id, lease.conversation_id, lease.attempt, lambda log: None, earlier)


@pytest.fixture
async def bench(database: Database, organization_id: UUID) -> Bench:
    async with database.tx(organization_id) as tx:
        conversation_id = await shop.conversation(tx)
    return Bench(database, await another(database, organization_id, conversation_id))


async def another(database: Database, organization_id: UUID, conversation_id: UUID) -> Lease:
    accepted = await accept_at_once(
        database, organization_id, conversation_id, "hello", turn_id=new_id(), place=Place("here", 10.0)
    )
    assert accepted is not None
    assert accepted.lease is not None
    return accepted.lease


async def crash(bench: Bench, engine: GraphEngine) -> tuple[Lease, TurnLog]:
    """The process dies in the second node; another one takes the turn."""
    log = bench.log(bench.lease)
    dying = asyncio.create_task(engine.run(bench.lease, log))
    await bench.waits.wait()
    await asyncio.sleep(0.2)  # the checkpoint is written beside the node
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    token = uuid4()
    async with bench.database.session() as session:
        await session.execute(update(Turn).where(Turn.id == bench.lease.turn_id).values(lease_token=token, attempt=2))
    lease = replace(bench.lease, token=token, attempt=2)
    bench.go_on.set()
    return lease, bench.log(lease, log.events)


async def test_step_goes_on_where_the_dead_process_was(bench: Bench) -> None:
    engine = await bench.engine("step")
    lease, log = await crash(bench, engine)
    result = await engine.run(lease, log)
    assert bench.spoken == [0]
    assert result.reply is not None
    assert result.reply.content == "Hi"
    assert [event.type for event in log.events] == ["message.delta"]


async def test_auto_starts_over_and_says_so(bench: Bench) -> None:
    engine = await bench.engine("auto")
    lease, log = await crash(bench, engine)
    result = await engine.run(lease, log)
    assert bench.spoken == [0, 0]  # what the first attempt counted does not count twice
    assert [event.type for event in log.events] == ["message.delta", "message.discarded", "message.delta"]
    assert result.reply is not None
    assert str(result.reply.id) == log.events[-1].data["message_id"]


@pytest.mark.parametrize("durability", ["auto", "step"])
async def test_the_next_turn_begins_where_this_one_ended(bench: Bench, durability: Durability) -> None:
    engine = await bench.engine(durability)
    bench.go_on.set()
    log = bench.log(bench.lease)
    await finish(bench.database, bench.lease, log, await engine.run(bench.lease, log))
    lease = await another(bench.database, bench.lease.organization_id, bench.lease.conversation_id)
    await engine.run(lease, bench.log(lease))
    assert bench.spoken == [0, 1]


async def test_a_process_that_lost_the_turn_stops_at_its_next_step(bench: Bench) -> None:
    engine = await bench.engine("step")
    running = asyncio.create_task(engine.run(bench.lease, bench.log(bench.lease)))
    await bench.waits.wait()
    async with bench.database.session() as session:
        await session.execute(update(Turn).where(Turn.id == bench.lease.turn_id).values(lease_token=uuid4()))
    bench.go_on.set()
    with pytest.raises(TurnTaken):
        await running
