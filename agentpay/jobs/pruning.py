"""Forgetting old checkpoints, so that what a conversation costs to keep is bounded."""

from __future__ import annotations

from datetime import timedelta

from procrastinate import App
from procrastinate import JobContext as QueueContext

from agentpay.conversations import pruning
from agentpay.jobs.context import services

HOURLY = timedelta(hours=3)
NIGHTLY = timedelta(days=30)
"""How far back a run looks: what one missed, because the conversation was busy or no worker ran, a later one finds."""


async def _prune(context: QueueContext, since: timedelta) -> None:
    at = services(context)
    async with at.database.session() as session:
        found = await pruning.candidates(session, since=since)
    for conversation_id in found:
        await pruning.prune(at.database, conversation_id, at.settings.snapshots_kept)


async def prune_recent(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    await _prune(context, HOURLY)


async def prune_all(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    await _prune(context, NIGHTLY)


def register(app: App) -> None:
    for name, cron, task in (("recent", "11 * * * *", prune_recent), ("all", "53 3 * * *", prune_all)):
        full = f"pruning.{name}"
        app.periodic(cron=cron)(app.task(name=full, pass_context=True, queueing_lock=full)(task))
