"""Last node: what the conversation knows after this turn."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from langgraph.runtime import Runtime

from agentpay.intents.taxonomy import SUPPORT, IntentName
from agentpay.nodes import customer_facts, digest
from agentpay.nodes.state import State, changed
from agentpay.store import facts
from agentpay.tools.context import Context

log = logging.getLogger(__name__)


async def remember(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    context = runtime.context
    reply = state["reply"]
    update: dict[str, Any] = {
        "cart": digest.cart_after(reply, context.cart),
        "stage": stage_after(state, context.stage),
        "shown": state.get("showing") or state.get("shown", []),
        "failed_turns": context.failed_turns + 1 if state.get("failed") else 0,
        "anger": 0 if state.get("handed_off") else state.get("anger", 0),
        **digest.roll(state, digest.note_of(state, context.checkout), context.services.settings.window_messages),
    }
    await _remember_customer(state, runtime)
    return changed(state, update)


async def _remember_customer(state: State, runtime: Runtime[Context]) -> None:
    """Facts of a customer who was vouched for or verified; nobody's word makes facts of somebody else."""
    context, store = runtime.context, runtime.store
    if store is None or context.customer_id is None:
        return
    where = facts.namespace(context.organization.id, context.customer_id)
    for key, value in customer_facts.said(state, context.facts).items():
        try:
            await store.aput(where, key, {"value": value, "conversation_id": str(context.conversation_id)}, index=False)
        except psycopg.Error as error:  # no reason to fail a turn that has been answered
            log.warning("a fact could not be stored: %s", type(error).__name__)


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
