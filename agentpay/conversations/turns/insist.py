"""Storing what must be stored, also across a restart of Postgres."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg import OperationalError as PsycopgOperationalError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

logger = logging.getLogger(__name__)

STORE_RETRY_SECONDS = 60.0
"""How long the end of a turn, or its return, is tried to be stored while Postgres is away."""
AWAY = (OperationalError, DBAPIError, PsycopgOperationalError, PoolExhausted, OSError)

T = TypeVar("T")


async def insist(store: Callable[[], Awaitable[T]], what: str) -> T:
    """Try until the database takes it; what it refuses, and what `store` itself raises, is raised."""
    deadline = asyncio.get_running_loop().time() + STORE_RETRY_SECONDS
    pause = 0.1
    while True:
        try:
            return await store()
        except AWAY as error:
            if not _is_away(error) or asyncio.get_running_loop().time() > deadline:
                raise
            logger.warning("%s waits for the database", what)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)


def _is_away(error: Exception) -> bool:
    """Whether the database could not be reached, rather than refused what was asked."""
    return not isinstance(error, DBAPIError) or isinstance(error, OperationalError) or error.connection_invalidated
