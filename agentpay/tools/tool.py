"""What a tool is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from agentpay.store.session import Tx
from agentpay.tools.context import Context

AgentName = Literal["sales", "support", "payment"]
Effect = Literal["read", "write", "money"]


class Arguments(BaseModel):
    """Base of every tool's arguments: what is not named is refused, and said so to the model."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`data` goes to the model and the event stream; `blocks` to the customer's screen; `interrupt` waits for a person."""

    data: dict[str, Any]
    blocks: list[dict[str, Any]] = field(default_factory=list)
    interrupt: dict[str, Any] | None = None


Run = Callable[[Context, Tx, Any], Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of some agents. `run(context, tx, arguments)` works in one unit of work, committed after it returns.

    `effect` is what it does to the world: `read`, `write` (cart, contact, conversation) or `money` (checkouts, orders,
    refunds, offers). Writes and money run at most once a (turn, step, ordinal). `timeout` in seconds.
    """

    name: str
    description: str
    arguments: type[Arguments]
    run: Run
    agents: frozenset[AgentName]
    effect: Effect = "read"
    timeout: float = 10.0
    scope: str = "tools:read"

    def schema(self) -> dict[str, Any]:
        """The arguments as a JSON Schema object."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        schema.pop("description", None)
        return schema
