"""Hands the conversation to a person of the shop."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import update

from agentpay.store.session import Tx
from agentpay.store.tables import Conversation
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class HandoffToHuman(Arguments):
    reason: str = Field("", max_length=500, description="What the person should know, in a sentence.")


async def run(context: Context, tx: Tx, arguments: HandoffToHuman) -> ToolResult:
    await tx.session.execute(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == context.conversation)
        .where(Conversation.status == "active")
        .values(status="handed_off", stage="handed_off")
    )
    data = {
        "conversation_id": str(context.conversation),
        "status": "handed_off",
        "reason": arguments.reason,
        "support_email": context.organization.support_email,
    }
    return ToolResult(data, [{"type": "handoff", **data}])


TOOL = Tool(
    name="handoff_to_human",
    description="Hand the conversation to a person: when the customer asks for one, or when you cannot help.",
    arguments=HandoffToHuman,
    run=run,
    agents=frozenset({"sales", "payment", "support"}),
    effect="write",
    scope="tools:write",
)
