"""What an agent may not decide alone becomes a row that waits for a person (DESIGN §4, approvals; CONTRACT §2, interrupt)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from agentpay.commerce import offers
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Approval
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.tool import ToolResult

Kind = Literal["refund", "discount", "offer", "order_change"]
WAITS = timedelta(hours=24)
"""How long a person has to answer."""


async def request(
    context: Context, tx: Tx, kind: Kind, summary: str, payload: dict[str, Any], tool_call: dict[str, Any]
) -> dict[str, Any]:
    """Store what waits, in the unit of work of the call that asks; answers the interrupt of CONTRACT §2.

    `payload` is shown to the merchant; `tool_call` is what `answer` needs to carry it out.
    """
    if context.turn_id is None:
        raise Problem("approval_needs_turn", "This needs a person's approval, which only a conversation can ask for.")
    identifier, expires_at = new_id(), datetime.now(UTC) + WAITS
    tx.session.add(
        Approval(
            id=identifier,
            organization_id=tx.organization_id,
            conversation_id=context.conversation,
            turn_id=context.turn_id,
            kind=kind,
            summary=summary,
            payload=payload,
            tool_call=tool_call,
            expires_at=expires_at,
        )
    )
    return {
        "id": str(identifier),
        "turn_id": str(context.turn_id),
        "kind": kind,
        "summary": summary,
        "payload": payload,
        "expires_at": expires_at.isoformat().replace("+00:00", "Z"),
    }


async def carry_out(tx: Tx, approval: Approval, *, approved: bool) -> ToolResult:
    """Do, or drop, what was asked, once: the caller has locked the open row and stores the answer in the same unit of work."""
    if approval.kind == "offer":
        offer_id = UUID(approval.tool_call["offer_id"])
        offer = await (offers.approve if approved else offers.decline)(tx, offer_id)
        return ToolResult({"offer": offer.model_dump(mode="json")}, [block("offer", offer)] if approved else [])
    raise Problem("approval_unknown", f"Nothing can be carried out for approvals of kind {approval.kind}.", status=409)
