"""The turn as the house model sees it."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agentpay.llm.brain import HOUSE, ActView, ToolOutcome, TurnView
from agentpay.nodes.customer_facts import SHOWN
from agentpay.nodes.state import State
from agentpay.nodes.understand import customer_text
from agentpay.tools.context import Context
from agentpay.tools.registry import able


def turn_view(
    agent: str,
    context: Context,
    state: State,
    messages: list[AnyMessage],
    shown: list[dict[str, Any]],
) -> TurnView:
    """Everything the house model decides on. It holds no floor and no secret: neither is in the context's views."""
    understanding = state["understanding"]
    agent_settings = context.agent
    return TurnView(
        text=customer_text(messages),
        acts=[ActView(a["intent"], a["confidence"], a["text"], _given(a["entities"])) for a in understanding["acts"]],
        agent=agent,
        abilities=able(agent_settings.tools),
        currency=context.organization.currency,
        shop=context.organization.name,
        assistant=agent_settings.name,
        tone=agent_settings.personality.tone,
        verbosity=agent_settings.personality.verbosity,
        emoji=agent_settings.personality.emoji,
        support_email=context.organization.support_email,
        stage=context.stage,
        accepts=understanding["accepts"],
        declines=understanding["declines"],
        angry=understanding["angry"],
        escalate=state.get("escalate"),
        hesitation=understanding["hesitation"],
        hesitation_signals=state.get("hesitation", 0),
        hesitation_trigger=agent_settings.rules.triggers.hesitation_signals,
        concern=state.get("concern"),
        language=understanding["language"],
        shown=shown,
        memory=state.get("memory", {}),
        cart=context.cart,
        contact=state.get("contact", {}),
        facts={key: value for key, value in context.facts.items() if key in SHOWN},
        customer_name=context.customer_name,
        verified=context.customer_id is not None,
        checkout=context.checkout,
        offer=context.offer,
        email_required=agent_settings.rules.require_email_for_checkout,
        negotiable=agent_settings.rules.allow_dynamic_pricing,
        outcomes=outcomes(messages),
        templates=agent_settings.templates,
        seed=_seed(context, messages),
    )


def _seed(context: Context, messages: list[AnyMessage]) -> int:
    """The turn's id; in an evaluation what was said so far, which is the same each time it is run."""
    drawn = context.services.settings.evaluation_seed
    if drawn is None:
        return context.turn_id.int if context.turn_id else 0
    said = [message.text for message in messages if isinstance(message, HumanMessage)]
    return crc32("\n".join([str(drawn), *said]).encode())


def outcomes(messages: list[AnyMessage]) -> list[ToolOutcome]:
    """The tool calls of this turn that have run, in order."""
    start = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    calls: dict[str, tuple[dict[str, Any], bool]] = {}
    found: list[ToolOutcome] = []
    for message in messages[start + 1 :]:
        if isinstance(message, AIMessage):
            by_house = message.response_metadata.get("model_name") == HOUSE
            calls.update({call["id"] or "": (call["args"], by_house) for call in message.tool_calls})
        elif isinstance(message, ToolMessage):
            result = message.artifact if isinstance(message.artifact, dict) else {}
            arguments, by_house = calls.get(message.tool_call_id, ({}, True))
            ok = message.status == "success"
            found.append(ToolOutcome(message.name or "", arguments, ok, result, by_house))
    return found


def _given(entities: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entities.items() if value not in (None, [], {}, False)}
