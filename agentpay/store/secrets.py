"""Secrets the service makes for itself: once a database, shared by every replica over it."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agentpay.store.session import Database
from agentpay.store.tables import ServiceSecret


async def service_secret(database: Database, name: str) -> str:
    """The secret of this name, made where it is missing: 256 bits, URL-safe."""
    async with database.session() as session:
        await session.execute(
            insert(ServiceSecret).values(name=name, value=secrets.token_urlsafe(32)).on_conflict_do_nothing()
        )
    async with database.session() as session:  # a row that another replica just committed is seen from here
        value = await session.scalar(select(ServiceSecret.value).where(ServiceSecret.name == name))
    assert value is not None, "inserted just now"
    return value
