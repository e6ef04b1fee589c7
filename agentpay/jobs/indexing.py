"""Indexing what changed: one waiting job a shop, whatever the number of changes."""

from __future__ import annotations

from uuid import UUID

from procrastinate import App, RetryStrategy
from procrastinate import JobContext as QueueContext

from agentpay.commerce import product_events
from agentpay.jobs.context import JobContext, services
from agentpay.knowledge.indexing import index_pending, organizations_behind
from agentpay.store.queue import enqueue

TASK = "indexing.index"
SEMANTIC = "semantic"
"""The name among `JobContext.extra` of the process's `knowledge.semantic.Semantic`; without it only words are indexed."""


async def index(context: QueueContext, organization_id: str) -> None:
    at = services(context)
    await index_pending(
        at.database, UUID(organization_id), on_products=product_events.indexed, semantic=at.extra.get(SEMANTIC)
    )


async def catch_up(services: JobContext) -> None:
    """Called when a worker starts: shops that a new embedding model, or a worker that died, left behind are asked for."""
    semantic = services.extra.get(SEMANTIC)
    if semantic is None:
        return
    for organization_id in await organizations_behind(services.database, semantic):
        async with services.database.tx(organization_id) as tx:
            lock = f"indexing:{organization_id}"
            await enqueue(tx, TASK, lock=lock, queueing_lock=lock, organization_id=str(organization_id))


def register(app: App) -> None:
    app.task(name=TASK, pass_context=True, retry=RetryStrategy(max_attempts=5, exponential_wait=3))(index)
