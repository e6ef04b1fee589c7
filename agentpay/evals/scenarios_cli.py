"""`agentpay eval scenarios`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.experiments.asking import LangSmith, check_langsmith
from agentpay.evals.options import Against, AgentOrganization, AgentShop, AgentVersion, Repeat, check_agent

if TYPE_CHECKING:
    from agentpay.evals.output import Advance
    from agentpay.evals.report import Suite
    from agentpay.evals.scenarios import Scenario, ScenarioResult, StoreFacts
    from agentpay.evals.service import RunningService


def scenarios(
    file: Annotated[Path, typer.Argument(help="The scenario file (YAML, may be gzipped).")],
    store: Annotated[Path, typer.Option("--store", metavar="FILE", help="The shop the scenarios are about.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")] = None,
    against: Against = None,
    repeat: Repeat = 1,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Draws wordings and margins of haggling.  [default: anew each time]")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="`house` or `openai:<model>`.  [default: house]")
    ] = None,
    sse: Annotated[bool, typer.Option("--sse/--json-mode", help="Read replies from the event stream.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="Run this scenario alone; may be repeated.")
    ] = None,
    agent_version: AgentVersion = None,
    shop: AgentShop = None,
    organization: AgentOrganization = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Folder for the shop's own, temporary data.  [default: the system's]"
        ),
    ] = None,
    langsmith: LangSmith = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Run conversations against a freshly imported shop and check what must be true after each turn."""
    from agentpay.evals.agent_version import agent_version as read_version
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite

    check_agent(agent_version, shop, organization)
    check_langsmith(langsmith)
    suite = Suite("scenarios")
    tries: list[list[ScenarioResult]] = []
    try:
        chosen, facts = _load(file, store, only or [])
        options: dict[str, Any] = {"model": model, "data": data, "sse": sse, "quiet": json}
        if agent_version is not None:
            options["agent"], own_model = read_version(agent_version, shop, organization)
            options["model"] = model or own_model
        for attempt in range(repeat):
            drawn = None if seed is None else seed + attempt
            tries.append(_run(chosen, facts, store, seed=drawn, **options))
        suite = _suite(tries)
    except _Unusable as error:
        suite.problem = str(error)
    conclude(
        [suite],
        out,
        as_json=json,
        against=against,
        show=lambda: _print(suite, tries),
        langsmith=langsmith,
        scenarios=file,
    )


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
    seed: int | None,
    agent: dict[str, Any] | None = None,
) -> list[ScenarioResult]:
    from agentpay.commerce.importing import ImportProblems
    from agentpay.evals.output import progress
    from agentpay.evals.scenarios.given import furnished
    from agentpay.evals.service import own_service

    try:
        with (
            progress("Opening the shop", quiet=quiet) as advance,
            furnished(store, chosen) as shop,
            own_service(shop, model=model, data=data, agent=agent, seed=seed) as service,
        ):
            return asyncio.run(run_all(chosen, facts, service, model=model, sse=sse, advance=advance))
    except ImportProblems as error:
        raise _Unusable(f"{store} cannot be used with these scenarios:\n{error}") from error


async def run_all(
    chosen: list[Scenario],
    facts: StoreFacts,
    service: RunningService,
    *,
    model: str | None = None,
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
        grading(service, model=model) as graders,
    ):
        runner = ScenarioRunner(client, facts, graders)
        for done, scenario in enumerate(chosen, 1):
            results.append(await runner.run(scenario))
            advance(scenario.id, done, len(chosen))
    return results


def _suite(tries: list[list[ScenarioResult]]) -> Suite:
    """A scenario passes with every try of it; the first one that failed is what is shown."""
    from agentpay.evals.report import Suite
    from agentpay.evals.suites.folding import folded, pass_hat
    from agentpay.evals.suites.scenarios import case_of

    cases = [folded(each[0].id, [case_of(result.id, result) for result in each]) for each in zip(*tries, strict=True)]
    failures = [
        {"id": result.id, **failure.data(), "transcript": result.transcript}
        for results in tries
        for result in results
        for failure in result.failures
    ]
    passed = sum(bool(case.passed) for case in cases)
    figures = {"pass^k": pass_hat([case.attempts for case in cases], len(tries))} if len(tries) > 1 else None
    return Suite("scenarios", len(cases), passed, len(cases) - passed, 0, failures, figures=figures, results=cases)


def _print(suite: Suite, tries: list[list[ScenarioResult]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    if suite.problem is not None:
        typer.echo(suite.problem, err=True)
        return
    table = Table("scenario", "turn", "check", "expected", "got", show_lines=True, header_style="bold")
    results = [result for each in tries for result in each]
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
    if suite.figures is not None:
        console.print(", ".join(f"pass^{k} {share:.3f}" for k, share in suite.figures["pass^k"].items()))
