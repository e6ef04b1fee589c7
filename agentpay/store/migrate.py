"""Brings a database to this version's schema: ours (alembic), procrastinate's and LangGraph's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine

from agentpay.errors import StartupError
from agentpay.store.session import sqlalchemy_url

_LOCK = 4_201_997_311
"""Any number that no one else takes: replicas that start together migrate one after the other."""


def scripts() -> Path:
    """The migrations: `alembic/` of a checkout, or the copy inside an installed wheel."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "alembic"
    return checkout if (checkout / "env.py").is_file() else package / "_alembic"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _locked(database_url: str) -> Iterator[psycopg.Connection]:
    """Polls for the lock: a statement that waits for it would hold a snapshot that CREATE INDEX CONCURRENTLY waits for."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
            time.sleep(0.1)
        yield connection


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade to `revision`. Raises StartupError where the database is newer than this version of AgentPay."""
    # Two seconds of imports that whoever only asks for the revision does not need.
    from langgraph.checkpoint.postgres import PostgresSaver
    from langgraph.store.postgres import PostgresStore
    from procrastinate.schema import SchemaManager

    check_not_newer(database_url)
    with _locked(database_url) as locked:
        engine = create_engine(sqlalchemy_url(database_url))
        try:
            with engine.begin() as connection:
                command.upgrade(_config(connection), revision)
        finally:
            engine.dispose()
        if locked.execute("SELECT to_regclass('procrastinate_jobs')").fetchone() == (None,):
            locked.execute(SchemaManager.get_schema().encode())
        with PostgresSaver.from_conn_string(database_url) as saver:
            saver.setup()
        with PostgresStore.from_conn_string(database_url) as store:
            store.setup()


def downgrade(database_url: str, revision: str) -> None:
    """Take our own schema back to `revision` (`base`: none of it). procrastinate's and LangGraph's tables stay."""
    with _locked(database_url):
        engine = create_engine(sqlalchemy_url(database_url))
        try:
            with engine.begin() as connection:
                command.downgrade(_config(connection), revision)
        finally:
            engine.dispose()


def current_revision(database_url: str) -> str | None:
    """The revision the database is at; None where AgentPay has never been in it."""
    engine = create_engine(sqlalchemy_url(database_url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package ships at least one migration"
    return head


def check_not_newer(database_url: str) -> None:
    """Raises StartupError where the database holds a schema this version does not know."""
    current = current_revision(database_url)
    if current is None:
        return
    try:
        ScriptDirectory.from_config(_config()).get_revision(current)
    except CommandError:
        raise StartupError(
            f"The database has schema {current}, which is newer than this AgentPay ({head_revision()}): "
            "upgrade AgentPay or use another database."
        ) from None


def check_current(database_url: str) -> None:
    """Raises StartupError where the schema is not exactly this version's. What `agentpay serve` and `worker` ask first."""
    check_not_newer(database_url)
    if current_revision(database_url) != head_revision():
        raise StartupError("The database is not migrated to this version: run `agentpay migrate` first.")
