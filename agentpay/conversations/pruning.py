"""Old checkpoints are forgotten: a conversation keeps its last snapshots, and those that somebody labelled.

A snapshot is the last checkpoint of a turn (conversations/snapshots.py). Those between are for taking a turn up after a
crash, so only the last turn keeps them. The transcript is untouched.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Exists, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.store.ids import first_id
from agentpay.store.session import Database
from agentpay.store.tables import Conversation, Turn

QUIET_SECONDS = 60
"""A conversation is left alone this long after its last turn: that turn's last checkpoint is written beside its answer."""

_DELETE_CHECKPOINTS = text(
    """
WITH ranked AS (
  SELECT checkpoint_ns, checkpoint_id, metadata ->> 'source' AS source,
         dense_rank() OVER (ORDER BY newest DESC) AS age,
         checkpoint_id = newest AS is_last
  FROM (
    SELECT *, max(checkpoint_id) OVER (PARTITION BY checkpoint_ns, coalesce(metadata ->> 'turn_id', checkpoint_id)) AS newest
    FROM checkpoints WHERE thread_id = :thread
  ) AS of_turns
)
DELETE FROM checkpoints USING ranked
WHERE checkpoints.thread_id = :thread
  AND checkpoints.checkpoint_ns = ranked.checkpoint_ns AND checkpoints.checkpoint_id = ranked.checkpoint_id
  AND ranked.age > 1 AND NOT (ranked.is_last AND ranked.age <= :kept) AND ranked.source IS DISTINCT FROM 'fork'
  AND NOT EXISTS (
    SELECT FROM snapshot_labels
    WHERE conversation_id = CAST(:thread AS uuid) AND snapshot_labels.checkpoint_id = checkpoints.checkpoint_id
  )
"""
)
_DELETE_WRITES = text(
    """
DELETE FROM checkpoint_writes AS w
WHERE w.thread_id = :thread AND NOT EXISTS (
  SELECT FROM checkpoints AS c
  WHERE c.thread_id = w.thread_id AND c.checkpoint_ns = w.checkpoint_ns AND c.checkpoint_id = w.checkpoint_id
)
"""
)
_DELETE_BLOBS = text(
    """
DELETE FROM checkpoint_blobs AS b
WHERE b.thread_id = :thread AND NOT EXISTS (
  SELECT FROM checkpoints AS c
  WHERE c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns
    AND c.checkpoint -> 'channel_versions' ->> b.channel = b.version
)
"""
)


async def candidates(session: AsyncSession, *, since: timedelta) -> list[UUID]:
    """Conversations of every organization that had a turn within `since`."""
    found = await session.scalars(
        select(Turn.conversation_id).distinct().where(Turn.id >= first_id(datetime.now(UTC) - since))
    )
    return list(found)


def _busy() -> Exists:
    """Whether a turn of the conversation runs or waits, or ended just now."""
    just_now = func.now() - timedelta(seconds=QUIET_SECONDS)
    return exists().where(
        Turn.organization_id == Conversation.organization_id,
        Turn.conversation_id == Conversation.id,
        or_(Turn.status.in_(("queued", "running")), Turn.finished_at > just_now),
    )


async def prune(database: Database, conversation_id: UUID, kept: int) -> int:
    """Keep the last `kept` snapshots of a conversation; answers how many checkpoints were deleted.

    Does nothing while a turn runs or has only just ended: it works under the lock that a new turn needs.
    """
    async with database.session() as session:
        locked = await session.scalar(
            select(Conversation.id)
            .where(Conversation.id == conversation_id)
            .where(~_busy())
            .with_for_update(skip_locked=True)
        )
        if locked is None:
            return 0
        thread = {"thread": str(conversation_id)}
        deleted = await session.execute(_DELETE_CHECKPOINTS, {**thread, "kept": kept})
        count: int = deleted.rowcount  # type: ignore[attr-defined]
        if count:
            await session.execute(_DELETE_WRITES, thread)
            await session.execute(_DELETE_BLOBS, thread)
        return count
