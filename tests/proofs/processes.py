"""Several processes of the service over one database, as a merchant would run them: `agentpay serve`, real HTTP between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentpay.evals.service import first_line, stop


@dataclass(frozen=True)
class ApiProcess:
    base_url: str
    pid: int
    log: Path

    def said(self) -> str:
        """What it logged so far."""
        return self.log.read_text(errors="replace")


@contextmanager
def api_processes(
    count: int, database_url: str, redis_url: str, folder: Path, **environment: str
) -> Iterator[list[ApiProcess]]:
    """`count` processes that answer, each at a free port, until the block ends. `environment`: further settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AGENTPAY_")}
    settings = {
        **inherited,
        "AGENTPAY_DATABASE_URL": database_url,
        "AGENTPAY_REDIS_URL": redis_url,
        "AGENTPAY_LOG_LEVEL": "WARNING",
        **environment,
    }
    command = [sys.executable, "-m", "agentpay", "serve", "--json", "--host", "127.0.0.1", "--port", "0"]
    with ExitStack() as stack:
        children: list[tuple[subprocess.Popen[bytes], Path]] = []
        for number in range(count):
            log = folder / f"serve-{number}.log"
            data = folder / f"data-{number}"
            errors = stack.enter_context(log.open("wb"))
            child = subprocess.Popen(
                [*command, "--data", str(data)], stdout=subprocess.PIPE, stderr=errors, env=settings, cwd=folder
            )
            stack.callback(stop, child)
            children.append((child, log))
        yield [_ready(child, log) for child, log in children]


def _ready(child: subprocess.Popen[bytes], log: Path) -> ApiProcess:
    line = first_line(child)
    assert line, f"a process did not come up: {log.read_text(errors='replace')[-3000:]}"
    told = json.loads(line)
    return ApiProcess(told["base_url"], told["pid"], log)
