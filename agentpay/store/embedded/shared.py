"""A server process that several processes of one data folder share.

Four files of `<data_dir>/servers` carry it, three of them locks of the kernel (flock), which ends them with their
holder, so neither `kill -9` nor a power cut leaves anything to misread and no process id is ever believed by itself:

- `NAME.start`  held exclusively while somebody starts or stops the server;
- `NAME.users`  held shared by everyone attached: who can take it exclusively was the last;
- `NAME.alive`  held exclusively by the server itself, which inherits it;
- `NAME.json`   its port and password.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, ClassVar

from agentpay.errors import StartupError
from agentpay.store.embedded.account import Account, give_to_owner, server_folder

HOST = "127.0.0.1"
_START_SECONDS = 60.0  # crash recovery of a large database takes its time
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.01
_PORT_ATTEMPTS = 5


class SharedServer(ABC):
    """One server of one data folder. Subclasses say how it is prepared, started and asked."""

    name: ClassVar[str]
    title: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]]

    def __init__(self, data_dir: Path, account: Account | None) -> None:
        """`account` runs the server (None: we ourselves)."""
        self.data_dir = data_dir
        self.folder = data_dir / self.name  # the server's own data; where it really lies is known once attached
        self.account = account
        self.port = 0
        self.password = ""
        self._users: IO[bytes] | None = None

    @abstractmethod
    def prepare(self, *, new_password: bool) -> None:
        """Make the data folder ready, with `self.password` if that is new; called while no server runs in it."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server in the foreground on `self.port`."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether our server answers on `self.port`; StartupError if it never will."""

    @abstractmethod
    def pid(self) -> int | None:
        """The server's own record of its process id; only read while it is known to be alive."""

    def attach(self) -> None:
        """Count this process as a user, and start the server unless it runs. Raises StartupError or OSError."""
        with self._starting():
            self._users = self._open("users")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                self.folder = server_folder(self.data_dir, self.name, self.account)
                self._ensure_running()
            except BaseException:
                self._leave()
                raise

    def detach(self) -> None:
        """Stop counting; the last user stops the server."""
        if self._users is not None:
            with self._starting():
                self._leave()

    def _leave(self) -> None:
        if self._users is not None:
            self._users.close()  # not unlocked: a forked child has the same lock, and its parent still counts
            self._users = None
        everyone = self._try_lock("users")
        if everyone is not None:
            with everyone:
                self._stop()

    def _ensure_running(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while (alive := self._try_lock("alive")) is None:
            if not self._read_state():
                raise StartupError(
                    f"{self.title} runs on {self.folder}, but {self._path('json')}, which says how to reach it, is missing."
                )
            if self.answers():
                return
            if time.monotonic() > deadline:
                raise StartupError(
                    f"{self.title} of {self.data_dir} is held by another process but does not answer on {HOST}:{self.port}."
                )
            time.sleep(_POLL_SECONDS)
        self._launch(alive, deadline)

    def _launch(self, alive: IO[bytes], deadline: float) -> None:
        """Start the server, which inherits the lock `alive`, and wait until it answers."""
        with alive:
            known = self._read_state()
            if not known:
                self.password = secrets.token_urlsafe(24)
            self.prepare(new_password=not known)
            self._spawn(alive)
        for _ in range(_PORT_ATTEMPTS):
            while (free := self._try_lock("alive")) is None:
                if self.answers():
                    return
                if time.monotonic() > deadline:
                    raise StartupError(
                        f"{self.title} did not answer within {_START_SECONDS:.0f} s; see {self._path('log')}."
                    )
                time.sleep(_POLL_SECONDS)
            with free:  # it died
                if "in use" not in self._path("log").read_text(errors="replace"):
                    break
                self.port = 0  # somebody took the port in between
                self._spawn(free)
        raise StartupError(f"{self.title} did not start on {self.folder}: {self._last_words()}")

    def _spawn(self, alive: IO[bytes]) -> None:
        """Run `command()` in a session of its own, as nobody's child: the shell between forks it and goes."""
        self.port = _free_port(self.port)
        self._write_state()
        options = self.account.spawn_options() if self.account else {}
        with open(self._path("log"), "wb", opener=_private) as log:
            give_to_owner(log.fileno(), self._path("log").parent)
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *self.command()],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(alive.fileno(),),
                umask=0o077,
                check=True,
                **options,
            )

    def _stop(self) -> None:
        """Signal the server until it is gone, gently first."""
        for number in (*self.stop_signals, signal.SIGKILL):
            deadline = time.monotonic() + _STOP_SECONDS
            signalled = False
            while time.monotonic() < deadline:
                free = self._try_lock("alive")
                if free is not None:
                    free.close()
                    return
                if not signalled and (pid := self.pid()) is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                    signalled = True
                time.sleep(_POLL_SECONDS)

    def _path(self, suffix: str) -> Path:
        return self.data_dir / "servers" / f"{self.name}.{suffix}"

    def _open(self, suffix: str) -> IO[bytes]:
        file = open(self._path(suffix), "ab", opener=_private)  # noqa: SIM115 - a lock lives as long as its file is open
        give_to_owner(file.fileno(), self._path(suffix).parent)
        return file

    def _try_lock(self, suffix: str) -> IO[bytes] | None:
        """An open file that holds the exclusive lock until it is closed, or None if somebody else holds it."""
        file = self._open(suffix)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        with self._open("start") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read_state(self) -> bool:
        try:
            state = json.loads(self._path("json").read_text())
            self.port, self.password = int(state["port"]), str(state["password"])
        except FileNotFoundError:
            return False
        except (ValueError, KeyError, TypeError) as error:
            raise StartupError(f"{self._path('json')} is damaged; it should hold a port and a password.") from error
        return True

    def _write_state(self) -> None:
        path = self._path("json")
        new = path.with_suffix(".json.new")
        with open(new, "w", opener=_private) as file:
            give_to_owner(file.fileno(), path.parent)
            json.dump({"port": self.port, "password": self.password}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

    def _last_words(self) -> str:
        """The line of the server's log that says why it stopped."""
        lines = [line.strip() for line in self._path("log").read_text(errors="replace").splitlines() if line.strip()]
        fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
        return next(iter(fatal or lines[-1:]), "it said nothing").rstrip(".") + "."


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _free_port(preferred: int) -> int:
    """`preferred` if it is free (those who are still attached reconnect to it), else a port the kernel picks."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartupError(f"No free port could be found on {HOST}.")
