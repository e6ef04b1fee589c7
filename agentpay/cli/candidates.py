"""`agentpay conversations candidates`: what to make the next scenarios of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.cli.options import DataDir, Json, Organization, load_settings
from agentpay.cli.output import answer, say
from agentpay.cli.running import organization, run, servers
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.store.session import Database


def candidates(
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help='What happened no earlier: "2026-11-01", "-7d", "-12h".'),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many at most.")] = 20,
    cursor: Annotated[
        str | None, typer.Option("--cursor", metavar="CURSOR", help="`next_cursor` of the page before.")
    ] = None,
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """List conversations worth a scenario, the newest first: rated down by a customer, broken, or given up by the agents.

    With the message complained about, personal data masked. `export ID --scenario` makes one a test.
    """
    began = _moment(since) if since is not None else None

    async def work(database: Database) -> dict[str, Any]:
        from agentpay.errors import Problem
        from agentpay.evals.export.candidates import masked_candidates
        from agentpay.store.cursors import decode_id

        organization_id = await organization(database, organization_slug)
        try:
            before = decode_id(cursor) if cursor is not None else None
            async with database.tx(organization_id) as tx:
                return await masked_candidates(tx, limit=limit, before=before, since=began)
        except Problem as problem:
            raise StartupError(problem.detail) from None

    with servers(load_settings(data=data)) as settings:
        found = run(settings, work)
    if json:
        answer(found)
        return
    for one in found["items"]:
        typer.echo(f"{one['conversation_id']}  {one['created_at']}  {', '.join(one['reasons'])}")
        for complaint in one["complaints"]:
            for who, text in (("asked", complaint["asked"]), ("answered", complaint["answered"])):
                typer.echo(f"  {who}: " + text.replace("\n", "\n    "))
            if complaint["comment"]:
                typer.echo(f"  comment: {complaint['comment']}")
    say(f"{len(found['items'])} conversations.")
    if found["next_cursor"]:
        say(f"More with --cursor {found['next_cursor']}")


def _moment(text: str) -> datetime:
    """As a store file writes times. Raises StartupError."""
    from pydantic import TypeAdapter, ValidationError

    from agentpay.commerce.importing.fields import When

    try:
        return TypeAdapter[datetime](When).validate_python(text)
    except ValidationError:
        raise StartupError(f'{text} is no time: write "2026-11-01", "2026-11-01T15:00:00Z" or "-7d".') from None
