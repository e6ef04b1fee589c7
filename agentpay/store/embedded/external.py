"""Checks of the servers that the settings name instead of the embedded ones, so that a wrong URL is one sentence at start."""

from __future__ import annotations

import psycopg
import redis
from psycopg.conninfo import conninfo_to_dict
from redis.backoff import NoBackoff
from redis.retry import Retry

from agentpay.errors import StartupError

_TIMEOUT_SECONDS = 5
_OLDEST_POSTGRES = 16


def check_database(url: str, setting: str = "AGENTPAY_DATABASE_URL") -> None:
    """Connect to `url` once. StartupError, naming `setting` and no password, if it is no PostgreSQL 16+ with pgvector."""
    try:
        password = str(conninfo_to_dict(url).get("password") or "")
    except psycopg.ProgrammingError:
        # libpq's own message repeats the URL, password and all.
        raise StartupError(
            f"{setting} is not a libpq URL like postgresql://user:password@host:5432/database."
        ) from None
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT_SECONDS, autocommit=True) as connection:
            major = connection.info.server_version // 10000
            row = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
    except psycopg.Error as error:
        raise StartupError(f"{setting} cannot be used: {_sentence(error, password)}") from None
    if major < _OLDEST_POSTGRES:
        raise StartupError(f"{setting} leads to PostgreSQL {major}; version {_OLDEST_POSTGRES} or later is needed.")
    if row is None:
        raise StartupError(f"{setting} leads to a PostgreSQL without the extension pgvector; install it there.")


def check_redis(url: str, setting: str = "AGENTPAY_REDIS_URL") -> None:
    """Ping `url` once. StartupError, naming `setting` and no password, if no Redis or Valkey answers."""
    usage = f"{setting} is not a URL like redis://:password@host:6379/0."
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=_TIMEOUT_SECONDS, socket_timeout=_TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
    except ValueError:
        raise StartupError(usage) from None
    password = str(client.connection_pool.connection_kwargs.get("password") or "")
    try:
        client.ping()
    except redis.AuthenticationError:
        raise StartupError(f"{setting} cannot be used: the server refuses this user name and password.") from None
    except (TypeError, ValueError):  # an option in the URL that no connection knows; its message may hold anything
        raise StartupError(usage) from None
    except (redis.RedisError, OSError) as error:
        raise StartupError(f"{setting} cannot be used: {_sentence(error, password)}") from None
    finally:
        client.close()


def _sentence(error: Exception, password: str) -> str:
    """The first line of an error, without the password and without psycopg's prefix."""
    text = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    text = text.removeprefix("connection failed: ").removeprefix("connection is bad: ")
    if len(password) > 3:  # replacing a shorter one would only garble words
        text = text.replace(password, "***")
    return text.rstrip(".") + "."
