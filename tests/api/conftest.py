"""A running service: `service` with the real graph, `stub` with one that echoes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID

import httpx
import pytest

from agentpay.api.state import EngineFactory, commerce_engine
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.ids import new_id
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Organization
from tests.serving import Service, serving, stub_engine


@pytest.fixture(scope="module")
def settings(servers: Embedded, database_url: str) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=False,
        turn_lease_seconds=2.0,
        turn_heartbeat_seconds=0.5,
        sse_heartbeat_seconds=0.3,
    )


async def make_organization(database: Database) -> tuple[UUID, str, str]:
    """An organization with a default agent: its id, a secret key, a publishable key."""
    organization_id = new_id()
    async with database.session() as session:
        session.add(Organization(id=organization_id, slug=f"shop-{organization_id}", name="Shop", currency="USD"))
        await session.flush()
        session.add(Agent(organization_id=organization_id, name="Nora", is_default=True))
        _, secret = await create_key(session, organization_id, "secret")
        _, publishable = await create_key(
            session, organization_id, "publishable", allowed_origins=["https://shop.example"]
        )
    return organization_id, secret, publishable


async def _service(settings: Settings, database: Database, make_engine: EngineFactory) -> AsyncIterator[Service]:
    organization_id, secret, publishable = await make_organization(database)
    with serving(settings, make_engine) as running:
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=30) as client:
            yield Service(running.base_url, organization_id, secret, publishable, client, running, settings, database)


@pytest.fixture(scope="module")
async def service(settings: Settings, database: Database) -> AsyncIterator[Service]:
    async for opened in _service(settings, database, commerce_engine):
        yield opened


@pytest.fixture(scope="module")
async def stub(settings: Settings, database: Database) -> AsyncIterator[Service]:
    async for opened in _service(settings, database, stub_engine):
        yield opened


@pytest.fixture
def other_client(stub: Service, database: Database) -> Iterator[Callable[[str], httpx.Client]]:
    """Clients with other keys: `other_client(key)`."""
    clients: list[httpx.Client] = []

    def make(key: str, **headers: str) -> httpx.Client:
        made = httpx.Client(base_url=stub.base_url, headers={"authorization": f"Bearer {key}", **headers}, timeout=30)
        clients.append(made)
        return made

    yield make
    for made in clients:
        made.close()
