"""`?limit=&cursor=`: lists of which one row more than a page was read, sorted by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query

from agentpay.api.schemas.base import Page
from agentpay.store.cursors import decode_id, encode


class Identified(Protocol):
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row", bound=Identified)

Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


def id_behind(cursor: str | None) -> UUID | None:
    """The row that the page before ended with; None for the first page. Problem 422 `validation_error`."""
    return decode_id(cursor) if cursor is not None else None


def next_of(rows: Sequence[Row], limit: int) -> str | None:
    """The cursor after `limit` of these rows; None where they are the last."""
    return encode([str(rows[limit - 1].id)]) if len(rows) > limit else None


def page_of(rows: Sequence[Row], limit: int) -> Page[Row]:
    """The page of `rows`, of which one more than `limit` was asked for."""
    return Page(items=list(rows[:limit]), next_cursor=next_of(rows, limit))
