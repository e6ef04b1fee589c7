"""`agentpay eval replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.options import Against, AgentOrganization, AgentShop, AgentVersion, check_agent

if TYPE_CHECKING:
    from agentpay.evals.report import Suite
    from agentpay.evals.suites.protocol import Terms


def replay(
    recordings: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Recordings, or a folder of them.  [default: ours, of the demo shop]"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FILE", help="The shop they are about.  [default: the demo shop]"),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="SCENARIOS", help="Hold these conversations (YAML) and write FILE instead."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")] = None,
    against: Against = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="`house` or `openai:<model>`.  [default: house]")
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
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Hold recorded conversations again and show side by side what goes another way than it did.

    One passes if its tools, its cart, its totals and its state are the same after each turn.
    """
    from agentpay.commerce.importing import ImportProblems
    from agentpay.demo import STORE
    from agentpay.errors import StartupError
    from agentpay.evals.agent_version import agent_version as read_version
    from agentpay.evals.output import conclude
    from agentpay.evals.replay.recordings import RecordingProblems
    from agentpay.evals.report import Suite
    from agentpay.evals.scenarios import ScenarioProblems
    from agentpay.evals.suites.protocol import Terms

    check_agent(agent_version, shop, organization)
    agent: dict[str, Any] | None = None
    if agent_version is not None:
        agent, own_model = read_version(agent_version, shop, organization)
        model = model or own_model
    terms = Terms(size="full", model=model or "house", agent=agent, agent_version=agent_version, scratch=data)
    suite = Suite("replay")
    try:
        if record is not None:
            if recordings is None:
                raise typer.BadParameter("FILE is to be written: name it", param_hint="--record")
            written = _record(record, recordings, store or STORE, terms)
            typer.echo(f"{written} conversations recorded in {recordings}.", err=True)
            return
        suite = _compare(recordings, store or STORE, terms, quiet=json)
    except (RecordingProblems, ScenarioProblems, ImportProblems) as error:
        if record is not None:
            raise StartupError(str(error)) from None
        suite.problem = str(error)
    conclude([suite], out, as_json=json, against=against, show=lambda: _print(suite))


def _record(scenarios: Path, file: Path, store: Path, terms: Terms) -> int:
    import asyncio

    from agentpay.evals.replay.holding import hold
    from agentpay.evals.replay.recordings import SEED, Recording
    from agentpay.evals.scenarios import load_scenarios
    from agentpay.evals.scenarios.client import ServiceClient
    from agentpay.evals.scenarios.given import furnished
    from agentpay.evals.service import own_service

    chosen = load_scenarios(scenarios)
    options: dict[str, Any] = {"model": terms.model, "agent": terms.agent, "data": terms.scratch, "seed": SEED}
    with furnished(store, chosen) as shop, own_service(shop, **options) as service:

        async def work() -> list[Recording]:
            async with ServiceClient(service.base_url, service.secret_key) as client:
                return [Recording.of(one, await hold(client, one)) for one in chosen]

        held = asyncio.run(work())
    file.write_bytes(b"".join(one.line() for one in held))
    return len(held)


def _compare(recordings: Path | None, store: Path, terms: Terms, *, quiet: bool) -> Suite:
    from agentpay.evals.data import RECORDINGS
    from agentpay.evals.output import progress
    from agentpay.evals.replay.recordings import RecordingProblems, load_recordings
    from agentpay.evals.report import Suite
    from agentpay.evals.suites.replay import figures, replayed

    found = load_recordings(recordings or RECORDINGS)
    if not found:
        raise RecordingProblems(f"{recordings} holds no recording.")
    with progress("Opening the shop", quiet=quiet) as show:
        done: list[str] = []

        def advance(id: str) -> None:
            done.append(id)
            show(id, len(done), len(found))

        cases = replayed(found, store, terms, advance)
    passed = sum(bool(case.passed) for case in cases)
    failures = [{"id": case.id, **each} for case in cases for each in case.detail["failures"]]
    made = Suite("replay", len(cases), passed, len(cases) - passed, 0, failures, figures=figures(cases))
    made.results = cases
    return made


def _print(suite: Suite) -> None:
    """What differs, turn by turn, then and now."""
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    if suite.problem is not None:
        typer.echo(suite.problem, err=True)
        return
    table = Table("conversation", "turn", "what", "recorded", "now", show_lines=True, header_style="bold")
    for case in suite.results:
        for each in case.detail.get("differences", case.detail["failures"]):
            cells = (str(each["turn"]), each["check"], str(each["expected"]), str(each["got"]))
            table.add_row(case.id if case.passed else f"{case.id} ✗", *cells)
    if table.row_count:
        console.print(table)
    console.print(f"{suite.cases} conversations, {suite.passed} as recorded, {suite.failed} not.")
