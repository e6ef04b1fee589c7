"""`agentpay eval …`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentpay.evals.adversarial.command import adversarial as adversarial_command
from agentpay.evals.all_command import all_suites
from agentpay.evals.compare_command import baseline, compare
from agentpay.evals.intents_cli import intents as intents_command
from agentpay.evals.negotiation.command import negotiation as negotiation_command
from agentpay.evals.search_cli import search as search_command
from agentpay.evals.simulated.command import simulated as simulated_command
from agentpay.evals.tau2.command import tau2 as tau2_command

if TYPE_CHECKING:
    from agentpay.evals.output import Advance
    from agentpay.evals.report import Suite
    from agentpay.evals.scenarios import Scenario, ScenarioResult, StoreFacts
    from agentpay.evals.service import RunningService

eval_app = typer.Typer(
    help="Hold a shop and its agents to what they should do.", no_args_is_help=True, rich_markup_mode=None
)

Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder for the shop's own, temporary data.  [default: the system's]"),
]


@eval_app.command(epilog="Example: agentpay eval scenarios scenarios.yaml --store shop.yaml --out results")
def scenarios(
    file: Annotated[Path, typer.Argument(help="The scenario file (YAML, may be gzipped).")],
    store: Annotated[Path, typer.Option("--store", metavar="FILE", help="The shop the scenarios are about.")],
    out: Out = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="`house` or `openai:<model>`.  [default: house]")
    ] = None,
    sse: Annotated[bool, typer.Option("--sse/--json-mode", help="Read replies from the event stream.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="Run this scenario alone; may be repeated.")
    ] = None,
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Run conversations against a freshly imported shop and check what must be true after each turn."""
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite

    suite = Suite("scenarios")
    results: list[ScenarioResult] = []
    try:
        chosen, facts = _load(file, store, only or [])
        results = _run(chosen, facts, store, model=model, data=data, sse=sse, quiet=json)
        suite = _suite(results)
    except _Unusable as error:
        suite.problem = str(error)
    conclude([suite], out, as_json=json, show=lambda: _print(suite, results))


eval_app.command(
    "intents",
    epilog="Example: agentpay eval intents --train train.jsonl.gz --test val.jsonl.gz --out predictions.jsonl",
)(intents_command)
eval_app.command("adversarial", epilog="Example: agentpay eval adversarial --out results")(adversarial_command)
eval_app.command(
    "negotiation", epilog="Example: agentpay eval negotiation --data histories --products 20 --out results"
)(negotiation_command)
eval_app.command(
    "tau2",
    epilog="Example: agentpay eval tau2 --tasks tasks.json --db db.json.gz --out results --expected expected.json.gz",
)(tau2_command)
eval_app.command(
    "search", epilog="Example: agentpay eval search --store shop.yaml --judgements judgements.csv --out results"
)(search_command)
eval_app.command("simulated", epilog="Example: agentpay eval simulated --conversations 1000 --out results")(
    simulated_command
)

eval_app.command("all", epilog="Example: agentpay eval all --out results --against results-before")(all_suites)
eval_app.command("compare", epilog="Example: agentpay eval compare before after")(compare)
eval_app.command("baseline", epilog="Example: agentpay eval baseline results tests/evals/baseline.json")(baseline)


class _Unusable(Exception):
    """Nothing can be run; the message says why."""


def _load(file: Path, store: Path, only: list[str]) -> tuple[list[Scenario], StoreFacts]:
    from agentpay.commerce.importing import ImportProblems
    from agentpay.evals.scenarios import ScenarioProblems, load_facts, load_scenarios

    try:
        found, facts = load_scenarios(file), load_facts(store)
    except (ScenarioProblems, ImportProblems) as error:
        name = file if isinstance(error, ScenarioProblems) else store
        raise _Unusable(f"{name} cannot be used:\n{error}") from error
    unknown = sorted(set(only) - {scenario.id for scenario in found})
    if unknown:
        raise _Unusable(f"{file} has no scenario {', '.join(unknown)}.")
    chosen = [scenario for scenario in found if not only or scenario.id in only]
    if not chosen:
        raise _Unusable(f"{file} holds no scenario.")
    return chosen, facts


def _run(
    chosen: list[Scenario],
    facts: StoreFacts,
    store: Path,
    *,
    model: str | None,
    data: Path | None,
    sse: bool,
    quiet: bool,
) -> list[ScenarioResult]:
    from agentpay.commerce.importing import ImportProblems
    from agentpay.evals.output import progress
    from agentpay.evals.scenarios.given import furnished
    from agentpay.evals.service import own_service

    try:
        with (
            progress("Opening the shop", quiet=quiet) as advance,
            furnished(store, chosen) as shop,
            own_service(shop, model=model, data=data) as service,
        ):
            return asyncio.run(run_all(chosen, facts, service, sse=sse, advance=advance))
    except ImportProblems as error:
        raise _Unusable(f"{store} cannot be used with these scenarios:\n{error}") from error


async def run_all(
    chosen: list[Scenario],
    facts: StoreFacts,
    service: RunningService,
    *,
    sse: bool = False,
    advance: Advance,
) -> list[ScenarioResult]:
    """Run scenarios in order against one service: codes, stock and orders get used up on the way."""
    from agentpay.evals.graders import grading
    from agentpay.evals.scenarios import ScenarioRunner
    from agentpay.evals.scenarios.client import ServiceClient

    results = []
    async with (
        ServiceClient(service.base_url, service.secret_key, mode="sse" if sse else "json") as client,
        grading(service) as graders,
    ):
        runner = ScenarioRunner(client, facts, graders)
        for done, scenario in enumerate(chosen, 1):
            results.append(await runner.run(scenario))
            advance(scenario.id, done, len(chosen))
    return results


def _suite(results: list[ScenarioResult]) -> Suite:
    from agentpay.evals.report import Suite

    failures = [
        {"id": result.id, **failure.data(), "transcript": result.transcript}
        for result in results
        for failure in result.failures
    ]
    passed = sum(result.passed for result in results)
    return Suite("scenarios", len(results), passed, len(results) - passed, 0, failures)


def _print(suite: Suite, results: list[ScenarioResult]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    if suite.problem is not None:
        typer.echo(suite.problem, err=True)
        return
    table = Table("scenario", "turn", "check", "expected", "got", show_lines=True, header_style="bold")
    for result in results:
        for failure in result.failures:
            mismatch = failure.mismatch
            turn = str(failure.turn) if failure.turn else "finally"
            table.add_row(result.id, turn, mismatch.check, str(mismatch.expected), str(mismatch.got))
    if suite.failures:
        console.print(table)
    for result in results:
        if not result.passed:
            console.print(f"\n{result.id}", style="bold")
            for line in result.transcript:
                console.print(f"  {line}")
    console.print(f"\n{suite.cases} scenarios, {suite.passed} passed, {suite.failed} failed.")
