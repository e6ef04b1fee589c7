"""Runs scenarios, one conversation each, and keeps what was said."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentpay.evals.scenarios.checks import Mismatch, Observation, check
from agentpay.evals.scenarios.client import Reply, ServiceClient, ServiceError
from agentpay.evals.scenarios.models import Expect, Scenario, Step
from agentpay.evals.scenarios.store import StoreFacts

if TYPE_CHECKING:
    from agentpay.evals.graders import Graded, Grading

SETTLE_SECONDS = 60.0
"""How long a check waits at most while a delayed payment is under way; it settles by webhook, on a busy machine late."""
_UNDER_WAY = ("confirming", "confirmed")
ANNOUNCE_SECONDS = 5.0
"""How long the message that a payment or an approval posts by itself is waited for."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`turn` counts from 1; 0 is `finally`."""

    turn: int
    said: str
    mismatch: Mismatch

    def __str__(self) -> str:
        where = f"turn {self.turn} ({self.said})" if self.turn else "finally"
        return f"{where}: {self.mismatch}"

    def data(self) -> dict[str, Any]:
        return {
            "turn": self.turn,
            "said": self.said,
            "check": self.mismatch.check,
            "expected": self.mismatch.expected,
            "got": self.mismatch.got,
        }


@dataclass(slots=True)
class Turn:
    """One turn: what the outside did, the messages that came of it (CONTRACT §2), what it took."""

    said: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    """Tokens by kind; {} where no model was asked or the replies were not streamed."""
    elapsed_ms: float | None = None
    """None where it was no message to the agents."""
    first_text_ms: float | None = None
    id: str | None = None
    """The service's own; None where it was no message to the agents."""


@dataclass(slots=True)
class ScenarioResult:
    id: str
    failures: list[Failure] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    """Lines `customer: …` and `assistant (sales): … [product_search] <product_list>`."""
    seconds: float = 0.0
    turns: list[Turn] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    """The conversation as it ended (CONTRACT §2), {} where it was never opened."""
    graded: Graded | None = None
    """What the graders found; None where they were not asked. What of it fails is among the failures."""

    @property
    def passed(self) -> bool:
        return not self.failures


class ScenarioRunner:
    """
    `facts` are of the store file that the service's shop was imported from. `grading` looks at each conversation when it
    has ended; without it `trajectory` and `nodes` cannot be checked, and a scenario that has them fails.
    """

    def __init__(self, client: ServiceClient, facts: StoreFacts, grading: Grading | None = None) -> None:
        self._client = client
        self._facts = facts
        self._grading = grading

    async def run(self, scenario: Scenario) -> ScenarioResult:
        """Never raises for what the service does: that is a failure of the scenario."""
        started = time.monotonic()
        result = ScenarioResult(scenario.id)
        run = _Run(self._client, self._facts, result)
        turn, said = 0, "opening the conversation"
        try:
            customer = scenario.customer.model_dump(exclude_none=True) if scenario.customer else None
            run.conversation_id = await self._client.open(customer)
            for turn, step in enumerate(scenario.turns, 1):
                said = str(step)
                await run.step(turn, step)
            turn, said = 0, "finally"
            await run.verify(turn, said, scenario.finally_)
        except ServiceError as error:
            result.failures.append(Failure(turn, said, Mismatch("service", "an answer", str(error))))
        await run.end()
        result.seconds = time.monotonic() - started
        await self._grade(scenario, result)
        return result

    async def _grade(self, scenario: Scenario, result: ScenarioResult) -> None:
        if self._grading is not None and result.state:
            result.graded = await self._grading.grade_scenario(scenario, result, self._facts)
            for grade in result.graded.failed:
                result.failures.append(Failure(0, "finally", Mismatch(grade.key, "holds", grade.comment)))
        elif self._grading is None and scenario.needs_graders:
            result.failures.append(Failure(0, "finally", Mismatch("trajectory", "a database to read it from", None)))


