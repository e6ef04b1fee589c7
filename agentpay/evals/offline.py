"""Sees to it that an evaluation opens no connection to the outside, and that one that tries to fails.

The services that an evaluation starts are guarded, too (child.py). The guard sees what goes through Python's sockets, which
is all of ours; docs/evaluating.md tells how to hold native code to account with a network namespace.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

VARIABLE = "AGENTPAY_EVALUATION_OFFLINE"
"""Names the file that tries are written to; where it is set, this process and those it starts are guarded."""
_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})
_on = False


class WentOutside(ConnectionRefusedError):
    """A connection to somewhere else than this machine was refused by the guard."""


def guard() -> None:
    """Refuses and writes down every connection to the outside from now on, as long as the variable is set."""
    global _on  # an audit hook cannot be taken out again
    if not _on:
        _on = True
        sys.addaudithook(_look)


def tries(file: Path) -> list[str]:
    """What was tried, in order."""
    return file.read_text().splitlines() if file.exists() else []


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or VARIABLE not in os.environ:
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and address and not _here(str(address[0])):
            _refuse(f"{event.removeprefix('socket.')} {address[0]}:{address[1]}")
    elif event == "socket.getaddrinfo" and arguments[0] is not None:
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
        if not _here(host):
            _refuse(f"look up {host}")


def _here(host: str) -> bool:
    if host in _NAMES or host.endswith(".localhost"):
        return True
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def _refuse(what: str) -> None:
    with open(os.environ[VARIABLE], "a", encoding="utf-8") as file:
        file.write(f"{what} ({' '.join(sys.argv[:3])})\n")
    raise WentOutside(f"An evaluation goes nowhere: {what}.")
