"""The house model as a brain.

A plan is a generator that asks for tool calls and gets their outcomes. Each step runs the plan of the turn again from its
start and feeds it the outcomes there are; the first call without one is the next step. So the house model has no state of
its own: after a crash, or after a chat model that failed half way, it goes on from what has been done.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator

from langchain_core.messages import AIMessage

from agentpay.llm.brain import BrainRequest, ToolOutcome, TurnView, Writer
from agentpay.llm.house.conversation import converse
from agentpay.llm.house.talk import Ask, Talk

_TOKENS = re.compile(r"\S+\s*")


class HouseBrain:
    name = "house"

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        talk = Talk(request.turn)
        ask = next_call(request.turn, talk, converse(talk))
        if ask is not None:
            number = len(request.turn.outcomes) + 1
            return AIMessage("", tool_calls=[{"id": f"house_{number}", "name": ask.tool, "args": ask.arguments}])
        text = talk.text()
        for token in _TOKENS.findall(text):
            write(token)
            await asyncio.sleep(0)  # lets each token leave before the next one is written
        return AIMessage(text, additional_kwargs={"memory": talk.memory})


def next_call(turn: TurnView, talk: Talk, plan: Generator[Ask, ToolOutcome, None]) -> Ask | None:
    """The first call of the plan that has not run in this turn; None when the plan is through."""
    left = list(turn.outcomes)
    try:
        ask = next(plan)
        while True:
            outcome = next((one for one in left if one.name == ask.tool), None)
            if outcome is None:
                return _by_someone_able(turn, ask)
            left.remove(outcome)
            talk.learn(outcome)
            ask = plan.send(outcome)
    except StopIteration:
        return None


def _by_someone_able(turn: TurnView, ask: Ask) -> Ask:
    """The call itself, or the handoff to an agent that has the tool."""
    if ask.tool in turn.abilities.get(turn.agent, frozenset()):
        return ask
    able = next(
        agent for agent in ("sales", "payment", "support") if ask.tool in turn.abilities.get(agent, frozenset())
    )
    return Ask(f"transfer_to_{able}", {})
