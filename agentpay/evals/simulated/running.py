"""Opens the shop, lets its customers come, several at a time, and turns what came of them into cases."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import psycopg

from agentpay.evals.graders import grading
from agentpay.evals.masking import masked, masked_data
from agentpay.evals.report import Case
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.service import RunningService, own_service
from agentpay.evals.simulated import invariants
from agentpay.evals.simulated.consistency import Secrets, Watch
from agentpay.evals.simulated.goals import Customer, cast
from agentpay.evals.simulated.people import Person
from agentpay.evals.simulated.speaking import Grammar
from agentpay.evals.simulated.state import Orders
from agentpay.evals.simulated.talking import Played, Speaker, Talk
from agentpay.evals.simulated.world import World

AT_ONCE = 6
"""Conversations under way, where nothing else is said."""
Advance = Callable[[str], None]
MakeSpeaker = Callable[[Talk], Speaker]


@dataclass(slots=True)
class Run:
    """What came of all conversations, in the plan's order, and of the shop in the end."""

    played: list[Played] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """Of money and stock, by the shop's database."""


def run(
    store: Path,
    count: int,
    seed: int,
    *,
    parallel: int = AT_ONCE,
    model: str | None = None,
    agent: dict[str, Any] | None = None,
    data: Path | None = None,
    make_speaker: MakeSpeaker = Grammar,
    advance: Advance = lambda id: None,
    only: Sequence[str] = (),
) -> Run:
    """All of it, in a shop of its own. Raises StartupError, ImportProblems."""
    world = World(store)
    crowd = [each for each in cast(world, count, seed) if not only or each.goal.kind in only or each.goal.id in only]
    with tempfile.TemporaryDirectory(prefix="agentpay-eval-") as folder:
        file = world.write(Path(folder))
        with own_service(file, model=model, agent=agent, seed=seed, data=data) as service:
            return asyncio.run(
                play_all(
                    world, crowd, service, parallel=parallel, model=model, make_speaker=make_speaker, advance=advance
                )
            )


async def play_all(
    world: World,
    crowd: Sequence[Customer],
    service: RunningService,
    *,
    parallel: int = AT_ONCE,
    model: str | None = None,
    make_speaker: MakeSpeaker = Grammar,
    advance: Advance = lambda id: None,
) -> Run:
    """The conversations, some at a time; then the books are gone through, and each is graded as the database has it."""
    people = [each.voice.person for each in crowd]
    secrets, waiting, done = Secrets(world, people), list(enumerate(crowd))[::-1], dict[int, Played]()
    shop = UUID(service.organization_id)
    begun = await invariants.stock(service.database_url, shop)

    async def work() -> None:
        connection = await psycopg.AsyncConnection.connect(service.database_url, autocommit=True)
        async with connection, ServiceClient(service.base_url, service.secret_key) as client:
            while waiting:
                number, customer = waiting.pop()
                watch = Watch(world, secrets, customer.voice.person)
                talk = Talk(client, Orders(connection, shop), customer.voice, customer.goal, watch)
                done[number] = await talk.play(make_speaker(talk))
                advance(customer.goal.id)

    async with asyncio.TaskGroup() as group:
        for _ in range(parallel):
            group.create_task(work())
    violations = await invariants.check(service.database_url, shop, world, begun)
    async with grading(service, model=model) as graders:
        for played in done.values():
            if played.conversation_id:
                played.graded = await graders.grade(played.conversation_id)
    return Run([done[number] for number in range(len(crowd))], people, violations)


def case(played: Played, who: Person) -> Case:
    """A conversation as the report has it: nothing in it differs between two runs of a seed but `times`."""
    goal = played.goal
    failed = played.graded.failed if played.graded is not None else []
    passed = played.reached and played.error is None and not (played.contradictions or played.violations or failed)
    detail: dict[str, Any] = {
        "goal": goal.brief,
        "kind": goal.kind,
        "servable": goal.servable,
        "customer": who.description,
    }
    left = {"lost_at": played.lost_at, "dropped": played.dropped, "error": played.error}
    detail |= {name: value for name, value in left.items() if value}
    detail["transcript"] = [_masked(line, played) for line in played.transcript]
    if not passed:
        wrong = [("goal", goal.brief, each) for each in played.unmet]
        wrong += [("contradiction", "one answer", each) for each in played.contradictions]
        wrong += [("privacy", "nothing of others, no floor", each) for each in played.violations]
        wrong += [("service", "an answer", played.error)] if played.error else []
        wrong += [(grade.key, "holds", grade.comment) for grade in failed]
        said = next((line for line in reversed(played.transcript) if line.startswith("customer: ")), "")
        detail["failures"] = [
            {
                "turn": played.turns,
                "said": said.removeprefix("customer: "),
                "check": check,
                "expected": expected,
                "got": _masked(got, played),
            }
            for check, expected, got in wrong
        ]
        detail["last_question"] = _masked(played.last_question, played)
        detail["tools"] = [masked_data(turn) for turn in played.tools]
        detail["state"] = masked_data(played.state)
    measures = {
        "reached": float(played.reached),
        "violations": float(len(played.violations)),
        "turns": float(played.turns),
        "unhelpful": float(played.unhelpful),
        "contradictions": float(len(played.contradictions)),
    }
    times = {}
    if played.latencies:
        ordered = sorted(played.latencies)
        times = {"turn_p50": median(ordered), "turn_max": ordered[-1], "whole": sum(ordered)}
    found = Case(goal.id, passed, detail, measures, times)
    if played.graded is not None:
        played.graded.into(found)
    return found


def _masked(text: str, played: Played) -> str:
    for number in played.numbers:
        text = text.replace(number, "(number)")
    return masked(text)
