"""What every body shares."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class Body(BaseModel):
    """A request's body: what is not named is a 422 (CONTRACT §2)."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[Item]):
    """A list: pass `next_cursor` as `?cursor=` for the rest; null at the end."""

    items: list[Item]
    next_cursor: str | None = None


class ProblemBody(BaseModel):
    """RFC 9457 problem details, sent as application/problem+json. `code` is stable; further members depend on it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
