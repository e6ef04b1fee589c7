"""What an agent may not decide alone becomes a row that waits for a person (DESIGN §4, approvals; CONTRACT §2, interrupt)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from agentpay.commerce import offers
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Approval
from agentpay.tools.context import Context

Kind = Literal["refund", "discount", "offer", "order_change"]
WAITS = timedelta(hours=24)
"""How long a person has to answer."""


async def request(
    context: Context, tx: Tx, kind: Kind, summary: str, payload: dict[str, Any], name: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    """Store the call `name(arguments)` that waits, in its own unit of work; answers the interrupt of CONTRACT §2.

    Once approved the same call runs again with `context.approval_id` set, which only the service can set.
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
            tool_call={"name": name, "arguments": arguments},
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


async def granted(context: Context, tx: Tx, kind: Kind) -> Approval | None:
    """The approval under which this call runs; None for an ordinary call. Raises Problem where it was not granted."""
    if context.approval_id is None:
        return None
    approval = await tx.session.scalar(
        select(Approval).where(Approval.organization_id == tx.organization_id, Approval.id == context.approval_id)
    )
    if approval is None:
        raise not_found("approval", context.approval_id)
    if approval.status != "approved" or approval.kind != kind:
        raise Problem("approval_missing", "This was not approved.", status=403)
    return approval


async def drop(tx: Tx, approval: Approval) -> None:
    """What a refusal does to what was asked for."""
    if approval.kind == "offer":
        await offers.decline(tx, UUID(approval.payload["id"]))
