"""Lists by keyset: a page is what comes after the last row of the page before, whatever was added meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from agentpay.errors import Problem
from agentpay.store.cursors import decode_id, encode
from agentpay.store.session import Tx

Item = TypeVar("Item")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`next_cursor` is None on the last page."""

    items: list[Item]
    next_cursor: str | None


async def page(
    tx: Tx,
    statement: Select[Item],
    key: InstrumentedAttribute[UUID],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Item]:
    """
    A page of `statement`'s rows, newest first: `key` is their UUIDv7, which sorts by time.

    `limit` is 1..100, else Problem 422 `invalid_limit`.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Problem("invalid_limit", f"limit is a number from 1 to {MAX_LIMIT}.")
    if cursor is not None:
        statement = statement.where(key < decode_id(cursor))
    found: Sequence[Any] = (await tx.session.scalars(statement.order_by(key.desc()).limit(limit + 1))).all()
    items = list(found[:limit])
    return Page(items, encode([str(getattr(items[-1], key.key))]) if len(found) > limit else None)
