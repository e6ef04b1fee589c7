"""The fake OpenAI-compatible server of the shared folder, as a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conftest import shared


@dataclass
class FakeModel:
    """Talks to the running server. `url` is what OPENAI_BASE_URL would be."""

    url: str
    client: httpx.Client = field(repr=False)

    def script(self, *steps: dict[str, Any]) -> None:
        """What it answers next, in place of what was queued."""
        self.client.post("/script", json=list(steps)).raise_for_status()
        self.client.post("/reset").raise_for_status()

    def left(self) -> list[dict[str, Any]]:
        """Steps that nobody asked for."""
        return list(self.client.get("/script").json())

    def calls(self) -> int:
        """Chat requests since the last `script`."""
        return int(self.client.get("/stats").json()["chat"])

    def requests(self) -> list[dict[str, Any]]:
        """The chat requests since the last `script`, as far as the server keeps them (200)."""
        calls = self.calls()
        return list(self.client.get("/requests").json()[-calls:]) if calls else []

    def configure(self, **values: Any) -> None:
        """`ttft_ms`, `delay_ms`, `tokens`, `word`."""
        self.client.post("/config", json=values).raise_for_status()


@contextmanager
def running_fake_model() -> Iterator[FakeModel]:
    """A server on a free port; skips where the file is not there."""
    path = shared("bench/fakellm.py")
    port = free_port()
    process = subprocess.Popen([sys.executable, str(path), "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
            deadline = time.monotonic() + 20
            while True:
                try:
                    client.get("/health").raise_for_status()
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "the fake model ended"
                    assert time.monotonic() < deadline, "the fake model did not start"
                    time.sleep(0.02)
            yield FakeModel(f"http://127.0.0.1:{port}/v1", client)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
