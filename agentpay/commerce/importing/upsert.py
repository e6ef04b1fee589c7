"""Many rows into a table at once: COPY into a temporary table, then one INSERT … ON CONFLICT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Table:
    """
    Where rows go. `columns` are those of a row, `id` first; `frozen` ones are written when a row is made, never after;
    `touch` are extra assignments for a row that changes ("indexed_at = NULL").
    """

    name: str
    columns: tuple[str, ...]
    frozen: frozenset[str] = frozenset()
    touch: tuple[str, ...] = ("modified_at = now()",)


@dataclass(frozen=True, slots=True)
class Written:
    created: set[UUID]
    updated: set[UUID]


def json_text(value: Any) -> str:
    """A JSON column's value as COPY takes it."""
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode()


async def connection_of(session: AsyncSession) -> AsyncConnection[Any]:
    """The psycopg connection under a session, in the session's own transaction: COPY is not in SQLAlchemy's words."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if not isinstance(driver, AsyncConnection):
        raise TypeError("the session does not run on psycopg")
    return driver


async def upsert(
    connection: AsyncConnection[Any],
    organization_id: UUID,
    table: Table,
    rows: Iterable[Sequence[Any]],
    *,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Make the rows that are new by id and change those that differ; which they were is answered."""
    temporary = sql.Identifier(f"import_{table.name}")
    target = sql.Identifier(table.name)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    changing = [column for column in table.columns[1:] if column not in table.frozen]
    async with connection.cursor() as cursor:
        await cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                temporary, columns, target
            )
        )
        async with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(temporary, columns)) as copy:
            for done, row in enumerate(rows, 1):
                await copy.write_row(row)
                if progress is not None and done % 500 == 0:
                    progress(done)
        assign: list[sql.Composable] = [
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in changing
        ]
        assign += [sql.SQL(extra) for extra in table.touch]
        await cursor.execute(
            sql.SQL(
                "INSERT INTO {target} AS x (organization_id, {columns}) SELECT %s, {columns} FROM {temporary}"
                " ON CONFLICT (id) DO UPDATE SET {assign}"
                " WHERE ROW({old}) IS DISTINCT FROM ROW({new}) RETURNING x.id, x.xmax = 0"
            ).format(
                target=target,
                columns=columns,
                temporary=temporary,
                assign=sql.SQL(", ").join(assign),
                old=sql.SQL(", ").join(sql.SQL("x.{}").format(sql.Identifier(column)) for column in changing),
                new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(column)) for column in changing),
            ),
            [organization_id],
        )
        created: set[UUID] = set()
        updated: set[UUID] = set()
        async for identifier, made in cursor:
            (created if made else updated).add(identifier)
        await cursor.execute(sql.SQL("DROP TABLE {}").format(temporary))
    return Written(created, updated)


async def fetch(connection: AsyncConnection[Any], query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    async with connection.cursor() as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()


async def execute(connection: AsyncConnection[Any], statement: str, *parameters: Any) -> int:
    """Run a statement; answers how many rows it changed."""
    async with connection.cursor() as cursor:
        await cursor.execute(statement.encode(), parameters)
        return cursor.rowcount


async def ids_by(connection: AsyncConnection[Any], query: str, *parameters: Any) -> dict[Any, UUID]:
    """A query of `key, id` rows as a mapping; several key columns make a tuple."""
    rows = await fetch(connection, query, *parameters)
    return {row[0] if len(row) == 2 else tuple(row[:-1]): row[-1] for row in rows}
