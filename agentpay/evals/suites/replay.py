"""Recorded conversations held again: with another model, other settings or other code they come to the same, or it is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentpay.demo import STORE
from agentpay.evals.data import RECORDINGS
from agentpay.evals.masking import masked_data
from agentpay.evals.replay.holding import Held, hold
from agentpay.evals.replay.recordings import SEED, Recording, RecordingProblems, compare, load_recordings
from agentpay.evals.report import Case
from agentpay.evals.scenarios.client import ServiceClient, ServiceError
from agentpay.evals.scenarios.given import furnished
from agentpay.evals.service import own_service
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit
from agentpay.evals.timing import spread

_FAST = 4
"""Recordings of the fast part: the file's first."""
_START, _TURN = 10.0, 0.6


class Replay:
    name = "replay"

    def missing(self, terms: Terms) -> str | None:
        try:
            return None if _recordings(terms) else f"{RECORDINGS} holds no recording."
        except RecordingProblems as error:
            return str(error)

    def units(self, terms: Terms) -> list[Unit]:
        found = _recordings(terms)
        turns = sum(len(recording.turns) for recording in found)
        return [Unit("demo", tuple(f"demo/{one.id}" for one in found), _START + _TURN * turns)]

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        return Outcome(replayed(_recordings(terms), STORE, terms, advance, prefix=f"{unit.id}/"))

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        return figures([case for outcome in outcomes for case in outcome.cases])


def replayed(
    recordings: Sequence[Recording], store: Path, terms: Terms, advance: Advance, *, prefix: str = ""
) -> list[Case]:
    """Each held again, in order, in a shop of `store`. Raises StartupError, ImportProblems where there is none to be had."""
    with (
        furnished(store, [one.scenario for one in recordings]) as shop,
        own_service(shop, model=terms.model, data=terms.scratch, agent=terms.agent, seed=SEED) as service,
    ):

        async def work() -> list[Case]:
            cases = []
            async with ServiceClient(service.base_url, service.secret_key, mode="sse") as client:
                for one in recordings:
                    cases.append(await _case(client, one, f"{prefix}{one.id}"))
                    advance(cases[-1].id)
            return cases

        return asyncio.run(work())


def figures(cases: Sequence[Case]) -> dict[str, Any]:
    """How many turns went another way, and in what."""
    names = Counter(one["check"] for case in cases for one in case.detail.get("differences", ()))
    turns = {(case.id, one["turn"]) for case in cases for one in case.detail.get("differences", ())}
    return {
        "turns": int(sum(case.measures.get("turns", 0) for case in cases)),
        "turns_that_differ": len(turns),
        "differences": dict(sorted(names.items())),
    }


async def _case(client: ServiceClient, recording: Recording, id: str) -> Case:
    try:
        held = await hold(client, recording.scenario)
    except ServiceError as error:
        failure = {"turn": 0, "said": "opening the conversation", "check": "service", "expected": "an answer"}
        return Case(id, False, {"failures": masked_data([{**failure, "got": str(error)}]), "transcript": []})
    found = compare(recording, held)
    binding = [one.data() for one in found if one.binding]
    detail = {
        "failures": binding,
        "differences": [one.data() for one in found],
        "transcript": _transcript(recording, held),
        "tools": [
            masked_data(
                [
                    {key: call[key] for key in ("name", "arguments", "status", "result")}
                    for message in turn.messages
                    for call in message["tool_calls"]
                ]
            )
            for turn in held
        ],
        "state": held[-1].kept.get("state", {}),
    }
    times = spread("turn", [turn.elapsed_ms for turn in held if turn.elapsed_ms is not None])
    return Case(id, not binding, detail, {"turns": float(len(held))}, times)


def _transcript(recording: Recording, held: Sequence[Held]) -> list[str]:
    """What was said now; where it was another answer once, that one before it."""
    lines: list[str] = []
    for step, was, turn in zip(recording.scenario.turns, recording.turns, held, strict=True):
        lines.append(f"customer: {step}")
        before, now = _line(was), _line(turn.kept)
        if before != now:
            lines.append(f"recorded: {before}")
        lines.append(now)
    return lines


def _line(turn: dict[str, Any]) -> str:
    if "skipped" in turn:
        return f"not held: {turn['skipped']}"
    tools = "".join(f" [{tool}]" for tool in turn["tools"])
    return f"assistant ({turn['agent']}, {turn['intent']}): {turn['text']}{tools}"


def _recordings(terms: Terms) -> list[Recording]:
    found = load_recordings(RECORDINGS)
    return found[:_FAST] if terms.size == "fast" else found
