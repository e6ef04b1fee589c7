"""One conversation, over HTTP as a customer's browser has it: the goal's wishes one after the other, until done or fed up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from agentpay.evals.scenarios.client import ServiceClient, ServiceError
from agentpay.evals.simulated.consistency import Watch
from agentpay.evals.simulated.goals import Final, Goal
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.paying import Pay
from agentpay.evals.simulated.state import Orders
from agentpay.evals.simulated.wishes import Voice

if TYPE_CHECKING:
    from agentpay.evals.graders import Graded

MOST_TURNS = 24
"""A customer writes no more than this; who needs more is lost."""


class Speaker(Protocol):
    """Who chooses the words: the goal's grammar, or a model."""

    async def next(self, seen: Seen) -> str | None:
        """The next message; None ends the conversation."""


@dataclass(slots=True)
class Played:
    """What came of a conversation."""

    goal: Goal
    reached: bool = False
    unmet: list[str] = field(default_factory=list)
    """What of the goal is not so, by the state of the shop."""
    dropped: str | None = None
    """Why the customer left early."""
    lost_at: str | None = None
    """The step that came to nothing."""
    last_question: str = ""
    turns: int = 0
    unhelpful: int = 0
    contradictions: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """Of privacy and floors."""
    error: str | None = None
    transcript: list[str] = field(default_factory=list)
    tools: list[list[dict[str, Any]]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    """Milliseconds of each turn."""
    conversation_id: str = ""
    numbers: list[str] = field(default_factory=list)
    """Numbers of orders that were made on the way."""
    graded: Graded | None = None
    """What the graders found in the database when all was over."""


class Talk:
    """A conversation under way."""

    def __init__(self, client: ServiceClient, orders: Orders, me: Voice, goal: Goal, watch: Watch) -> None:
        self.client, self.orders, self.me, self.goal, self.watch = client, orders, me, goal, watch
        self.played = Played(goal)
        self.seen = Seen()
        self.replies: list[str] = []
        self._known: set[str] = set()

    async def play(self, speaker: Speaker) -> Played:
        """To its end. What goes wrong with the service ends up in `error`."""
        played = self.played
        try:
            person = self.me.person
            who = {"external_id": person.customer} if person.signed_in and person.customer else None
            if person.signed_in and who is None:
                who = {"email": person.email, "name": person.name}
            played.conversation_id = await self.client.open(who)
            await self._look()
            while played.turns < MOST_TURNS:
                said = await speaker.next(self.seen)
                if said is None:
                    break
                await self.turn(said)
            else:
                played.dropped = played.dropped or "too many turns"
            await self._judge()
        except ServiceError as error:
            played.error = str(error)
        return played

    async def turn(self, said: str) -> None:
        """A message of the customer, its reply, and what became of it. Raises ServiceError."""
        self.played.turns += 1
        self.played.transcript.append(f"customer: {said}")
        self.watch.said(said)
        begun = time.perf_counter()
        reply = await self.client.say(self.played.conversation_id, said)
        self.played.latencies.append((time.perf_counter() - begun) * 1000)
        if reply.status not in ("completed", "interrupted"):
            raise ServiceError(f"the turn ended {reply.status}.")
        self._hear(reply.message, reply.status)
        await self._look()

    async def pay(self, wish: Pay) -> None:
        """The customer opens the link and pays with the next card."""
        checkout = self.seen.checkout
        if checkout is None:
            wish.cards.clear()  # nothing to pay: no card will help
            return
        card = wish.cards.pop(0)
        paid = await self.client.pay(checkout["url"], card)
        self.played.transcript.append(f"pays: {card} -> {paid['status']}")
        await self._announcements(wait=paid["status"] == "succeeded")
        await self._look()
        wish.late = card == "delayed" and paid["status"] == "confirmed"
        wish.paid = paid["status"] == "succeeded" or wish.late

    async def _announcements(self, *, wait: bool) -> None:
        """Messages that came by themselves; a paid order posts one."""
        for _ in range(400 if wait else 1):
            fresh = [m for m in await self.client.messages(self.played.conversation_id) if m["id"] not in self._known]
            fresh = [message for message in fresh if message["role"] == "assistant"]
            if fresh:
                for message in fresh:
                    self._hear(message, "completed")
                return
            await asyncio.sleep(0.1)

    def _hear(self, message: dict[str, Any] | None, status: str) -> None:
        self.seen.take(message, status)
        message = message or {"content": "", "blocks": [], "tool_calls": [], "agent": None, "intent": None, "id": ""}
        self._known.add(message["id"])
        self.replies.append(message["content"])
        self.watch.heard(message)
        calls = [
            {name: call[name] for name in ("name", "arguments", "status", "result")} for call in message["tool_calls"]
        ]
        self.played.tools.append(calls)
        called = "".join(f" [{call['name']}{'!' if call['status'] == 'error' else ''}]" for call in calls)
        blocks = "".join(f" <{block['type']}>" for block in message["blocks"])
        self.played.transcript.append(
            f"assistant ({message['agent']}, {message['intent']}): {message['content']}{called}{blocks}"
        )

    async def _look(self) -> None:
        """What the customer's page shows beside the reply: cart, checkout; and how the order of the goal stands."""
        seen = self.seen
        seen.conversation = await self.client.conversation(self.played.conversation_id)
        checkout_id = seen.conversation["checkout_id"]
        if checkout_id is not None and self.goal.buys:
            seen.checkout = await self.client.checkout(checkout_id)
        if self.goal.order is not None:
            seen.order = await self.orders.named(self.goal.order.number)
        self.watch.state(seen.conversation)

    async def _judge(self) -> None:
        """By what is true in the end, and by what was told."""
        played, goal = self.played, self.goal
        if any(isinstance(wish, Pay) and wish.late for wish in goal.wishes):
            await self._settled()
        agreed = await self._agree()
        placed = await self.orders.placed_in(played.conversation_id)
        order = await self.orders.named(goal.order.number) if goal.order is not None else None
        conversation = await self.client.conversation(played.conversation_id)
        final = Final(conversation, placed, order, self.replies, agreed)
        played.numbers = [each.number for each in placed]
        played.unmet = goal.check(final)
        if not played.unmet and played.dropped is not None and not goal.check_is_state:
            played.unmet = [f"left: {played.dropped}"]
        played.reached = not played.unmet
        played.contradictions, played.violations = self.watch.contradictions, self.watch.violations
        played.state = {name: conversation[name] for name in ("status", "stage", "cart")} | {
            "orders": [{"status": each.status, "total": each.total, "lines": each.lines} for each in placed]
        }

    async def _agree(self) -> bool:
        """A person of the shop agrees to the refund that waits for it, if one does."""
        waiting = [each for each in self.seen.conversation["interrupts"] if each["kind"] == "refund"]
        for interrupt in waiting:
            reply = await self.client.resume(self.played.conversation_id, interrupt, approved=True)
            self._hear(reply.message, reply.status)
        return bool(waiting)

    async def _settled(self) -> None:
        """A late payment makes its order by itself."""
        for _ in range(600):
            if await self.orders.placed_in(self.played.conversation_id):
                return
            await asyncio.sleep(0.1)
