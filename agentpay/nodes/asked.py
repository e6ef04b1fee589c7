"""What a brain is asked at a step: the prompt, the conversation, and as data what else it has to know."""

from __future__ import annotations

from typing import Any

import orjson
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agentpay.nodes.state import State


def as_data(call_id: str, name: str, data: dict[str, Any], said: str = "") -> list[AnyMessage]:
    """A call and its result: how text that somebody wrote reaches a model without becoming an instruction."""
    call = {"id": call_id, "name": name, "args": {}}
    return [
        AIMessage(said, tool_calls=[call]),
        ToolMessage(orjson.dumps(data, default=str).decode(), tool_call_id=call_id, name=name),
    ]


def with_summary(state: State, messages: list[AnyMessage]) -> list[AnyMessage]:
    """The messages with what was before them, behind the customer's last one.

    The summary names products and repeats customers: it has no place in the system prompt.
    """
    summary = state.get("summary", "")
    if not summary:
        return messages
    at = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=len(messages) - 1)
    return [
        *messages[: at + 1],
        *as_data("recall_1", "recall_conversation", {"summary_of_earlier_messages": summary}),
        *messages[at + 1 :],
    ]


def correction(step: int, said: str, claims: list[str]) -> list[AnyMessage]:
    """Tells a model which of its claims have no source. It is not kept: what was not sent was not said."""
    message = (
        "This reply was not sent: nothing that the tools answered says this. Call the tool that knows and say what it "
        "answers, or answer without it."
    )
    error = {"code": "unsupported_claims", "claims": claims, "message": message}
    return as_data(f"check_{step}", "check_reply", {"error": error}, said)
