"""What of a reply has left so far, read from the events: for a cancelled, a failed or an abandoned run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agentpay.conversations.turns.events import DELTA, Event


@dataclass(slots=True)
class Partial:
    """`message_id` is None where nothing has left that still stands."""

    message_id: str | None = None
    content: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    agent: str | None = None
    intent: str | None = None


def partial(events: Iterable[Event]) -> Partial:
    found = Partial()
    arguments: dict[str, dict[str, Any]] = {}
    for event in events:
        data = event.data
        if event.type == DELTA:
            found.message_id = data["message_id"]
            found.content += data["text"]
        elif event.type == "ui":
            found.message_id = data["message_id"]
            found.blocks.append(data["block"])
        elif event.type == "message.discarded":
            found.message_id, found.content, found.blocks = None, "", []
        elif event.type == "agent":
            found.agent = data["agent"]
        elif event.type == "intent":
            found.intent = data["intents"][0]["name"] if data["intents"] else None
        elif event.type == "tool.started":
            arguments[data["call_id"]] = data["arguments"]
        elif event.type == "tool.finished":
            found.tool_calls.append(
                {
                    "id": data["call_id"],
                    "name": data["name"],
                    "arguments": arguments.get(data["call_id"], {}),
                    "status": data["status"],
                    "result": data["result"],
                }
            )
    return found
