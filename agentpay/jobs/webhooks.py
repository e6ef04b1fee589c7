"""Outbound webhooks: attempts to deliver, and what is forgotten in time. Each may run twice."""

from __future__ import annotations

from uuid import UUID

from procrastinate import App
from procrastinate import JobContext as QueueContext

from agentpay.commerce.webhooks import deliveries, outbox, retention
from agentpay.jobs.context import services
from agentpay.jobs.retry import Backoff


async def deliver(context: QueueContext, *, organization_id: str, delivery_id: str, attempt: int) -> None:
    """One attempt; the record of a failed one enqueues the next, so this job fails only with the database."""
    at = services(context)
    await deliveries.deliver(
        at.database, at.settings, UUID(organization_id), UUID(delivery_id), attempt, base_url=at.base_url
    )


async def forget(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """A batch a transaction, until nothing is old enough."""
    database = services(context).database
    async with database.session() as session:
        await retention.drop_expired_secrets(session)
    while True:
        async with database.session() as session:
            if not await retention.drop_old_events(session):
                break


def register(app: App) -> None:
    persistent = Backoff(first=0.5, longest=600.0, attempts=200)
    app.task(name=outbox.TASK, queue=outbox.QUEUE, pass_context=True, retry=persistent)(deliver)
    app.periodic(cron="41 3 * * *")(app.task(name="webhooks.forget", pass_context=True)(forget))
