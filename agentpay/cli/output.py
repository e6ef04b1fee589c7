"""What commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

_SHOWN_AFTER_SECONDS = 0.7
"""Work that is done sooner needs no bar."""


def say(text: str = "") -> None:
    """A line on stderr."""
    typer.echo(text, err=True)


def answer(value: Any) -> None:
    """A result as one line of JSON."""
    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A result for people. No cell is cut short, so that ids can be copied and lines cut by other programs."""
    cells = [[*columns], *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr that is told `(stage, done, total)`, total 0 where it is not known; it comes up when work takes long."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet,
    )
    task = bar.add_task(title, total=None)
    started = time.monotonic()

    def advance(stage: str, done: int, total: int) -> None:
        if not bar.live.is_started and time.monotonic() - started > _SHOWN_AFTER_SECONDS:
            bar.start()
        bar.update(task, description=f"{title}: {stage}" if stage else title, completed=done, total=total or None)

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
