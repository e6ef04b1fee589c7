"""What a customer says next: the goal's wishes one after the other, until they are done or the customer has had enough."""

from __future__ import annotations

from collections import Counter

from agentpay.evals.simulated.answering import answer
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.paying import Pay
from agentpay.evals.simulated.saying import joined
from agentpay.evals.simulated.talking import Talk
from agentpay.evals.simulated.typing_habits import dressed, typed
from agentpay.evals.simulated.wishes import Chat, Wish

_OFTEN = 2
"""The same question in the same words is answered so many times."""


class Grammar:
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
