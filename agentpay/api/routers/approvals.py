"""What waits for a person of the shop."""

from __future__ import annotations

from uuid import UUID

from agentpay.api import pagination, problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.conversations.shapes import InterruptView
from agentpay.conversations.turns.approvals import open_approvals

router = ApiRouter(prefix="/v1/approvals", tags=["approvals"])


class ApprovalView(InterruptView):
    """An interrupt and the conversation it belongs to: answer it at `…/turns/{turn_id}/resume` there."""

    conversation_id: UUID


@router.get("", summary="Open approvals, the oldest first", responses=problems.responses())
async def list_open(tx: TxDep, limit: Limit = 50, cursor: Cursor = None) -> Page[ApprovalView]:
    after = pagination.id_behind(cursor)
    rows = await open_approvals(tx, limit=limit, after=after)
    more = pagination.next_of(rows, limit)
    return Page(items=[ApprovalView.model_validate(row) for row in rows[:limit]], next_cursor=more)
