"""Chooses the brain that a setting names: `house`, or `openai:<model>`."""

from __future__ import annotations

import asyncio

from langchain_core.messages import AIMessage

from agentpay.llm.brain import HOUSE, Brain, BrainRequest, Writer
from agentpay.llm.choice import check_model
from agentpay.llm.house.brain import HouseBrain
from agentpay.settings import Settings


class BrainRegistry:
    """One brain a model name, kept: clients hold their connections. The settings' own is ready when the service is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Brain] = {}
        self.house: Brain = HouseBrain()
        for model in filter(None, (settings.model, settings.model_fallback)):
            check_model(model, settings)
            if model != HOUSE:
                self._made[model] = _make(model, settings)

    def get(self, model: str) -> Brain:
        """Raises StartupError where an agent's model is not known, or its key is missing."""
        if model == HOUSE:
            return self.house
        if model not in self._made:
            check_model(model, self._settings)
            self._made[model] = _Deferred(model, self._settings)
        return self._made[model]

    async def aclose(self) -> None:
        """Let go of the connections; at the end of the process."""
        for brain in self._made.values():
            if (close := getattr(brain, "close", None)) is not None:
                await close()


class _Deferred:
    """A brain made at its first turn, beside the event loop: its imports alone take a second."""

    def __init__(self, model: str, settings: Settings) -> None:
        self.name = model
        self._settings = settings
        self._making: asyncio.Task[Brain] | None = None

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        if self._making is None:
            self._making = asyncio.create_task(asyncio.to_thread(_make, self.name, self._settings))
        brain = await asyncio.shield(self._making)  # a turn that is cancelled leaves it to the others
        return await brain.respond(request, write)

    async def close(self) -> None:
        if self._making is not None:
            brain = await self._making
            if (close := getattr(brain, "close", None)) is not None:
                await close()


def _make(model: str, settings: Settings) -> Brain:
    from agentpay.llm.openai import OpenAIBrain  # a second of imports that the house model does not need

    return OpenAIBrain(model.removeprefix("openai:"), settings)
