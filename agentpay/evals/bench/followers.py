"""Thousands of WebSockets that follow a conversation each, of which nobody writes: what one costs, and whether it stays fast."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from agentpay.errors import StartupError
from agentpay.evals.bench.profile import Bench, Results
from agentpay.evals.service import RunningService, own_service

CONVERSATIONS = "/v1/agent/conversations"
AT_ONCE = 32
WARM_UP = 100
"""Connections opened before memory is first looked at: what a process allocates once is not a connection's."""
SPARE_FILES = 200
IDLE_SECONDS = 5.0
MESSAGES = 30


@dataclass(frozen=True, slots=True)
class IdleConnections:
    """`connections` sockets to one process. Figures: resident memory a connection, the time from a message on one of them
    to its first event, CPU while all are idle."""

    name: str = "idle-connections"
    help: str = "5,000 idle WebSocket followers on one process"
    connections: int = 5000
    figures: tuple[str, ...] = ("kb_each", "first_event_p50_ms", "first_event_max_ms", "idle_cpu_percent")

    def run(self, bench: Bench) -> Results:
        _allow_files(self.connections + WARM_UP + SPARE_FILES)
        environment = {"AGENTPAY_WORKER_IN_PROCESS": "false"}
        with own_service(bench.store, environment=environment, data=bench.data) as service:
            row = asyncio.run(self._measure(service))
        return Results({"agentpay": [row]}, {})

    async def _measure(self, service: RunningService) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {service.secret_key}"}
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=service.base_url, headers=headers, limits=limits, timeout=60, trust_env=False
        ) as client:
            ids = await _crowd([_conversation(client) for _ in range(self.connections + WARM_UP)])
        warm = await _crowd([_follower(service, headers, id) for id in ids[:WARM_UP]])
        for _ in range(3):
            await _first_event(warm[0], ids[0])
        await asyncio.sleep(1.0)
        before = _resident(service.pid)
        followers = await _crowd([_follower(service, headers, id) for id in ids[WARM_UP:]])
        await asyncio.sleep(1.0)
        after = _resident(service.pid)
        used = _cpu_seconds(service.pid)
        await asyncio.sleep(IDLE_SECONDS)
        used = _cpu_seconds(service.pid) - used
        took = []
        for _ in range(MESSAGES):
            n = random.randrange(len(followers))
            took.append(await _first_event(followers[n], ids[WARM_UP + n]))
        took.sort()
        await _crowd([socket.close() for socket in [*warm, *followers]])
        return {
            "label": f"{self.connections} idle",
            "kb_each": round((after - before) / self.connections / 1024, 1),
            "first_event_p50_ms": round(took[len(took) // 2] * 1000, 1),
            "first_event_max_ms": round(took[-1] * 1000, 1),
            "idle_cpu_percent": round(used / IDLE_SECONDS * 100, 1),
            "rss_mb": round(after / 2**20, 1),
            "load_average": round(os.getloadavg()[0], 1),
        }


def _allow_files(count: int) -> None:
    """Raises StartupError where the system allows fewer open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise StartupError(f"This needs {count} open files; the system allows {hard} (ulimit -Hn).")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))  # children have it, too


async def _crowd(tasks: list[Any]) -> list[Any]:
    """All of them, `AT_ONCE` at a time, answers in order."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(task: Any) -> Any:
        async with room:
            return await task

    return list(await asyncio.gather(*(one(task) for task in tasks)))


async def _conversation(client: httpx.AsyncClient) -> str:
    answer = await client.post(CONVERSATIONS, json={})
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _follower(service: RunningService, headers: dict[str, str], conversation_id: str) -> ClientConnection:
    url = service.base_url.replace("http", "ws", 1) + CONVERSATIONS + "/ws"
    socket = await connect(
        url, additional_headers=headers, compression=None, ping_interval=None, open_timeout=60, proxy=None
    )
    await socket.send(json.dumps({"type": "follow", "conversation_id": conversation_id}))
    await socket.send('{"type": "ping"}')
    told = json.loads(await socket.recv())
    if told["type"] != "pong":
        raise StartupError(f"A follower was refused: {told['data']}")
    return socket


async def _first_event(socket: ClientConnection, conversation_id: str) -> float:
    """Seconds from a message to its first event; returns once the turn has ended."""
    message = {"type": "message", "conversation_id": conversation_id, "content": "Hello"}
    began = time.perf_counter()
    await socket.send(json.dumps(message))
    first = 0.0
    while True:
        told = json.loads(await socket.recv())
        first = first or time.perf_counter() - began
        if told["type"] == "turn.completed":
            return first


def _resident(pid: int) -> int:
    """Bytes of memory that the process holds, shared ones left out."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
