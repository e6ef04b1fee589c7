"""The transcript: history for clients, and the window that reaches a model.

Messages are ordered by their turn, then within it: a message that waited its turn comes after the reply before it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from sqlalchemy import select, tuple_
from sqlalchemy.orm import aliased

from agentpay.conversations.shapes import message_data
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation, Message, Turn

NAMES = {"human": "human_agent"}


async def history(
    tx: Tx, conversation_id: UUID, *, limit: int, after: tuple[int, int] | None = None
) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
    """Messages from the oldest on, and the place of the last one where there are more: (turn's position, message's)."""
    statement = (
        select(Message, Turn.position)
        .join(Turn, (Turn.organization_id == Message.organization_id) & (Turn.id == Message.turn_id))
        .where(Message.organization_id == tx.organization_id, Message.conversation_id == conversation_id)
        .order_by(Turn.position, Message.position)
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(Turn.position, Message.position) > after)
    rows = (await tx.session.execute(statement)).all()
    items = [message_data(message) for message, _ in rows[:limit]]
    if len(rows) <= limit:
        return items, None
    message, position = rows[limit - 1]
    return items, (position, message.position)


async def window(tx: Tx, conversation_id: UUID, turn_id: UUID, size: int) -> tuple[list[AnyMessage], str]:
    """The last `size` messages up to this turn, its own customer message at their end, and the conversation's summary."""
    mine = aliased(Turn)
    position = select(mine.position).where(mine.organization_id == tx.organization_id, mine.id == turn_id)
    summary = select(Conversation.summary).where(
        Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id
    )
    rows = await tx.session.execute(
        select(Message.id, Message.role, Message.content, summary.scalar_subquery())
        .join(Turn, (Turn.organization_id == Message.organization_id) & (Turn.id == Message.turn_id))
        .where(Turn.organization_id == tx.organization_id, Turn.conversation_id == conversation_id)
        .where(Turn.position <= position.scalar_subquery())
        .order_by(Turn.position.desc(), Message.position.desc())
        .limit(size)
    )
    found = rows.all()
    messages: list[AnyMessage] = []
    for message_id, role, content, _ in reversed(found):
        if role == "customer":
            messages.append(HumanMessage(content, id=str(message_id)))
        else:
            messages.append(AIMessage(content, id=str(message_id), name=NAMES.get(role)))
    return messages, (found[0][3] if found else "")
