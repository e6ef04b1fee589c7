"""The services under load: children of the bench, each gone with its block."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from agentpay.errors import StartupError
from agentpay.evals.service import RunningService

SETTLING_SECONDS = 1.0
"""What was due while a process was halted is done by then."""


@dataclass(slots=True)
class Target:
    """A service under load; `adapter` is load.py's name for how it speaks."""

    name: str
    base_url: str
    adapter: str
    pid: int
    dsn: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FakeModel:
    """The fake OpenAI-compatible server. `api` is the base URL of its API."""

    base_url: str
    pid: int

    @property
    def api(self) -> str:
        return f"{self.base_url}/v1"


def ours(name: str, service: RunningService) -> Target:
    """A service of `own_service` as a target."""
    key = {"AGENTPAY_KEY": service.secret_key}
    return Target(name, service.base_url, "agentpay", service.pid, service.database_url, key)


@contextmanager
def fake_model(folder: Path, *, delay_ms: float = 0.0) -> Iterator[FakeModel]:
    port = free_port()
    command = [sys.executable, str(folder / "fakellm.py"), "--port", str(port), "--delay-ms", str(delay_ms)]
    url = f"http://127.0.0.1:{port}"
    with child(command, f"{url}/health", {}, folder) as pid:
        yield FakeModel(url, pid)


@contextmanager
def asgi(
    folder: Path, module: str, adapter: str, environment: dict[str, str], dsn: str | None = None
) -> Iterator[Target]:
    """`module:app` of the bench folder behind uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--port", str(port), "--log-level", "warning"]
    command += ["--loop", "uvloop", "--no-access-log"]
    with child(command, f"http://127.0.0.1:{port}/health", environment, folder) as pid:
        yield Target(module, f"http://127.0.0.1:{port}", adapter, pid, dsn)


@contextmanager
def child(command: list[str], health: str, environment: dict[str, str], folder: Path) -> Iterator[int]:
    """A process that answers at `health` until the block ends; its id. Raises StartupError where it never does."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(health, timeout=1):
                    break
            except (urllib.error.URLError, OSError) as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise StartupError(f"{command[1:3]} did not come up: {error}") from error
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def halted(pid: int) -> Iterator[None]:
    """A process that stands still until the block ends: what idles beside the one under load costs that one its caches."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def awake(pid: int) -> Iterator[None]:
    """A halted process at work."""
    os.kill(pid, signal.SIGCONT)
    time.sleep(SETTLING_SECONDS)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGSTOP)


def create_database(url: str, name: str, template: str = "template1") -> str:
    """A new database on the same server as ours, a copy of `template`; its URL. One that an earlier run left goes."""
    named, copied = psycopg.sql.Identifier(name), psycopg.sql.Identifier(template)
    with psycopg.connect(
        make_url(url).set(database="postgres").render_as_string(hide_password=False), autocommit=True
    ) as c:
        c.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))
        c.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(named, copied))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
