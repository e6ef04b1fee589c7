"""The procrastinate app and its worker, run by `agentpay worker` and inside `agentpay serve` alike."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool

from agentpay.commerce.webhooks.outbox import QUEUE as WEBHOOKS
from agentpay.jobs import indexing
from agentpay.jobs.context import JobContext
from agentpay.store.session import replace_if_closed

MODULES = ("maintenance", "payments", "expiry", "indexing", "conversations", "privacy", "pruning", "webhooks")
"""Modules of this package; each has `register(app)`, which gives the app its tasks under the names others enqueue."""

CONCURRENCY = 8
WEBHOOK_CONCURRENCY = 4
"""Outbound webhooks run in slots of their own: endpoints that hang hold up no payment."""
POLLING_SECONDS = 0.5
"""Inserted jobs are announced by LISTEN/NOTIFY at once; only scheduled ones (retries, settlements) wait for a poll."""
HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 12.0
"""A worker silent for this long is taken for dead; its jobs start again, so every task must bear running twice."""

logger = logging.getLogger(__name__)


def create_app(database_url: str) -> App:
    """The app over one database, with every task registered, not opened yet."""
    app = App(connector=PsycopgConnector(pool_factory=_pool, conninfo=database_url, min_size=1, max_size=6))
    for module in MODULES:
        import_module(f"agentpay.jobs.{module}").register(app)
    return app


def _pool(**arguments: Any) -> AsyncConnectionPool:
    """Procrastinate's pool, for polls of one round trip instead of four: each of its calls is a single statement."""
    return AsyncConnectionPool(**{**arguments, "configure": _commit_each, "check": replace_if_closed})


async def _commit_each(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)


async def run_worker(
    services: JobContext,
    *,
    stop: asyncio.Event | None = None,
    concurrency: int = CONCURRENCY,
    grace_seconds: float = 10.0,
) -> None:
    """Run jobs until `stop` is set or this task is cancelled; jobs under way are given `grace_seconds` to end.

    A lost database connection is not the end of it: the worker starts again after a growing pause.
    """
    stop = stop or asyncio.Event()
    pause = 0.5
    while not stop.is_set():
        try:
            async with create_app(services.database.url).open_async() as app:
                await indexing.catch_up(services)
                await _work(app, services, stop, concurrency, grace_seconds)
                pause = 0.5
        except (OSError, ConnectorException, psycopg.Error) as error:
            logger.warning("The job worker lost the database (%s); it starts again soon.", type(error).__name__)
            pause = min(pause * 2, 10.0)
        if not stop.is_set():
            await asyncio.sleep(pause)


async def _work(app: App, services: JobContext, stop: asyncio.Event, concurrency: int, grace_seconds: float) -> None:
    running = [
        asyncio.create_task(
            app.run_worker_async(
                queues=[queue],
                concurrency=slots,
                fetch_job_polling_interval=POLLING_SECONDS,
                shutdown_graceful_timeout=grace_seconds,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                additional_context={"services": services},
                install_signal_handlers=False,
                delete_jobs="successful",
            ),
            name=f"job worker: {queue}",
        )
        for queue, slots in (("default", concurrency), (WEBHOOKS, WEBHOOK_CONCURRENCY))
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        for worker in running:
            if not worker.done():
                worker.cancel()  # procrastinate takes it as a request to stop, and finishes what it is at
    for error in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):  # which was ours
            raise error
