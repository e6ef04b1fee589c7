"""Scenario files, each over a shop of its own; conversations of one file in order, as the file's author wrote them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentpay.evals.data import SCENARIO_FILES, store_of
from agentpay.evals.graders import grading
from agentpay.evals.masking import masked, masked_data
from agentpay.evals.report import Case
from agentpay.evals.scenarios import ScenarioResult, ScenarioRunner, load_facts, load_scenarios
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.scenarios.given import furnished
from agentpay.evals.service import own_service
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit
from agentpay.evals.timing import spread

_FAST = ("nursery",)
_FIRST = ("_aside", "_more", "_support", "_fresh")
"""Ends of the names of a shop's later files: a sample has each shop's first one."""
_START = 10.0
_TURN = 0.5


class Scenarios:
    name = "scenarios"

    def missing(self, terms: Terms) -> str | None:
        return None if self._files(terms) else f"{SCENARIO_FILES} holds no scenario file."

    def units(self, terms: Terms) -> list[Unit]:
        found = []
        for file in self._files(terms):
            scenarios = load_scenarios(file)
            turns = sum(len(scenario.turns) for scenario in scenarios)
            cases = tuple(f"{file.stem}/{scenario.id}" for scenario in scenarios)
            found.append(Unit(file.stem, cases, _START + _TURN * turns))
        return found

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        file = SCENARIO_FILES / f"{unit.id}.yaml"
        store = store_of(file)
        scenarios = load_scenarios(file)
        with (
            furnished(store, scenarios) as shop,
            own_service(shop, model=terms.model, data=terms.scratch, agent=terms.agent, seed=terms.seed) as service,
        ):

            async def work() -> list[Case]:
                cases = []
                async with (
                    ServiceClient(service.base_url, service.secret_key, mode="sse") as client,
                    grading(service, model=terms.model) as graders,
                ):
                    runner = ScenarioRunner(client, load_facts(store), graders)
                    for scenario in scenarios:
                        result = await runner.run(scenario)
                        cases.append(case_of(f"{file.stem}/{scenario.id}", result))
                        advance(cases[-1].id)
                return cases

            return Outcome(asyncio.run(work()))

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        cases = [case for outcome in outcomes for case in outcome.cases]
        checks = Counter(failure["check"] for case in cases for failure in case.detail["failures"])
        return {"failed_checks": dict(sorted(checks.items()))}

    def _files(self, terms: Terms) -> list[Path]:
        files = sorted(SCENARIO_FILES.glob("*.yaml"))
        if terms.size == "full":
            return files
        firsts = [file for file in files if not file.stem.endswith(_FIRST)]
        return [file for file in firsts if file.stem in _FAST] if terms.size == "fast" else firsts


def case_of(id: str, result: ScenarioResult) -> Case:
    """A conversation as a report holds it: what two runs say alike, and its times apart."""
    said = [turn for turn in result.turns if turn.elapsed_ms is not None]
    detail: dict[str, Any] = {
        "failures": masked_data([failure.data() for failure in result.failures]),
        "transcript": [masked(line) for line in result.transcript],
        "tools": [
            masked_data(
                [
                    {key: call[key] for key in ("name", "arguments", "status", "result")}
                    for message in turn.messages
                    for call in message["tool_calls"]
                ]
            )
            for turn in result.turns
        ],
        "state": masked_data(result.state),
    }
    usage: Counter[str] = Counter()
    for turn in said:
        usage.update({key: value for key, value in turn.usage.items() if isinstance(value, int)})
    times = spread("turn", [turn.elapsed_ms for turn in said if turn.elapsed_ms is not None])
    times |= spread("first_text", [turn.first_text_ms for turn in said if turn.first_text_ms is not None])
    measures = {"turns": float(len(said)), **{key: float(value) for key, value in sorted(usage.items())}}
    case = Case(id, result.passed, detail, measures, {**times, "whole": round(result.seconds * 1000, 1)})
    if result.graded is not None:
        result.graded.into(case)
    return case
