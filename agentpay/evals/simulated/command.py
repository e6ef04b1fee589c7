"""`agentpay eval simulated`."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.options import Against, AgentOrganization, AgentShop, AgentVersion, Repeat, check_agent

if TYPE_CHECKING:
    from agentpay.evals.report import Case, Suite
    from agentpay.evals.simulated.running import MakeSpeaker


def simulated(
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="The shop they come to.  [default: the demo shop]")
    ] = None,
    conversations: Annotated[int, typer.Option("--conversations", min=1, metavar="N", help="How many come.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Another seed brings other customers.")] = 1,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Who serves: `house` or `openai:<model>`.  [default: house]"),
    ] = None,
    customer_model: Annotated[
        str | None,
        typer.Option("--customer-model", metavar="NAME", help="Who writes: `openai:<model>`.  [default: no model]"),
    ] = None,
    agent_version: AgentVersion = None,
    shop: AgentShop = None,
    organization: AgentOrganization = None,
    repeat: Repeat = 1,
    parallel: Annotated[int, typer.Option("--parallel", min=1, metavar="N", help="Conversations at a time.")] = 6,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="KIND|ID", help="Of these goals alone; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Folder for the shop's own, temporary data.  [default: the system's]"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")] = None,
    against: Against = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Let simulated customers hold whole conversations with a shop: do they get what they came for, and do the books balance?"""
    from agentpay.commerce.importing import ImportProblems
    from agentpay.demo import STORE
    from agentpay.errors import StartupError
    from agentpay.evals.agent_version import agent_version as read_version
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite

    check_agent(agent_version, shop, organization)
    suite = Suite("simulated")
    try:
        options: dict[str, Any] = {"parallel": parallel, "model": model, "data": data, "only": only or ()}
        if agent_version is not None:
            options["agent"], own_model = read_version(agent_version, shop, organization)
            options["model"] = model or own_model
        if customer_model is not None:
            options["make_speaker"] = _speaker(customer_model)
        tries = [_run(store or STORE, conversations, seed + n, options, quiet=json) for n in range(repeat)]
        suite = _suite(tries)
    except (StartupError, ImportProblems) as error:
        suite.problem = str(error)
    conclude([suite], out, as_json=json, show=lambda: _print(suite), good=_good(suite), against=against)


def _speaker(name: str) -> MakeSpeaker:
    """Raises StartupError where the model cannot be used."""
    from agentpay.evals.simulated.model_customer import ModelCustomer, model_of
    from agentpay.settings import Settings

    model = model_of(name, Settings())
    return lambda talk: ModelCustomer(model, talk)


def _run(store: Path, conversations: int, seed: int, options: dict[str, Any], *, quiet: bool) -> list[Case]:
    """One try of every case. Raises StartupError, ImportProblems."""
    from agentpay.evals.output import progress
    from agentpay.evals.simulated.figures import books
    from agentpay.evals.simulated.running import case, run

    done = count(1)
    with progress("Opening the shop", quiet=quiet) as show:
        result = run(store, conversations, seed, advance=lambda id: show(id, next(done), conversations), **options)
    cases = [case(played, person) for played, person in zip(result.played, result.people, strict=True)]
    return [*cases, books(result.violations)] if cases else []


def _suite(tries: list[list[Case]]) -> Suite:
    """Figures are those of the first try."""
    from agentpay.evals.report import Suite
    from agentpay.evals.simulated.figures import figures
    from agentpay.evals.suites.folding import folded, pass_hat

    if not tries[0]:
        return Suite("simulated", problem="No conversation is of these goals.")
    cases = [folded(each[0].id, each) for each in zip(*tries, strict=True)]
    told = figures(tries[0])
    if len(tries) > 1:
        told["pass^k"] = pass_hat([each.attempts for each in cases], len(tries))
    failed = [each for each in cases if not each.passed]
    failures = [{"id": each.id, **each.detail} for each in failed]
    counts = (len(cases), len(cases) - len(failed), len(failed))
    return Suite("simulated", *counts, failures=failures, figures=told, results=cases)


def _good(suite: Suite) -> bool:
    """Nearly all reached what the shop can serve, and nothing was broken."""
    from agentpay.evals.simulated.figures import LEAST_REACHED

    told = suite.figures or {}
    reached = told.get("reached")
    served = suite.cases > 0 and (reached is None or reached >= LEAST_REACHED)
    return suite.problem is None and served and not told["violations"] and not told["errors"]


def _print(suite: Suite) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    if suite.problem is not None or suite.figures is None:
        typer.echo(suite.problem or "Nothing was played.", err=True)
        return
    told = suite.figures
    for failure in suite.failures:
        console.print(f"\n{failure['id']}: {failure.get('goal', 'money, stock and floors')}", style="bold")
        for line in failure.get("transcript", []):
            console.print(f"  {line}")
        for each in failure["failures"]:
            console.print(f"  {each['check']}: {each['got']}", style="red")
    table = Table("goal", "talks", "reached", "turns", header_style="bold")
    for name, row in told["kinds"].items():
        table.add_row(name, str(row["conversations"]), _percent(row["reached"]), str(row["turns"]))
    console.print(table)
    if told["causes"]:
        lost = Table("goal", "step", "what was asked or said last", "talks", header_style="bold")
        for cause in told["causes"]:
            lost.add_row(cause["goal"], cause["step"], cause["last"], str(cause["count"]))
        console.print(lost)
    console.print(
        f"{told['conversations']} conversations: {_percent(told['reached'])} of what the shop can serve was reached, "
        f"{_percent(told['refused_rightly'])} of the rest refused rightly, {told['turns']} turns on average, "
        f"{_percent(told['dropped_out'])} left early, {told['contradictions']} contradictions, {told['violations']} violations."
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
