"""Scenarios: conversations with what must be true after each turn, run over HTTP against a freshly imported shop."""

from agentpay.evals.scenarios.models import Scenario, ScenarioProblems, load_scenarios
from agentpay.evals.scenarios.running import ScenarioResult, ScenarioRunner
from agentpay.evals.scenarios.store import StoreFacts, load_facts

__all__ = [
    "Scenario",
    "ScenarioProblems",
    "ScenarioResult",
    "ScenarioRunner",
    "StoreFacts",
    "load_facts",
    "load_scenarios",
]
