"""What every test may ask for: real servers, a migrated database of its own, an organization."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.engine import make_url

from agentpay.store.embedded import Embedded, start
from agentpay.store.ids import new_id
from agentpay.store.migrate import migrate
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Organization

if not any(os.environ.get(name) for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")):
    # Tests marked `langsmith` are ordinary ones then; without this its plugin would call home, and fail them
    os.environ["LANGSMITH_TEST_TRACKING"] = "false"

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def shared(name: str) -> Path:
    """A file of the shared folder beside the checkout, or a skip that says which one is missing."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"shared/{name} is not beside this checkout")
    return path


@pytest.fixture(scope="session")
def servers() -> Iterator[Embedded]:
    """Embedded PostgreSQL and Valkey for this test run."""
    with tempfile.TemporaryDirectory(prefix="agentpay-tests-") as folder:
        os.chmod(folder, 0o755)  # as root the servers run as another account, which pytest's own folders keep out
        with start(Path(folder) / "data") as embedded:
            yield embedded


@pytest.fixture(scope="session")
def template(servers: Embedded) -> str:
    """Name of a migrated database that others are copied from (a copy takes a tenth of a migration)."""
    name = "template_agentpay"
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(make_url(servers.database_url).set(database=name).render_as_string(hide_password=False))
    return name


@pytest.fixture(scope="session")
def make_database(servers: Embedded, template: str) -> Callable[[], str]:
    """A function that makes an empty, migrated database and answers its URL."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return make_url(servers.database_url).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="module")
def database_url(make_database: Callable[[], str]) -> str:
    """An empty, migrated database, shared by the tests of one file: give each test its own organization."""
    return make_database()


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def organization_id(database: Database) -> UUID:
    """A fresh organization in USD with a default agent that may give nothing away."""
    identifier = new_id()
    async with database.session() as session:
        session.add(Organization(id=identifier, slug=f"shop-{identifier}", name="Test shop", currency="USD"))
        await session.flush()
        session.add(Agent(organization_id=identifier, name="Nora", is_default=True))
    return identifier
