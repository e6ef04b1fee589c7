"""`agentpay import`: load a shop from a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from agentpay.cli.options import DataDir, Json, load_settings
from agentpay.cli.output import answer, progress, say
from agentpay.cli.running import run, servers

if TYPE_CHECKING:
    from agentpay.commerce.importing import ImportProblems, ImportReport
    from agentpay.store.session import Database


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A store file; may be gzipped.")],
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="store|tau2", help="A YAML store file, or τ²-bench's retail database in JSON."
        ),
    ] = "store",
    reset_stock: Annotated[
        bool, typer.Option("--reset-stock", help="Take stock and earlier redemptions from the file again.")
    ] = False,
    data: DataDir = None,
    json: Json = False,
) -> None:
    """Load a whole shop, or bring it up to date. Either all of the file is loaded or, with any bad row, nothing."""
    if format not in ("store", "tau2"):
        raise typer.BadParameter(f"{format} is not known; it must be store or tau2", param_hint="--format")

    async def work(database: Database) -> ImportReport:
        with progress(f"Importing {file.name}", quiet=json) as advance:
            if format == "tau2":
                return await import_loaded(database, load_tau2(file), reset_stock=reset_stock, progress=advance)
            return await import_store(database, file, reset_stock=reset_stock, progress=advance)

    settings = load_settings(data=data)
    from agentpay.commerce.importing import ImportProblems, import_loaded, import_store, load_tau2

    with servers(settings) as settings:
        try:
            report = run(settings, work)
        except ImportProblems as refused:
            refuse(refused, json=json)
    if json:
        answer(
            {
                "organization_id": report.organization_id,
                "changed": report.changed,
                "counts": {kind: asdict(counts) for kind, counts in report.counts.items()},
                "archived_variants": report.archived_variants,
                "orders_kept": report.orders_kept,
            }
        )
    else:
        typer.echo(f"{file.name}: {summary(report)}.")
        for order in report.orders_kept:
            say(f"Order {order} was worked on since it was imported and is left as it is.")


def refuse(refused: ImportProblems, *, json: bool = False) -> NoReturn:
    """Every bad row on stderr (with `json` also as JSON on stdout), and exit code 2."""
    if json:
        answer({"problems": [asdict(problem) for problem in refused.problems]})
    for problem in refused.problems:
        say(str(problem))
    say(f"Nothing was imported: {len(refused.problems)} problem{'s' if len(refused.problems) > 1 else ''}.")
    raise typer.Exit(2)


def summary(report: ImportReport) -> str:
    """ "180 products, 420 variants …: 3 new, 1 changed" """
    sums: dict[str, int] = {"created": 0, "updated": 0}
    kinds: list[str] = []
    for kind, counts in report.counts.items():
        row: dict[str, Any] = asdict(counts)
        if kind not in ("organizations", "agents") and (total := sum(row.values())):
            kinds.append(f"{total:,} {kind.replace('_', ' ')}")
        for name in sums:
            sums[name] += row[name]
    return f"{', '.join(kinds)}; {sums['created']:,} new, {sums['updated']:,} changed"