class _Run:
    """One conversation under way."""

    def __init__(self, client: ServiceClient, facts: StoreFacts, result: ScenarioResult) -> None:
        self.client = client
        self.facts = facts
        self.result = result
        self.conversation_id = ""
        self.messages: list[dict[str, Any]] = []
        self.known: set[str] = set()
        self.last_product_list: dict[str, Any] | None = None
        self.order_ids: list[str] = []
        self.settling = False

    async def step(self, turn: int, step: Step) -> None:
        said = str(step)
        self.result.transcript.append(f"customer: {said}")
        self.result.turns.append(Turn(said))
        if step.say is not None:
            self._take(turn, said, await self.client.say(self.conversation_id, step.say))
        elif step.pay is not None:
            await self._pay(step)
        elif not await self._approve(turn, said, step):
            return
        await self.verify(turn, said, step.expect)

    def _take(self, turn: int, said: str, reply: Reply) -> None:
        for fault in reply.faults:
            self._fail(turn, said, Mismatch("stream", "CONTRACT §2, Events", fault))
        if reply.status not in ("completed", "interrupted"):
            self._fail(turn, said, Mismatch("turn", "completed", reply.status))
        seen = self.result.turns[-1]
        seen.id = reply.turn_id
        seen.usage, seen.elapsed_ms, seen.first_text_ms = reply.usage, reply.elapsed_ms, reply.first_text_ms
        self._hear([reply.message] if reply.message is not None else [])

    def _hear(self, messages: list[dict[str, Any]]) -> None:
        self.messages = [message for message in messages if message["role"] != "customer"]
        self.result.turns[-1].messages += self.messages
        for message in self.messages:
            self.known.add(message["id"])
            tools = "".join(
                f" [{call['name']}{'!' if call['status'] == 'error' else ''}]" for call in message["tool_calls"]
            )
            blocks = "".join(f" <{block['type']}>" for block in message["blocks"])
            who = f"{message['role']} ({message['agent']}, {message['intent']})"
            self.result.transcript.append(f"{who}: {message['content']}{tools}{blocks}")
            for block in message["blocks"]:
                if block["type"] == "product_list":
                    self.last_product_list = block

    async def _pay(self, step: Step) -> None:
        checkout_id = (await self.client.conversation(self.conversation_id))["checkout_id"]
        if checkout_id is None:
            raise ServiceError("There is no checkout to pay.")
        for message in await self.client.messages(self.conversation_id):
            self.known.add(message["id"])
        checkout = await self.client.checkout(checkout_id)
        assert step.pay is not None
        paid = await self.client.pay(checkout["url"], step.pay)
        self.settling = self.settling or step.pay == "delayed"
        self.result.transcript.append(f"processor: {paid['status']} {paid['failure'] or ''}".rstrip())
        self._hear([])
        if paid["status"] == "succeeded" or step.expect.of_reply:
            self._hear(await self._announced())

    async def _announced(self) -> list[dict[str, Any]]:
        """Messages that came by themselves; waits for the first."""
        deadline = time.monotonic() + ANNOUNCE_SECONDS
        while True:
            messages = await self.client.messages(self.conversation_id)
            fresh = [message for message in messages if message["id"] not in self.known]
            if fresh or time.monotonic() > deadline:
                return fresh
            await asyncio.sleep(0.05)

    async def _approve(self, turn: int, said: str, step: Step) -> bool:
        waiting = (await self.client.conversation(self.conversation_id))["interrupts"]
        if not waiting:
            self._fail(turn, said, Mismatch("approve", "something that waits for a person", []))
            return False
        assert step.approve is not None
        reply = await self.client.resume(self.conversation_id, waiting[-1], approved=step.approve)
        self._take(turn, said, reply)
        return True

    async def verify(self, turn: int, said: str, expect: Expect) -> None:
        """Check, again and again while a delayed payment is under way and may change what is true."""
        deadline = time.monotonic() + (SETTLE_SECONDS if self.settling and turn == 0 else 0.0)
        while True:
            seen = await self._observe(expect)
            found = check(expect, seen, self.facts)
            settled = seen.checkout is None or seen.checkout["status"] not in _UNDER_WAY
            if not found or settled or time.monotonic() >= deadline:
                break
            await asyncio.sleep(0.25)
        for mismatch in found:
            self._fail(turn, said, mismatch)

    async def _observe(self, expect: Expect) -> Observation:
        conversation = await self.client.conversation(self.conversation_id)
        checkout = None
        if conversation["checkout_id"] is not None:
            checkout = await self.client.checkout(conversation["checkout_id"])
            if checkout["order_id"] is not None and checkout["order_id"] not in self.order_ids:
                self.order_ids.append(checkout["order_id"])
        placed = [await self.client.order(order_id) for order_id in self.order_ids]
        return Observation(
            messages=self.messages,
            conversation=conversation,
            last_product_list=self.last_product_list,
            checkout=checkout,
            order=placed[-1] if placed else None,
            orders={name: await self.client.order_named(name) for name in expect.orders or ()},
            placed=placed,
            stock=await self._stock(list(expect.stock or ())),
        )

    async def _stock(self, variants: list[str]) -> dict[str, int | None]:
        """On hand minus reserved; what the shop does not have is left out."""
        found: dict[str, int | None] = {}
        for name in variants:
            product = await self.client.product_named(self.facts.product_of.get(name, name))
            for variant in product["variants"] if product else ():
                if variant["external_id"] == name:
                    stock = variant["stock"]
                    found[name] = None if stock is None else stock["on_hand"] - stock["reserved"]
        return found

    async def end(self) -> None:
        """Keeps what the conversation came to."""
        if self.conversation_id:
            try:
                self.result.state = await self.client.conversation(self.conversation_id)
            except ServiceError as error:
                self._fail(0, "finally", Mismatch("service", "an answer", str(error)))

    def _fail(self, turn: int, said: str, mismatch: Mismatch) -> None:
        self.result.failures.append(Failure(turn, said, mismatch))
