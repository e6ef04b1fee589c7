"""`agentpay conversations`: read what was said, and have it said again."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from agentpay.cli.candidates import candidates
from agentpay.cli.options import DataDir, Json, Model, Organization, load_settings
from agentpay.cli.output import answer, say
from agentpay.cli.running import organization, run, servers
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.commerce.rules import AgentRules
    from agentpay.store.session import Database, Tx

app = typer.Typer(help="Conversations of a shop.", no_args_is_help=True, rich_markup_mode=None)

_PAGE = 100


@app.command("show", epilog="Example: agentpay conversations show 0198f7a2-6c1e-7b11-8d55-3f0a54f0c9aa")
def show(
    conversation_id: Annotated[UUID, typer.Argument(metavar="ID", help="The conversation's id.")],
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Show a conversation: how it stands, and its transcript."""

    async def work(database: Database) -> dict[str, Any]:
        from agentpay.errors import Problem

        organization_id = await organization(database, organization_slug)
        try:
            async with database.tx(organization_id) as tx:
                return await _whole(tx, conversation_id)
        except Problem as problem:
            raise StartupError(problem.detail) from None

    with servers(load_settings(data=data)) as settings:
        found = run(settings, work)
    if json:
        answer(found)
        return
    typer.echo(f"{found['id']}  {found['status']}, {found['stage']}, {found['created_at']}")
    for message in found["messages"]:
        who = message["agent"] or message["role"]
        tools = f"  [{', '.join(call['name'] for call in message['tool_calls'])}]" if message["tool_calls"] else ""
        typer.echo(f"\n{who}{tools}\n  " + message["content"].replace("\n", "\n  "))


@app.command("export", epilog="Example: agentpay conversations export --output conversations.jsonl")
def export(
    conversation_id: Annotated[
        UUID | None, typer.Argument(metavar="[ID]", help="One conversation; default: all.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to; default: stdout.")] = None,
    scenario: Annotated[
        bool, typer.Option("--scenario", help="As a scenario for `agentpay eval scenarios`, personal data masked.")
    ] = False,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FILE", help="With --scenario: the store file whose names goods shall have."),
    ] = None,
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Write one conversation, or every one, with its messages, the newest first, as one line of JSON each.

    With --scenario it is one conversation in YAML: what was said, paid and approved, and what must be true then.
    """
    if scenario and conversation_id is None:
        raise typer.BadParameter("A scenario is made of one conversation: name its ID.")
    if store is not None and not scenario:
        raise typer.BadParameter("--store goes with --scenario.")

    async def work(database: Database) -> list[str] | int:
        organization_id = await organization(database, organization_slug)
        if scenario and conversation_id is not None:
            return await _scenario(database, organization_id, conversation_id, output, store)
        return await _lines(database, organization_id, conversation_id, output)

    with servers(load_settings(data=data)) as settings:
        try:
            written = run(settings, work)
        except OSError as error:
            raise StartupError(f"{output} cannot be written: {error.strerror or error}.") from None
    if isinstance(written, int):
        if json and output is not None:
            answer({"file": output, "conversations": written})
        else:
            say(f"{written} conversations.")
        return
    if json and output is not None:
        answer({"file": output, "conversations": 1, "lacking": written})
        return
    for note in written:
        say(note)


app.command("candidates", epilog="Example: agentpay conversations candidates --since -7d")(candidates)


@app.command(
    "replay", epilog="Example: agentpay conversations replay 0198f7a2-6c1e-7b11-8d55-3f0a54f0c9aa --model house"
)
def replay(
    conversation_id: Annotated[UUID, typer.Argument(metavar="ID", help="The conversation's id.")],
    model: Model = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="JSON of agent rules to hold it under.")
    ] = None,
    agent_version: Annotated[
        int | None,
        typer.Option("--agent-version", metavar="N", min=1, help="Version of the agent's settings to hold it with."),
    ] = None,
    organization_slug: Organization = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Hold a conversation again from its start, over a copy of its shop, and show where it goes another way.

    Nothing of the shop changes: the copy lies in servers of its own and is deleted. Catalogue, prices and stock are as they
    are now; payments and answers of the shop are repeated where there is something to pay or to answer.
    """
    from agentpay.evals.replay.replaying import Change
    from agentpay.evals.replay.replaying import replay as again

    settings = load_settings(data=data)
    change = Change(model, _rules(rules) if rules is not None else None, agent_version)
    if model is not None:
        from agentpay.llm.choice import check_model

        check_model(model, settings)

    async def work(database: Database) -> dict[str, Any]:
        from agentpay.errors import Problem
        from agentpay.evals.replay.original import load, usable_version

        organization_id = await organization(database, organization_slug)
        try:
            async with database.tx(organization_id) as tx:
                start, steps, final = await load(tx, conversation_id)
                if agent_version is not None:
                    await usable_version(tx, start.agent_id, agent_version, settings, model=model)
        except Problem as problem:
            raise StartupError(problem.detail) from None
        return await again(settings, database.url, start, steps, final, change)

    with servers(settings) as running:
        found = run(running, work)
    if json:
        answer(found)
    else:
        _show_replay(found)


