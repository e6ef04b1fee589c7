"""`agentpay bench`: what a turn costs, as ratios to the least LangGraph service, measured in one run.

The load, the fake model and the reference services are the ones of the bench folder (`../shared/bench` beside a checkout);
every service gets the same model, the same machine and, one after the other, the same load. Absolute figures of two runs
must not be compared: only ratios taken in one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from agentpay.errors import StartupError
from agentpay.evals.service import own_service

FILES = ("fakellm.py", "load.py", "agentpay_adapter.py", "bare_langgraph.py", "bare_proxy.py")
REFERENCE = "bare_langgraph"
"""What the ratios are to."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of load. `load` are the arguments of load.py; `delay_ms` the model's pause between tokens."""

    name: str
    help: str
    mode: str
    load: tuple[str, ...]
    delay_ms: float = 0.0
    figures: tuple[str, ...] = ("tps", "ttft_p50", "tot_p50", "tot_p95", "gap_p99", "srv_cpu_ms", "rss_mb")


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("turns", "1 and 16 conversations, 40 tokens without delay", "run", ("--conc", "1,16", "--turns", "5")),
        Profile("smooth", "200 streams at 20 ms a token", "run", ("--conc", "200", "--turns", "2"), delay_ms=20.0),
        Profile(
            "growth", "one conversation of 100 turns", "growth", ("--turns", "100"), figures=("ttft_ms", "total_ms")
        ),
    )
}


@dataclass(slots=True)
class Target:
    """A service under load."""

    name: str
    base_url: str
    adapter: str
    pid: int
    dsn: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


def run_profile(
    profile: Profile, bench: Path, *, repetitions: int, store: Path, data: Path | None = None
) -> dict[str, Any]:
    """Measure every service under `profile`; answers {"profile", "results": {service: [figures]}, "ratios": {…}}.

    Raises StartupError where a file of the bench folder is missing or a service does not come up.
    """
    missing = [name for name in FILES if not (bench / name).is_file()]
    if missing:
        raise StartupError(f"{bench} lacks {', '.join(missing)}: `--bench DIR` says where the bench files are.")
    results: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        model = stack.enter_context(_script(bench / "fakellm.py", "/health", ("--delay-ms", str(profile.delay_ms))))
        openai = {"OPENAI_BASE_URL": f"{model.base_url}/v1", "OPENAI_API_KEY": "bench"}
        ours = stack.enter_context(own_service(store, model="openai:fake", environment=openai, data=data))
        targets = [
            Target(
                "agentpay",
                ours.base_url,
                "agentpay",
                ours.pid,
                ours.database_url,
                {"AGENTPAY_KEY": ours.secret_key},
            )
        ]
        dsn = _database(ours.database_url)
        bare = {"LLM_BASE": f"{model.base_url}/v1", "DSN": dsn}
        if profile.mode == "run":
            targets.append(stack.enter_context(_asgi(bench, "bare_proxy", "proxy", bare)))
        targets.insert(0, stack.enter_context(_asgi(bench, REFERENCE, "bare", bare, dsn)))
        for target in targets:
            results[target.name] = _load(bench, profile, target, repetitions)
    return {"profile": profile.name, "results": results, "ratios": _ratios(profile, results)}


def _load(bench: Path, profile: Profile, target: Target, repetitions: int) -> list[dict[str, Any]]:
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as out:
        command = [sys.executable, str(bench / "load.py"), profile.mode, "--base", target.base_url, *profile.load]
        command += ["--adapter", target.adapter, "--plugin", str(bench / "agentpay_adapter.py")]
        command += ["--pid", str(target.pid), "--reps", str(repetitions), "--out", out.name]
        command += ["--dsn", target.dsn] if target.dsn and profile.mode == "growth" else []
        done = subprocess.run(
            command,
            env={**os.environ, **target.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = Path(out.name).read_text().splitlines()
        if done.returncode != 0 or not lines:
            raise StartupError(f"The load on {target.name} failed: {done.stderr.strip()[-500:]}")
        measured = json.loads(lines[-1])
    found: list[dict[str, Any]] = measured.get("results") or measured.get("growth") or []
    return found


def _ratios(profile: Profile, results: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, float]]]:
    """Each service's figures over the reference's, row by row."""
    ratios: dict[str, list[dict[str, float]]] = {}
    for name, rows in results.items():
        ratios[name] = [
            {
                figure: round(row[figure] / reference[figure], 3)
                for figure in profile.figures
                if isinstance(row.get(figure), int | float) and reference.get(figure)
            }
            for row, reference in zip(rows, results[REFERENCE], strict=False)
        ]
    return ratios


@dataclass(frozen=True, slots=True)
class _Script:
    base_url: str
    pid: int


@contextmanager
def _script(path: Path, health: str, arguments: tuple[str, ...]) -> Iterator[_Script]:
    port = _free_port()
    command = [sys.executable, str(path), "--port", str(port), *arguments]
    with _child(command, f"http://127.0.0.1:{port}", health, {}, path.parent) as pid:
        yield _Script(f"http://127.0.0.1:{port}", pid)


@contextmanager
def _asgi(
    bench: Path, module: str, adapter: str, environment: dict[str, str], dsn: str | None = None
) -> Iterator[Target]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--port", str(port), "--log-level", "warning"]
    command += ["--loop", "uvloop", "--no-access-log"]
    with _child(command, f"http://127.0.0.1:{port}", "/health", environment, bench) as pid:
        yield Target(module, f"http://127.0.0.1:{port}", adapter, pid, dsn)


@contextmanager
def _child(command: list[str], url: str, health: str, environment: dict[str, str], folder: Path) -> Iterator[int]:
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(url + health, timeout=1):
                    break
            except (urllib.error.URLError, OSError) as error:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise StartupError(f"{command[1:3]} did not come up: {error}") from error
                time.sleep(0.1)
        yield child.pid
    finally:
        child.terminate()
        child.wait(10)


def _database(url: str) -> str:
    """A database for the reference service, on the same server as ours."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    return make_url(url).set(database="bare").render_as_string(hide_password=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
