"""The services of an API process, opened once by the app's lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from langgraph.store.postgres.aio import AsyncPostgresStore
from redis.asyncio import Redis

from agentpay.api.auth import Authenticator
from agentpay.api.metrics import Metrics
from agentpay.api.rate_limit import RateLimiter
from agentpay.api.warm import warm_up
from agentpay.commerce.payments.registry import Providers
from agentpay.conversations.turns.approved import run_approved
from agentpay.conversations.turns.broker import Broker
from agentpay.conversations.turns.broker_redis import RedisBroker
from agentpay.conversations.turns.engine import Engine, GraphEngine
from agentpay.conversations.turns.finish import Result
from agentpay.conversations.turns.lease import Lease, keep_events
from agentpay.conversations.turns.log import TurnLog
from agentpay.conversations.turns.runner import TurnRunner
from agentpay.conversations.turns.subscriber import Subscriber
from agentpay.graphs.commerce import build_graph
from agentpay.graphs.context import Row, load_context, read_conversation
from agentpay.graphs.services import build_services
from agentpay.graphs.state import turn_input
from agentpay.jobs.app import run_worker
from agentpay.jobs.context import JobContext
from agentpay.jobs.indexing import SEMANTIC
from agentpay.settings import Settings
from agentpay.store.checkpoints import Saver
from agentpay.store.redis import connect
from agentpay.store.session import Database, Direct
from agentpay.tools.context import Context, Services

FLUSH_SECONDS = 0.5


@dataclass(slots=True)
class AppState:
    """`streams` are the tasks that send events to clients: they are ended when the process is about to."""

    settings: Settings
    database: Database
    redis: Redis
    broker: Broker
    saver: Saver
    services: Services
    providers: Providers
    authenticator: Authenticator
    rate_limiter: RateLimiter
    runner: TurnRunner
    subscriber: Subscriber
    metrics: Metrics
    base_url: str
    streams: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: bool = False

    async def drain(self) -> None:
        """No new turns; those that run end or are handed over, then the streams end. Called again it does nothing."""
        if self.stopping:
            return
        self.stopping = True
        await self.runner.drain()
        if self.streams:  # those of turns that just ended have their last events to send
            await asyncio.wait(set(self.streams), timeout=FLUSH_SECONDS)
        for stream in list(self.streams):
            stream.cancel()


EngineFactory = Callable[[Database, Saver, Services, str], Engine]
"""(database, saver, services, base_url) → engine. Tests put a graph of their own behind the service with it."""


def base_url(settings: Settings) -> str:
    """Where links given to customers lead, without a trailing slash."""
    return (settings.public_url or f"http://{_reachable(settings.host)}:{settings.port}").rstrip("/")


def _reachable(host: str) -> str:
    """An address at which what listens on `host` answers from this machine."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def commerce_engine(database: Database, saver: Saver, services: Services, base_url: str) -> Engine:
    """The engine of the real graph."""

    async def read(lease: Lease, connection: Direct) -> Row | None:
        return await read_conversation(connection, lease.organization_id, lease.conversation_id)

    async def context(lease: Lease, log: TurnLog, row: Row | None = None) -> Context:
        return await load_context(
            services,
            log,
            organization_id=lease.organization_id,
            conversation_id=lease.conversation_id,
            turn_id=lease.turn_id,
            attempt=lease.attempt,
            base_url=base_url,
            row=row,
        )

    async def approved(lease: Lease, log: TurnLog) -> Result:
        run = await context(lease, log)
        run.approval_id = UUID(lease.input["approval_id"])
        return await run_approved(database, lease, log, run)

    return GraphEngine(
        build_graph(saver, AsyncPostgresStore(saver.conn)),
        database,
        load_context=context,
        read_context=read,
        make_input=turn_input,
        approved=approved,
        window_messages=services.settings.window_messages,
        durability=services.settings.durability,
    )


@asynccontextmanager
async def open_state(settings: Settings, make_engine: EngineFactory = commerce_engine) -> AsyncIterator[AppState]:
    """Everything a process needs, closed in the reverse order. `settings` name both servers' URLs."""
    assert settings.database_url is not None, "resolve the servers first"
    assert settings.redis_url is not None, "resolve the servers first"
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url, pool_size=settings.db_pool_size)
        stack.push_async_callback(database.close)
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        saver = Saver(await database.direct_pool())
        services = build_services(settings, database, redis)
        stack.push_async_callback(services.brains.aclose)
        providers = Providers(database, settings)
        stack.push_async_callback(providers.aclose)
        broker = RedisBroker(redis, lambda logs: keep_events(database, logs))
        metrics = Metrics()
        url = base_url(settings)
        engine = make_engine(database, saver, services, url)
        runner = TurnRunner(settings, database, broker, engine, on_end=metrics.turn_ended)
        await runner.start()
        stack.push_async_callback(runner.stop)
        state = AppState(
            settings=settings,
            database=database,
            redis=redis,
            broker=broker,
            saver=saver,
            services=services,
            providers=providers,
            authenticator=Authenticator(database),
            rate_limiter=RateLimiter(redis, settings),
            runner=runner,
            subscriber=Subscriber(database, broker),
            metrics=metrics,
            base_url=url,
        )
        if services.semantic is not None:
            warming = asyncio.create_task(services.semantic.warm_up(), name="embedding model")
            stack.callback(warming.cancel)
        await warm_up(services)
        # After that: it loads a model in a thread of its own, and the service is to be ready no later for it
        reading = asyncio.create_task(services.classifier.warm_up(), name="intents' model")
        stack.callback(reading.cancel)
        if settings.worker_in_process:
            await stack.enter_async_context(_worker(state))
        yield state
        await state.drain()


@asynccontextmanager
async def _worker(state: AppState) -> AsyncIterator[None]:
    stop = asyncio.Event()
    context = JobContext(
        database=state.database,
        settings=state.settings,
        base_url=state.base_url,
        providers=state.providers,
        api_url=base_url(state.settings.model_copy(update={"public_url": None})),
        extra={"broker": state.broker, SEMANTIC: state.services.semantic},
    )
    task = asyncio.create_task(run_worker(context, stop=stop), name="worker")
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)
