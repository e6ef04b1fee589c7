"""`agentpay intents …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentpay.cli.options import DataDir, Json, Organization, load_settings
from agentpay.cli.output import answer, progress
from agentpay.cli.running import organization, run, servers
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from uuid import UUID

    from agentpay.store.session import Database

app = typer.Typer(help="The trained tier of understanding.", no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog="Example: agentpay intents train --extra ours.txt --organization northtrail")
def train(
    extra: Annotated[
        Path | None,
        typer.Option(
            "--extra", metavar="FILE", help="A shop's own sentences, `intent: sentence` a line; trains a head for it."
        ),
    ] = None,
    organization_slug: Organization = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write the head instead.")] = None,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Train the head on the sentences that come with AgentPay; with --extra for one shop, from its next start on."""
    from agentpay.intents.service import head_of
    from agentpay.intents.trained import commerce, training_set
    from agentpay.intents.trained.adaptation import reader

    settings = load_settings(data=data)
    try:
        sentences = training_set.read()
        sentences += training_set.read_extra(extra) if extra is not None else []
    except training_set.BadTrainingSet as error:
        raise StartupError(str(error)) from error
    if out is None and extra is not None:

        async def shop(database: Database) -> UUID:
            return await organization(database, organization_slug)

        with servers(settings) as opened:
            out = head_of(settings.data_dir, str(run(opened, shop)))
    out = out or commerce.FILE
    with progress("Training", quiet=json) as advance:
        trained = commerce.train(sentences, reader(), advance)
    commerce.save(trained, out)
    if json:
        answer({"file": str(out), "sentences": len(sentences), "bytes": out.stat().st_size})
    else:
        typer.echo(f"{len(sentences)} sentences, {out.stat().st_size} bytes in {out}")


@app.command(epilog="Example: agentpay intents adapt && agentpay intents train")
def adapt(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write the changes instead.")
    ] = None,
    json: Json = False,
) -> None:
    """Teach MiniLM the sentences that come with AgentPay, about 6 minutes of processor time; heads are trained anew afterwards."""
    from agentpay.intents.trained import adaptation, adapting, training_set
    from agentpay.llm.minilm import minilm

    try:
        sentences = training_set.read()
    except training_set.BadTrainingSet as error:
        raise StartupError(str(error)) from error
    out = out or adaptation.FILE
    with progress("Learning", quiet=json) as advance:
        adaptation.save(adapting.adapt(sentences, minilm(), advance), out)
    if json:
        answer({"file": str(out), "sentences": len(sentences), "bytes": out.stat().st_size})
    else:
        typer.echo(f"{len(sentences)} sentences, {out.stat().st_size} bytes in {out}")
