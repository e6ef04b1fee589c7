"""A model that makes the one call it is told: what a gold action is to the graph."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, ToolMessage

from agentpay.llm.brain import HOUSE, Brain, BrainRequest, Writer
from agentpay.llm.house.brain import HouseBrain
from agentpay.llm.house.talk import Ask
from agentpay.nodes.specialist import TRANSFER
from agentpay.tools.registry import ABILITIES


class ScriptedBrain:
    """Each turn makes the next of its calls, and says so. An agent that lacks the tool hands the turn to one that has it."""

    name = "scripted"

    def __init__(self, calls: Sequence[Ask | None] = ()) -> None:
        self._left = list(calls)
        self._now: Ask | None = None

    def add(self, call: Ask) -> None:
        """One more call, for the next turn."""
        self._left.append(call)

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        last = request.messages[-1]
        if not isinstance(last, ToolMessage):
            self._now = self._left.pop(0)
        ask = self._now
        if ask is None or (isinstance(last, ToolMessage) and not (last.name or "").startswith(TRANSFER)):
            text = "That needs no tool." if ask is None else "It has run."
            write(text)
            return AIMessage(text)
        name, arguments = ask.tool, ask.arguments
        if name not in {tool.name for tool in request.tools}:
            able = next(agent for agent, tools in ABILITIES.items() if name in tools)
            name, arguments = f"{TRANSFER}{able}", {}
        return AIMessage("", tool_calls=[{"id": f"call_{len(request.messages)}", "name": name, "args": arguments}])


class ScriptedBrains:
    """Every agent's model is the scripted one. The house model is there as everywhere, and must not be needed."""

    def __init__(self, brain: ScriptedBrain) -> None:
        self.house: Brain = HouseBrain()
        self._brain = brain

    def get(self, model: str) -> Brain:
        """The scripted model, whatever the setting; of the house model's name too."""
        assert model in (HOUSE, self._brain.name) or model.startswith("openai:")
        return self._brain

    async def aclose(self) -> None:
        """Nothing is held open."""
