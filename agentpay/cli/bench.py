"""`agentpay bench PROFILE`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.cli.output import progress
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.evals.bench import Profile


def bench(
    profile: Annotated[str, typer.Argument(help="turns, smooth, growth, …")] = "turns",
    bench_dir: Annotated[
        Path, typer.Option("--bench", metavar="DIR", help="Fake model, load and reference services.")
    ] = Path("../shared/bench"),
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where PROFILE.json is written.")] = Path(
        "bench-results"
    ),
    repetitions: Annotated[int, typer.Option("--reps", min=1, max=20)] = 3,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Where the temporary data of the service lies."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="The shop.  [default: the demo's]")
    ] = None,
    sizes: Annotated[
        str, typer.Option("--sizes", metavar="N,N", help="Numbers of products for `search`, such as 20000,200000.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Measure turns against the least LangGraph service, all in one run; only the ratios mean anything."""
    from agentpay.demo import STORE
    from agentpay.evals.bench import PROFILES, Bench

    if profile not in PROFILES:
        raise StartupError(f"There is no profile {profile!r}: choose {', '.join(PROFILES)}.")
    with progress(profile, quiet=json) as advance:
        advance(PROFILES[profile].help, 0, 0)
        found = PROFILES[profile].run(
            Bench(
                bench_dir.resolve(),
                store or STORE,
                repetitions,
                data,
                store_given=store is not None,
                sizes=_numbers(sizes),
                advance=advance,
            )
        )
    results = {"profile": profile, "results": found.results, "ratios": found.ratios}
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{profile}.json").write_text(json_module.dumps(results, indent=2) + "\n")
    if json:
        typer.echo(json_module.dumps(results))
    else:
        _print(PROFILES[profile], results)


def _numbers(sizes: str) -> tuple[int, ...]:
    try:
        found = tuple(int(part) for part in sizes.split(",") if part.strip())
    except ValueError:
        found = (0,)
    if any(size < 1 for size in found):
        raise typer.BadParameter("numbers of products, separated by commas", param_hint="--sizes")
    return found


def _print(profile: Profile, results: dict[str, Any]) -> None:
    """A table for each row, services below each other."""
    from rich.console import Console
    from rich.table import Table

    labels = list(dict.fromkeys(row["label"] for rows in results["results"].values() for row in rows))
    for label in labels:
        table = Table("service", *profile.figures, title=f"{profile.name}, {label} (in brackets: ÷ the reference)")
        for name, rows in results["results"].items():
            for n, row in enumerate(rows):
                if row["label"] == label:
                    ratios = dict(enumerate(results["ratios"].get(name, []))).get(n, {})
                    table.add_row(name, *(_cell(row.get(figure), ratios.get(figure)) for figure in profile.figures))
        Console(width=140).print(table)


def _cell(value: float | None, ratio: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" + (f" ({ratio:.2f})" if ratio is not None else "")
