"""The service over real HTTP in a thread of the test process, and a small graph to put behind it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypedDict
from uuid import UUID

import httpx
from langchain_core.messages import AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agentpay.api.server import Server, listen, make_server
from agentpay.api.state import AppState, EngineFactory, commerce_engine
from agentpay.conversations.turns.engine import Engine, GraphEngine
from agentpay.conversations.turns.lease import Lease
from agentpay.conversations.turns.log import TurnLog
from agentpay.settings import Settings
from agentpay.store.checkpoints import Saver
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.tools.context import Services, Sink

BASE = "/v1/agent/conversations"


class StubState(TypedDict, total=False):
    text: str
    turn_id: str
    seen: list[str]
    reply: dict[str, Any]
    count: int


@dataclass
class StubContext:
    sink: Sink
    stage: str = "greeting"
    agent_version: int = 1


async def speak(state: StubState, runtime: Runtime[StubContext]) -> dict[str, Any]:
    """Says the words of the message, one delta each. "slow N word …" waits N ms before each; "fail" raises; "crash" hangs."""
    sink, words = runtime.context.sink, state["text"].split()
    sink.emit("intent", {"intents": [{"name": "other", "confidence": 1.0}], "entities": {}, "tier": "rules"})
    pause = 0.0
    if words[0] == "slow":
        pause, words = int(words[1]) / 1000, words[2:]
    message_id = str(new_id())
    content = ""
    for number, word in enumerate(words):
        await asyncio.sleep(pause)
        if word == "fail":
            raise RuntimeError("asked to fail")
        text = word if number == 0 else f" {word}"
        sink.emit("message.delta", {"message_id": message_id, "text": text})
        content += text
    reply = {"message_id": message_id, "agent": "sales", "content": content, "blocks": [], "intent": "other"}
    return {"reply": {**reply, "tool_calls": []}, "count": state.get("count", 0) + 1}


def stub_engine(database: Database, saver: Saver, services: Services, base_url: str) -> Engine:
    """An echoing graph with a real checkpointer."""
    graph = StateGraph(StubState, context_schema=StubContext)
    graph.add_node("speak", speak)
    graph.add_edge(START, "speak")
    graph.add_edge("speak", END)

    async def context(lease: Lease, log: TurnLog, _: None) -> StubContext:
        return StubContext(log)

    def make_input(turn_id: UUID, messages: Sequence[AnyMessage], summary: str) -> dict[str, Any]:
        return {"text": str(messages[-1].content), "turn_id": str(turn_id), "seen": [str(m.content) for m in messages]}

    return GraphEngine(graph.compile(checkpointer=saver), database, load_context=context, make_input=make_input)


@dataclass
class Running:
    """A service that answers. `call` runs a coroutine function's result in its loop."""

    base_url: str
    server: Server
    loop: asyncio.AbstractEventLoop

    @property
    def state(self) -> AppState:
        return self.server.config.app.state.agentpay  # type: ignore[union-attr]

    def call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)


@contextmanager
def serving(settings: Settings, make_engine: EngineFactory = commerce_engine) -> Iterator[Running]:
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = make_server(settings.model_copy(update={"host": "127.0.0.1", "port": port}), make_engine=make_engine)
    loop = asyncio.new_event_loop()

    def run() -> None:
        loop.run_until_complete(server.serve(sockets=[listening]))
        left = asyncio.all_tasks(loop)  # as asyncio.run does
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            assert time.monotonic() < deadline, "the service did not start in time"
            time.sleep(0.01)
        yield Running(f"http://127.0.0.1:{port}", server, loop)
    finally:
        server.should_exit = True
        thread.join(40)
        loop.close()


@dataclass
class Service:
    """A service with one organization. `client` sends the secret key."""

    base_url: str
    organization_id: UUID
    secret_key: str
    publishable_key: str
    client: httpx.Client
    running: Running
    settings: Settings
    database: Database = field(repr=False)

    def conversation(self, **body: Any) -> str:
        answer = self.client.post(BASE, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def say(self, conversation_id: str, content: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"{BASE}/{conversation_id}/messages", json={"content": content, **body})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@dataclass
class Frame:
    """One frame of an event stream; `comment` for a heartbeat."""

    id: str = ""
    event: str = ""
    data: str = ""
    comment: str = ""
    raw: str = ""

    @property
    def n(self) -> int:
        return int(self.id.rpartition(":")[2])

    @property
    def json(self) -> dict[str, Any]:
        return dict(httpx.Response(200, text=self.data).json())


def frames(text: str) -> Iterator[Frame]:
    """The frames of a whole stream, strictly as the contract writes them."""
    for raw in text.split("\n\n"):
        if raw:
            yield frame(raw)


def frame(raw: str) -> Frame:
    found = Frame(raw=raw)
    for line in raw.split("\n"):
        if line.startswith(":"):
            found.comment = line[1:].strip()
        else:
            name, _, value = line.partition(": ")
            assert name in ("id", "event", "data"), f"unknown line {line!r}"
            assert not getattr(found, name), f"{name} comes twice"
            setattr(found, name, value)
    return found


def iter_frames(response: httpx.Response) -> Iterator[Frame]:
    """Frames as they arrive."""
    buffer = ""
    for chunk in response.iter_text():
        buffer += chunk
        while "\n\n" in buffer:
            raw, _, buffer = buffer.partition("\n\n")
            yield frame(raw)
