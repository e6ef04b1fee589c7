"""The router: hands the turn to the agent that can do what the customer wants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Command

from agentpay.intents.safety import concern
from agentpay.intents.taxonomy import PAYMENT, SALES, SUPPORT, IntentName
from agentpay.llm.house.aftersale.answering import goes_on
from agentpay.llm.house.aftersale.following import asks_again, sums_up
from agentpay.llm.house.aftersale.trouble import told_of
from agentpay.nodes import escalation
from agentpay.nodes.state import State, changed
from agentpay.nodes.understand import customer_text
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
_VERIFIES = {IntentName.PROVIDE_DETAILS, IntentName.ORDER_STATUS}
_SENDING = re.compile(
    r"\b(?:ship|deliver|send|post|mail)\w*\b|\b(?:it|they|everything) (?:\w+ )?(?:get|go|come|arrive|reach)\b",
    re.IGNORECASE,
)
_CALM_FIRST = ("self_harm", "others_data")
"""What is answered before anybody is handed over."""
_URGENT = (IntentName.HUMAN, IntentName.COMPLAINT)


async def supervisor(state: State, runtime: Runtime[Context]) -> Command[Literal["sales", "support", "payment"]]:
    context = runtime.context
    if escalation.is_silent(context):
        return Command(goto="support")
    previous = state.get("active_agent", "sales")
    verifying = bool((state.get("memory", {}).get("pending") or {}).get("verify"))
    understanding = state["understanding"]
    agent, reason = route(understanding, previous, verifying=verifying)
    flags = {name: bool(understanding.get(name)) for name in ("accepts", "declines")}
    intents = [act["intent"] for act in understanding["acts"]]
    said = customer_text(state.get("messages", []))
    if goes_on(state.get("memory", {}), intents, said, **flags):
        agent, reason = "support", intents[0]  # the answer to what support asked for, whatever it looks like
    elif context.customer_id is not None and asks_again(state.get("memory", {}), intents, said):
        agent, reason = "support", intents[0]
    elif context.customer_id is not None and sums_up(
        state.get("memory", {}), intents, said, shopping=_shopping(state, context)
    ):
        agent, reason = "support", "order_status"
    elif amiss := told_of(intents, said, shopping=_shopping(state, context)):
        agent, reason = "support", amiss
    found = concern(said)
    escalate = escalation.reason(state, context.agent.rules) if found not in _CALM_FIRST else None
    if escalate is not None:
        found, agent, reason = None, "support", "escalation"
    elif found is not None:
        agent, reason = "support", found
    context.sink.emit("agent", {"agent": agent, "previous": previous, "reason": reason})
    update = changed(state, {"active_agent": agent, "reply": {**state["reply"], "agent": agent}})
    if escalate is not None:
        update["escalate"] = escalate
    if found != state.get("concern"):
        update["concern"] = found
    return Command(goto=agent, update=update)


def _shopping(state: State, context: Context) -> bool:
    """Whether goods are being chosen: shown, spoken of, or in the cart."""
    return bool(state.get("shown") or state.get("memory", {}).get("focus") or context.cart.get("items"))


def route(understanding: dict[str, Any], previous: str, *, verifying: bool = False) -> tuple[AgentName, str]:
    """The agent for what is wanted, and why. What belongs to nobody stays with who talked last.

    `verifying`: support asked for an order's number and e-mail, which look like a buyer's details.
    """
    acts = understanding["acts"]
    names = [IntentName(act["intent"]) for act in acts]
    for urgent in _URGENT:
        if urgent in names:
            return "support", urgent.value
    wanted = [name for name in names if name in SALES | SUPPORT | PAYMENT and name is not IntentName.GREETING]
    if not wanted:
        if IntentName.GREETING in names:
            return "sales", IntentName.GREETING.value
        return _stay(previous), names[0].value
    if verifying and set(wanted) <= _VERIFIES:
        return "support", wanted[0].value
    if all(name in SALES or _asks_where_to(act) for name, act in zip(names, acts, strict=True) if name in wanted):
        return _sales_or_payment(wanted, previous, understanding)
    if any(name in PAYMENT for name in wanted) and all(name in _PAYMENT_CAN for name in wanted):
        return "payment", next(name for name in wanted if name in PAYMENT).value
    first = wanted[0]
    if first in SUPPORT:
        return "support", first.value
    if first in PAYMENT:
        return "payment", first.value
    return _sales_or_payment(wanted, previous, understanding)


def _sales_or_payment(
    wanted: Sequence[IntentName], previous: str, understanding: dict[str, Any]
) -> tuple[AgentName, str]:
    """A yes to what the payment agent asked stays with it; all else that sales can do is for sales."""
    if previous == "payment" and all(name in _PAYMENT_CAN for name in wanted) and understanding.get("accepts"):
        return "payment", wanted[0].value
    return "sales", wanted[0].value


def _asks_where_to(act: dict[str, Any]) -> bool:
    """ "Do you ship to Japan?" is answered by what the shipping zones say, which sales can ask."""
    return (
        act["intent"] == IntentName.POLICY
        and bool(act["entities"].get("country"))
        and _SENDING.search(act["text"]) is not None
    )


def _stay(previous: str) -> AgentName:
    return "support" if previous == "support" else "payment" if previous == "payment" else "sales"
