"""What each agent is told. One readable file an agent; the facts of the shop and the conversation are put in as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import orjson

from agentpay.nodes.customer_facts import SHOWN
from agentpay.nodes.redact import ON_FILE
from agentpay.nodes.state import State
from agentpay.tools.context import Context
from agentpay.tools.tool import AgentName


@cache
def _text(name: str) -> str:
    return (files(__package__) / f"{name}.md").read_text("utf-8").strip()


def instructions(agent: AgentName) -> tuple[str, str]:
    """What is told to an agent in every conversation: the common rules and its own."""
    return _text("common"), _text(agent)


def system_prompt(agent: AgentName, context: Context, state: State) -> str:
    """Common rules, the agent's own, then facts of the shop and of the conversation's state as JSON.

    No floor, no key, no e-mail or address is ever in it, and no text of a customer or a catalogue: that is data (nodes/asked.py).
    """
    personality = context.agent.personality
    facts = {
        "shop": context.organization.name,
        "your_name": context.agent.name,
        "currency": context.organization.currency,
        "tone": personality.tone,
        "verbosity": personality.verbosity,
        "emoji": personality.emoji,
        "stage": context.stage,
        "customer_is_known": context.customer_id is not None,
        "details_known": sorted(key for key, value in state.get("contact", {}).items() if value),
        "items_in_cart": sum(line["quantity"] for line in context.cart.get("items", [])),
        "negotiation_allowed": context.agent.rules.allow_dynamic_pricing,
        "known_of_customer": {
            **{key: value for key, value in context.facts.items() if key in SHOWN},
            **({"address": ON_FILE} if "address" in context.facts else {}),
        },
    }
    return f"{_text('common')}\n\n{_text(agent)}\n\n<facts>\n{orjson.dumps(facts).decode()}\n</facts>"
