"""The last steps of erasing a customer (conversations/erasure.py)."""

from __future__ import annotations

from uuid import UUID

from procrastinate import App
from procrastinate import JobContext as QueueContext
from sqlalchemy import select

from agentpay.conversations import erasure
from agentpay.conversations.turns.broker import Broker
from agentpay.jobs.context import services
from agentpay.jobs.retry import Backoff
from agentpay.store.tables import Turn


async def finish_erasure(context: QueueContext, *, organization_id: str, conversation_ids: list[str]) -> None:
    """Streams of events go, and checkpoints that were being written while their conversation was erased."""
    at = services(context)
    broker: Broker = at.extra["broker"]
    ids = [UUID(one) for one in conversation_ids]
    async with at.database.session() as session:
        await erasure.delete_checkpoints(session, ids)
        turn_ids = list(
            await session.scalars(
                select(Turn.id).where(Turn.organization_id == UUID(organization_id), Turn.conversation_id.in_(ids))
            )
        )
    await broker.forget(turn_ids)


def register(app: App) -> None:
    persistent = Backoff(first=0.5, longest=600.0, attempts=200)
    app.task(name=erasure.TASK, pass_context=True, retry=persistent)(finish_erasure)
