"""Chooses the brain that a setting names: `house`, or `openai:<model>`."""

from __future__ import annotations

from agentpay.llm.brain import Brain
from agentpay.llm.choice import check_model
from agentpay.llm.house.brain import HouseBrain
from agentpay.settings import Settings


class BrainRegistry:
    """One brain a model name, made at its first use and kept: clients hold their connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Brain] = {}
        self.house: Brain = HouseBrain()
        check_model(settings.model, settings)

    def get(self, model: str) -> Brain:
        if model == "house":
            return self.house
        if model not in self._made:
            check_model(model, self._settings)
            from agentpay.llm.openai import OpenAIBrain  # a second of imports that the house model does not need

            self._made[model] = OpenAIBrain(model.removeprefix("openai:"), self._settings)
        return self._made[model]
