"""`agentpay keys`: make, list and revoke API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from uuid import UUID

import typer

from agentpay.cli.options import DataDir, Json, Organization, load_settings
from agentpay.cli.output import answer, say, table
from agentpay.cli.running import organization, run, servers
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.store.session import Database
    from agentpay.store.tables import ApiKey

app = typer.Typer(help="API keys of a shop.", no_args_is_help=True, rich_markup_mode=None)

Kind = Annotated[str, typer.Option(metavar="secret|publishable", help="A server's key, or one for a page's widget.")]
Name = Annotated[str, typer.Option(help="What it is for.")]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help='What a secret key may do ("orders", "catalog:read"); default: all.')
]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help='Pages a publishable key may be used from; "*" for any.')
]


@app.command("create", epilog="Example: agentpay keys create --name backend --scope orders:read")
def create(
    kind: Kind = "secret",
    name: Name = "",
    scope: Scopes = None,
    origin: Origins = None,
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Make a key and show it, once: only its hash is stored."""
    from agentpay.api.auth import SCOPES

    if kind not in ("secret", "publishable"):
        raise typer.BadParameter("must be secret or publishable", param_hint="--kind")
    known = {"*", *SCOPES, *(f"{one}:read" for one in SCOPES)}
    if unknown := sorted(set(scope or ()) - known):
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(sorted(SCOPES))}", param_hint="--scope")

    async def work(database: Database) -> tuple[ApiKey, str]:
        from agentpay.store.keys import create_key

        organization_id = await organization(database, organization_slug)
        async with database.session() as session:
            return await create_key(
                session,
                organization_id,
                cast(Literal["secret", "publishable"], kind),
                name=name,
                scopes=scope or ("*",),
                allowed_origins=origin or (),
            )

    with servers(load_settings(data=data)) as settings:
        row, plaintext = run(settings, work)
    if json:
        answer({**_shown(row), "key": plaintext})
    else:
        typer.echo(plaintext)
        say("Keep it now: it is not shown again.")


@app.command("list", epilog="Example: agentpay keys list --json")
def list_(organization_slug: Organization = None, data: DataDir = None, json: Json = False) -> None:
    """List the keys of a shop, revoked ones included."""

    async def work(database: Database) -> list[ApiKey]:
        from agentpay.store.keys import list_keys

        organization_id = await organization(database, organization_slug)
        async with database.session() as session:
            return await list_keys(session, organization_id)

    with servers(load_settings(data=data)) as settings:
        rows = [_shown(row) for row in run(settings, work)]
    if json:
        answer({"items": rows})
    else:
        columns = ("id", "kind", "prefix", "name", "scopes", "last_used_at", "revoked_at")
        table(columns, [[_cell(row[column]) for column in columns] for row in rows])


@app.command("revoke", epilog="Example: agentpay keys revoke 0198f7a2-6c1e-7b11-8d55-3f0a54f0c9aa")
def revoke(
    key_id: Annotated[UUID, typer.Argument(metavar="ID", help="The key's id, from `agentpay keys list`.")],
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Revoke a key for good; requests with it are refused within a second."""

    async def work(database: Database) -> bool:
        from agentpay.store.keys import revoke_key

        organization_id = await organization(database, organization_slug)
        async with database.session() as session:
            return await revoke_key(session, organization_id, key_id)

    with servers(load_settings(data=data)) as settings:
        if not run(settings, work):
            raise StartupError(f"There is no key {key_id} of this shop that is still valid.")
    if json:
        answer({"id": key_id, "revoked": True})
    else:
        typer.echo(f"Revoked {key_id}.")


def _shown(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "prefix": row.prefix,
        "name": row.name,
        "scopes": row.scopes,
        "allowed_origins": row.allowed_origins,
        "created_at": row.created_at.isoformat(),
        "last_used_at": row.last_used_at and row.last_used_at.isoformat(),
        "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
    }


def _cell(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value
