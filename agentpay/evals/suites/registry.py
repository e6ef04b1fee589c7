"""Every suite by name, in the order of the report."""

from __future__ import annotations

from importlib import import_module

from agentpay.evals.suites.protocol import SuiteKind

_SUITES = {
    "scenarios": "agentpay.evals.suites.scenarios:Scenarios",
    "intents": "agentpay.evals.suites.intents:Intents",
    "search": "agentpay.evals.suites.search:Search",
    "tau2": "agentpay.evals.suites.tau2:Tau2",
    "negotiation": "agentpay.evals.suites.negotiation:Negotiation",
    "simulated": "agentpay.evals.suites.simulated:Simulated",
    "adversarial": "agentpay.evals.suites.adversarial:Adversarial",
    "replay": "agentpay.evals.suites.replay:Replay",
}
NAMES = tuple(_SUITES)


def suite(name: str) -> SuiteKind:
    """The suite of this name, or of `module:Class`. Imported when it is asked for: the command line does without most of it."""
    module, _, kind = _SUITES.get(name, name).partition(":")
    made: SuiteKind = getattr(import_module(module), kind)()
    return made
