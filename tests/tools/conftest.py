"""A conversation whose tools can be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from agentpay.graphs.context import load_context
from agentpay.graphs.services import build_services
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Turn
from agentpay.tools.context import Context
from tests.commerce import shop


class Silent:
    """A sink that nobody listens to."""

    def emit(self, type: str, data: dict[str, Any]) -> None:
        return None


MakeContext = Callable[[], Awaitable[Context]]


@pytest.fixture
async def make_context(database: Database, organization_id: UUID) -> MakeContext:
    """Makes contexts of one and the same turn, as two processes would have them."""
    services = build_services(Settings(_env_file=None), database)  # type: ignore[call-arg]
    async with database.tx(organization_id) as tx:
        await shop.variant(tx, "kettle", price=4900, stock=10)
        conversation_id = await shop.conversation(tx)
        turn_id = new_id()
        tx.session.add(Turn(id=turn_id, organization_id=organization_id, conversation_id=conversation_id))

    async def make() -> Context:
        return await load_context(
            services,
            Silent(),
            organization_id=organization_id,
            conversation_id=conversation_id,
            turn_id=turn_id,
            base_url="http://shop.example",
        )

    return make


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    return await make_context()
