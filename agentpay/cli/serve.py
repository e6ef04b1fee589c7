"""`agentpay serve`, `worker` and `migrate`: the service's processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

import typer

from agentpay.cli import logs
from agentpay.cli.options import DataDir, Host, Json, Model, Port, load_settings
from agentpay.cli.output import answer, say
from agentpay.cli.running import database, servers

if TYPE_CHECKING:
    from agentpay.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(host: Host = None, port: Port = None, model: Model = None, data: DataDir = None, json: Json = False) -> None:
    """Serve the HTTP API. Unless AGENTPAY_WORKER_IN_PROCESS=false, jobs run in the same process."""
    settings = load_settings(data=data, host=host, port=port, model=model)
    logs.configure(settings)
    with stopping_cleanly() as stopping:
        from agentpay.api.listening import listen
        from agentpay.commerce.payments.credentials import check_providers
        from agentpay.llm.choice import check_model

        check_model(settings.model, settings)
        check_providers(settings)
        listening = listen(settings.host, settings.port)
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})

        def started() -> None:
            from agentpay.api.state import base_url

            url = base_url(settings)
            if json:
                answer({"base_url": url, "pid": os.getpid()})
            else:
                say(f"AgentPay answers at {url} (Ctrl-C stops it).")

        with listening, servers(settings) as settings:
            from agentpay.api.server import run

            stopping.check()
            run(settings, listening, started)


def worker(data: DataDir = None, json: Json = False) -> None:
    """Run jobs: payment events, expiries, indexing. Start as many as are needed, beside `serve`."""
    settings = load_settings(data=data)
    logs.configure(settings)
    with stopping_cleanly() as stopping, servers(settings) as settings:
        if json:
            answer({"pid": os.getpid()})
        else:
            say("The worker runs (Ctrl-C stops it).")
        asyncio.run(_work(settings, stopping))


def migrate(data: DataDir = None, json: Json = False) -> None:
    """Bring the database to this version's schema. Replicas that do so together wait for each other."""
    settings = load_settings(data=data)
    with servers(settings, migrate=True) as settings:
        from agentpay.store.migrate import head_revision

        if json:
            answer({"revision": head_revision()})
        else:
            typer.echo(f"The database has schema {head_revision()}.")


async def _work(settings: Settings, stopping: Stopping) -> None:
    """The job worker alone, over the same services as the API's own one has."""
    from agentpay.api.state import base_url
    from agentpay.commerce.payments.registry import Providers
    from agentpay.conversations.turns.broker_redis import RedisBroker
    from agentpay.jobs.app import run_worker
    from agentpay.jobs.context import JobContext
    from agentpay.jobs.indexing import SEMANTIC
    from agentpay.knowledge.semantic import Semantic
    from agentpay.store.redis import connect

    assert settings.redis_url is not None, "the servers run"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(*_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in _SIGNALS:
        signal.signal(number, end)  # not the loop's: it would hand the signals back before the servers are left
    stopping.check()
    redis = connect(settings.redis_url)
    try:
        async with database(settings) as found, aclosing(Providers(found, settings)) as providers:
            await run_worker(
                JobContext(
                    database=found,
                    settings=settings,
                    base_url=base_url(settings),
                    providers=providers,
                    extra={"broker": RedisBroker(redis), SEMANTIC: Semantic(settings, redis)},
                ),
                stop=stop,
            )
    finally:
        await redis.aclose()


class Stopping:
    """Whether the process was told to end."""

    asked = False

    def check(self) -> None:
        """End here, if it was: a KeyboardInterrupt that meets a destructor or a weak reference's callback is lost."""
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def stopping_cleanly() -> Iterator[Stopping]:
    """SIGINT and SIGTERM end the block, its clean-up included, and then the process with exit code 0."""
    stopping = Stopping()

    def stop(*_: object) -> None:
        if not stopping.asked:  # an impatient second Ctrl-C must not cut the clean-up short
            stopping.asked = True
            raise KeyboardInterrupt

    report = sys.unraisablehook

    def lost(unraisable: sys.UnraisableHookArgs) -> None:
        if not stopping.asked:  # a signal may cut short what was just being built; its destructor then complains
            report(unraisable)

    sys.unraisablehook = lost
    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield stopping
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
