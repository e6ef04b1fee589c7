"""What the nodes read and write, and what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AnyMessage, RemoveMessage
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages

PERSON = "human_agent"
"""`name` of a message that a person of the shop wrote."""
WINDOW = 40
"""Most messages of the transcript that a turn begins with (`AGENTPAY_WINDOW_MESSAGES`); a turn may add as many."""


def window(left: Sequence[AnyMessage], right: Sequence[AnyMessage]) -> list[AnyMessage]:
    """LangGraph's `add_messages`, bounded, so that the cost of a turn does not grow with the conversation."""
    anew = bool(right) and isinstance(right[0], RemoveMessage) and right[0].id == REMOVE_ALL_MESSAGES
    if anew and all(message.id for message in right):
        merged = list(right[1:])  # what a turn begins with: nothing to look up, to convert or to number
    else:
        merged = add_messages(list(left), list(right))  # type: ignore[arg-type, assignment]
    if len(merged) <= WINDOW * 2:
        return merged
    kept = merged[-WINDOW * 2 :]
    # A tool result without the call before it is refused by every provider
    while kept and kept[0].type == "tool":
        kept = kept[1:]
    return kept


def replace(messages: Sequence[AnyMessage]) -> list[AnyMessage | RemoveMessage]:
    """An update that puts `messages` in the place of all that the channel holds."""
    return [RemoveMessage(id=REMOVE_ALL_MESSAGES), *messages]


class Reply(TypedDict):
    """The assistant's message of this turn as it grows; CONTRACT §2, Message."""

    message_id: str | None
    agent: str
    content: str
    blocks: list[dict[str, Any]]
    intent: str | None
    tool_calls: list[dict[str, Any]]


class State(TypedDict, total=False):
    """The whole state of a conversation's graph. Plain data only: it is what checkpoints are made of."""

    messages: Annotated[list[AnyMessage], window]
    summary: str
    # This turn
    turn_id: str
    understanding: dict[str, Any]
    """`intents.types.Understanding` as data."""
    reply: Reply
    step: int
    """Model calls of this turn so far; with the ordinal it identifies a tool call."""
    handoffs: int
    handed_off: bool
    degraded: bool
    failed: bool
    """It came to nothing: nobody knew what was meant, or what was tried broke."""
    escalate: str | None
    """Why this turn hands over to a person, whatever the model would do."""
    approvals: list[dict[str, Any]]
    showing: list[dict[str, Any]]
    """Products shown in this turn; the next turn's `shown`."""
    usage: dict[str, int]
    concern: str | None
    """What keeps this turn from every model (intents/safety.py)."""
    trouble: dict[str, Any]
    """What went wrong with models in a turn: {"turn", "failed": [names], "corrected": bool}."""
    # The conversation
    stage: str
    active_agent: str
    hesitation: int
    failed_turns: int
    anger: int
    """Angry messages since a person last took over."""
    shown: list[dict[str, Any]]
    """Products last shown, for "the second one"."""
    memory: dict[str, Any]
    """What the house model noted: what it asked for, what it spoke of."""
    contact: dict[str, Any]
    notes: list[dict[str, Any]]
    """What the turns within the window did; those that leave it become part of the digest (nodes/digest.py)."""
    digest: dict[str, Any]
    """What the turns before the window did; `summary` is its text."""
    cart: dict[str, Any]
    """What the cart held after this turn, for forks: {"items": [{"variant_id", "quantity"}], "discount_code"}."""


def changed(state: State, update: dict[str, Any]) -> dict[str, Any]:
    """What of `update` is news: a channel that is not written costs no version, no blob and no comparison of LangGraph's.

    For values that nobody changes in place: what is changed in place looks the same, and would not be stored.
    """
    return {name: value for name, value in update.items() if name not in state or state[name] != value}  # type: ignore[literal-required]
