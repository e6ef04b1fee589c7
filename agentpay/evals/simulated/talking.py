"""One conversation, over HTTP as a customer's browser has it: the goal's wishes one after the other, until done or fed up."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentpay.evals.scenarios.client import ServiceClient, ServiceError
from agentpay.evals.simulated.answering import answer
from agentpay.evals.simulated.consistency import Watch
from agentpay.evals.simulated.goals import Final, Goal
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.paying import Pay
from agentpay.evals.simulated.saying import joined
from agentpay.evals.simulated.state import Orders
from agentpay.evals.simulated.typing_habits import dressed, typed
from agentpay.evals.simulated.wishes import Chat, Voice, Wish

MOST_TURNS = 24
"""A customer writes no more than this; who needs more is lost."""


_OFTEN = 2
"""The same question in the same words is answered so many times."""


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
        if checkout is None or not wish.cards:
            wish.failed = "there was nothing to pay"
            return
        card = wish.cards.pop(0)
        paid = await self.client.pay(checkout["url"], card)
        self.played.transcript.append(f"pays: {card} -> {paid['status']}")
        await self._announcements(wait=paid["status"] == "succeeded")
        await self._look()
        wish.paid = paid["status"] == "succeeded" or (card == "delayed" and paid["status"] == "confirmed")

    async def _announcements(self, *, wait: bool) -> None:
        """Messages that came by themselves; a paid order posts one."""
        import asyncio

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
        if any(isinstance(wish, Pay) and "delayed" in wish.name for wish in goal.wishes):
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
        import asyncio

        for _ in range(100):
            if await self.orders.placed_in(self.played.conversation_id):
                return
            await asyncio.sleep(0.1)


class Customer:
    """A goal's stack of wishes, said in the customer's own way."""

    def __init__(self, talk: Talk) -> None:
        self.talk, self.me, self.played = talk, talk.me, talk.played
        self._waiting: list[Wish] = list(talk.goal.wishes)
        self._unhelpful = 0
        self._answered: Counter[tuple[int, str, str]] = Counter()
        self._mark: object = None
        self._top: Wish | None = None
        self._over = False

    async def next(self, seen: Seen) -> str | None:
        if self._over:
            return None
        progressed = await self._settle(seen)
        wish = self._waiting[0] if self._waiting else None
        if wish is None:
            return self._farewell()
        if self.played.turns and not self._bears(wish, seen, progressed):
            return self._leave(wish, f"{self._unhelpful} replies did not help")
        if seen.handed_off:  # a person of the shop writes now, and there is none here
            return self._leave(wish, "handed over to a person")
        return await self._words(wish, seen)

    async def _settle(self, seen: Seen) -> bool:
        """Takes what is done off the stack, and pays where paying is due."""
        progressed = False
        for wish in self._waiting:
            if wish.tries:  # said beside another one: its answer may be in this reply
                wish.done(seen)
        while self._waiting:
            wish = self._waiting[0]
            if wish.done(seen):
                self._waiting.pop(0)
                progressed = True
            elif isinstance(wish, Pay) and wish.cards and not wish.to_ask:
                await self.talk.pay(wish)
                wish.to_ask = wish.asks_after and not wish.paid
                progressed = True
            else:
                break
        return progressed

    def _bears(self, wish: Wish, seen: Seen, progressed: bool) -> bool:
        """Whether the customer goes on: replies that bring them no nearer wear their patience."""
        mark = (wish.mark(seen), self._new_question(wish, seen))
        if progressed or wish is not self._top or mark[0] != self._mark or mark[1]:
            self._unhelpful = 0
        else:
            self._unhelpful += 1
            self.played.unhelpful += 1
        self._top, self._mark = wish, mark[0]
        return self._unhelpful < self.me.person.patience

    def _new_question(self, wish: Wish, seen: Seen) -> bool:
        asks = [ask for ask in seen.asks if ask not in ("more", "human")]
        return any(not self._answered[id(wish), ask, seen.text] for ask in asks)

    async def _words(self, wish: Wish, seen: Seen) -> str | None:
        found = answer(self.me, wish, seen) if self.played.turns and wish.tries else None
        if found is not None and self._answered[id(wish), found[0], seen.text] < _OFTEN:
            self._answered.update((id(wish), ask, seen.text) for ask in seen.asks)
            return self._typed(found[1])
        text = wish.say(self.me, seen)
        wish.tries += 1
        if text is None:
            return await self._give_up(wish, seen)
        follower = self._waiting[1] if len(self._waiting) > 1 else None
        if follower is not None and self._joins(wish, follower):
            more = follower.say(self.me, seen)
            follower.tries += 1
            if more is not None:
                text = joined(text, more, self.me.rng.choice((".", " and", ". Also,", ".")))
        return self._typed(text)

    def _joins(self, wish: Wish, follower: Wish) -> bool:
        """Whether two wishes go into one message."""
        both = wish.tries == 1 and follower.tries == 0 and follower.name in ("code", "shipping question", "fact")
        return both and "two_wishes" in self.me.person.habits and wish.name in ("cart", "fact", "shipping question")

    async def _give_up(self, wish: Wish, seen: Seen) -> str | None:
        wish.lost = True
        if not wish.optional:
            return self._leave(wish, f"gave up after {wish.tries - 1} tries")
        self._waiting.pop(0)
        self.played.lost_at = self.played.lost_at or wish.name
        await self._settle(seen)
        return await self._words(self._waiting[0], seen) if self._waiting else self._farewell()

    def _leave(self, wish: Wish, why: str) -> str | None:
        wish.lost = True
        self.played.dropped, self.played.lost_at = why, wish.name
        self.played.last_question = self.talk.seen.question or self.talk.seen.text[-200:]
        self._over = True
        return None

    def _farewell(self) -> str | None:
        self._over = True
        last = self.talk.goal.wishes[-1]
        if isinstance(last, Chat) or self.talk.seen.handed_off or not self.me.person.chance(0.4):
            return None
        return typed(self.me.person, self.me.say("thanks"))

    def _typed(self, text: str) -> str:
        first = self.played.turns == 0
        return typed(self.me.person, dressed(self.me.person, text, first=first), keep=self._copied())

    def _copied(self) -> list[str]:
        person = self.me.person
        addresses = [person.address, *(wish.address for wish in self.talk.goal.wishes if wish.address is not None)]
        return [person.name, *(f"{each.line1} {each.city} {each.region} {each.postal_code}" for each in addresses)]
