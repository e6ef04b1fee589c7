"""The worker: starts jobs at once, ends what it is at, outlives its connections and takes up what a dead one left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from procrastinate import App
from sqlalchemy import text

from agentpay.commerce.payments.registry import Providers
from agentpay.jobs import app as jobs_app
from agentpay.jobs.context import JobContext
from agentpay.jobs.maintenance import rescue_stalled
from agentpay.jobs.retry import Backoff
from agentpay.settings import Settings
from agentpay.store.queue import enqueue
from agentpay.store.session import Database
from tests.commerce.till import until


@pytest.fixture
async def database(make_database: Callable[[], str]) -> AsyncIterator[Database]:
    """One each: a worker takes every job of its database."""
    opened = Database(make_database())
    yield opened
    await opened.close()


@pytest.fixture
def database_url_of_its_own(make_database: Callable[[], str]) -> str:
    return make_database()


@asynccontextmanager
async def worker(database: Database) -> AsyncIterator[tuple[asyncio.Event, asyncio.Task[None]]]:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    context = JobContext(database, settings, "http://127.0.0.1:9", Providers(database, settings))
    stop = asyncio.Event()
    task = asyncio.create_task(jobs_app.run_worker(context, stop=stop))
    try:
        yield stop, task
    finally:
        stop.set()
        await task


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the test's tasks did: `test.note`, `test.slow`, `test.flaky`."""
    done: list[str] = []
    tries: dict[str, int] = {}

    async def note(word: str) -> None:
        done.append(word)

    async def slow(word: str) -> None:
        done.append(f"begun {word}")
        await asyncio.sleep(0.5)
        done.append(f"ended {word}")

    async def flaky(word: str) -> None:
        tries[word] = tries.get(word, 0) + 1
        if tries[word] < 3:
            raise RuntimeError("not yet")
        done.append(word)

    create = jobs_app.create_app

    def create_with_ours(url: str) -> App:
        app = create(url)
        app.task(name="test.note")(note)
        app.task(name="test.slow")(slow)
        app.task(name="test.flaky", retry=Backoff(first=0.01, attempts=5))(flaky)
        return app

    monkeypatch.setattr(jobs_app, "create_app", create_with_ours)
    return done


async def add(database: Database, task: str, word: str) -> None:
    async with database.session() as session:
        await enqueue(session, task, word=word)


async def test_jobs_run_and_fail_and_run_again(database: Database, seen: list[str]) -> None:
    async with worker(database):
        await add(database, "test.flaky", "third time")
        await add(database, "test.note", "a")

        async def both() -> bool:
            return sorted(seen) == ["a", "third time"]

        await until(both)


async def test_stopping_ends_what_is_under_way_and_begins_nothing(database: Database, seen: list[str]) -> None:
    async with worker(database) as (stop, task):
        await add(database, "test.slow", "a")

        async def begun() -> bool:
            return seen == ["begun a"]

        await until(begun)
        stop.set()
        await task
        assert seen == ["begun a", "ended a"]
        await add(database, "test.note", "too late")
    assert seen == ["begun a", "ended a"]


async def test_it_outlives_its_connections(database: Database, seen: list[str]) -> None:
    async with worker(database):
        await add(database, "test.note", "before")

        async def before() -> bool:
            return "before" in seen

        await until(before)
        async with database.session() as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        await add(database, "test.note", "after")

        async def after() -> bool:
            return "after" in seen

        await until(after, seconds=40)


async def test_jobs_of_a_dead_worker_are_taken_up(database: Database, seen: list[str]) -> None:
    await add(database, "test.note", "left behind")
    async with database.session() as session:
        await session.execute(
            text(
                "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - interval '1 hour') RETURNING id)"
                " UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)"
            )
        )
    async with worker(database):

        async def taken() -> bool:
            return seen == ["left behind"]

        await until(taken, seconds=30)


async def test_a_rescue_stops_at_no_job_that_cannot_be_given_back(database_url_of_its_own: str) -> None:
    """A dead worker's periodic job whose next run is queued already, before one that somebody waits for."""
    app = jobs_app.create_app(database_url_of_its_own)
    opened = Database(database_url_of_its_own)
    async with opened.session() as session:
        for task, lock, state in (
            ("maintenance.rescue_stalled", "one at a time", "doing"),
            ("maintenance.rescue_stalled", "one at a time", "todo"),
            ("test.note", None, "doing"),
        ):
            await session.execute(
                text(
                    "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                    " VALUES (now() - interval '1 hour') RETURNING id)"
                    " INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status, worker_id)"
                    " SELECT 'default', :task, :lock, CAST(:state AS procrastinate_job_status),"
                    " CASE WHEN :state = 'doing' THEN id END FROM dead"
                ),
                {"task": task, "lock": lock, "state": state},
            )
    async with app.open_async():
        await asyncio.gather(*(rescue_stalled(SimpleNamespace(app=app), 0) for _ in range(3)))  # type: ignore[arg-type]
    async with opened.session() as session:
        rows = await session.execute(text("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id"))
        assert [tuple(row) for row in rows] == [("maintenance.rescue_stalled", "todo"), ("test.note", "todo")]
    await opened.close()


def test_every_task_is_registered(make_database: Callable[[], str]) -> None:
    tasks = set(jobs_app.create_app(make_database()).tasks)
    assert {
        "payments.handle_inbound",
        "payments.reconcile",
        "payments.execute_refund",
        "sandbox.deliver_webhook",
        "sandbox.settle",
        "expiry.expire",
        "maintenance.rescue_stalled",
    } <= tasks


def test_backoff_grows_and_ends() -> None:
    from procrastinate.jobs import Job

    def job(attempts: int) -> Job:
        return Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)

    backoff = Backoff(first=1, longest=8, attempts=6)
    waits = [backoff.get_retry_decision(exception=RuntimeError(), job=job(n)) for n in range(6)]
    assert [wait is None for wait in waits] == [False] * 5 + [True]


def test_ids_only_in_job_arguments() -> None:
    """procrastinate logs arguments: none of ours may carry a person's or a card's data."""
    import inspect

    from agentpay.jobs import payments

    allowed = {"context", "organization_id", "event_id", "checkout_id", "attempt", "began", "refund_id", "payment_id"}
    allowed |= {"event_type", "created", "stage", "dispute"}  # a dispute: its amount and one of five reasons
    for name in ("handle_inbound", "reconcile", "execute_refund", "deliver_sandbox_webhook", "settle_sandbox"):
        assert set(inspect.signature(getattr(payments, name)).parameters) <= allowed
