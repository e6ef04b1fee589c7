"""Identifiers: UUIDv7, so that ids sort by time and indexes stay dense."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562)."""
    return uuid7()


def first_id(moment: datetime) -> UUID:
    """The lowest id that was made at `moment` or later: a range of ids is a range of time."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))
