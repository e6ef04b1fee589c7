"""`agentpay eval all`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from agentpay.errors import StartupError
from agentpay.evals.experiments.asking import LangSmith, check_langsmith, hand_over
from agentpay.evals.options import Against, AgentOrganization, AgentShop, AgentVersion, Repeat, check_agent
from agentpay.evals.suites.registry import NAMES

if TYPE_CHECKING:
    from agentpay.evals.report import Suite
    from agentpay.evals.suites.protocol import Size, Terms

_BESIDE = Path("../shared/data")
_MOST_WORKERS = 4
_NETWORK = "network"
_TRIES = "connections.txt"
_INTERRUPTED = 130
_TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2")
"""Whoever traces into LangSmith while they work does not trace this."""


def all_suites(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Where report.json, report.html and summary.md go; what --resume reads."
        ),
    ],
    full: Annotated[bool, typer.Option("--full", help="Everything there is, not samples. Takes hours.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="The part that a commit is held to: seconds a suite.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="SUITE", help=f"This suite alone; may be repeated. {', '.join(NAMES)}."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed brings other customers.")] = 1,
    repeat: Repeat = 1,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", help="`house` or `openai:<model>`: who plays the agent.  [default: house]"
        ),
    ] = None,
    agent_version: AgentVersion = None,
    shop: AgentShop = None,
    organization: AgentOrganization = None,
    against: Against = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that DIR holds.")] = False,
    parallel: Annotated[
        int | None,
        typer.Option("--parallel", metavar="N", min=1, help="Shops open at a time.  [default: a processor each]"),
    ] = None,
    datasets: Annotated[
        Path | None,
        typer.Option("--datasets", metavar="DIR", help=f"Folder of the public data sets.  [default: {_BESIDE}]"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Folder for the shops' own, temporary data.  [default: the system's]"
        ),
    ] = None,
    langsmith: LangSmith = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Run every suite over samples that are the same each time, and hold each to its thresholds: before customers do."""
    from agentpay.evals.comparing import compare, name_of, read
    from agentpay.evals.html import write_html, write_summary
    from agentpay.evals.output import print_report, progress
    from agentpay.evals.report import report_data, write_report
    from agentpay.evals.suites.keeping import Kept, fingerprint
    from agentpay.evals.suites.running import plan, run

    if unknown := sorted(set(only or ()) - set(NAMES)):
        raise typer.BadParameter(f"there is no suite {', '.join(unknown)}", param_hint="--only")
    if full and fast:
        raise typer.BadParameter("a run is one or the other", param_hint="--full, --fast")
    check_agent(agent_version, shop, organization)
    before = read(against) if against is not None else None
    check_langsmith(langsmith)
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    began = datetime.now(UTC)
    terms = _terms(
        seed, "full" if full else "fast" if fast else "sample", model, agent_version, shop, organization, datasets, data
    )
    held = fingerprint(terms, repeat=repeat)
    kept = Kept(out)
    kept.begin(held, resume=resume)
    names = [name for name in NAMES if not only or name in only]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends shops like Ctrl-C
    try:
        with _guarded(out / _TRIES, terms.model) as tries, progress("Opening shops", quiet=json) as show:
            planned = plan(names, terms)
            suites = run(planned, terms, kept, repeat=repeat, parallel=parallel or _workers(), show=show)
    except KeyboardInterrupt:
        typer.echo(f"Cut short. What has ended is kept in {out}: the same command with --resume goes on.", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if tries is not None:
        suites.append(_network(tries))
    header = {
        "seed": seed,
        "size": terms.size,
        "model": terms.model,
        "agent_version": agent_version,
        "repeat": repeat,
        "revision": _revision(),
        "program": held["program"],
        "datasets": held["data sets"],
        "suites": [suite.name for suite in suites],
        "started": began.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 1),
    }
    compared = None
    if before is not None and against is not None:
        if only:  # of what was left out nothing is gone
            before["suites"] = [each for each in before["suites"] if each["name"] in (*names, _NETWORK)]
        compared = compare(before, report_data(suites), against=name_of(against))
    write_report(out, suites, run=header, comparison=compared)
    write_html(out)
    write_summary(out)
    print_report(out, suites, compared, as_json=json)
    taken = hand_over(suites, out, asked=langsmith)
    raise typer.Exit(0 if all(suite.good for suite in suites) and (taken or not langsmith) else 1)


def _terms(
    seed: int,
    size: Size,
    model: str | None,
    version: int | None,
    shop: Path | None,
    organization: str | None,
    datasets: Path | None,
    data: Path | None,
) -> Terms:
    """Raises StartupError for a model or a version that cannot be had."""
    from agentpay.evals.agent_version import agent_version
    from agentpay.evals.suites.protocol import Terms
    from agentpay.llm.choice import check_model
    from agentpay.settings import get_settings

    agent: dict[str, Any] | None = None
    if version is not None:
        agent, own_model = agent_version(version, shop, organization)
        model = model or own_model
    check_model(model or "house", get_settings())
    return Terms(seed, size, model or "house", agent, version, _datasets(datasets), data)


def _datasets(named: Path | None) -> Path | None:
    """The folder of public data sets; beside where the command is given, or beside the repository that it runs from."""
    if named is not None:
        if not named.is_dir():
            raise StartupError(f"{named} is no folder: --datasets names one of public data sets.")
        return named.resolve()
    places = (_BESIDE, Path(__file__).parents[2] / _BESIDE)
    return next((place.resolve() for place in places if place.is_dir()), None)


@contextmanager
def _guarded(file: Path, model: str) -> Iterator[list[str] | None]:
    """Nothing in it, nor in what it starts, reaches the outside; yields what was tried, when it is over.

    A model elsewhere has to be reached: then nothing is guarded, and None is yielded.
    """
    from agentpay.evals import offline
    from agentpay.settings import get_settings

    address = urlsplit(get_settings().openai_base_url or "https://api.openai.com").hostname
    if model != "house" and address not in ("127.0.0.1", "::1", "localhost"):
        yield None
        return
    file.unlink(missing_ok=True)
    tried: list[str] = []
    before = {name: os.environ.get(name) for name in (offline.VARIABLE, *_TRACING)}
    os.environ.update({offline.VARIABLE: str(file.resolve()), **dict.fromkeys(_TRACING, "false")})
    offline.guard()
    try:
        yield tried
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tried += offline.tries(file)


def _network(tries: list[str]) -> Suite:
    """The one thing that is true of a whole run without a model elsewhere: nothing left this machine."""
    from agentpay.evals.report import Case, Suite

    case = Case("nothing-leaves-this-machine", not tries, {"errors": tries} if tries else {})
    failures = [{"id": case.id, "errors": tries}] if tries else []
    return Suite(_NETWORK, 1, int(not tries), int(bool(tries)), 0, failures, results=[case])


def _workers() -> int:
    return min(_MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _revision() -> str | None:
    """The commit that the program is of, with a + where files were changed since; None where it is no checkout."""
    folder = Path(__file__).parents[2]
    if not (folder / ".git").exists():
        return None
    try:
        named = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return named.stdout.strip() or None
