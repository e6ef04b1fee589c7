"""`agentpay eval negotiation`."""

from __future__ import annotations

import json as json_module
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.options import Against

if TYPE_CHECKING:
    from agentpay.evals.negotiation.histories import Product
    from agentpay.evals.negotiation.running import Category
    from agentpay.evals.negotiation.talking import Played
    from agentpay.evals.report import Suite

_SERVICES = 2
"""Shops that are open at a time, each with a process of its own."""
_HISTORIES = Path("../shared/data/amazon_history_price")


def negotiation(
    histories: Annotated[
        list[Path],
        typer.Option("--data", metavar="DIR|FILE", help="Price histories: a folder, or a file; may be repeated."),
    ] = [_HISTORIES],  # noqa: B006 (typer reads the default and shows it)
    buyers: Annotated[int, typer.Option("--buyers", min=1, help="Buyers of each product.")] = 10,
    products: Annotated[
        int | None, typer.Option("--products", min=1, metavar="N", help="A sample of N products.  [default: all]")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed brings other buyers.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")] = None,
    against: Against = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Let simulated buyers haggle with the house model over real price histories: are floors kept, and kept secret?"""
    from agentpay.errors import StartupError
    from agentpay.evals.negotiation import figures
    from agentpay.evals.negotiation.histories import HistoriesUnusable, load, sample
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite
    from agentpay.evals.suites.negotiation import case_of

    try:
        chosen = load(histories)
        if products is not None:
            chosen = sample(chosen, products, seed)
        categories = _run(chosen, buyers, seed, quiet=json)
        suite = figures.suite(categories)
        suite.results = [case_of(played) for category in categories for played in category.played]
        suite.results.sort(key=lambda case: case.id)
    except (HistoriesUnusable, StartupError) as error:
        suite = Suite("negotiation", problem=str(error))
    conclude([suite], out, as_json=json, show=lambda: _print(suite), against=against)


def _run(chosen: dict[str, list[Product]], buyers: int, seed: int, *, quiet: bool) -> list[Category]:
    """The largest shop first, so that none is left over at the end. Raises StartupError."""
    from agentpay.evals.negotiation.running import run
    from agentpay.evals.output import progress

    total = buyers * sum(map(len, chosen.values()))
    done = count(1)
    with progress("Opening shops", quiet=quiet) as show, ThreadPoolExecutor(_SERVICES) as pool:

        def advance(played: Played) -> None:
            show(played.buyer.product.category, next(done), total)

        stop = Event()
        running = [
            pool.submit(run, name, rows, count=buyers, seed=seed, advance=advance, stop=stop)
            for name, rows in sorted(chosen.items(), key=lambda item: -len(item[1]))
        ]
        try:
            return sorted((each.result() for each in running), key=lambda category: category.name)
        except BaseException:  # also Ctrl-C: nobody waits for buyers that nobody will read of
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _print(suite: Suite) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    if suite.figures:
        heads = ("talks", "able", "deals", "rate", "of able", "kept", "rounds", "< floor", "leaks")
        table = Table("", *heads, header_style="bold")
        groups = {**suite.figures["categories"], **suite.figures["profiles"], "all": suite.figures}
        for name, row in groups.items():
            table.add_row(name, *_cells(row), end_section=name == list(suite.figures["categories"])[-1])
        console.print(table)
        console.print("able: could afford the floor; kept: share of the room between floor and list price", style="dim")
        told = {
            "outcomes",
            "echoes",
            "coincidences",
            "orders",
            "webhooks",
            "log_lines",
            "errors",
            "without_room",
            "faults",
            "wishes_not_heard",
        }
        console.print(", ".join(f"{name} {value}" for name, value in suite.figures.items() if name in told))
    for failure in suite.failures:
        console.print(json_module.dumps(failure, indent=1, ensure_ascii=False))
    if suite.problem is not None:
        typer.echo(suite.problem, err=True)
    console.print(f"{suite.cases} conversations, {suite.passed} passed, {suite.failed} failed.")


def _cells(row: dict[str, Any]) -> list[str]:
    def percent(name: str) -> str:
        return "–" if row[name] is None else f"{row[name]:.1%}"

    rounds = "–" if row["rounds"] is None else f"{row['rounds']:.1f}"
    rates = [percent("deal_rate"), percent("deal_rate_could_afford"), percent("kept"), rounds]
    counts = [str(row[name]) for name in ("conversations", "could_afford", "deals")]
    return [*counts, *rates, str(row["below_floor"]), str(row["leaks"])]
