"""Database access: one engine a process, one unit of work a call, one commit a unit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine


@dataclass(frozen=True, slots=True)
class Tx:
    """A unit of work of one organization. Services take it first; who opened it commits it, once, at its end."""

    session: AsyncSession
    organization_id: UUID


def sqlalchemy_url(database_url: str) -> str:
    """A libpq URL as SQLAlchemy wants it, on psycopg 3."""
    return make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _in_utc(connection: DBAPIConnection, _record: object) -> None:
    """Times leave Postgres in UTC, whatever zone the server or the role was given."""
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()


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
            json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
            json_deserializer=orjson.loads,
        )
        event.listen(self.engine.sync_engine, "connect", _in_utc)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def tx(self, organization_id: UUID) -> AsyncIterator[Tx]:
        async with self._sessions.begin() as session:
            yield Tx(session, organization_id)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A unit of work across organizations: key lookup, jobs, migrations."""
        async with self._sessions.begin() as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
