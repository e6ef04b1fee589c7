"""`langgraph dev` serves the graph offline over the embedded servers, and langgraph_sdk streams turns from it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from langgraph_sdk import get_client

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90

pytestmark = pytest.mark.skipif(find_spec("langgraph_cli") is None, reason="langgraph-cli is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def studio() -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="agentpay-studio-") as data:
        Path(data).chmod(0o755)
        environment = {**os.environ, "AGENTPAY_DATA_DIR": data, "LANGSMITH_TRACING": "false", "AGENTPAY_MODEL": "house"}
        for name in ("AGENTPAY_DATABASE_URL", "AGENTPAY_REDIS_URL", "LANGSMITH_API_KEY"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)]
        with (Path(data) / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            try:
                url = f"http://127.0.0.1:{port}"
                deadline = time.monotonic() + START_SECONDS
                while True:
                    try:
                        if httpx.get(f"{url}/ok", trust_env=False).is_success:
                            break
                    except httpx.TransportError:
                        pass
                    log_so_far = (Path(data) / "log").read_text(errors="replace")
                    assert process.poll() is None, f"langgraph dev ended: {log_so_far[-2000:]}"
                    assert time.monotonic() < deadline, f"langgraph dev did not start: {log_so_far[-2000:]}"
                    time.sleep(0.3)
                yield url
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


async def test_the_graph_draws_with_its_nodes_and_edges(studio: str) -> None:
    client = get_client(url=studio)
    assistant = (await client.assistants.search())[0]
    drawn = await client.assistants.get_graph(assistant["assistant_id"])
    nodes = {node["id"] for node in drawn["nodes"]}
    assert nodes == {
        "__start__", "understand", "supervisor", "sales", "support", "payment", "remember", "__end__",
    }  # fmt: skip
    edges = {(edge["source"], edge["target"]) for edge in drawn["edges"]}
    assert ("__start__", "understand") in edges
    assert ("understand", "supervisor") in edges
    assert {("supervisor", agent) for agent in ("sales", "support", "payment")} <= edges
    assert ("sales", "payment") in edges
    assert ("remember", "__end__") in edges


async def test_turns_stream_and_the_thread_remembers(studio: str) -> None:
    client = get_client(url=studio)
    assistant = (await client.assistants.search())[0]["assistant_id"]
    thread = (await client.threads.create())["thread_id"]

    async def say(text: str) -> tuple[list[str], str]:
        events, reply = [], ""
        content = {"messages": [{"role": "user", "content": text}]}
        async for part in client.runs.stream(thread, assistant, input=content, stream_mode=["custom", "values"]):
            assert part.event != "error", part.data
            if part.event == "custom":
                events.append(part.data["type"])
                reply += part.data["data"].get("text", "") if part.data["type"] == "message.delta" else ""
        return events, reply

    events, first = await say("show me kettles under $70")
    assert events[0] == "intent"
    assert events.count("message.delta") > 5
    assert {"agent", "tool.started", "tool.finished", "ui"} <= set(events)
    assert "kettle" in first.lower()
    _, second = await say("add the first one, please")
    state = await client.threads.get_state(thread)
    assert "cart" in second.lower() or "which" in second.lower()
    assert state["values"]["stage"] in ("cart", "discovery", "considering")
    assert len([m for m in state["values"]["messages"] if m["type"] == "human"]) == 2
