"""What a worker takes up when it starts: shops that a new embedding model, or a worker that died, left behind."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from agentpay.commerce.payments.registry import Providers
from agentpay.jobs.context import JobContext
from agentpay.jobs.indexing import SEMANTIC, catch_up
from agentpay.knowledge.semantic import Semantic
from agentpay.settings import Settings
from agentpay.store.session import Database
from agentpay.store.tables import Product


async def jobs(database: Database) -> list[str]:
    async with database.session() as session:
        found = await session.scalars(
            text("SELECT args->>'organization_id' FROM procrastinate_jobs WHERE task_name = 'indexing.index'")
        )
        return list(found)


async def test_shops_behind_are_asked_for_once(database: Database, organization_id: UUID) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    context = JobContext(database, settings, "http://127.0.0.1:9", Providers(database, settings))
    context.extra[SEMANTIC] = Semantic(settings)
    await catch_up(context)
    assert await jobs(database) == [], "nothing to do"
    async with database.tx(organization_id) as tx:
        tx.session.add(Product(organization_id=organization_id, title="Kettle"))
    await catch_up(context)
    await catch_up(context)
    assert await jobs(database) == [str(organization_id)]
    async with database.session() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))
        await session.execute(text("UPDATE products SET indexed_at = now()"))
        await session.execute(text("UPDATE organizations SET embedding_model = 'another'"))
    await catch_up(context)
    assert await jobs(database) == [str(organization_id)], "its vectors are another model's"
