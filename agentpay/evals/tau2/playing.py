"""A real model plays the agent, τ²-bench's simulated user the customer; the state it leads to is held to the gold's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.language_models import BaseChatModel

from agentpay.evals.tau2.chat import Chat
from agentpay.evals.tau2.replay import Replayed
from agentpay.evals.tau2.shop import Shops
from agentpay.evals.tau2.state import changed
from agentpay.evals.tau2.tasks import Task, owner
from agentpay.evals.tau2.user import OPENING, SimulatedUser, is_over, spoken
from agentpay.tools.registry import TOOLS

MAX_TURNS = 30
"""Messages of the user after which a conversation has failed."""

MakeUser = Callable[[dict[str, Any]], SimulatedUser]


async def play(shops: Shops, task: Task, db: dict[str, Any], make_user: MakeUser) -> Replayed:
    """The task as a conversation in a fresh shop, with the model that the shops' settings name."""
    result = Replayed()
    async with shops.fresh() as services:
        chat = await Chat.open(services, shops.organization_id, owner(task, db))
        user = make_user(task.instructions)
        said = await user.answer(OPENING)
        for _ in range(MAX_TURNS):
            if words := spoken(said):
                reply = await chat.say(words)
                if reply["handed_off"]:
                    break
            if is_over(said):
                break
            said = await user.answer(chat.replies[-1]["content"] if chat.replies else OPENING)
        else:
            result.errors.append(f"the conversation did not end within {MAX_TURNS} messages")
        calls = [call for turn in chat.replies for call in turn["tool_calls"] if call["status"] == "ok"]
        result.writes = sum(TOOLS[call["name"]].effect != "read" for call in calls)
        told = " ".join(turn["content"] for turn in chat.replies).replace(",", "").casefold()
        missing = [fact for fact in task.communicate if fact.replace(",", "").casefold() not in told]
        if missing:
            result.errors.append(f"not told: {', '.join(missing)}")
        if any(turn["degraded"] for turn in chat.replies):
            result.errors.append("the house model had to take over")
        async with services.database.tx(shops.organization_id) as tx:
            result.changed = await changed(tx, db, shops.prints)
    return result


def user_of(model: BaseChatModel, guidelines: str | None) -> MakeUser:
    """Makes the simulated user of a task."""

    def make(instructions: dict[str, Any]) -> SimulatedUser:
        return SimulatedUser(model, instructions, guidelines) if guidelines else SimulatedUser(model, instructions)

    return make
