"""Which processes an evaluation has left."""

from __future__ import annotations

from pathlib import Path

import psutil


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def working_in(folder: Path) -> list[psutil.Process]:
    """Those that are alive and were started with a path in `folder`, or work there: embedded servers are nobody's children."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        named = [process.info["cwd"] or "", *(process.info["cmdline"] or ())]
        if any(word.startswith(str(folder)) for word in named) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
