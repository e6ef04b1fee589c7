"""Opaque cursors of lists: the place after a row, named by what the list is sorted by."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from uuid import UUID

import orjson

from agentpay.errors import Problem


def encode(values: list[Any]) -> str:
    """The place after an item, as an opaque cursor. `values`: what the list is sorted by."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def decode(cursor: str, size: int) -> list[Any]:
    """The values behind a cursor. Raises Problem 422 `validation_error` for one that we did not make."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != size:
        raise not_ours()
    return values


def decode_int(cursor: str) -> int:
    """A cursor over one 64-bit integer."""
    value = decode(cursor, 1)[0]
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise not_ours()
    return value


def decode_id(cursor: str) -> UUID:
    """A cursor over one id."""
    try:
        return UUID(str(decode(cursor, 1)[0]))
    except ValueError:
        raise not_ours() from None


def not_ours() -> Problem:
    """422 `validation_error` for a cursor that we did not make."""
    return Problem("validation_error", "The cursor is not one of ours.", status=422)
