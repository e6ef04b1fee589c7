"""Jobs, enqueued in the transaction of the change they belong to: the job exists if and only if the change was committed.

The tasks themselves live in `agentpay/jobs/`; what lies below enqueues them by name.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.store.session import Tx

_names_only = App(connector=PsycopgConnector())
"""Never opened: every job goes in over its caller's own connection."""


async def enqueue(
    tx: Tx | AsyncSession,
    task: str,
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    schedule_at: datetime | None = None,
    priority: int = 0,
    queue: str = "default",
    **kwargs: Any,
) -> int | None:
    """Add a job to the queue within the caller's transaction.

    `kwargs` become the task's arguments: JSON values, and ids rather than data, for the worker logs them. Jobs of one
    `lock` run one after the other. While a job with the same `queueing_lock` waits, no other is added and None is
    answered instead of the job's id. `schedule_at` is an aware time. `queue` is one of jobs/app.py's.
    """
    session = tx.session if isinstance(tx, Tx) else tx
    connection = await session.connection()
    raw = (await connection.get_raw_connection()).driver_connection
    assert isinstance(raw, psycopg.AsyncConnection), "AgentPay talks to PostgreSQL through psycopg 3"
    deferrer = _names_only.configure_task(
        task,
        lock=lock,
        queueing_lock=queueing_lock,
        schedule_at=schedule_at,
        priority=priority,
        queue=queue,
        connection=raw,
    )
    if queueing_lock is None:
        return await deferrer.defer_async(**kwargs)
    try:
        async with session.begin_nested():  # a conflict must not end the caller's transaction
            await session.connection()  # the savepoint is set at the session's first use of its connection, not before
            return await deferrer.defer_async(**kwargs)
    except AlreadyEnqueued:
        return None


async def is_pending(tx: Tx | AsyncSession, task: str, **kwargs: Any) -> bool:
    """Whether a job of this task with these arguments, among others, still waits or runs."""
    session = tx.session if isinstance(tx, Tx) else tx
    found = await session.scalar(
        text(
            "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND task_name = :task AND args @> CAST(:arguments AS jsonb))"
        ),
        {"task": task, "arguments": json.dumps(kwargs)},
    )
    return bool(found)
