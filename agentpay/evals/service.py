"""A service of the evaluation's own: a fresh shop in a temporary data folder, in a child process, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from agentpay.commerce.reserve import SECRET_NAME
from agentpay.errors import StartupError

READY_SECONDS = 300.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class RunningService:
    base_url: str
    organization_id: str
    secret_key: str
    publishable_key: str
    database_url: str
    redis_url: str
    pid: int
    """The API process."""
    log: Path
    """What it says on stderr; gone with the service."""


@contextmanager
def own_service(
    store: Path,
    *,
    model: str | None = None,
    environment: Mapping[str, str] | None = None,
    data: Path | None = None,
    agent: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Iterator[RunningService]:
    """
    The shop of `store`, freshly imported, served at a free port until the block ends.

    Its data lies in a temporary folder, below `data` where that is given, and goes with it, also where this process is
    killed. It has embedded servers of
    its own unless `environment` names others (`AGENTPAY_DATABASE_URL`, `AGENTPAY_REDIS_URL`).
    `agent`: settings that the shop's agent is given instead of the file's. `seed`: wordings and margins of haggling are
    drawn by it, so that they are the same in every run; else anew.
    Raises StartupError with what the service said where it does not come up, or will not have such an agent.
    """
    if data is not None:
        data = data.resolve()  # the service is started somewhere else
        data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agentpay-eval-", dir=data, ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # as root the embedded servers run as an account that a private folder keeps out
        # Neither the caller's servers nor its page: the shop must be fresh
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("AGENTPAY_DATABASE_URL", "AGENTPAY_REDIS_URL", "AGENTPAY_DATA_DIR", "AGENTPAY_PUBLIC_URL")
        }
        if seed is not None:
            kept["AGENTPAY_EVALUATION_SEED"] = str(seed)
        command = [sys.executable, "-m", "agentpay.evals.child", folder, "demo", "--json", "--port", "0"]
        command += ["--data", str(Path(folder) / "data"), "--store", str(store.resolve())]
        command += ["--model", model] if model else []
        log = Path(folder) / "log"
        with log.open("wb") as errors:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # ends when this process does
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**kept, **(environment or {})},
                cwd=folder,
            )
            try:
                service = _ready(child, log)
                if seed is not None:
                    _draw(service, seed)
                if agent is not None:
                    _instruct(service, agent)
                yield service
            finally:
                stop(child)


def _ready(child: subprocess.Popen[bytes], log: Path) -> RunningService:
    """Waits for the line of JSON that says where the service is."""
    line = first_line(child)
    try:
        ready = json.loads(line)
        return RunningService(**{name: ready[name] for name in RunningService.__slots__ if name != "log"}, log=log)
    except (ValueError, KeyError) as error:
        stop(child)
        said = (line.decode(errors="replace") + log.read_text(errors="replace")).strip()
        raise StartupError(f"The service did not come up: {said[-2000:] or 'it said nothing'}") from error


def _draw(service: RunningService, seed: int) -> None:
    """The secret that margins of haggling are drawn with."""
    with psycopg.connect(service.database_url) as connection:
        connection.execute(
            "INSERT INTO service_secrets (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [SECRET_NAME, f"evaluation-{seed}"],
        )


def _instruct(service: RunningService, agent: Mapping[str, Any]) -> None:
    """Gives the shop's agent these settings. Raises StartupError where it may not have them."""
    headers = {"authorization": f"Bearer {service.secret_key}"}
    with httpx.Client(base_url=service.base_url, headers=headers, timeout=30, trust_env=False) as client:
        found = client.get("/v1/agents").raise_for_status().json()["items"][0]
        answer = client.patch(f"/v1/agents/{found['id']}", json=dict(agent))
    if answer.status_code >= 400:
        raise StartupError(f"The agent's settings are refused: {answer.json().get('detail', answer.status_code)}")


def first_line(child: subprocess.Popen[bytes]) -> bytes:
    """What it says when it is ready; nothing where it ended, or had to be ended, before."""
    assert child.stdout is not None, "it is piped"
    late = threading.Timer(READY_SECONDS, child.kill)
    late.start()
    try:
        return child.stdout.readline()
    finally:
        late.cancel()


def stop(child: subprocess.Popen[bytes]) -> None:
    """Asks it to end, and ends it where it does not."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
