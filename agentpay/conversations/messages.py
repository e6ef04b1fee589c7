"""The transcript: history for clients, and the window that reaches a model.

Messages are ordered by their turn, then within it: a message that waited its turn comes after the reply before it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from sqlalchemy import select, tuple_

from agentpay.conversations.shapes import message_data
from agentpay.nodes.state import PERSON
from agentpay.store.session import Direct, Tx
from agentpay.store.tables import Message, Turn

NAMES = {"human": PERSON}


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


_WINDOW = """
SELECT m.id, m.role, m.content, (SELECT c.summary FROM conversations c WHERE c.id = t.conversation_id) AS summary
FROM turns t JOIN messages m ON m.organization_id = t.organization_id AND m.turn_id = t.id
WHERE t.organization_id = %(organization)s AND t.conversation_id = %(conversation)s
  AND t.position <= (SELECT position FROM turns WHERE organization_id = %(organization)s AND id = %(turn)s)
ORDER BY t.position DESC, m.position DESC
LIMIT %(size)s
"""


async def window(
    connection: Direct, organization_id: UUID, conversation_id: UUID, turn_id: UUID, size: int
) -> tuple[list[AnyMessage], str]:
    """The last `size` messages up to this turn, its own customer message at their end, and the conversation's summary."""
    values = {"organization": organization_id, "conversation": conversation_id, "turn": turn_id, "size": size}
    found = await (await connection.execute(_WINDOW, values)).fetchall()
    messages: list[AnyMessage] = []
    for row in reversed(found):
        if row["role"] == "customer":
            messages.append(HumanMessage(row["content"], id=str(row["id"])))
        else:
            messages.append(AIMessage(row["content"], id=str(row["id"]), name=NAMES.get(row["role"])))
    return messages, (found[0]["summary"] if found else "")
