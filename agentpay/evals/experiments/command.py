"""`agentpay eval langsmith`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.evals.experiments.running import Experiment

_ENDINGS = (".gz", ".yaml", ".yml")


def langsmith(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder with the report.json of a run, or the file.")],
    scenarios: Annotated[
        Path | None,
        typer.Option(
            "--scenarios", metavar="FILE", help="The scenario file that was run, where it is not one of ours."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Make the experiments on this machine; nothing is sent.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON on stdout.")] = False,
) -> None:
    """Publish a run as LangSmith experiments: a dataset a suite, synced from the files, the graders' findings as feedback."""
    from agentpay.evals.experiments.examples import packaged_scenarios, scenarios_of
    from agentpay.evals.experiments.running import publish, rehearse
    from agentpay.evals.scenarios import ScenarioProblems

    report = _read(run)
    try:
        known = scenarios_of([scenarios], named=False) if scenarios is not None else packaged_scenarios()
    except ScenarioProblems as error:
        raise StartupError(f"{scenarios} cannot be used:\n{error}") from error
    part = _stem(scenarios) if scenarios is not None else report.get("run", {}).get("size")
    made = rehearse(report, known) if dry_run else publish(report, known, part=part)
    if not made:
        raise StartupError(f"{run} has no case to publish.")
    if as_json:
        typer.echo(json.dumps({"experiments": [_data(each) for each in made]}, ensure_ascii=False))
        return
    for each in made:
        typer.echo(f"{each.suite}: {each.cases} cases, experiment {each.name} {each.url or '(not sent)'}".strip())
        if each.synced is not None:
            counts = f"{each.synced.created} created, {each.synced.updated} updated, {each.synced.deleted} deleted"
            typer.echo(f"  dataset {each.synced.dataset.name}: {counts}")
        typer.echo("  " + ", ".join(f"{key} {mean:g}" for key, mean in sorted(each.means.items())))


def _read(run: Path) -> dict[str, Any]:
    file = run / "report.json" if run.is_dir() else run
    try:
        report = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StartupError(f"{file} is no report of a run: {getattr(error, 'strerror', None) or error}.") from error
    if not isinstance(report, dict) or not isinstance(report.get("suites"), list):
        raise StartupError(f"{file} is no report of a run.")
    return report


def _stem(file: Path) -> str:
    while file.suffix in _ENDINGS:
        file = file.with_suffix("")
    return file.name


def _data(made: Experiment) -> dict[str, Any]:
    changes = None
    if made.synced is not None:
        changes = {
            "name": made.synced.dataset.name,
            "created": made.synced.created,
            "updated": made.synced.updated,
            "deleted": made.synced.deleted,
        }
    shown = {"suite": made.suite, "name": made.name, "cases": made.cases, "url": made.url}
    return {**shown, "means": made.means, "dataset": changes}
