"""Database access: one engine a process, one unit of work a call, one commit a unit.

Beside the engine there is `direct`: psycopg itself, for the few statements that every turn runs. One of them costs a
sixth of the processor time there that it costs through an ORM session (docs/decisions/0005-what-a-turn-costs.md).
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Direct = AsyncConnection[DictRow]
"""A psycopg connection in autocommit: rows are dicts, JSON is Python values, times are in UTC."""
DirectPool = AsyncConnectionPool[Direct]


_DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Tx:
    """A unit of work of one organization. Services take it first; who opened it commits it, once, at its end."""

    session: AsyncSession
    organization_id: UUID

    async def direct(self) -> AsyncConnection[Any]:
        """The psycopg connection under this unit of work, inside its transaction; the same all along."""
        connection = self.session.info.get(_DIRECT)
        if connection is None:
            connection = (await (await self.session.connection()).get_raw_connection()).driver_connection
            assert isinstance(connection, AsyncConnection)
            self.session.info[_DIRECT] = connection
        return connection


def sqlalchemy_url(database_url: str) -> str:
    """A libpq URL as SQLAlchemy wants it, on psycopg 3."""
    return make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _in_utc(connection: DBAPIConnection, _record: object) -> None:
    """Times leave Postgres in UTC, whatever zone the server or the role was given."""
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()


def _dumps(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def _heard_from(descriptor: int) -> bool:
    """Whether something waits to be read. On an idle connection that is, nearly always, that the server has closed it."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


async def replace_if_closed(connection: AsyncConnection[Any]) -> None:
    """A connection that the server closed is replaced. A look at the socket, not a round trip at each use."""
    if _heard_from(connection.fileno()):
        await AsyncConnectionPool.check_connection(connection)


async def _configure(connection: Direct) -> None:
    await connection.execute("SET TIME ZONE 'UTC'")
    set_json_loads(orjson.loads, connection)
    set_json_dumps(_dumps, connection)


class Database:
    """The process's engine. `async with database.tx(organization_id) as tx:` commits at the end or rolls back on an error."""

    def __init__(self, database_url: str, *, pool_size: int = 10) -> None:
        self.url = database_url
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(database_url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # errors are logged; what customers wrote is not
            json_serializer=_dumps,
            json_deserializer=orjson.loads,
        )
        event.listen(self.engine.sync_engine, "connect", _in_utc)
        dialect = self.engine.sync_engine.dialect
        ping = dialect.do_ping

        def ping_if_heard_from(connection: Any) -> bool:
            return not _heard_from(connection.driver_connection.fileno()) or ping(connection)

        dialect.do_ping = ping_if_heard_from  # type: ignore[method-assign, assignment]
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._pool_size = pool_size
        self._direct: DirectPool | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def tx(self, organization_id: UUID) -> AsyncIterator[Tx]:
        async with self._sessions.begin() as session:
            yield Tx(session, organization_id)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A unit of work across organizations: key lookup, jobs, migrations."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def direct(self) -> AsyncIterator[Direct]:
        """A connection in autocommit. Raises psycopg.OperationalError, also where none is to be had."""
        pool = self._direct or await self.direct_pool()
        async with pool.connection() as connection:
            yield connection

    async def direct_pool(self) -> DirectPool:
        """The pool behind `direct`, opened at its first use. Lost connections are replaced when they are asked for."""
        async with self._opening:
            if self._direct is None:
                pool: DirectPool = AsyncConnectionPool(
                    self.url,
                    min_size=1,
                    max_size=self._pool_size,
                    kwargs={"autocommit": True, "row_factory": dict_row},
                    configure=_configure,
                    check=replace_if_closed,
                    open=False,
                    timeout=10.0,
                    name="direct",
                )
                await pool.open()
                self._direct = pool
        return self._direct

    async def close(self) -> None:
        if self._direct is not None:
            await self._direct.close()
        await self.engine.dispose()
