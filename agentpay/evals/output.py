"""How every `agentpay eval …` shows that it works, and ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from agentpay.evals.experiments.asking import hand_over
from agentpay.evals.report import Suite, plain, report_data, write_report

if TYPE_CHECKING:
    from agentpay.evals.comparing import Comparison

_NAMED = 20
"""Ids of a kind that are printed of a suite."""
_SHOWN = 5

Advance = Callable[[str, int, int | None], None]
"""Told what is under way, how much is done, and of how much; None where that is not known."""


@contextmanager
def progress(doing: str, *, quiet: bool) -> Iterator[Advance]:
    """A bar on stderr, gone with the block."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task(doing, total=None)

        def advance(doing: str, done: int, total: int | None) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        yield advance


def print_report(folder: Path, suites: Sequence[Suite], compared: Comparison | None, *, as_json: bool) -> None:
    """What a run of several suites came to: a line a suite, what misses its threshold, what broke."""
    if as_json:
        typer.echo((folder / "report.json").read_text("utf-8"))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    table = Table("suite", "cases", "passed", "failed", "skipped", header_style="bold")
    table.add_column("", overflow="fold")  # a path is told to its end
    for suite in suites:
        missed = [
            f"{each['name']} {each['got']}, wanted at {each['bound']} {each['wanted']}"
            for each in suite.thresholds or ()
            if not each["met"]
        ]
        said = suite.problem or "; ".join(missed) or ("" if suite.good else "failed")
        counts = (suite.cases, suite.passed, suite.failed, suite.skipped)
        table.add_row(suite.name, *map(str, counts), said or "holds")
    console.print(table)
    if compared is not None:
        print_comparison(compared)
    typer.echo(f"{folder / 'report.html'}, {folder / 'summary.md'}, {folder / 'report.json'}")


def print_comparison(compared: Comparison) -> None:
    """By suite, what got better and what got worse; of what only reads otherwise the first few."""
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    for suite in compared.suites:
        if not (suite.fixed or suite.broken or suite.changed or suite.new or suite.gone):
            continue
        chance = "" if suite.p is None else f", p = {suite.p:.3g}"
        heads = f"{len(suite.fixed)} fixed, {len(suite.broken)} broken, {suite.same} ended as before{chance}"
        console.print(f"\n{suite.name} against {compared.against}: {heads}", style="bold")
        for word, ids in (("broken", suite.broken), ("fixed", suite.fixed), ("new", suite.new), ("gone", suite.gone)):
            for id in ids[:_NAMED]:
                console.print(f"  {word:7} {id}")
            if len(ids) > _NAMED:
                console.print(f"  {word:7} … and {len(ids) - _NAMED} more")
        for each in suite.changed[:_SHOWN]:
            console.print(f"  reads otherwise: {each['id']}")
            console.print(f"    before: {each['before']}\n    after:  {each['after']}", style="dim")
        if len(suite.changed) > _SHOWN:
            console.print(f"  … and {len(suite.changed) - _SHOWN} more read otherwise")
    chance = "" if compared.p is None else f" (McNemar, exact: p = {compared.p:.3g})"
    console.print(f"\nIn all: {compared.fixed} fixed, {compared.broken} broken{chance}.")


def conclude(
    suites: Sequence[Suite],
    out: Path | None,
    *,
    as_json: bool,
    show: Callable[[], None],
    good: bool | None = None,
    against: Path | None = None,
    langsmith: bool | None = None,
    scenarios: Path | None = None,
) -> NoReturn:
    """Writes `out`/report.json, prints the suites as JSON or has them shown, and exits with 0 where all is well.

    `good`: whether it is, where that is not whether each suite is (a measurement without a target). `against`: another run
    of the same command, compared case by case. Raises StartupError where that is none. `langsmith` and `scenarios`: whether it
    is published, and the file that its cases are from (experiments/asking.py).
    """
    compared: Comparison | None = None
    if against is not None:
        from agentpay.evals.comparing import compare_with

        compared = compare_with(against, suites)
    if out is not None:
        write_report(out, suites, comparison=compared)
    if as_json:
        typer.echo(json.dumps(report_data(suites, comparison=compared), ensure_ascii=False, default=plain))
    else:
        show()
        if compared is not None:
            print_comparison(compared)
    well = all(suite.good for suite in suites) if good is None else good
    taken = hand_over(suites, out, asked=langsmith, scenarios=scenarios)
    raise typer.Exit(0 if well and (taken or not langsmith) else 1)
