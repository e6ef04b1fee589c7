"""How every `agentpay eval …` shows that it works, and ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import typer

from agentpay.evals.report import Suite, write_report

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


def conclude(
    suites: Sequence[Suite], out: Path | None, *, as_json: bool, show: Callable[[], None], good: bool | None = None
) -> NoReturn:
    """Writes `out`/report.json, prints the suites as JSON or has them shown, and exits with 0 where all is well.

    `good`: whether it is, where that is not whether each suite is (a measurement without a target).
    """
    if out is not None:
        write_report(out, suites)
    if as_json:
        typer.echo(json.dumps({"suites": [asdict(suite) for suite in suites]}, ensure_ascii=False, default=str))
    else:
        show()
    well = all(suite.good for suite in suites) if good is None else good
    raise typer.Exit(0 if well else 1)
