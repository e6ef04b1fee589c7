"""Statements past the ORM, inside a unit of work: for the few that every search runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from psycopg.rows import tuple_row

from agentpay.store.session import Tx

_NAME = re.compile(r"(?<![:\w\\]):(\w+)")


async def rows(
    tx: Tx, statement: str, parameters: Mapping[str, Any], *, around: tuple[str, str] | None = None
) -> list[tuple[Any, ...]]:
    """
    The rows as tuples; `:name` in the statement is a parameter, as in SQLAlchemy's `text`.

    `around` are statements before and after it that answer nothing; they go in the same round trip. psycopg prepares a
    statement that a connection has run five times. Raises psycopg.Error.
    """
    if tx.session.new or tx.session.dirty or tx.session.deleted:
        await tx.session.flush()
    connection = await tx.direct()
    async with connection.cursor(row_factory=tuple_row) as cursor:
        if around is None:
            await cursor.execute(_for_psycopg(statement), parameters)
            return await cursor.fetchall()
        before, after = around
        async with connection.pipeline():
            await connection.execute(before.encode())
            await cursor.execute(_for_psycopg(statement), parameters)
            await connection.execute(after.encode())
            return await cursor.fetchall()


@lru_cache(maxsize=512)
def _for_psycopg(statement: str) -> bytes:
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%")).replace("\\:", ":").encode()
