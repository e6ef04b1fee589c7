"""Snapshots of a conversation."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from agentpay.api import problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Body, Page
from agentpay.conversations import service, snapshots
from agentpay.conversations.shapes import ConversationView
from agentpay.conversations.snapshots import SnapshotView
from agentpay.store import cursors

router = ApiRouter(prefix="/v1/agent/conversations/{conversation_id}/snapshots", tags=["snapshots"])


class LabelIn(Body):
    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


@router.get("", summary="The conversation after each turn, the newest first", responses=problems.responses(404))
async def list_snapshots(
    conversation_id: UUID, tx: TxDep, state: StateDep, limit: Limit = 100, cursor: Cursor = None
) -> Page[SnapshotView]:
    before = str(cursors.decode_id(cursor)) if cursor is not None else None
    found = await snapshots.snapshots(tx, state.saver, conversation_id, before=before)
    more = cursors.encode([found[limit - 1].id]) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


@router.patch("/{snapshot_id}", summary="Label a snapshot", responses=problems.responses(404))
async def label(conversation_id: UUID, snapshot_id: UUID, body: LabelIn, tx: TxDep, state: StateDep) -> SnapshotView:
    return await snapshots.label(tx, state.saver, conversation_id, str(snapshot_id), body.label)


@router.post("/{snapshot_id}/fork", status_code=201, summary="Fork a conversation", responses=problems.responses(404))
async def fork(conversation_id: UUID, snapshot_id: UUID, tx: TxDep, state: StateDep) -> ConversationView:
    """A new conversation with the state and the cart, without checkout, approvals and offers."""
    forked = await snapshots.fork(tx, state.saver, conversation_id, str(snapshot_id))
    return await service.view(tx, forked)
