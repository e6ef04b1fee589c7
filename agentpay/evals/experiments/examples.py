"""What a case of a report is about, as an example of a dataset: from the scenario's file where it has one, else from the case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentpay.evals.data import SCENARIO_FILES
from agentpay.evals.experiments.datasets import Example
from agentpay.evals.experiments.masking import Masking
from agentpay.evals.scenarios import Scenario, load_scenarios

Case = Mapping[str, Any]
"""One of a report.json's `results` (`agentpay.evals.report.Case`)."""
_SAID = "customer: "
_ASKED = ("text", "query", "goal", "persona", "shop", "said", "attack", "buyer", "task")
_EXPECTED = ("intents", "expected", "relevant")
"""Fields of a case's detail that say what was asked, and what is right."""


def scenarios_of(files: Iterable[Path], *, named: bool) -> dict[str, Scenario]:
    """By case id: `file/scenario` as in `eval all` (`named`), or the scenario's own."""
    return {
        f"{file.stem}/{scenario.id}" if named else scenario.id: scenario
        for file in files
        for scenario in load_scenarios(file)
    }


def packaged_scenarios() -> dict[str, Scenario]:
    return scenarios_of(sorted(SCENARIO_FILES.glob("*.yaml")), named=True)


def examples_of(cases: Sequence[Case], scenarios: Mapping[str, Scenario]) -> list[Example]:
    """In the order of the cases, with personal data masked."""
    return [
        of_scenario(case["id"], scenarios[case["id"]]) if case["id"] in scenarios else of_case(case) for case in cases
    ]


def of_scenario(id: str, scenario: Scenario) -> Example:
    """Inputs: who the customer is and what they do. Outputs: what is expected of each turn, and in the end."""
    whole = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    masking = Masking(id, whole)
    whole.pop("given", None)
    told = masking.masked(whole)
    turns = [{key: value for key, value in turn.items() if key != "expect"} for turn in told["turns"]]
    outputs = {"turns": [turn.get("expect", {}) for turn in told["turns"]], "finally": told.get("finally", {})}
    return Example(id, {"id": id, "customer": told.get("customer"), "turns": turns}, outputs, {"kind": "scenario"})


def of_case(case: Case) -> Example:
    detail = case.get("detail", {})
    inputs = {"id": case["id"], **{key: detail[key] for key in _ASKED if key in detail}}
    outputs = {key: detail[key] for key in _EXPECTED if key in detail}
    return Example(case["id"], Masking(case["id"], inputs).masked(inputs), outputs, {"kind": "case"})
