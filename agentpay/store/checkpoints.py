"""LangGraph's checkpoints in Postgres: a pool of their own, and a saver that several turns use at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


@asynccontextmanager
async def open_pool(database_url: str, *, size: int = 10) -> AsyncIterator[Pool]:
    """The pool behind the saver. Lost connections are replaced when they are asked for."""
    options: dict[str, Any] = {"autocommit": True, "row_factory": dict_row, "prepare_threshold": None}
    pool: Pool = AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        kwargs=options,
        check=AsyncConnectionPool.check_connection,
        open=False,
        timeout=10.0,
        name="checkpoints",
    )
    async with pool:
        yield pool


class Saver(AsyncPostgresSaver):
    """AsyncPostgresSaver without its lock: each call takes a connection of the pool, so turns do not wait for each other.

    The stock saver holds one lock around every access even over a pool (DESIGN §4, known traps).
    """

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self._pool = pool

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with self._pool.connection() as connection:
            if pipeline:
                async with connection.pipeline(), connection.cursor(binary=True, row_factory=dict_row) as cursor:
                    yield cursor
            else:
                async with connection.cursor(binary=True, row_factory=dict_row) as cursor:
                    yield cursor
