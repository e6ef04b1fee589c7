"""The migrations go up, come down, and match the tables; a newer database is refused."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from agentpay.errors import StartupError
from agentpay.store import migrate as migrations
from agentpay.store.session import sqlalchemy_url
from agentpay.store.tables import Base


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def test_up_makes_every_table(make_database: Callable[[], str]) -> None:
    found = tables(make_database())
    assert {table.name for table in Base.metadata.sorted_tables} <= found
    assert {"procrastinate_jobs", "checkpoints", "checkpoint_writes", "store"} <= found


def test_down_leaves_none_of_ours_and_up_again_works(make_database: Callable[[], str]) -> None:
    url = make_database()
    migrations.downgrade(url, "base")
    assert not {table.name for table in Base.metadata.sorted_tables} & tables(url)
    migrations.migrate(url)
    assert {table.name for table in Base.metadata.sorted_tables} <= tables(url)


def test_migrations_and_tables_agree(make_database: Callable[[], str]) -> None:
    engine = create_engine(sqlalchemy_url(make_database()))
    with engine.begin() as connection:
        command.check(migrations._config(connection))
    engine.dispose()


def test_a_newer_schema_is_refused_in_one_sentence(make_database: Callable[[], str]) -> None:
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartupError, match="newer than this AgentPay"):
        migrations.migrate(url)
    with pytest.raises(StartupError, match="newer than this AgentPay"):
        migrations.check_current(url)


def test_an_unmigrated_database_is_named(make_database: Callable[[], str]) -> None:
    url = make_database()
    migrations.downgrade(url, "base")
    with pytest.raises(StartupError, match="agentpay migrate"):
        migrations.check_current(url)
