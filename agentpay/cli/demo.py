"""`agentpay demo`: a shop that talks, sells and takes a payment, after one command."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from agentpay.cli import logs
from agentpay.cli.demo_file import DemoFile, Keys
from agentpay.cli.options import DataDir, Json, Model, Port, load_settings
from agentpay.cli.output import answer, progress, say
from agentpay.cli.running import run, servers
from agentpay.cli.serve import stopping_cleanly

if TYPE_CHECKING:
    from agentpay.settings import Settings
    from agentpay.store.session import Database
    from agentpay.store.tables import Organization

_BANNER = """
  {name} is open at {base_url}   (ready after {seconds:.1f} s; Ctrl-C stops it)

  Talk to it there, or from another terminal:

    url={base_url}/v1/agent/conversations
    auth='Authorization: Bearer {secret_key}'
    json='Content-Type: application/json'
    id=$(curl -s $url -H "$auth" -H "$json" -d '{{}}' | cut -d'"' -f4)
    curl -sN $url/$id/messages -H "$auth" -H "$json" -H 'Accept: text/event-stream' -d '{{"content": "{question}"}}'

  Keys and URLs: {file}   API: {base_url}/docs
"""

_QUESTION = "Hi! What do you recommend?"
_INDEXED_FIRST = 500
"""Products and articles that a start waits for."""


def demo(
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="The shop's file.  [default: the demo shop]")
    ] = None,
    port: Port = None,
    model: Model = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Open a shop: servers, schema, import, index, API and worker. Ctrl-C stops all of it."""
    started = time.monotonic()
    with stopping_cleanly() as stopping:
        settings = load_settings(data=data, port=port, model=model)
        logs.configure(settings, quiet=True)
        from agentpay.api.listening import listen
        from agentpay.llm.choice import check_model

        check_model(settings.model, settings)
        with listen(settings.host, settings.port) as listening:
            file = DemoFile(settings.data_dir)
            settings = settings.model_copy(
                update={"port": listening.getsockname()[1], "worker_in_process": True, "data_dir": file.folder}
            )
            with servers(settings, migrate=True) as settings:
                organization, keys = _prepare(settings, store, file, quiet=json)
                settings = settings.model_copy(update={"web_organization": organization.slug})

                from agentpay.api.server import run as serve
                from agentpay.api.state import base_url

                def ready() -> None:
                    url = base_url(settings)
                    content = file.write(
                        {
                            "base_url": url,
                            "organization_id": str(organization.id),
                            "secret_key": keys.secret,
                            "publishable_key": keys.publishable,
                            "database_url": settings.database_url,
                            "redis_url": settings.redis_url,
                            "pid": os.getpid(),
                        }
                    )
                    if json:
                        answer(content)
                    else:
                        seconds = time.monotonic() - started
                        typer.echo(
                            _BANNER.format(
                                name=organization.name,
                                seconds=seconds,
                                base_url=url,
                                secret_key=keys.secret,
                                file=file.path,
                                question=_QUESTION,
                            )
                        )

                stopping.check()
                serve(settings, listening, ready)


def _prepare(settings: Settings, store: Path | None, file: DemoFile, *, quiet: bool) -> tuple[Organization, Keys]:
    """The shop of the store file, imported where it is new or changed, indexed, with keys. Exits 2 on a bad file."""
    from agentpay.cli.importing import refuse
    from agentpay.commerce.importing import ImportProblems
    from agentpay.demo import STORE

    async def work(database: Database) -> tuple[Organization, Keys]:
        organization_id = await _import(database, store or STORE, quiet=quiet)
        await _index(settings, database, organization_id, quiet=quiet)
        async with database.session() as session:
            from agentpay.store.tables import Organization

            organization = await session.get_one(Organization, organization_id)
            return organization, await file.keys(session, organization_id)

    try:
        return run(settings, work)
    except ImportProblems as refused:
        refuse(refused, json=quiet)


async def _import(database: Database, store: Path, *, quiet: bool) -> UUID:
    from sqlalchemy import select

    from agentpay.commerce.importing import file_digest, import_store
    from agentpay.store.tables import Organization

    digest = file_digest(store)
    async with database.session() as session:
        unchanged = await session.scalar(select(Organization.id).where(Organization.import_digest == digest))
    if unchanged is not None:
        return unchanged
    with progress(f"Importing {store.name}", quiet=quiet) as advance:
        report = await import_store(database, store, progress=advance)
    if not quiet:
        from agentpay.cli.importing import summary

        say(f"{store.name}: {summary(report)}.")
    return report.organization_id


async def _index(settings: Settings, database: Database, organization_id: UUID, *, quiet: bool) -> None:
    """What takes a few seconds is done before the shop opens; more is left to the worker, with the words searchable."""
    from agentpay.commerce import product_events
    from agentpay.knowledge import indexing
    from agentpay.knowledge.semantic import Semantic

    async with database.tx(organization_id) as tx:
        if (await indexing.status(tx))["pending"] > _INDEXED_FIRST:
            return

    with progress("Indexing", quiet=quiet) as advance:
        await indexing.index_pending(
            database,
            organization_id,
            lambda done, total: advance("", done, total),
            on_products=product_events.indexed,
            semantic=Semantic(settings),
        )
