"""`agentpay demo` as a process: opened, talked to, stopped, killed, opened again (CONTRACT §1)."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

pytestmark = pytest.mark.timeout(300)


class Demo:
    """One start of the demo over a data folder."""

    def __init__(self, data: Path) -> None:
        self.file = data / "demo.json"
        self.log = data.parent / "demo.log"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTPAY_", "OPENAI_"))}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agentpay", "demo", "--port", "0", "--data", str(data)],
                cwd=data.parent,
                env=clean,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> dict[str, Any]:
        """demo.json, once this process has written it."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            if self.file.exists():
                content: dict[str, Any] = json.loads(self.file.read_text())
                if content["pid"] == self.process.pid:
                    return content
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="agentpay-demo-") as folder:
        os.chmod(folder, 0o755)  # as root the servers run as another account
        yield Path(folder) / "data"


def client(content: dict[str, Any]) -> httpx.Client:
    return httpx.Client(
        base_url=content["base_url"], headers={"Authorization": f"Bearer {content['secret_key']}"}, timeout=60
    )


def test_the_demo_opens_talks_stops_and_goes_on_after_a_kill(data: Path) -> None:
    demo = Demo(data)
    try:
        first = demo.ready()
        assert stat.S_IMODE(demo.file.stat().st_mode) == 0o600
        assert set(first) == {
            "base_url",
            "organization_id",
            "secret_key",
            "publishable_key",
            "database_url",
            "redis_url",
            "pid",
        }
        assert psutil.Process(first["pid"]).children(recursive=True) == []
        with psycopg.connect(first["database_url"]) as connection:
            found = connection.execute("SELECT id::text, slug FROM organizations").fetchall()
        assert [row[0] for row in found] == [first["organization_id"]]

        # What the banner tells to paste, pasted.
        lines = re.search(r"^ +url=.*?^ +curl [^\n]*", demo.log.read_text(), re.MULTILINE | re.DOTALL)
        assert lines is not None
        pasted = subprocess.run(["sh", "-c", lines[0]], capture_output=True, text=True, timeout=60, check=True).stdout
        assert "event: message.delta" in pasted
        assert "event: turn.completed" in pasted

        with client(first) as http:
            opened = http.post("/v1/agent/conversations", json={}).raise_for_status().json()
            path = f"/v1/agent/conversations/{opened['id']}"
            answer = http.post(f"{path}/messages", json={"content": "Do you have coffee beans?"})
            assert answer.status_code == 200, answer.text
            shown = answer.json()["message"]["blocks"]
            assert any(block["type"] == "product_list" for block in shown)
        demo.process.send_signal(signal.SIGINT)
        assert demo.end(signal.SIGINT) == 0  # an impatient second Ctrl-C changes nothing
        assert "Traceback" not in demo.log.read_text()

        demo = Demo(data)
        second = demo.ready()
        assert {**first, **{name: second[name] for name in ("base_url", "pid")}} == second
        assert demo.end(signal.SIGKILL) == -signal.SIGKILL

        demo = Demo(data)
        third = demo.ready()
        assert third["secret_key"] == first["secret_key"]
        with client(third) as http:
            answer = http.post(f"{path}/messages", json={"content": "Tell me more about the first one."})
            assert answer.status_code == 200, answer.text
            called = answer.json()["message"]["tool_calls"]
            assert "product_details" in [call["name"] for call in called]  # it knows what was shown before the kill
            said = http.get(f"{path}/messages").raise_for_status().json()["items"]
            assert [message["role"] for message in said] == ["customer", "assistant"] * 2
        assert demo.end(signal.SIGTERM) == 0
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(third["database_url"], connect_timeout=5)
    finally:
        if demo.process.poll() is None:
            demo.end(signal.SIGTERM)
