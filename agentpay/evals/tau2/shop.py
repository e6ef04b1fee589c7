"""The imported shop as a template: each task gets a copy of its own, in a tenth of a second."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.engine import make_url

from agentpay.commerce.importing import import_loaded, load_tau2
from agentpay.conversations import agents
from agentpay.evals.tau2.state import Prints, prints
from agentpay.graphs.services import build_services
from agentpay.settings import Settings
from agentpay.store import embedded
from agentpay.store.migrate import migrate
from agentpay.store.session import Database
from agentpay.store.tables import Organization
from agentpay.tools.context import Brains, Services

_TEMPLATE = "tau2_template"
_CONNECTIONS = 2


@dataclass(slots=True)
class Shops:
    """Makes copies of one imported shop."""

    server_url: str
    settings: Settings
    organization_id: UUID
    prints: Prints
    """Of the shop as it was imported."""
    shared: Services
    """Of the template: what does not hang on a database (words of the shop, classifier) serves all copies."""

    @asynccontextmanager
    async def fresh(self, brains: Brains | None = None) -> AsyncIterator[Services]:
        """Services over a copy of the shop as it was imported; the copy goes with the block."""
        name = f"tau2_{uuid.uuid4().hex}"
        await _execute(self.server_url, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
        database = Database(_url(self.server_url, name), pool_size=_CONNECTIONS)
        try:
            yield replace(self.shared, database=database, brains=brains or self.shared.brains)
        finally:
            await database.close()
            await _execute(self.server_url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def own_server(data: Path | None) -> Iterator[str]:
    """An embedded PostgreSQL in a temporary folder, below `data` where that is given; answers its URL."""
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agentpay-eval-", dir=data, ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # as root the server runs as an account that a private folder keeps out
        with embedded.start(Path(folder) / "data", need_redis=False) as running:
            yield running.database_url


async def open_shops(server_url: str, db: Path, settings: Settings, *, agent: Mapping[str, Any] | None = None) -> Shops:
    """Import the τ² database once; `agent`: settings its agent is given. Raises ImportProblems, StartupError."""
    loaded = load_tau2(db)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # the server goes with the evaluation
        await _execute(server_url, f"ALTER SYSTEM SET {setting} = off")
    await _execute(server_url, "SELECT pg_reload_conf()")
    await _execute(server_url, f"CREATE DATABASE {_TEMPLATE}")
    url = _url(server_url, _TEMPLATE)
    migrate(url)
    database = Database(url, pool_size=_CONNECTIONS)
    report = await import_loaded(database, loaded)
    services = build_services(settings, database)
    async with database.session() as session:
        organization = await session.get_one(Organization, report.organization_id)
    await services.vocabularies.get(organization.id, organization.catalog_version)
    async with database.tx(organization.id) as tx:
        if agent is not None:
            await agents.change(tx, (await agents.page(tx, limit=1, after=None))[0].id, dict(agent))
        seen = await prints(tx)
    await database.close()  # nobody may be connected to what is copied
    return Shops(server_url, settings, organization.id, seen, services)


def _url(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


async def _execute(url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement.encode())