def _rules(file: Path) -> AgentRules:
    """Raises StartupError where the file holds no agent rules."""
    from pydantic import ValidationError

    from agentpay.commerce.rules import AgentRules

    try:
        return AgentRules.model_validate_json(file.read_bytes())
    except OSError as error:
        raise StartupError(f"{file} cannot be read: {error.strerror or error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise StartupError(f"{file}: {'.'.join(map(str, first['loc'])) or 'rules'}: {first['msg']}.") from None


def _show_replay(found: dict[str, Any]) -> None:
    """The turns, and below each what differs."""
    for turn in found["turns"]:
        typer.echo(f"\n{turn['kind']}: {turn['content']}" if turn["content"] else f"\n({turn['kind']})")
        if turn["skipped"]:
            typer.echo(f"  not held again: {turn['skipped']}")
        elif not turn["differs"]:
            typer.echo("  the same")
        for name in turn["differs"]:
            typer.echo(f"  {name} was: {_told(turn['original'][name])}")
            typer.echo(f"  {name} is:  {_told(turn['replayed'][name])}")
    final = found["final"]
    differing = sum(1 for turn in found["turns"] if turn["differs"] or turn["skipped"])
    typer.echo(f"\n{differing} of {len(found['turns'])} turns differ.")
    for name in final["differs"]:
        typer.echo(f"At the end {name} was {_told(final['original'][name])}, is {_told(final['replayed'][name])}.")


def _told(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.replace("\n", "\n    ") or "nothing"


async def _scenario(
    database: Database, organization_id: UUID, conversation_id: UUID, output: Path | None, store: Path | None
) -> list[str]:
    """Writes it; answers what could not be carried over."""
    from agentpay.errors import Problem
    from agentpay.evals.export.naming import Naming
    from agentpay.evals.export.scenario import export as as_scenario
    from agentpay.evals.export.writing import as_yaml

    naming = Naming(store) if store is not None else None
    try:
        async with database.tx(organization_id) as tx:
            found = await as_scenario(
                tx, conversation_id, names=await naming.variants(tx) if naming is not None else None
            )
    except Problem as problem:
        raise StartupError(problem.detail) from None
    lacking = [*found.lacking, *(naming.unknown(found.scenario) if naming is not None else ())]
    with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8") as file:
        file.write(as_yaml(found.scenario, lacking))
    return lacking


async def _lines(database: Database, organization_id: UUID, conversation_id: UUID | None, output: Path | None) -> int:
    """Writes a line each; answers how many."""
    import orjson

    written = 0
    with nullcontext(sys.stdout.buffer) if output is None else output.open("wb") as file:
        async for found in _wanted(database, organization_id, conversation_id):
            file.write(orjson.dumps(found, default=str) + b"\n")
            written += 1
    return written


async def _wanted(
    database: Database, organization_id: UUID, conversation_id: UUID | None
) -> AsyncIterator[dict[str, Any]]:
    from agentpay.errors import Problem

    if conversation_id is None:
        async for found in _all(database, organization_id):
            yield found
        return
    try:
        async with database.tx(organization_id) as tx:
            yield await _whole(tx, conversation_id)
    except Problem as problem:
        raise StartupError(problem.detail) from None


async def _all(database: Database, organization_id: UUID) -> AsyncIterator[dict[str, Any]]:
    """A transaction a page: an export of years of talk must not hold one open."""
    from agentpay.conversations import service

    before: UUID | None = None
    while True:
        async with database.tx(organization_id) as tx:
            page = await service.page(tx, limit=_PAGE, before=before)
            found = [await _whole(tx, conversation.id) for conversation in page[:_PAGE]]
        for one in found:
            yield one
        if len(page) <= _PAGE:
            return
        before = page[_PAGE - 1].id


async def _whole(tx: Tx, conversation_id: UUID) -> dict[str, Any]:
    """A conversation as the API shows it, and all of its messages."""
    from agentpay.conversations import messages, service

    conversation = await service.get(tx, conversation_id)
    view = await service.view(tx, conversation)
    said: list[dict[str, Any]] = []
    after: tuple[int, int] | None = None
    while True:
        items, after = await messages.history(tx, conversation_id, limit=_PAGE, after=after)
        said += items
        if after is None:
            return {**view.model_dump(mode="json"), "messages": said}
