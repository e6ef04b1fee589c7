"""`agentpay eval tau2`."""

from __future__ import annotations

import asyncio
import json as json_module
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.options import Against

if TYPE_CHECKING:
    from agentpay.evals.output import Advance
    from agentpay.evals.report import Suite
    from agentpay.evals.tau2.playing import MakeUser
    from agentpay.evals.tau2.replay import Refusal, Replayed
    from agentpay.evals.tau2.shop import Shops
    from agentpay.evals.tau2.tasks import Task
    from agentpay.settings import Settings

_AT_ONCE = 4
"""Tasks under way: while one waits for the database or a model, another goes on."""


def tau2(
    tasks: Annotated[
        Path, typer.Option("--tasks", metavar="FILE", help="τ²-bench retail tasks (JSON, may be gzipped).")
    ],
    db: Annotated[Path, typer.Option("--db", metavar="FILE", help="τ²-bench's retail database.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where states.json and report.json go.")],
    against: Against = None,
    expected: Annotated[
        Path | None, typer.Option("--expected", metavar="FILE", help="The reference's states: what is compared with.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", help="`openai:<model>` plays the agent.  [default: gold actions are replayed]"
        ),
    ] = None,
    user_model: Annotated[
        str | None,
        typer.Option("--user-model", metavar="NAME", help="`openai:<model>` plays the user.  [default: --model]"),
    ] = None,
    guidelines: Annotated[
        Path | None,
        typer.Option("--guidelines", metavar="FILE", help="τ²-bench's own guidelines for the simulated user."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="This task alone; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Folder for the shop's own, temporary data.  [default: the system's]"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Hold tools and graph to τ²-bench retail: end states of the gold actions, or of a model that plays the agent."""
    from agentpay.errors import StartupError
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite
    from agentpay.evals.tau2.tasks import TasksUnusable

    if model is None and (user_model is not None or guidelines is not None):
        raise typer.BadParameter(
            "only a conversation has a user: give --model too", param_hint="--user-model, --guidelines"
        )
    try:
        suites = _run(tasks, db, out, expected, model, user_model or model, guidelines, only or [], data, quiet=json)
    except (TasksUnusable, StartupError) as error:
        suites = [Suite("tau2", problem=str(error))]
    conclude(suites, out, as_json=json, show=lambda: _print(suites), against=against)


def _run(
    tasks: Path,
    db: Path,
    out: Path,
    expected: Path | None,
    model: str | None,
    user: str | None,
    guidelines: Path | None,
    only: list[str],
    data: Path | None,
    *,
    quiet: bool,
) -> list[Suite]:
    """Raises TasksUnusable, StartupError."""
    from agentpay.commerce.importing import ImportProblems
    from agentpay.commerce.importing.tau2 import read
    from agentpay.evals.output import progress
    from agentpay.evals.tau2.shop import open_shops, own_server
    from agentpay.evals.tau2.tasks import TasksUnusable, load_json, load_tasks
    from agentpay.settings import get_settings

    chosen = [task for task in load_tasks(tasks) if not only or task.id in only]
    if unknown := set(only) - {task.id for task in chosen}:
        raise TasksUnusable(f"{tasks} has no task {', '.join(sorted(unknown))}.")
    if not chosen:
        raise TasksUnusable(f"{tasks} holds no task.")
    wanted: dict[str, Any] | None = load_json(expected)["tasks"] if expected is not None else None
    settings = get_settings().model_copy(update={"model": model or "house"})
    try:
        content = read(db)
        with progress("Opening the shop", quiet=quiet) as advance, own_server(data) as url:

            async def work() -> list[Suite]:
                shops = await open_shops(url, db, settings)
                if model is None:
                    return await _replayed(shops, chosen, content, wanted, out, advance)
                make = user_model(user or model, settings, guidelines)
                return await _played(shops, chosen, content, wanted, out, advance, make)

            return asyncio.run(work())
    except ImportProblems as error:
        raise TasksUnusable(f"{db} cannot be used:\n{error}") from error


async def _replayed(
    shops: Shops, tasks: list[Task], db: dict[str, Any], wanted: dict[str, Any] | None, out: Path, advance: Advance
) -> list[Suite]:
    from agentpay.evals.tau2.replay import refusals, replay

    refused: list[Refusal] = []
    wrong: list[dict[str, Any]] = []

    async def work(task: Task) -> Replayed:
        result = await replay(shops, task, db)
        found, errors = await refusals(shops, task, db)
        refused.extend(found)
        wrong.extend({"id": task.id, "error": error} for error in errors)
        return result

    suite = await _each("tau2", tasks, wanted, out, advance, work)
    return [suite, _refusals(refused, wrong)]


async def _played(
    shops: Shops,
    tasks: list[Task],
    db: dict[str, Any],
    wanted: dict[str, Any] | None,
    out: Path,
    advance: Advance,
    make: MakeUser,
) -> list[Suite]:
    from agentpay.evals.tau2.playing import play

    try:
        return [await _each("tau2", tasks, wanted, out, advance, lambda task: play(shops, task, db, make))]
    finally:
        await shops.shared.brains.aclose()


async def _each(
    name: str,
    tasks: list[Task],
    wanted: dict[str, Any] | None,
    out: Path,
    advance: Advance,
    work: Callable[[Task], Awaitable[Replayed]],
) -> Suite:
    """Every task, a few at once, each in a shop of its own; `states.json` holds where each ended."""
    from agentpay.evals.report import Case, Suite
    from agentpay.evals.tau2.state import same

    results: dict[str, Replayed] = {}
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(task: Task) -> None:
        async with free:
            results[task.id] = await work(task)
        advance(f"task {task.id}", len(results), len(tasks))

    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(one(task))
    failures: list[dict[str, Any]] = []
    for task in tasks:
        result = results[task.id]
        should = wanted.get(task.id, {}).get("changed") if wanted is not None else None
        if wanted is not None and not (should is not None and same(result.changed, should)):
            failures.append({"id": task.id, "expected": should, "got": result.changed, "errors": result.errors})
        elif result.errors:
            failures.append({"id": task.id, "errors": result.errors})
    _write(out, {task.id: results[task.id].data() for task in tasks})
    failed = len({failure["id"] for failure in failures})
    wrong = {failure["id"]: failure for failure in failures}
    cases = [Case(task.id, task.id not in wrong, wrong.get(task.id, {})) for task in tasks]
    return Suite(name, len(tasks), len(tasks) - failed, failed, 0, failures, results=cases)


def _write(out: Path, states: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "states.json").write_text(json_module.dumps({"tasks": states}, ensure_ascii=False, indent=1) + "\n")


def _refusals(found: list[Refusal], wrong: list[dict[str, Any]]) -> Suite:
    from agentpay.evals.report import Suite

    failures = [asdict(each) for each in found if each.code is None] + wrong
    failed = min(len(failures), len(found))
    problem = None if found else "no task of these writes anything"
    return Suite("tau2_refusals", len(found), len(found) - failed, failed, 0, failures, problem)


def user_model(name: str, settings: Settings, guidelines: Path | None = None) -> MakeUser:
    """The simulated user that this model plays.

    Raises StartupError where the model cannot be used, TasksUnusable where the guidelines cannot be read.
    """
    from langchain_openai import ChatOpenAI

    from agentpay.evals.tau2.playing import user_of
    from agentpay.evals.tau2.tasks import TasksUnusable
    from agentpay.llm.choice import check_model

    check_model(name, settings)
    try:
        text = guidelines.read_text("utf-8") if guidelines is not None else None
    except OSError as error:
        raise TasksUnusable(f"{guidelines} cannot be read: {error.strerror}") from error
    model = ChatOpenAI(
        model=name.removeprefix("openai:"),
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
        timeout=settings.model_timeout_seconds,
        max_retries=settings.model_max_retries,
    )
    return user_of(model, text)


def _print(suites: list[Suite]) -> None:
    for suite in suites:
        if suite.problem is not None:
            typer.echo(f"{suite.name}: {suite.problem}", err=True)
        for failure in suite.failures:
            typer.echo(
                f"{suite.name} {failure.get('id') or failure.get('task')}: {json_module.dumps(failure, default=str)}"
            )
        typer.echo(f"{suite.name}: {suite.cases} cases, {suite.passed} passed, {suite.failed} failed.")
