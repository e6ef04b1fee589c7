"""A shop of which every process is killed now and then: `agentpay serve` and, in one variant, `agentpay worker` beside it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import httpx

STARTED_SECONDS = 90.0

Role = Literal["serve", "worker"]


class Processes:
    """The processes of one installation at one port. Databases are others' business: they outlive every kill."""

    def __init__(self, database_url: str, redis_url: str, folder: Path, *, worker_apart: bool) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.roles: tuple[Role, ...] = ("serve", "worker") if worker_apart else ("serve",)
        self._folder = folder
        self._children: dict[Role, subprocess.Popen[bytes]] = {}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AGENTPAY_")}
        self._environment = inherited | {
            "AGENTPAY_DATABASE_URL": database_url,
            "AGENTPAY_REDIS_URL": redis_url,
            "AGENTPAY_PORT": str(self.port),
            "AGENTPAY_WORKER_IN_PROCESS": str(not worker_apart).lower(),
            "AGENTPAY_SANDBOX_SETTLE_SECONDS": "0.5",
            "AGENTPAY_LOG_LEVEL": "WARNING",
        }

    def start(self, role: Role) -> None:
        with (self._folder / f"{role}.log").open("ab") as log:
            self._children[role] = subprocess.Popen(
                [sys.executable, "-m", "agentpay", role, "--data", str(self._folder / "data")],
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._folder,
            )

    async def ready(self, client: httpx.AsyncClient) -> None:
        """Wait until `serve` answers that it is ready."""
        deadline = time.monotonic() + STARTED_SECONDS
        while time.monotonic() < deadline:
            assert self._children["serve"].poll() is None, self.said("serve")
            try:
                if (await client.get(f"{self.base_url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
        raise AssertionError(self.said("serve"))

    def kill(self, role: Role) -> None:
        """As a lost machine would: nothing of it runs on."""
        child = self._children[role]
        assert child.poll() is None, f"{role} had ended by itself: {self.said(role)}"
        child.send_signal(signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL

    def said(self, role: Role) -> str:
        """The end of its log, over all of its lives."""
        return (self._folder / f"{role}.log").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children.values():
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
