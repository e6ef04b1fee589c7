"""The simulated user of τ²-bench: a model that is told a scenario and plays the customer.

The adapter keeps to τ²-bench's own half-duplex user simulator: its guidelines and the task's instructions are the system
prompt, the agent opens, roles are swapped for the model that plays the user, and three marks end the conversation. Its
guidelines file is used where it is given (`data/tau2/user_simulator/simulation_guidelines.md` of its repository), else
the ones below, which ask for the same in our words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

STOP, TRANSFER, OUT_OF_SCOPE = "###STOP###", "###TRANSFER###", "###OUT-OF-SCOPE###"
ENDS = (STOP, TRANSFER, OUT_OF_SCOPE)
OPENING = "Hi! How can I help you today?"
"""What the agent says first, as τ²-bench has it."""

GUIDELINES = f"""You play a customer who writes to a shop's support. The scenario below is who you are and what you want.
Write one message at a time, the way a person would, in your own words. Tell things when you are asked for them, not all at
once. What the scenario does not say you do not know; never make anything up.
When all that the scenario wants is done, write {STOP}. When you are passed on to another agent, write {TRANSFER}. When the
scenario does not tell how to go on, write {OUT_OF_SCOPE}."""


class SimulatedUser:
    """One customer of one conversation. Raises whatever its model raises."""

    def __init__(self, model: BaseChatModel, instructions: dict[str, Any], guidelines: str = GUIDELINES) -> None:
        self._model = model
        self._said: list[BaseMessage] = []
        scenario = _scenario(instructions)
        self._system = SystemMessage(f"{guidelines}\n\n<scenario>\n{scenario}\n</scenario>")

    async def answer(self, agent_said: str) -> str:
        """What the user writes next; one of ENDS is in it when the conversation is over."""
        self._said.append(HumanMessage(agent_said))
        message = await self._model.ainvoke([self._system, *self._said])
        self._said.append(AIMessage(message.text))
        return message.text


def is_over(text: str) -> bool:
    return any(end in text for end in ENDS)


def spoken(text: str) -> str:
    """What of the message is for the agent."""
    for end in ENDS:
        text = text.replace(end, "")
    return text.strip()


def _scenario(instructions: dict[str, Any]) -> str:
    order: Sequence[str] = ("domain", "reason_for_call", "known_info", "unknown_info", "task_instructions")
    names = [*order, *(name for name in instructions if name not in order)]
    return "\n".join(
        f"{name.replace('_', ' ').capitalize()}: {instructions[name]}" for name in names if instructions.get(name)
    )
