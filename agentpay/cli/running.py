"""How commands reach the database: servers, schema, organization."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.settings import Settings
    from agentpay.store.session import Database

T = TypeVar("T")


@contextmanager
def servers(settings: Settings, *, migrate: bool = False) -> Iterator[Settings]:
    """The settings with the URLs of running servers in them, over a database of this version's schema.

    The embedded database is brought up to date by itself; one that the settings name is shared with others and is
    changed by `agentpay migrate` (or with `migrate`) alone. Raises StartupError.
    """
    from agentpay.store import embedded
    from agentpay.store import migrate as schema

    with embedded.resolve(settings) as running:
        if migrate or not settings.database_url:
            schema.migrate(running.database_url)
        else:
            schema.check_current(running.database_url)
        yield settings.model_copy(update={"database_url": running.database_url, "redis_url": running.redis_url})


def run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` over the database of the settings, and close what it opened."""

    async def opened() -> T:
        async with database(settings) as found:
            return await work(found)

    return asyncio.run(opened())


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    from agentpay.store.session import Database

    assert settings.database_url is not None, "the servers run"
    found = Database(settings.database_url, pool_size=settings.db_pool_size)
    try:
        yield found
    finally:
        await found.close()


async def organization(database: Database, slug: str | None) -> UUID:
    """The organization with this slug; without one, the only one there is. Raises StartupError."""
    from sqlalchemy import select

    from agentpay.store.tables import Organization

    async with database.session() as session:
        found: dict[str, UUID] = {
            row.slug: row.id
            for row in await session.execute(select(Organization.slug, Organization.id).order_by(Organization.slug))
        }
    if not found:
        raise StartupError(
            "There is no shop in this database yet: run `agentpay import FILE` or `agentpay demo` first."
        )
    if slug is None and len(found) > 1:
        raise StartupError(f"There are several shops here ({', '.join(found)}): choose one with --organization.")
    if slug is None:
        return next(iter(found.values()))
    if slug not in found:
        raise StartupError(f"There is no shop {slug!r} here; known: {', '.join(found)}.")
    return found[slug]
