"""A whole shop from its file, in one transaction: all of it or nothing (CONTRACT §5)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from agentpay.commerce.importing import goods, history, people, shop
from agentpay.commerce.importing.checking import Known, check
from agentpay.commerce.importing.problems import ImportProblem, ImportProblems
from agentpay.commerce.importing.reading import Loaded, Progress, load
from agentpay.commerce.importing.run import Counts, ImportReport, Run
from agentpay.commerce.importing.upsert import connection_of, execute, fetch
from agentpay.store.queue import enqueue
from agentpay.store.session import Database

_SEARCHED = ("products", "variants", "inventory", "product_terms", "articles", "orders", "order_lines")
"""What the file fills, triggers and all, and a search reads."""


async def import_store(
    database: Database | str,
    path: Path | str,
    *,
    reset_stock: bool = False,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """
    Load a store file into the organization of its slug, which is made where it is missing.

    Can be repeated: rows are found again by their external ids (zones by name, discounts by code), and what the file no
    longer has stays, but for variants and shipping rates that left a product or a zone of the file. Stock, gift card
    balances and `redeemed` count when a row is made, later only with `reset_stock`. Changed products and articles are to
    be indexed afterwards: a job waits for a worker, `knowledge.indexing` does it at once. `progress(stage, done, total)`
    is called as it goes.

    Raises `ImportProblems` with every bad row; nothing is loaded then.
    """
    now = now or datetime.now(UTC)
    loaded = await asyncio.to_thread(load, path, now=now, progress=progress)
    return await import_loaded(database, loaded, reset_stock=reset_stock, progress=progress, now=now)


async def import_loaded(
    database: Database | str,
    loaded: Loaded,
    *,
    reset_stock: bool = False,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """As `import_store`, of a file that has been read."""
    now = now or datetime.now(UTC)
    opened = Database(database, pool_size=1) if isinstance(database, str) else database
    try:
        async with opened.session() as session:
            report = await _write(await connection_of(session), loaded, now, reset_stock, progress)
            if report.changed:
                lock = f"indexing:{report.organization_id}"
                await enqueue(
                    session,
                    "indexing.index",
                    lock=lock,
                    queueing_lock=lock,
                    organization_id=str(report.organization_id),
                )
            return report
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as error:
        reason = error.diag.message_primary or type(error).__name__
        raise ImportProblems([ImportProblem(0, "", f"the database refused the file: {reason}")]) from error
    finally:
        if opened is not database:
            await opened.close()


async def _write(
    connection: AsyncConnection[Any], loaded: Loaded, now: datetime, reset_stock: bool, progress: Progress | None
) -> ImportReport:
    organization_id, currency = await shop.organization(connection, loaded.store, loaded.digest)
    report = ImportReport(organization_id, loaded.digest)
    report.counts["organizations"] = Counts(created=1) if currency is None else Counts(unchanged=1)
    run = Run(connection, loaded, organization_id, now, reset_stock, report, progress)
    run.refuse_all(check(loaded, await _known(connection, organization_id)))
    if currency is not None and currency != run.currency:
        await shop.change_currency(run, currency)
    await shop.agent(run)
    await goods.goods(run)
    await shop.articles(run)
    await shop.zones(run)
    await shop.taxes(run)
    await people.customers(run)
    await shop.discounts(run)
    await history.orders(run)
    if report.counts["products"].created if "products" in report.counts else 0:
        # A first import fills tables from nothing; without figures the next searches would be planned blindly.
        for table in _SEARCHED:
            await execute(connection, f"ANALYZE {table}")
    return report


async def _known(connection: AsyncConnection[Any], organization_id: UUID) -> Known:
    found = [
        frozenset(
            row[0]
            for row in await fetch(
                connection,
                f"SELECT external_id FROM {table} WHERE organization_id = %s AND external_id IS NOT NULL",
                organization_id,
            )
        )
        for table in ("products", "variants", "customers")
    ]
    return Known(*found)
