"""`agentpay index`: make what was imported or changed searchable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentpay.cli.options import DataDir, Json, Organization, load_settings
from agentpay.cli.output import answer, progress
from agentpay.cli.running import organization, run, servers

if TYPE_CHECKING:
    from agentpay.knowledge.indexing import IndexStatus
    from agentpay.store.session import Database


def index(
    status: Annotated[bool, typer.Option("--status", help="Only say how far it is.")] = False,
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Index products and articles that are new or changed. The worker does the same by itself."""

    async def work(database: Database) -> IndexStatus:
        from agentpay.commerce import product_events
        from agentpay.knowledge import indexing
        from agentpay.knowledge.semantic import Semantic

        organization_id = await organization(database, organization_slug)
        if status:
            async with database.tx(organization_id) as tx:
                return await indexing.status(tx)
        with progress("Indexing", quiet=json) as advance:
            return await indexing.index_pending(
                database,
                organization_id,
                lambda done, total: advance("", done, total),
                on_products=product_events.indexed,
                semantic=Semantic(settings),
            )

    with servers(load_settings(data=data)) as settings:
        found = run(settings, work)
    if json:
        answer(found)
    else:
        state = "complete" if found["complete"] else "not complete"
        typer.echo(f"{found['indexed']} indexed, {found['pending']} pending, {found['failed']} failed: {state}.")
    if not status and not found["complete"]:
        raise typer.Exit(1)
