"""The house model as a brain.

A plan is a generator that asks for tool calls and gets their outcomes. Each step runs the plan of the turn again from its
start and feeds it the outcomes there are; the first call without one is the next step. So the house model has no state of
its own: after a crash, or after a chat model that failed half way, it goes on from what has been done.
"""

from __future__ import annotations

import asyncio
import re

from langchain_core.messages import AIMessage

from agentpay.llm.brain import HOUSE, BrainRequest, TurnView, Writer
from agentpay.llm.house.conversation import converse
from agentpay.llm.house.replay import Done
from agentpay.llm.house.talk import Ask, Talk

_PHRASES = re.compile(r"(?:\S+\s*){1,4}")
"""A few words a delta: each is an event that is kept, framed and sent."""


class HouseBrain:
    name = HOUSE

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        turn = request.turn
        talk, ask = replay(turn)
        made_by = {"model_name": HOUSE}
        if ask is not None:
            call = {"id": f"house_{len(turn.outcomes) + 1}", "name": ask.tool, "args": ask.arguments}
            return AIMessage("", tool_calls=[call], response_metadata=made_by)
        text = talk.text()
        for phrase in _PHRASES.findall(text):
            write(phrase)
            await asyncio.sleep(0)  # lets each leave before the next one is written
        return AIMessage(text, additional_kwargs={"memory": talk.memory, "lost": talk.lost}, response_metadata=made_by)


def replay(turn: TurnView) -> tuple[Talk, Ask | None]:
    """The talk as far as the plan has come, and its next call; None when the plan is through."""
    talk, ask, done = _through(turn, Done(turn.outcomes))
    if all(outcome.by_house for outcome in turn.outcomes):
        return talk, ask
    # A chat model began this turn: now that the plan's calls are known, each outcome goes to the one it names
    talk, ask, _ = _through(turn, Done(turn.outcomes, done.asked))
    return talk, ask


def _through(turn: TurnView, done: Done) -> tuple[Talk, Ask | None, Done]:
    talk = Talk(turn)
    for outcome in turn.outcomes:
        if outcome.ok and not outcome.by_house:
            talk.learn(outcome)
    plan = converse(talk)
    try:
        ask = next(plan)
        while True:
            outcome_of = done.take(ask)
            if outcome_of is None:
                able = _by_someone_able(turn, ask)
                if able is None:
                    talk.offer_human("by_a_person")
                return talk, able, done
            talk.learn(outcome_of)
            ask = plan.send(outcome_of)
    except StopIteration:
        return talk, None, done


def _by_someone_able(turn: TurnView, ask: Ask) -> Ask | None:
    """The call itself, or the handoff to an agent that has the tool; None where the shop's agents may not use it."""
    if ask.tool in turn.abilities.get(turn.agent, frozenset()):
        return ask
    for agent in ("sales", "payment", "support"):
        if ask.tool in turn.abilities.get(agent, frozenset()):
            return Ask(f"transfer_to_{agent}", {})
    return None
