"""Two replicas of the service over one Postgres and one Valkey, each of which can be killed, ended, or taken away for a while."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from agentpay.store.embedded.shared import SharedServer
from tests.fakellm import free_port

READY_SECONDS = 90.0


async def answers(url: str, replica: Replica | None = None) -> None:
    """Wait for a 200."""
    deadline = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        while time.monotonic() < deadline:
            assert replica is None or replica.code() is None, replica.said()
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError(replica.said() if replica is not None else url)


class Nursery:
    """Where processes are forked (nursery.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
        )

    def start(self, arguments: list[str], environment: dict[str, str], log: Path) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"arguments": arguments, "environment": environment, "log": str(log)}
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the nursery ended"
        return int(line)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@dataclass
class Replica:
    """`agentpay serve` at a port that stays the same over its lives."""

    nursery: Nursery = field(repr=False)
    arguments: list[str]
    url: str
    environment: dict[str, str] = field(repr=False)
    log: Path
    pid: int = 0

    def start(self) -> None:
        self.pid = self.nursery.start(self.arguments, self.environment, self.log)

    def code(self) -> int | None:
        """The exit code of the process started last, once it has ended."""
        path = Path(f"{self.log}.{self.pid}")
        text = path.read_text() if path.exists() else ""
        return int(text) if text else None

    def signal(self, number: signal.Signals) -> None:
        assert self.code() is None, f"it had ended by itself: {self.said()}"
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As a lost machine would: nothing of it runs on."""
        self.signal(signal.SIGKILL)
        assert self.ended(10) == -signal.SIGKILL

    def ended(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while (code := self.code()) is None:
            assert time.monotonic() < deadline, f"it does not end: {self.said()}"
            time.sleep(0.005)
        return code

    async def ready(self) -> None:
        await answers(f"{self.url}/readyz", self)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def stop(self) -> None:
        if self.pid and self.code() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.ended(10)


@asynccontextmanager
async def fickle_model(folder: Path) -> AsyncIterator[str]:
    """Its base URL."""
    port = free_port()
    program = Path(__file__).with_name("fickle_model.py")
    with (folder / "model.log").open("wb") as log:
        child = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [sys.executable, str(program), str(port)], stdout=log, stderr=log
        )
    try:
        await answers(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait()


@asynccontextmanager
async def replicas(
    database_url: str, redis_url: str, folder: Path, model_url: str, count: int = 2, **settings: str
) -> AsyncIterator[list[Replica]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTPAY_", "OPENAI_"))}
    made: list[Replica] = []
    nursery = Nursery()
    for number in range(count):
        port = free_port()
        environment = inherited | {
            "AGENTPAY_DATABASE_URL": database_url,
            "AGENTPAY_REDIS_URL": redis_url,
            "AGENTPAY_PORT": str(port),
            "AGENTPAY_WORKER_IN_PROCESS": "false",
            "AGENTPAY_LOG_LEVEL": "INFO",
            "AGENTPAY_MODEL": "openai:fickle",
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"{model_url}/v1",
            **settings,
        }
        arguments = ["serve", "--data", str(folder / f"data-{number}")]
        log = folder / f"serve-{number}.log"
        made.append(Replica(nursery, arguments, f"http://127.0.0.1:{port}", environment, log))
    try:
        for replica in made:
            replica.start()
        for replica in made:
            await replica.ready()
        yield made
    finally:
        for replica in made:
            replica.stop()
        nursery.close()


async def away(server: SharedServer, seconds: float, then: Callable[[], None] = lambda: None) -> None:
    """Stop an embedded server, and start it again at its port `seconds` later; `then` is called as soon as it has stopped."""

    def restart() -> None:
        with server._starting():
            server._stop()
            then()
            time.sleep(seconds)
            server._ensure_running()

    await asyncio.to_thread(restart)
