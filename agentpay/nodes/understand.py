"""First node: what does the customer want? Counts hesitation, too."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from agentpay.commerce import codes
from agentpay.intents.entities.codes import perhaps_codes
from agentpay.intents.text import clean
from agentpay.intents.types import Dialogue, Vocabulary
from agentpay.nodes import escalation
from agentpay.nodes.state import PERSON, Reply, State, changed
from agentpay.tools.context import Context

_MOST_CODES = 20
"""So many words of a message are looked for among the shop's codes."""


async def understand(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    context = runtime.context
    vocabulary = await context.services.vocabularies.get(context.organization.id, context.organization.catalog_version)
    messages = state.get("messages", [])
    said = customer_text(messages)
    memory = since_a_person(state.get("memory", {}), messages)
    dialogue = Dialogue(
        stage=context.stage,
        agent=context.active_agent,
        asked_for=memory.get("asked_for"),
        shown=len(state.get("shown", [])),
        cart_items=len(context.cart.get("items", [])),
        has_offer=context.offer is not None,
        has_checkout=context.checkout is not None and context.checkout.get("status") == "open",
        codes=await _codes_of_the_shop(context, said, vocabulary),
    )
    understanding = await context.services.classifier.understand(said, vocabulary, dialogue)
    context.sink.emit(
        "intent",
        {
            "intents": [intent.model_dump(mode="json") for intent in understanding.intents],
            "entities": understanding.entities.model_dump(mode="json", exclude_defaults=True),
            "tier": understanding.tier,
        },
    )
    context.hesitation_signals += len(understanding.hesitation)  # tools look at it, too
    reply: Reply = {
        "message_id": None,
        "agent": context.active_agent,
        "content": "",
        "blocks": [],
        "intent": understanding.intents[0].name.value,
        "tool_calls": [],
    }
    fresh = {
        "memory": memory,
        "anger": state.get("anger", 0) + escalation.is_angry(understanding),
        "hesitation": context.hesitation_signals,
        "step": 0,
        "handoffs": 0,
        "handed_off": False,
        "degraded": False,
        "failed": False,
        "escalate": None,
        "approvals": [],
        "showing": [],
        "usage": {},
        "stage": context.stage,
        "active_agent": context.active_agent,
        "failed_turns": context.failed_turns,
        "contact": context.contact,
    }
    return {"understanding": understanding.model_dump(mode="json"), "reply": reply, **changed(state, fresh)}


async def _codes_of_the_shop(context: Context, said: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Which words of a message are codes of the shop. Most messages hold none that could be one: then nothing is read."""
    perhaps = perhaps_codes(clean(said), vocabulary.title_words)
    if not perhaps:
        return frozenset()
    async with context.services.database.tx(context.organization.id) as tx:
        return await codes.existing(tx, {span.value for span in perhaps[:_MOST_CODES]})


def customer_text(messages: list[AnyMessage]) -> str:
    """The text of the customer's last message; "" where there is none."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return message.text
    return ""


def since_a_person(memory: dict[str, Any], messages: list[AnyMessage]) -> dict[str, Any]:
    """What the house model noted, without its open question where a person of the shop has written since it asked.

    A "yes" is an answer to the person then.
    """
    said = next((message for message in reversed(messages[:-1]) if isinstance(message, AIMessage)), None)
    if said is None or said.name != PERSON:
        return memory
    return {key: value for key, value in memory.items() if key not in ("asked_for", "pending")}
