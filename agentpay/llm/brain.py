"""The one protocol behind which every brain stands: the turn so far in, one AIMessage with text or tool calls out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage

Writer = Callable[[str], None]
"""Takes a piece of the reply's text as soon as it is there."""
HOUSE = "house"
"""Name of the built-in model, and the `model_name` in the metadata of its messages."""


class ModelUnavailable(Exception):
    """The model timed out, failed, or answered with something that is no answer. The house model takes the turn over."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActView:
    """One clause of the customer's message: `intents.types.Act` as plain data (this layer lies below intents)."""

    intent: str
    confidence: float
    text: str
    entities: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """A tool call of this turn that has run. On an error `result` is `{"error": {"code", "message", …}}`."""

    name: str
    arguments: dict[str, Any]
    ok: bool
    result: dict[str, Any]
    by_house: bool = True
    """False: a chat model called it, before the house model took the turn over."""


@dataclass(frozen=True, slots=True)
class TurnView:
    """What the house model decides on. Money: minor units of `currency`; shapes as in CONTRACT §3."""

    text: str
    acts: Sequence[ActView]
    agent: str
    abilities: dict[str, frozenset[str]]
    """Agent → the tools it has."""
    currency: str
    shop: str
    assistant: str
    tone: str = "neutral"
    verbosity: str = "medium"
    emoji: bool = False
    support_email: str | None = None
    stage: str = "greeting"
    accepts: bool = False
    declines: bool = False
    angry: bool = False
    escalate: str | None = None
    """Why this turn is a person's: it hands over and does nothing else."""
    hesitation: Sequence[str] = ()
    hesitation_signals: int = 0
    hesitation_trigger: int | None = None
    concern: str | None = None
    """What keeps this turn from every model: `self_harm`, `threat`, `abuse`, `others_data` (intents/safety.py)."""
    language: str = "en"
    shown: Sequence[dict[str, Any]] = ()
    """Products of the last list or card: [{"external_id", "title", "variants": [{"external_id", "options", …}]}]."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What the house model noted at the end of its last turn."""
    cart: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    """What an identified customer said in other conversations: `sizes`, `colors`, `brands`."""
    customer_name: str | None = None
    verified: bool = False
    checkout: dict[str, Any] | None = None
    offer: dict[str, Any] | None = None
    email_required: bool = False
    negotiable: bool = False
    """The agent's rules allow dynamic pricing."""
    outcomes: Sequence[ToolOutcome] = ()
    templates: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    """Chooses among wordings; the same turn always gets the same."""


@dataclass(frozen=True, slots=True)
class BrainRequest:
    """One step of a specialist. A chat model reads `system`, `messages` and `tools`; the house model reads `turn`."""

    system: str
    messages: Sequence[AnyMessage]
    tools: Sequence[ToolSpec]
    turn: TurnView


class Brain(Protocol):
    """`respond` streams the text through `write` and answers the whole AIMessage, with `tool_calls` where it wants to act.

    A message with tool calls may have text too. Raises ModelUnavailable.
    """

    name: str

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage: ...
