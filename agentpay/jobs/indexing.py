"""Indexing what changed: one waiting job a shop, whatever the number of changes."""

from __future__ import annotations

from uuid import UUID

from procrastinate import App, RetryStrategy
from procrastinate import JobContext as QueueContext

from agentpay.commerce import product_events
from agentpay.jobs.context import services
from agentpay.knowledge.indexing import index_pending


async def index(context: QueueContext, organization_id: str) -> None:
    await index_pending(services(context).database, UUID(organization_id), on_products=product_events.indexed)


def register(app: App) -> None:
    app.task(name="indexing.index", pass_context=True, retry=RetryStrategy(max_attempts=5, exponential_wait=3))(index)
