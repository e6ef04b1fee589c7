"""Keeping the queue itself healthy."""

from __future__ import annotations

from procrastinate import App
from procrastinate import JobContext as QueueContext

FAILED_JOBS_KEPT_HOURS = 24 * 14


async def rescue_stalled(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Give the jobs of dead workers (`kill -9`, lost machine) back to the queue."""
    from agentpay.jobs.app import STALLED_SECONDS

    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await manager.retry_job(job)


async def delete_old(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Forget jobs that ended long ago."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=FAILED_JOBS_KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


def register(app: App) -> None:
    app.periodic(cron="* * * * * */5")(
        app.task(name="maintenance.rescue_stalled", pass_context=True, queueing_lock="maintenance.rescue_stalled")(
            rescue_stalled
        )
    )
    app.periodic(cron="17 3 * * *")(app.task(name="maintenance.delete_old", pass_context=True)(delete_old))
