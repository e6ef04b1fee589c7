"""What goes into the graph. The state itself lies beside the nodes that work on it: `nodes/state.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict
from uuid import UUID

from langchain_core.messages import AnyMessage

from agentpay.nodes.state import State, replace, window

__all__ = ["Input", "State", "turn_input"]


class Input(TypedDict, total=False):
    """Studio sends `messages` alone; the turn engine sends what `turn_input` makes."""

    messages: Annotated[list[AnyMessage], window]
    turn_id: str
    summary: str


def turn_input(turn_id: UUID, messages: Sequence[AnyMessage], summary: str = "") -> dict[str, Any]:
    """A turn's input: the last messages of the transcript, this turn's customer message at their end.

    They replace what the checkpoint holds: the transcript is the truth, also where others wrote into it meanwhile
    (a payment's confirmation, a person of the shop) or where a crash left an older checkpoint.
    """
    return {"turn_id": str(turn_id), "messages": replace(messages), "summary": summary}
