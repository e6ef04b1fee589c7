"""Outside clients of a running service: each file has a freshly imported example shop of its own, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from agentpay.commerce.importing import import_store
from agentpay.demo import STORE as DEMO
from agentpay.knowledge import indexing
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.conftest import shared
from tests.contract.client import Client
from tests.serving import serving

SETTLE_SECONDS = 0.3
ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def settings(servers: Embedded, database_url: str) -> Settings:
    """As `agentpay demo` runs it, but for the waits."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=True,
        sse_heartbeat_seconds=0.3,
        sandbox_settle_seconds=SETTLE_SECONDS,
    )


async def open_shop(database: Database, store: Path) -> tuple[UUID, str, str]:
    """Import and index a shop: its organization, a secret key, a publishable key for ORIGIN."""
    report = await import_store(database, store)
    await indexing.index_pending(database, report.organization_id)
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
        _, publishable = await create_key(session, report.organization_id, "publishable", allowed_origins=[ORIGIN])
    return report.organization_id, secret, publishable


@pytest.fixture(scope="module")
async def shop(settings: Settings, database: Database) -> AsyncIterator[Client]:
    """A client of the example shop with its secret key."""
    organization_id, secret, publishable = await open_shop(database, shared("stores/example.yaml"))
    with serving(settings) as running, Client(running.base_url, secret) as client:
        client.publishable_key, client.organization_id = publishable, organization_id
        yield client


@pytest.fixture(scope="module")
async def demo(settings: Settings, database: Database) -> AsyncIterator[Client]:
    """A client of the demo shop with its secret key."""
    organization_id, secret, publishable = await open_shop(database, DEMO)
    with serving(settings) as running, Client(running.base_url, secret) as client:
        client.publishable_key, client.organization_id = publishable, organization_id
        yield client


@pytest.fixture
def as_caller(shop: Client) -> Iterator[Callable[..., Client]]:
    """Clients of the same service with another key: `as_caller(key, **headers)`."""
    opened: list[Client] = []

    def make(key: str | None, **headers: str) -> Client:
        client = Client(shop.address, key, headers=headers)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()
