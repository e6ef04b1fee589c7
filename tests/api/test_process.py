"""The service as a process: killed, ended politely, refused its port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from agentpay.api.server import listen
from agentpay.errors import StartupError
from agentpay.settings import Settings
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.serving import BASE, Frame, frames, iter_frames

SSE = {"accept": "text/event-stream"}
SERVE = """
import json, sys
from agentpay.api.server import listen, make_server
from agentpay.settings import Settings
from tests.serving import stub_engine
listening = listen("127.0.0.1", 0)
print(listening.getsockname()[1], flush=True)
make_server(Settings(_env_file=None, **json.loads(sys.argv[1])), make_engine=stub_engine).run(sockets=[listening])
"""


class Process:
    def __init__(self, settings: Settings) -> None:
        options = settings.model_dump(mode="json", exclude_unset=True)
        root = Path(__file__).parents[2]
        self.popen = subprocess.Popen(
            [sys.executable, "-c", SERVE, json.dumps(options)],
            stdout=subprocess.PIPE,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            text=True,
        )
        assert self.popen.stdout is not None
        self.base_url = f"http://127.0.0.1:{self.popen.stdout.readline().strip()}"
        deadline = time.monotonic() + 30
        while True:
            try:
                if httpx.get(f"{self.base_url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                assert self.popen.poll() is None, "the service ended"
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.05)


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[[], Process]]:
    started: list[Process] = []

    def make() -> Process:
        started.append(Process(settings))
        return started[-1]

    yield make
    for process in started:
        process.popen.kill()
        process.popen.wait()


def until_text(response: httpx.Response, count: int) -> list[Frame]:
    seen: list[Frame] = []
    for frame in iter_frames(response):
        if not frame.comment:
            seen.append(frame)
        if len([f for f in seen if f.event == "message.delta"]) == count:
            break
    return seen


@pytest.fixture
async def key(database: Database) -> dict[str, str]:
    _, secret, _ = await make_organization(database)
    return {"authorization": f"Bearer {secret}"}


def test_a_conversation_goes_on_after_kill_9(start: Callable[[], Process], key: dict[str, str]) -> None:
    first = start()
    with httpx.Client(base_url=first.base_url, headers=key, timeout=20) as client:
        conversation = client.post(BASE, json={}).json()["id"]
        url = f"{BASE}/{conversation}/messages"
        client.post(url, json={"content": "before"})
        with client.stream("POST", url, json={"content": "slow 150 a b c d e"}, headers=SSE) as response:
            seen = until_text(response, 2)
            first.popen.send_signal(signal.SIGKILL)
    second = start()
    turn = seen[0].json["turn_id"]
    with httpx.Client(base_url=second.base_url, headers=key, timeout=30) as client:
        answer = client.get(f"{BASE}/{conversation}/turns/{turn}/events", headers={"last-event-id": seen[-1].id})
        rest = [f for f in frames(answer.text) if not f.comment]
        everything = seen + rest
        # A turn that has ended tells its text in one event of several numbers: a slow client meets it there
        first_of = [f.json.get("from", f.n) for f in everything]
        assert first_of == [1, *(f.n + 1 for f in everything[:-1])]
        assert [f.event for f in everything].count("message.discarded") == 1
        assert rest[-1].json["status"] == "completed"
        assert rest[-2].json["content"] == "a b c d e"
        after = client.post(f"{BASE}/{conversation}/messages", json={"content": "after"}).json()
        assert after["message"]["content"] == "after"
        items = client.get(f"{BASE}/{conversation}/messages").json()["items"]
        assert [m["content"] for m in items] == [
            "before",
            "before",
            "slow 150 a b c d e",
            "a b c d e",
            "after",
            "after",
        ]


def test_sigterm_lets_a_running_turn_end(start: Callable[[], Process], key: dict[str, str]) -> None:
    process = start()
    with httpx.Client(base_url=process.base_url, headers=key, timeout=20) as client:
        conversation = client.post(BASE, json={}).json()["id"]
        body = {"content": "slow 150 a b c d"}
        with client.stream("POST", f"{BASE}/{conversation}/messages", json=body, headers=SSE) as response:
            events = iter_frames(response)
            next(f for f in events if f.event == "message.delta")
            process.popen.send_signal(signal.SIGTERM)
            rest = [f for f in events if not f.comment]
    assert rest[-1].event == "turn.completed"
    assert rest[-2].json["content"] == "a b c d"
    assert process.popen.wait(20) in (0, -signal.SIGTERM)


def test_small_writes_do_not_wait_for_acks() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_taken_port_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(StartupError, match="is taken"):
        listen("127.0.0.1", taken.getsockname()[1])
