"""Last node: what the conversation knows after this turn."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from agentpay.intents.taxonomy import SUPPORT, IntentName
from agentpay.nodes.state import State
from agentpay.tools.context import Context


async def remember(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    context = runtime.context
    reply = state["reply"]
    failed = not reply["content"] or (
        bool(reply["tool_calls"]) and all(call["status"] == "error" for call in reply["tool_calls"])
    )
    return {
        "stage": stage_after(state, context.stage),
        "shown": state.get("showing") or state.get("shown", []),
        "failed_turns": context.failed_turns + 1 if failed else 0,
    }


def stage_after(state: State, before: str) -> str:
    """Where the customer stands now (CONTRACT §3), by what was done in this turn rather than by what was said."""
    if state.get("handed_off"):
        return "handed_off"
    blocks = {block["type"]: block for block in state["reply"]["blocks"]}
    if "checkout" in blocks:
        return "checkout"
    if "cart" in blocks:
        if blocks["cart"]["items"]:
            return "checkout" if before == "checkout" else "cart"
        return "discovery"
    intents = {IntentName(act["intent"]) for act in state["understanding"]["acts"]}
    if "order" in blocks or intents & (SUPPORT - {IntentName.POLICY, IntentName.HUMAN, IntentName.COMPLAINT}):
        return "after_sales"
    if before in ("cart", "checkout"):
        return before
    if "product" in blocks or "offer" in blocks:
        return "considering"
    if "product_list" in blocks:
        return "discovery" if before != "considering" else before
    if before == "greeting" and not intents <= {
        IntentName.GREETING,
        IntentName.THANKS,
        IntentName.GOODBYE,
        IntentName.OTHER,
    }:
        return "discovery"
    return before
