"""`agentpay eval compare` and `agentpay eval baseline`: two runs side by side, and what a commit is held to."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

_SHOWN = 20


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A run's folder, its report.json, or a baseline.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another.")],
    same: Annotated[
        bool, typer.Option("--same", help="Two runs of one seed: end with 1 where anything but times differs.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON on stdout.")] = False,
) -> None:
    """What got better and what got worse between two runs, case by case. Ends with 1 where something broke.

    A case that a baseline has and the run has not counts as broken.
    """
    from agentpay.evals.comparing import compare as compared
    from agentpay.evals.comparing import differences, name_of, read
    from agentpay.evals.output import print_comparison
    from agentpay.evals.report import timeless

    old, new = read(before), read(after)
    found = compared(old, new, against=name_of(before))
    if json:
        typer.echo(json_module.dumps(asdict(found), ensure_ascii=False))
    else:
        print_comparison(found)
    gone = sum(len(suite.gone) for suite in found.suites) if old.get("baseline") else 0
    alone = [timeless({**each, "comparison": None}) for each in (old, new)]
    other = differences(alone[0], alone[1]) if same else []
    for line in other[:_SHOWN]:
        typer.echo(f"differs: {line}", err=True)
    if same:
        typer.echo(f"{len(other)} differences but for times." if other else "The same but for times.", err=True)
    raise typer.Exit(1 if found.broken or gone or other else 0)


def baseline(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the baseline goes.")],
) -> None:
    """Keep a run as what later ones are held to: each case's outcome, and the figures."""
    from agentpay.evals.comparing import read

    found = read(run)
    suites = [_suite(each) for each in found["suites"]]
    file.write_text(_lines(_plain(found.get("run", {})), suites), "utf-8")
    typer.echo(f"{file}: {sum(len(suite['results']) for suite in suites)} cases.")


def _plain(header: dict[str, Any]) -> dict[str, Any]:
    """What does not change with the day: a baseline differs where what it holds does."""
    return {name: header[name] for name in ("seed", "size", "model", "repeat") if name in header}


def _lines(run: dict[str, Any], suites: list[dict[str, Any]]) -> str:
    """A case a line: what changed can be read in a diff."""
    parts = []
    for suite in suites:
        cases = ",\n  ".join(json_module.dumps(case, ensure_ascii=False) for case in suite["results"])
        head = json_module.dumps({"name": suite["name"], "figures": suite["figures"]}, ensure_ascii=False)
        parts.append(f'{head[:-1]}, "results": [\n  {cases}\n ]}}')
    return f'{{"baseline": true, "run": {json_module.dumps(run)}, "suites": [\n ' + ",\n ".join(parts) + "\n]}\n"


def _suite(suite: dict[str, Any]) -> dict[str, Any]:
    figures = {name: value for name, value in (suite.get("figures") or {}).items() if isinstance(value, int | float)}
    cases = [{"id": case["id"], "passed": case["passed"]} for case in suite.get("results", ())]
    return {"name": suite["name"], "figures": figures, "results": cases}
