"""All graders over one ended conversation."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agentpay.evals.graders.cost import Cost
from agentpay.evals.graders.grounded import Grounded
from agentpay.evals.graders.judge import Judge, chat_model, configured
from agentpay.evals.graders.policy import Policy
from agentpay.evals.graders.protocol import Grade, Grader
from agentpay.evals.graders.reading import Connection, connected, read_record
from agentpay.evals.graders.record import Record, Wanted
from agentpay.evals.graders.state import SoundState, WantedState
from agentpay.evals.graders.trajectory import GraphPath, Trajectories
from agentpay.evals.masking import masked

if TYPE_CHECKING:
    from agentpay.evals.report import Case
    from agentpay.evals.scenarios import Scenario, ScenarioResult, StoreFacts
    from agentpay.evals.service import RunningService


@dataclass(slots=True)
class Graded:
    record: Record
    grades: list[Grade] = field(default_factory=list)

    @property
    def failed(self) -> list[Grade]:
        return [grade for grade in self.grades if grade.failed]

    def into(self, case: Case) -> None:
        """Adds what was found to a report's case. Does not change whether it passed."""
        case.detail["nodes"] = [turn.nodes for turn in self.record.turns]
        case.detail["grades"] = {
            grade.key: {"score": grade.score, "comment": masked(grade.comment)}
            for grade in self.grades
            if grade.unit != "ms"
        }
        case.measures |= self.measures
        case.times |= self.times

    @property
    def measures(self) -> dict[str, float]:
        """Every score that is known, by key, as `Case.measures` holds it; what depends on the clock is in `times`."""
        return {g.key: float(g.score) for g in self.grades if g.score is not None and g.unit != "ms"}

    @property
    def times(self) -> dict[str, float]:
        return {g.key: float(g.score) for g in self.grades if g.score is not None and g.unit == "ms"}


class Grading:
    """Grades conversations of one service. Made by `grading`."""

    def __init__(self, connection: Connection, graders: Sequence[Grader], judge: Judge | None, pid: int) -> None:
        self._connection = connection
        self._graders = graders
        self._judge = judge
        self._pid = pid
        self._burnt = _processor_ms(pid)

    async def grade(self, conversation_id: str, wanted: Wanted | None = None) -> Graded:
        """Reads the conversation and grades it. Raises NoRecord where there is none."""
        from langsmith.run_helpers import tracing_context

        wanted = wanted or Wanted()
        expected = [wanted.finally_, *(expect for _, expect in wanted.turns)]
        record = await read_record(
            self._connection,
            conversation_id,
            orders=[name for expect in expected for name in expect.orders or ()],
            variants=[name for expect in expected for name in expect.stock or ()],
        )
        record.wanted = wanted
        graded = Graded(record)
        with tracing_context(enabled=False):  # agentevals and openevals trace what they do, wherever that would go
            for grader in self._graders:
                graded.grades += grader.grade(record)
            if self._judge is not None:
                graded.grades += await self._judge.grade(record)
        return graded

    async def grade_scenario(self, scenario: Scenario, result: ScenarioResult, facts: StoreFacts) -> Graded:
        """The conversation that a scenario was played in, held against what its author expects.

        What the service's process burnt since the scenario before counts as this one's: they are played one at a time.
        """
        before, self._burnt = self._burnt, _processor_ms(self._pid)
        played = [turn.id for turn in result.turns] + [None] * len(scenario.turns)  # it may have broken off
        turns = [(id, step.expect) for id, step in zip(played, scenario.turns, strict=False)]
        graded = await self.grade(result.state["id"], Wanted(turns, scenario.finally_, facts))
        if before is not None and self._burnt is not None:
            graded.grades.append(Grade("processor", self._burnt - before, unit="ms", binding=False))
        return graded


@asynccontextmanager
async def grading(service: RunningService, *, model: str | None = None) -> AsyncIterator[Grading]:
    """
    Over the service's own database. `model` is who plays the agent, for its price.

    The judge is the one that AGENTPAY_JUDGE_MODEL names; raises JudgeUnavailable where that is no model.
    """
    name = configured()
    judge = Judge(chat_model(name)) if name is not None else None
    graders: list[Grader] = [
        SoundState(),
        WantedState(),
        Trajectories(),
        GraphPath(),
        Grounded(),
        Policy(),
        Cost(model),
    ]
    async with connected(service.database_url) as connection:
        yield Grading(connection, graders, judge, service.pid)


def _processor_ms(pid: int) -> float | None:
    """User and system time of a process so far; None where the system does not tell (it is no Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) * 1000.0 / os.sysconf("SC_CLK_TCK")
