"""Runs the migrations on the connection `agentpay.store.migrate` hands over, or on AGENTPAY_DATABASE_URL for `alembic revision`."""

import os

from alembic import context
from sqlalchemy import create_engine

from agentpay.store.session import sqlalchemy_url
from agentpay.store.tables import Base

THEIRS = ("procrastinate_", "checkpoint", "store", "vector_migrations")


def ours(name: str | None, type_: str, _parents: object) -> bool:
    """procrastinate's and LangGraph's tables are made by their own migrations."""
    return type_ != "table" or not (name or "").startswith(THEIRS)


def run(connection: object) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, include_name=ours, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    with create_engine(sqlalchemy_url(os.environ["AGENTPAY_DATABASE_URL"])).connect() as opened:
        run(opened)
