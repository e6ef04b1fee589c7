"""Hands the conversation to a person of the shop."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import update

from agentpay.commerce import webhooks
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class HandoffToHuman(Arguments):
    reason: str = Field("", max_length=500, description="What the person should know, in a sentence.")


async def run(context: Context, tx: Tx, arguments: HandoffToHuman) -> ToolResult:
    handed = await tx.session.scalar(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == context.conversation)
        .where(Conversation.status == "active")
        .values(status="handed_off", stage="handed_off")
        .returning(Conversation.id)
    )
    if handed is not None and await webhooks.listening(tx, "conversation.handed_off"):
        # What a conversation looks like is known above the tools: the job, there if and only if this is, tells of it
        await enqueue(
            tx,
            "conversation.tell",
            organization_id=str(tx.organization_id),
            conversation_id=str(handed),
            event="conversation.handed_off",
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
