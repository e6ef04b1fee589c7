"""Starts processes of the service in a fraction of a second: everything is imported once, each process is forked from there.

Reads lines of JSON {"arguments", "environment", "log"} and answers each with the process id. A process that ended leaves its
exit code in `<log>.<pid>`.
"""

from __future__ import annotations

import json
import os
import select
import sys
import traceback
from typing import Any

import agentpay.api.server
import agentpay.cli.serve  # noqa: F401 - what `serve` would import
from agentpay.cli import main

POLL_SECONDS = 0.05


def live(told: dict[str, Any]) -> int:
    log = os.open(told["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv = ["agentpay", *told["arguments"]]
    try:
        return int(main() or 0)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception:
        traceback.print_exc()
        raise


def serve() -> None:
    logs: dict[int, str] = {}
    buffer = b""
    while True:
        ready, _, _ = select.select([0], [], [], POLL_SECONDS)
        if ready:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            buffer += chunk
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            told = json.loads(line)
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = live(told)
                finally:
                    os._exit(code)
            logs[pid] = told["log"]
            os.write(1, b"%d\n" % pid)
        while logs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            with open(f"{logs.pop(pid)}.{pid}", "w") as file:
                file.write(str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    serve()
