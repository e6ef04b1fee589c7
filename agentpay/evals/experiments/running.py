"""A run's report as experiments: a dataset a suite, a run a case, the graders' findings as its feedback."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from statistics import fmean
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import requests
from langsmith import Client, aevaluate
from langsmith import schemas as ls
from langsmith.run_helpers import get_current_run_tree, traceable
from langsmith.run_trees import RunTree
from langsmith.utils import LangSmithError

from agentpay.errors import StartupError
from agentpay.evals.experiments.client import RealClient, SilentClient
from agentpay.evals.experiments.datasets import Example, Synced, sync
from agentpay.evals.experiments.examples import Case, examples_of
from agentpay.evals.experiments.masking import Masking
from agentpay.evals.scenarios import Scenario

_SHOWN = ("transcript", "tools", "nodes", "state", "found", "failures", "errors")
"""Fields of a case's detail that say how it went: the run's outputs."""
_CUSTOMER = "customer: "


class Unpublished(StartupError):
    """LangSmith did not take the run; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """`synced` and `url` are None where nothing was sent. `means`: of each feedback, over the cases that have it."""

    suite: str
    name: str
    cases: int
    findings: int
    """Pieces of feedback over all cases."""
    means: dict[str, float]
    synced: Synced | None = None
    url: str | None = None


def publish(
    report: Mapping[str, Any], scenarios: Mapping[str, Scenario], *, part: str | None = None
) -> list[Experiment]:
    """
    Every suite of a report.json that has results, as an experiment in LangSmith. `scenarios`: by case id, where cases
    have files. `part` tells datasets of one suite apart (the run's size, or the scenario file's name).

    Raises Unpublished, or StartupError where there is no key.
    """
    problems: list[str] = []
    client = RealClient(lambda error: problems.append(str(error)))
    try:
        found = [asyncio.run(_experiment(client, report, suite, scenarios, part)) for suite in _with_results(report)]
        if not client.settle(sum(each.findings for each in found)):
            problems.append("it took too long")
    except (LangSmithError, requests.RequestException) as error:
        raise Unpublished(f"LangSmith did not take the run: {error}") from error
    finally:
        client.cleanup()
    if problems:
        raise Unpublished(f"LangSmith did not take all of the run: {problems[0]}")
    return found


def rehearse(report: Mapping[str, Any], scenarios: Mapping[str, Scenario]) -> list[Experiment]:
    """The same on this machine alone: not one connection is opened."""
    client = SilentClient()
    return [asyncio.run(_experiment(client, report, suite, scenarios, None)) for suite in _with_results(report)]


def _with_results(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [suite for suite in report["suites"] if _played(suite)]


def _played(suite: Mapping[str, Any]) -> list[Case]:
    """Its cases, but for those that were skipped."""
    return [case for case in suite.get("results", ()) if case["passed"] is not None]


async def _experiment(
    client: Client,
    report: Mapping[str, Any],
    suite: Mapping[str, Any],
    scenarios: Mapping[str, Scenario],
    part: str | None,
) -> Experiment:
    silent = isinstance(client, SilentClient)
    cases = _played(suite)
    told = {case["id"]: _told(case, scenarios.get(case["id"])) for case in cases}
    examples = examples_of(cases, scenarios)
    synced: Synced | None = None
    if silent:
        rows = [_local(suite["name"], example) for example in examples]
    else:
        name = "/".join(filter(None, ("agentpay", suite["name"], part)))
        synced = sync(client, name, f"The cases of AgentPay's suite {suite['name']}.", examples)
        stored = {row.id: row for row in client.list_examples(dataset_id=synced.dataset.id)}
        rows = [stored[synced.ids[example.id]] for example in examples]

    @traceable(name="case")
    async def played(inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = told[inputs["id"]].outputs
        if (tree := get_current_run_tree()) is not None:
            _turns(tree, outputs)
        return outputs

    def graders(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"results": told[inputs["id"]].feedback}

    # aevaluate prints, and draws a bar: stdout belongs to the report, and the bar would be the second one
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        results = await aevaluate(
            played,
            data=rows,
            evaluators=[graders],
            experiment_prefix=f"agentpay-{suite['name']}",
            metadata={
                key: value for key, value in report.get("run", {}).items() if isinstance(value, str | int | float)
            },
            client=client,
            upload_results=not silent,
            disable_evaluator_tracing=True,
        )
        found = [row async for row in results]
    return Experiment(
        suite=suite["name"],
        name=results.experiment_name,
        cases=len(found),
        findings=sum(len(each.feedback) for each in told.values()),
        means=_means(found),
        synced=synced,
        url=None if silent else results.url,
    )


def _local(suite: str, example: Example) -> ls.Example:
    dataset = uuid5(NAMESPACE_URL, f"agentpay:{suite}")
    return ls.Example(
        id=uuid5(dataset, example.id),
        dataset_id=dataset,
        inputs=example.inputs,
        outputs=example.outputs,
        metadata=example.metadata,
        created_at=datetime.now(UTC),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a case, with personal data masked."""

    outputs: dict[str, Any]
    feedback: list[dict[str, Any]]


def _told(case: Case, scenario: Scenario | None) -> _Told:
    who = scenario.model_dump(mode="json", include={"customer", "given"}) if scenario is not None else None
    masking = Masking(case["id"], case["detail"], who)
    outputs = {key: case["detail"][key] for key in _SHOWN if key in case["detail"]}
    return _Told(masking.masked({"passed": case["passed"], **outputs}), masking.masked(_feedback(case)))


def _turns(tree: RunTree, outputs: Mapping[str, Any]) -> None:
    """A run for each turn, and in it one for each tool: what took place, in order. How long it took is feedback."""
    said: list[list[str]] = []
    for line in outputs.get("transcript", ()):
        if line.startswith(_CUSTOMER) or not said:
            said.append([])
        said[-1].append(line)
    lines: list[str]
    tools: list[dict[str, Any]]
    for n, (lines, tools) in enumerate(zip_longest(said, outputs.get("tools", ()), fillvalue=[]), 1):
        heard = [line.removeprefix(_CUSTOMER) for line in lines if line.startswith(_CUSTOMER)]
        answers = [line for line in lines if not line.startswith(_CUSTOMER)]
        turn = tree.create_child(f"turn {n}", "chain", inputs={"customer": "\n".join(heard)})
        turn.post()
        for call in tools:
            tool = turn.create_child(call["name"], "tool", inputs=call["arguments"] or {})
            tool.post()
            tool.end(outputs={"status": call["status"], "result": call["result"]})
            tool.patch()
        turn.end(outputs={"assistant": "\n".join(answers)})
        turn.patch()


def _feedback(case: Case) -> list[dict[str, Any]]:
    """Whether it passed, each grader's finding, and what was measured."""
    failed = case["detail"].get("failures") or case["detail"].get("errors") or ()
    found: dict[str, dict[str, Any]] = {
        "passed": {"score": float(case["passed"]), "comment": "\n".join(map(str, failed)) or None},
        **{key: {"score": value} for key, value in case["measures"].items()},
        **{f"{key}_ms": {"score": value} for key, value in case["times"].items()},
    }
    for key, grade in case["detail"].get("grades", {}).items():
        score = grade["score"]
        found[key] = {"score": None if score is None else float(score), "comment": grade["comment"] or None}
    return [{"key": key, **value} for key, value in found.items()]


def _means(rows: Sequence[Any]) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for result in row["evaluation_results"]["results"]:
            if result.score is not None:
                scores[result.key].append(float(result.score))
    return {key: round(fmean(values), 4) for key, values in scores.items()}
