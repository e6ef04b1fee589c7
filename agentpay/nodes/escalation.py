"""When a conversation goes to a person, whatever its model thinks: asked for, anger, turns that come to nothing.

A model may hand over earlier; these rules hold for every model. How patient they are is the agent's `rules.escalation`.
"""

from __future__ import annotations

from agentpay.commerce.rules import AgentRules
from agentpay.intents.taxonomy import PAYMENT, SALES, IntentName
from agentpay.intents.types import Understanding
from agentpay.nodes.state import Reply, State
from agentpay.tools.context import Context

SURE = 0.9
"""From there on a wish for a person is one, and no model is asked."""
_BROKEN = frozenset({"tool_failed", "tool_timeout"})
_BUYING = (SALES | PAYMENT) - {IntentName.GREETING}


def is_silent(context: Context) -> bool:
    """Whether a person took over while this message waited its turn. A turn that is taken up again may itself have handed over."""
    return context.stage == "handed_off" and context.attempt == 1


def is_angry(understanding: Understanding) -> bool:
    """Strong words, unless they go with a wish to buy: who asks for garbage bags is not angry."""
    return understanding.angry and not any(act.intent in _BUYING for act in understanding.acts)


def reason(state: State, rules: AgentRules) -> str | None:
    """Why this turn hands over instead of being worked on; None where it does not."""
    acts = state["understanding"]["acts"]
    if any(act["intent"] == IntentName.HUMAN and act["confidence"] >= SURE for act in acts):
        return "asked for a person"
    if state["understanding"]["angry"] and state.get("anger", 0) >= rules.escalation.angry_messages:
        return "angry"
    return None


def came_to_nothing(reply: Reply, *, lost: bool) -> bool:
    """`lost`: the house model did not know what was meant, or how to go on."""
    codes = [
        (call["result"] or {}).get("error", {}).get("code") if call["status"] == "error" else None
        for call in reply["tool_calls"]
    ]
    return lost or not reply["content"] or (bool(codes) and _BROKEN.issuperset(codes))
