"""A service that ends with whoever started it, also where that is killed: `python -m agentpay.evals.child FOLDER ARGUMENTS …`
is `python -m agentpay ARGUMENTS …` with standard input from a pipe that nobody writes to.

The pipe's end means that the other side is gone: the service is told to stop (its embedded servers with it), and
`FOLDER`, which nobody else will remove any more, goes last. Where the evaluation is guarded, so is this process (offline.py).
"""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import threading

from agentpay.evals import offline


def main() -> None:
    folder = sys.argv.pop(1)
    orphaned = threading.Event()
    threading.Thread(target=_watch, args=(orphaned,), daemon=True).start()
    if offline.VARIABLE in os.environ:
        offline.guard()
    try:
        runpy.run_module("agentpay", run_name="__main__", alter_sys=True)
    finally:
        if orphaned.is_set():
            shutil.rmtree(folder, ignore_errors=True)


def _watch(orphaned: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    orphaned.set()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
