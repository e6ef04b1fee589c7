"""Keeping the queue itself healthy."""

from __future__ import annotations

from procrastinate import App
from procrastinate import JobContext as QueueContext
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from psycopg.errors import RaiseException
from sqlalchemy import delete, func

from agentpay.jobs.context import services
from agentpay.store.tables import ClientToken, IdempotencyKey

FAILED_JOBS_KEPT_HOURS = 24 * 14


async def rescue_stalled(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Give the jobs of dead workers (`kill -9`, lost machine) back to the queue."""
    from agentpay.jobs.app import STALLED_SECONDS

    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            try:
                await manager.retry_job(job)
            except UniqueViolation:  # its like (`queueing_lock`) waits in the queue already
                await manager.finish_job(job, Status.ABORTED, delete_job=True)
        except ConnectorException as error:
            if not isinstance(error.__cause__, RaiseException):
                raise
            # procrastinate's own "was not found": another worker has seen to it meanwhile


async def delete_old(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Forget jobs that ended long ago."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=FAILED_JOBS_KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def delete_expired_keys(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Forget answers to POSTs that may no longer be asked for, and client tokens that no longer open anything."""
    async with services(context).database.session() as session:
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at < func.now()))
        await session.execute(delete(ClientToken).where(ClientToken.expires_at < func.now()))


def register(app: App) -> None:
    app.periodic(cron="* * * * * */5")(
        app.task(name="maintenance.rescue_stalled", pass_context=True, queueing_lock="maintenance.rescue_stalled")(
            rescue_stalled
        )
    )
    app.periodic(cron="17 3 * * *")(app.task(name="maintenance.delete_old", pass_context=True)(delete_old))
    app.periodic(cron="23 * * * *")(
        app.task(name="maintenance.delete_expired_keys", pass_context=True)(delete_expired_keys)
    )
