"""What of a reply has left so far, read from the events: for a cancelled, a failed or an abandoned run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agentpay.conversations.turns.events import DELTA, Event
from agentpay.conversations.turns.log import TurnLog


@dataclass(slots=True)
class Partial:
    """`message_id` is None where nothing has left that still stands."""

    message_id: str | None = None
    content: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    agent: str | None = None
    intent: str | None = None


def dangling(events: Iterable[Event]) -> dict[str, str]:
    """Calls that were begun and not ended, call id → tool."""
    begun: dict[str, str] = {}
    for event in events:
        if event.type == "tool.started":
            begun[event.data["call_id"]] = event.data["name"]
        elif event.type == "tool.finished":
            begun.pop(event.data["call_id"], None)
    return begun


def end_dangling(log: TurnLog, code: str, message: str) -> None:
    """Tell followers of calls that will not end as they were begun, because their run was ended."""
    for call_id, name in dangling(log.events).items():
        result = {"error": {"code": code, "message": message}}
        done = {"call_id": call_id, "name": name, "status": "error", "result": result, "elapsed_ms": 0}
        log.emit("tool.finished", done)


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
