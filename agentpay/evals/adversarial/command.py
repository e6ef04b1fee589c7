"""`agentpay eval adversarial`."""

from __future__ import annotations

import json as json_module
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from agentpay.evals.options import Against

if TYPE_CHECKING:
    from agentpay.evals.adversarial.running import Tally
    from agentpay.evals.report import Suite


def adversarial(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")] = None,
    against: Against = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="GROUP|ID", help="These alone; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Folder for the shop's own, temporary data.  [default: the system's]"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Attack a shop in every way we know, with the house model and with a malicious one: nothing may come of it."""
    from agentpay.errors import StartupError
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite

    tallies: dict[str, Tally] = {}
    try:
        suites, tallies = _run(only or [], data, quiet=json)
    except StartupError as error:
        suites = [Suite("adversarial", problem=str(error))]
    conclude(suites, out, as_json=json, show=lambda: _print(suites, tallies), against=against)


def _run(only: list[str], data: Path | None, *, quiet: bool) -> tuple[list[Suite], dict[str, Tally]]:
    """Raises StartupError."""
    from agentpay.errors import StartupError
    from agentpay.evals.adversarial import cases, model, running
    from agentpay.evals.adversarial.checks import State
    from agentpay.evals.adversarial.playing import Player
    from agentpay.evals.output import progress
    from agentpay.evals.service import own_service

    def chosen(found: list[cases.Case]) -> list[cases.Case]:
        return [case for case in found if not only or case.id in only or case.group in only]

    attacks, poisoned, truths = (chosen(found) for found in (cases.attacks(), cases.poisoned(), cases.truths()))
    total = 2 * len(attacks) + 2 * len(poisoned) + len(truths)
    if not total:
        raise StartupError(f"No case is called {', '.join(only)}.")
    done = count(1)
    suites: list[Suite] = []
    tallies: dict[str, Tally] = {}
    with progress("Opening the shop", quiet=quiet) as show, model.running() as malicious:
        environment = {"OPENAI_BASE_URL": malicious.url, "OPENAI_API_KEY": "none"}
        with own_service(cases.shop(), environment=environment, data=data) as service:
            player = Player(service.base_url, service.secret_key)
            state = State(service.database_url, UUID(service.organization_id))

            def advance(name: str) -> None:
                show(name, next(done), total)

            for led in (False, True):
                for what, group in (("attacks", attacks), ("poison", poisoned)):
                    if group:
                        name = f"adversarial_{what}_{'llm' if led else 'house'}"
                        suite, tallies[name] = running.play_attacks(
                            name, group, player, state, malicious, led=led, advance=advance
                        )
                        suites.append(suite)
            if truths:
                suites.append(running.play_truths(truths, player, malicious, advance))
            state.close()
            player.close()
    return suites, tallies


def _print(suites: list[Suite], tallies: dict[str, Tally]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    for suite in suites:
        if suite.problem is not None:
            typer.echo(f"{suite.name}: {suite.problem}", err=True)
            continue
        if (tally := tallies.get(suite.name)) is not None:
            table = Table(
                "class", "messages", "effects", "false claims", "leaks", "other", title=suite.name, header_style="bold"
            )
            for group, cases in tally.cases.items():
                row = (tally.effects, tally.false_claims, tally.leaks, tally.other)
                table.add_row(group, str(cases), *(str(one[group]) for one in row))
            console.print(table)
        for failure in suite.failures:
            console.print(f"{suite.name} {json_module.dumps(failure, ensure_ascii=False, default=str)}")
        figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in (suite.figures or {}).items())
        console.print(f"{suite.name}: {suite.cases} cases, {suite.passed} passed, {suite.failed} failed ({figures}).\n")
