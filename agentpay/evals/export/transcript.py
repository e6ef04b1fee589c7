"""A conversation's turns as the tables keep them, in order: what came from outside, what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.store.session import Tx
from agentpay.store.tables import Approval, Conversation, Message, Turn

CHANGES = frozenset(
    {
        "cancel_order", "change_order_address", "change_order_items", "change_order_payment", "exchange_items",
        "request_refund", "return_items",
    }
)  # fmt: skip
"""Tools after which an order may be another."""


@dataclass(slots=True)
class Exchange:
    """One turn. `written`: what the customer, or a person of the shop, wrote; `replies`: the assistant's messages."""

    turn: Turn
    written: str
    replies: list[Message]
    approval: Approval | None = None
    """What this turn answers."""
    waiting: list[Approval] = field(default_factory=list)
    """What waits for a person after it, the oldest first."""

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [call for message in self.replies for call in message.tool_calls]

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return [block for message in self.replies for block in message.blocks]

    def results(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Names and results of the calls that went well."""
        for call in self.calls:
            if call["status"] == "ok" and isinstance(call.get("result"), dict):
                yield call["name"], call["result"]

    def block(self, kind: str) -> dict[str, Any] | None:
        """The last block of this type."""
        return next((block for block in reversed(self.blocks) if block["type"] == kind), None)


async def exchanges(tx: Tx, conversation: Conversation) -> list[Exchange]:
    here = {"organization_id": tx.organization_id, "conversation_id": conversation.id}
    turns = list(await tx.session.scalars(select(Turn).filter_by(**here).order_by(Turn.position)))
    by_turn: dict[UUID, list[Message]] = {}
    for message in await tx.session.scalars(select(Message).filter_by(**here).order_by(Message.position)):
        by_turn.setdefault(message.turn_id, []).append(message)
    approvals = list(await tx.session.scalars(select(Approval).filter_by(**here).order_by(Approval.id)))
    found: list[Exchange] = []
    waiting: list[Approval] = []
    for turn in turns:
        messages = by_turn.get(turn.id, [])
        answered = next((one for one in approvals if str(one.id) == turn.input.get("approval_id")), None)
        gone = str(turn.input.get("once", "")).removeprefix("expired:")
        waiting = [one for one in waiting if one is not answered and str(one.id) != gone]
        waiting += [one for one in approvals if one.turn_id == turn.id and one not in waiting]
        found.append(
            Exchange(
                turn,
                next((one.content for one in messages if one.role != "assistant"), ""),
                [one for one in messages if one.role == "assistant"],
                answered,
                list(waiting),
            )
        )
    return found


def orders_seen(talk: list[Exchange]) -> dict[str, dict[str, Any]]:
    """Orders by number as they were first shown: before this conversation changed them."""
    seen: dict[str, dict[str, Any]] = {}
    changed: set[str] = set()
    for exchange in talk:
        for name, result in exchange.results():
            order = result.get("order")
            if not isinstance(order, dict) or "number" not in order:
                continue
            # A change that waits for somebody shows the order as it is
            done = name in CHANGES and not str(result.get("status", "")).startswith("waits")
            if done and name != "return_items":
                changed.add(order["number"])
            if order["number"] not in changed:
                seen.setdefault(order["number"], order)
    return seen
