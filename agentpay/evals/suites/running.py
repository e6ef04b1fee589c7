"""Runs the units of all suites, a few at a time, each in a process; keeps what has finished."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from typing import Any

from agentpay.errors import StartupError
from agentpay.evals import offline
from agentpay.evals.report import Suite
from agentpay.evals.suites.folding import fold
from agentpay.evals.suites.keeping import Kept
from agentpay.evals.suites.protocol import Outcome, Terms, Unit
from agentpay.evals.suites.registry import suite as kind_of
from agentpay.evals.suites.thresholds import bounds

Show = Callable[[str, int, int], None]
"""What has just ended, how many cases have, and of how many."""
_ended: Queue[str | None] | None = None
"""In a worker: where the ids of cases go as they end."""
_busy = False
"""In a worker: whether it has a unit in hand, with a shop to close."""
_asked = False
"""In a worker: whether it was told to end while it was busy."""


@dataclass(frozen=True, slots=True)
class _Job:
    suite: str
    unit: Unit
    attempt: int


@dataclass(slots=True)
class Plan:
    """What a run is to do: the units of each suite, and why a suite has none."""

    units: dict[str, list[Unit]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return sum(len(unit.cases) for units in self.units.values() for unit in units)


def plan(names: Sequence[str], terms: Terms) -> Plan:
    """What of each suite is there. In a fast run a suite may have nothing to do, and is left out."""
    found = Plan()
    for name in names:
        kind = kind_of(name)
        if (missing := kind.missing(terms)) is not None:
            found.problems[name] = missing
            continue
        units = [unit for unit in kind.units(terms) if unit.cases]
        if units:
            found.units[name] = units
        elif terms.size != "fast":
            found.problems[name] = "It has no case."
    return found


def run(planned: Plan, terms: Terms, kept: Kept, *, repeat: int, parallel: int, show: Show) -> list[Suite]:
    """Every unit that `kept` does not hold, `repeat` times; answers the suites in the plan's order.

    A unit whose shop does not come up is its suite's problem, and all others go on.
    """
    tries: dict[str, list[dict[str, Outcome]]] = {name: [{} for _ in range(repeat)] for name in planned.units}
    todo: list[_Job] = []
    for name, units in planned.units.items():
        for attempt in range(repeat):
            for unit in units:
                found = kept.get(name, unit.id, attempt)
                if found is None:
                    todo.append(_Job(name, unit, attempt))
                else:
                    tries[name][attempt][unit.id] = found
    total = planned.cases * repeat
    progress = _Progress(show, total, total - sum(len(job.unit.cases) for job in todo))
    for job, outcome in _work(todo, terms, parallel, progress):
        if isinstance(outcome, str):
            planned.problems[job.suite] = f"{job.unit.id}: {outcome}"
            continue
        kept.put(job.suite, job.unit.id, job.attempt, outcome)
        tries[job.suite][job.attempt][job.unit.id] = outcome
    return _suites(planned, tries, terms)


def _suites(planned: Plan, tries: dict[str, list[dict[str, Outcome]]], terms: Terms) -> list[Suite]:
    found = []
    for name in dict.fromkeys([*planned.units, *planned.problems]):
        ended = [unit for unit in planned.units.get(name, ()) if all(unit.id in outcomes for outcomes in tries[name])]
        suite = fold(kind_of(name), ended, tries[name], bounds(name, terms.size)) if ended else Suite(name)
        suite.problem = planned.problems.get(name)
        found.append(suite)
    return found


class _Progress:
    """Counts cases as workers name them, from a thread of its own."""

    def __init__(self, show: Show, total: int, done: int) -> None:
        self._show, self._total, self._done = show, total, done
        self._queue: Queue[str | None] = multiprocessing.get_context("spawn").Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Queue[str | None]:
        self._show("Opening shops", self._done, self._total)
        self._thread.start()
        return self._queue

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join(5)
        self._queue.close()

    def _listen(self) -> None:
        while (ended := self._queue.get()) is not None:
            self._done += 1
            self._show(ended, self._done, self._total)


def _work(todo: Sequence[_Job], terms: Terms, parallel: int, progress: _Progress) -> Any:
    """Yields each job with its outcome, or with the sentence that says why it has none. The longest are begun first."""
    if not todo:
        return
    context = multiprocessing.get_context("spawn")
    with progress as ended:
        pool = ProcessPoolExecutor(min(parallel, len(todo)), context, _begin, (ended,))
        try:
            jobs: dict[Future[Outcome | str], _Job] = {
                pool.submit(_do, job.suite, job.unit, terms.attempt(job.attempt)): job
                for job in sorted(todo, key=lambda job: -job.unit.seconds)
            }
            for future in as_completed(jobs):
                yield jobs[future], future.result()
            pool.shutdown()
        except BaseException:  # also Ctrl-C: what has ended is kept, nobody waits for the rest
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()  # ends its shop, too
            raise


def _begin(ended: Queue[str | None]) -> None:
    """A worker begins: guarded like its parent. Whatever tells it to end, its shop ends with it."""
    global _ended
    _ended = ended
    offline.guard()
    for told in (signal.SIGTERM, signal.SIGINT):  # who starts us in the background may have SIGINT ignored
        signal.signal(told, _told)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _told(*_: object) -> None:
    """What is in hand is cut short and cleaned up, which nothing more cuts short; what waits for work ends."""
    global _asked
    if not _busy:
        raise SystemExit(1)
    if not _asked:
        _asked = True
        raise KeyboardInterrupt


def _end_with_parent() -> None:
    """A parent that was killed could tell nobody."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _do(suite: str, unit: Unit, terms: Terms) -> Outcome | str:
    global _busy
    _busy = True
    try:
        return kind_of(suite).run(unit, terms, _tell)
    except (StartupError, OSError) as error:
        return str(error) or type(error).__name__
    finally:
        if _asked:  # once the pool has got the outcome: it would wait for another job
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        _busy = False


def _tell(case: str) -> None:
    if _ended is not None:
        _ended.put(case)
