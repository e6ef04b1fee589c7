"""The router: hands the turn to the agent that can do what the customer wants."""

from __future__ import annotations

from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Command

from agentpay.intents.taxonomy import PAYMENT, SALES, SUPPORT, IntentName
from agentpay.nodes.state import State
from agentpay.tools.context import Context
from agentpay.tools.tool import AgentName

# What the payment agent can do as well as sales, so that "add it and send me the link" needs no handoff
_PAYMENT_CAN = PAYMENT | {
    IntentName.ADD_TO_CART,
    IntentName.CHANGE_CART,
    IntentName.REMOVE_FROM_CART,
    IntentName.VIEW_CART,
    IntentName.DISCOUNT,
    IntentName.NEGOTIATION,
    IntentName.SHIPPING_QUOTE,
}
_URGENT = (IntentName.HUMAN, IntentName.COMPLAINT)


async def supervisor(state: State, runtime: Runtime[Context]) -> Command[Literal["sales", "support", "payment"]]:
    context = runtime.context
    previous = state.get("active_agent", "sales")
    agent, reason = route([act["intent"] for act in state["understanding"]["acts"]], previous, state["understanding"])
    context.sink.emit("agent", {"agent": agent, "previous": previous, "reason": reason})
    update: dict[str, Any] = {"active_agent": agent, "reply": {**state["reply"], "agent": agent}}
    return Command(goto=agent, update=update)


def route(intents: list[str], previous: str, understanding: dict[str, Any]) -> tuple[AgentName, str]:
    """The agent for these intents, and why. What belongs to nobody stays with who talked last."""
    names = [IntentName(name) for name in intents]
    for urgent in _URGENT:
        if urgent in names:
            return "support", urgent.value
    wanted = [name for name in names if name in SALES | SUPPORT | PAYMENT and name is not IntentName.GREETING]
    if not wanted:
        if IntentName.GREETING in names:
            return "sales", IntentName.GREETING.value
        return _stay(previous), names[0].value
    if any(name in PAYMENT for name in wanted) and all(name in _PAYMENT_CAN for name in wanted):
        return "payment", next(name for name in wanted if name in PAYMENT).value
    first = wanted[0]
    if first in SUPPORT:
        return "support", first.value
    if first in PAYMENT:
        return "payment", first.value
    if previous == "payment" and all(name in _PAYMENT_CAN for name in wanted) and understanding.get("accepts"):
        return "payment", first.value
    return "sales", first.value


def _stay(previous: str) -> AgentName:
    return "support" if previous == "support" else "payment" if previous == "payment" else "sales"
