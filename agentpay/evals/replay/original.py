"""The conversation that is to be held again: how it began, who said what, what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from agentpay.conversations import agents, service
from agentpay.evals.replay.scratch import Start
from agentpay.llm.choice import check_model
from agentpay.settings import Settings
from agentpay.store.session import Tx
from agentpay.store.tables import Approval, Message, Turn

Kind = Literal["message", "human", "approval", "payment"]
_LINK = re.compile(r"https?://\S+")
_ORDER_NUMBER = re.compile(r"(?<=order number is )\S+(?=\.)")


@dataclass(frozen=True, slots=True)
class Said:
    """What a turn brought. `text` without links and new orders' numbers, which are never the same twice."""

    agent: str | None = None
    intent: str | None = None
    tools: list[str] = field(default_factory=list)
    """Names of the tools it called, a failed one with "!" behind it."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: what the outside did (wrote, paid, answered an approval), and what the service made of it."""

    turn_id: UUID
    kind: Kind
    content: str
    said: Said
    approval: tuple[str, bool, str | None] | None = None
    """Kind, whether it was approved, note."""


def said(message: dict[str, Any] | None) -> Said:
    """The comparable part of a message (CONTRACT §2)."""
    if message is None:
        return Said()
    tools = [call["name"] + ("" if call["status"] == "ok" else "!") for call in message["tool_calls"]]
    text = _ORDER_NUMBER.sub("#", _LINK.sub("(link)", message["content"]))
    return Said(message["agent"], message["intent"], tools, text)


async def load(tx: Tx, conversation_id: UUID) -> tuple[Start, list[Step], dict[str, Any]]:
    """How it began, its turns, and how it stands. Raises Problem 404."""
    row = await service.get(tx, conversation_id)
    identity = ("email", "name", "phone_number") if row.vouched else ()
    start = Start(
        id=row.id,
        organization_id=row.organization_id,
        agent_id=row.agent_id,
        customer_id=row.customer_id if row.vouched else None,
        owner_id=row.customer_id,
        vouched=row.vouched,
        contact={key: value for key, value in row.contact.items() if key in identity},
        channel=row.channel,
        metadata=row.details,
        began=row.created_at,
    )
    turns = await tx.session.scalars(
        select(Turn)
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .order_by(Turn.position)
    )
    by_turn: dict[UUID, list[Message]] = {}
    for message in await tx.session.scalars(
        select(Message)
        .where(Message.organization_id == tx.organization_id, Message.conversation_id == conversation_id)
        .order_by(Message.position)
    ):
        by_turn.setdefault(message.turn_id, []).append(message)
    steps = [step for turn in turns if (step := await _step(tx, turn, by_turn.get(turn.id, []))) is not None]
    return start, steps, (await service.view(tx, row)).model_dump(mode="json")


async def usable_version(tx: Tx, agent_id: UUID, number: int, settings: Settings, *, model: str | None) -> None:
    """Raises Problem 404 where the agent has no such version, StartupError where its model cannot be used."""
    version = await agents.version(tx, agent_id, number)
    if model is None and version.settings["model"] is not None:
        check_model(version.settings["model"], settings)


async def _step(tx: Tx, turn: Turn, messages: list[Message]) -> Step | None:
    written = next((one.content for one in messages if one.role in ("customer", "human")), "")
    answer = next((one for one in reversed(messages) if one.role == "assistant"), None)
    outcome = said(
        {name: getattr(answer, name) for name in ("agent", "intent", "tool_calls", "content")} if answer else None
    )
    if turn.kind == "approval" and "approval_id" in turn.input:
        row = await tx.session.scalar(
            select(Approval).where(
                Approval.organization_id == tx.organization_id, Approval.id == UUID(turn.input["approval_id"])
            )
        )
        answered = (row.kind, row.status == "approved", row.note) if row is not None else None
        return Step(turn.id, "approval", "", outcome, answered) if answered else None
    if turn.kind == "payment":
        return Step(turn.id, "payment", "", outcome)
    if turn.kind == "human":
        return Step(turn.id, "human", written, Said())
    return Step(turn.id, "message", written, outcome) if turn.kind == "message" and written else None
