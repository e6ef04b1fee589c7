"""Which errors mean that the database was not there, rather than that it refused what was asked."""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

_STATES = ("08", "57P", "53300")
"""SQLSTATE: connection exceptions, the server shuts down or starts, too many connections."""


def unreachable(error: BaseException) -> bool:
    """Whether a connection was lost or could not be had: what a lost one was told to commit may have been committed."""
    if isinstance(error, PoolExhausted):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and unreachable(error.orig))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return error.sqlstate is None or error.sqlstate.startswith(_STATES)
    return False
