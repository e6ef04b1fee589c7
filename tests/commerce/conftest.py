"""Fixtures of the commerce tests."""

from __future__ import annotations

from uuid import UUID

import pytest

from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Organization


@pytest.fixture
async def other_id(database: Database) -> UUID:
    """A second organization beside the test's own."""
    identifier = new_id()
    async with database.session() as session:
        session.add(Organization(id=identifier, slug=f"other-{identifier}", name="Other shop", currency="USD"))
        await session.flush()
        session.add(Agent(organization_id=identifier, name="Sam", is_default=True))
    return identifier
