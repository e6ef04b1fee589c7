"""Statements past the ORM, inside a unit of work: for the few that every search runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from agentpay.store.session import Tx

_NAME = re.compile(r"(?<![:\w\\]):(\w+)")


Asked: TypeAlias = tuple[str, Mapping[str, Any]]
"""A statement and its parameters: `:name` in it is one, as in SQLAlchemy's `text`, and a list becomes an array."""


async def rows(tx: Tx, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as tuples. psycopg prepares a statement that a connection has run five times. Raises psycopg.Error."""
    connection = await _connection(tx)
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_for_psycopg(statement), _values(parameters))
        return await cursor.fetchall()


async def several(tx: Tx, *asked: Asked) -> list[list[tuple[Any, ...]]]:
    """The rows of each statement, run one after the other in one round trip. Raises psycopg.Error."""
    connection = await _connection(tx)
    async with connection.pipeline():
        cursors = [connection.cursor(row_factory=tuple_row) for _ in asked]
        for cursor, (statement, parameters) in zip(cursors, asked, strict=True):
            await cursor.execute(_for_psycopg(statement), _values(parameters))
    return [await cursor.fetchall() for cursor in cursors]  # after the pipeline's end: before it, each waits for a sync


async def _connection(tx: Tx) -> AsyncConnection[Any]:
    """The transaction's connection, which has been told all that the session knows."""
    if tx.session.new or tx.session.dirty or tx.session.deleted:
        await tx.session.flush()
    return await tx.direct()


def _values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: array(value) if isinstance(value, list) else value for name, value in parameters.items()}


def array(values: Iterable[object]) -> str:
    """
    An array as PostgreSQL reads it, of what the statement makes of it: texts, numbers, ids.

    psycopg writes one by a call for each element, and by its numbers' sizes as another type each time, which is another
    statement to prepare.
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex  # a third of what its text with hyphens costs, for hundreds a search
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


@lru_cache(maxsize=512)
def _for_psycopg(statement: str) -> bytes:
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%")).replace("\\:", ":").encode()
