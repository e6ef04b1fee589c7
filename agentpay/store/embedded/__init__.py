"""PostgreSQL and Valkey that come with AgentPay, so that it runs with nothing else installed.

Data lies in `<data_dir>/postgres` and `<data_dir>/valkey`; `<data_dir>/servers` has logs, locks, ports and passwords.
The servers are shared by every process that starts them on the same folder, outlive a `kill -9` of each, and stop with
the last that leaves. They listen on 127.0.0.1 with a random password: unlike a unix socket that needs no short path,
no folder that a clean-up of /tmp may empty, and no shared account between the service and the client that got the URL.
"""

from __future__ import annotations

import atexit
from pathlib import Path
from types import TracebackType

from agentpay.errors import StartupError
from agentpay.settings import Settings
from agentpay.store.embedded.account import make_own_folder, service_account
from agentpay.store.embedded.external import check_database, check_redis
from agentpay.store.embedded.postgres import PostgresServer
from agentpay.store.embedded.shared import SharedServer
from agentpay.store.embedded.valkey import ValkeyServer

__all__ = ["Embedded", "check_database", "check_redis", "resolve", "start"]


class Embedded:
    """The servers in use. `close()`, leaving the `with` block or the end of the process gives them up."""

    def __init__(self, database_url: str | None, redis_url: str | None, servers: tuple[SharedServer, ...]) -> None:
        """`servers` are attached already; a URL is None for what was not asked for."""
        self._database_url = database_url
        self._redis_url = redis_url
        self._servers = servers
        if servers:
            atexit.register(self.close)

    @property
    def database_url(self) -> str:
        """libpq URL, usable by psycopg, psql and SQLAlchemy's psycopg dialect (after changing the scheme)."""
        if self._database_url is None:
            raise RuntimeError("started with need_postgres=False")
        return self._database_url

    @property
    def redis_url(self) -> str:
        """redis:// URL."""
        if self._redis_url is None:
            raise RuntimeError("started with need_redis=False")
        return self._redis_url

    def close(self) -> None:
        """Leave the servers; the last process that does stops them. May be called again."""
        servers, self._servers = self._servers, ()
        atexit.unregister(self.close)
        for server in reversed(servers):
            server.detach()

    def __enter__(self) -> Embedded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(data_dir: Path, *, need_postgres: bool = True, need_redis: bool = True) -> Embedded:
    """Start or join the embedded servers of `data_dir`. Raises StartupError with one sentence."""
    postgres, valkey = _attach(data_dir, need_postgres, need_redis)
    return Embedded(
        postgres.url if postgres else None,
        valkey.url if valkey else None,
        tuple(server for server in (postgres, valkey) if server),
    )


def resolve(settings: Settings) -> Embedded:
    """The servers that the settings ask for: each URL that is set is checked and used, the others are embedded.

    Raises StartupError with one sentence that names the setting and no password.
    """
    database_url, redis_url = settings.database_url or None, settings.redis_url or None
    if database_url is not None:
        check_database(database_url)
    if redis_url is not None:
        check_redis(redis_url)
    postgres, valkey = _attach(settings.data_dir, database_url is None, redis_url is None)
    return Embedded(
        postgres.url if postgres else database_url,
        valkey.url if valkey else redis_url,
        tuple(server for server in (postgres, valkey) if server),
    )


def _attach(data_dir: Path, need_postgres: bool, need_redis: bool) -> tuple[PostgresServer | None, ValkeyServer | None]:
    if not need_postgres and not need_redis:
        return None, None
    attached: list[SharedServer] = []
    postgres, valkey = None, None
    try:
        data_dir = data_dir.expanduser().resolve()
        data_dir.mkdir(parents=True, exist_ok=True)
        make_own_folder(data_dir / "servers")
        account = service_account(data_dir)
        if need_postgres:
            postgres = PostgresServer(data_dir, account)
            postgres.attach()
            attached.append(postgres)
        if need_redis:
            valkey = ValkeyServer(data_dir, account)
            valkey.attach()
            attached.append(valkey)
    except BaseException as error:
        for server in reversed(attached):
            server.detach()
        if isinstance(error, OSError):
            raise StartupError(
                f"The data folder {data_dir} cannot be used: {error.strerror or error}"
                f"{f' ({error.filename})' if error.filename else ''}; choose another with --data or AGENTPAY_DATA_DIR."
            ) from error
        raise
    return postgres, valkey
