"""τ²-bench retail: where a task's gold actions lead, or a model's; and each write where it must be refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentpay.evals.masking import masked_data
from agentpay.evals.report import Case
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit
from agentpay.evals.tau2.tasks import WRITES, Task, load_json, load_tasks

_FOLDER = "tau2_retail"
_TASKS, _DB, _EXPECTED = "tasks_train.json", "db.json.gz", "expected_train.json.gz"
_EACH = {"fast": 0, "sample": 2, "full": 1000}
"""Tasks of each kind, by what they write."""
_UNITS = 2
_AT_ONCE = 4
_REFUSALS = "/refusals"


class Tau2:
    name = "tau2"

    def missing(self, terms: Terms) -> str | None:
        if terms.size == "fast":
            return None
        if terms.datasets is None:
            return f"{_FOLDER} is in no folder of public data sets (--datasets)."
        absent = [name for name in (_TASKS, _DB, _EXPECTED) if not (terms.datasets / _FOLDER / name).is_file()]
        return f"{terms.datasets / _FOLDER} has no {', '.join(absent)}." if absent else None

    def units(self, terms: Terms) -> list[Unit]:
        if terms.size == "fast":
            return []
        chosen = list(_sample(_tasks(terms), _EACH[terms.size]))
        parts = [chosen[n::_UNITS] for n in range(_UNITS)]
        return [
            Unit(f"part-{n}", tuple(id for task in part for id in _ids(task, terms)), 20 + 0.8 * len(part))
            for n, part in enumerate(parts, 1)
            if part
        ]

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        from agentpay.commerce.importing.tau2 import read
        from agentpay.evals.tau2.shop import open_shops, own_server
        from agentpay.settings import get_settings

        folder = _folder(terms)
        tasks = [task for task in _tasks(terms) if task.id in unit.cases]
        settings = get_settings().model_copy(update={"model": terms.model, "evaluation_seed": terms.seed})
        content, wanted = read(folder / _DB), load_json(folder / _EXPECTED)["tasks"]
        cases: list[Case] = []

        async def work(url: str) -> None:
            shops = await open_shops(url, folder / _DB, settings, agent=terms.agent)
            free = asyncio.Semaphore(_AT_ONCE)

            async def one(task: Task) -> None:
                async with free:
                    for case in await _held(shops, task, content, wanted, terms):
                        cases.append(case)
                        advance(case.id)

            try:
                async with asyncio.TaskGroup() as group:
                    for task in tasks:
                        group.create_task(one(task))
            finally:
                await shops.shared.brains.aclose()

        with own_server(terms.scratch) as url:
            asyncio.run(work(url))
        return Outcome(cases)

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        cases = [case for outcome in outcomes for case in outcome.cases]
        refused = [case for case in cases if case.id.endswith(_REFUSALS)]
        return {
            "tasks": len(cases) - len(refused),
            "writes": int(sum(case.measures.get("writes", 0) for case in cases)),
            "refusals": int(sum(case.measures.get("refusals", 0) for case in refused)),
        }


async def _held(shops: Any, task: Task, db: dict[str, Any], wanted: dict[str, Any], terms: Terms) -> list[Case]:
    from agentpay.evals.tau2.replay import refusals, replay
    from agentpay.evals.tau2.state import same

    if terms.model == "house":
        result = await replay(shops, task, db)
    else:
        from agentpay.evals.tau2.command import user_model
        from agentpay.evals.tau2.playing import play

        result = await play(shops, task, db, user_model(terms.model, shops.settings))
    should = wanted.get(task.id, {}).get("changed")
    right = should is not None and same(result.changed, should)
    detail: dict[str, Any] = {"failed_calls": masked_data(result.failed)}
    if not right or result.errors:
        detail |= {"expected": should, "got": masked_data(result.changed), "errors": masked_data(result.errors)}
    cases = [Case(task.id, right and not result.errors, detail, {"writes": float(result.writes)})]
    if terms.model == "house" and _writes(task):
        found, errors = await refusals(shops, task, db)
        let = [asdict(each) for each in found if each.code is None]
        detail = {"not_refused": masked_data(let), "errors": masked_data(errors)}
        cases.append(Case(f"{task.id}{_REFUSALS}", not let and not errors, detail, {"refusals": float(len(found))}))
    return cases


def _ids(task: Task, terms: Terms) -> list[str]:
    return [task.id, f"{task.id}{_REFUSALS}"] if terms.model == "house" and _writes(task) else [task.id]


def _sample(tasks: Sequence[Task], each: int) -> Iterator[Task]:
    """The first tasks of each kind."""
    seen: dict[frozenset[str], int] = {}
    for task in tasks:
        kind = _writes(task)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= each:
            yield task


def _writes(task: Task) -> frozenset[str]:
    return frozenset(action.name for action in task.actions if action.name in WRITES)


def _tasks(terms: Terms) -> list[Task]:
    return load_tasks(_folder(terms) / _TASKS)


def _folder(terms: Terms) -> Path:
    assert terms.datasets is not None, "`missing` has looked"
    return terms.datasets / _FOLDER
