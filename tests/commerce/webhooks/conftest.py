"""A receiver, and a shop's webhooks driven job by job: what is scheduled is read from the queue, nobody sleeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from agentpay.commerce.webhooks import addresses, deliveries, endpoints
from agentpay.commerce.webhooks.addresses import Resolver
from agentpay.commerce.webhooks.sending import Outcome
from agentpay.commerce.webhooks.shapes import EndpointInput, EndpointWithSecret
from agentpay.settings import Settings
from agentpay.store.session import Database
from agentpay.store.tables import WebhookDelivery, WebhookEndpoint
from tests.commerce.webhooks.receiver import Receiver, receiving


@dataclass
class Job:
    delivery_id: UUID
    attempt: int
    at: datetime | None


@dataclass
class Hooks:
    database: Database
    organization_id: UUID
    settings: Settings

    async def endpoint(self, url: str, *events: str) -> EndpointWithSecret:
        async with self.database.tx(self.organization_id) as tx:
            return await endpoints.create(tx, EndpointInput(url=url, events=list(events)), allow_private=True)

    async def emit(self, type_: str, **data: Any) -> UUID | None:
        from agentpay.commerce import webhooks

        async with self.database.tx(self.organization_id) as tx:
            return await webhooks.emit(tx, type_, data)

    async def jobs(self) -> list[Job]:
        """The attempts that are scheduled, in the order they were."""
        async with self.database.session() as session:
            rows = await session.execute(
                text(
                    "SELECT args, scheduled_at FROM procrastinate_jobs WHERE task_name = 'webhooks.deliver'"
                    " AND queue_name = 'webhooks' AND status = 'todo' AND args->>'organization_id' = :org ORDER BY id"
                ),
                {"org": str(self.organization_id)},
            )
            return [Job(UUID(row.args["delivery_id"]), row.args["attempt"], row.scheduled_at) for row in rows]

    async def run(self, job: Job, *, resolver: Resolver = addresses.resolve, **settings: Any) -> Outcome | None:
        """What the worker does with a job."""
        outcome = await deliveries.deliver(
            self.database,
            self.settings.model_copy(update=settings),
            self.organization_id,
            job.delivery_id,
            job.attempt,
            base_url="https://shop.example/",
            resolver=resolver,
        )
        async with self.database.session() as session:
            await session.execute(
                text(
                    "DELETE FROM procrastinate_jobs WHERE args->>'delivery_id' = :id AND (args->>'attempt')::int = :n"
                ),
                {"id": str(job.delivery_id), "n": job.attempt},
            )
        return outcome

    async def run_all(self, **settings: Any) -> list[Outcome | None]:
        """Every attempt that is scheduled now, however much later it is due."""
        return [await self.run(job, **settings) for job in await self.jobs()]

    async def log(self, endpoint_id: UUID) -> list[WebhookDelivery]:
        async with self.database.tx(self.organization_id) as tx:
            rows = await tx.session.scalars(
                select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id).order_by(WebhookDelivery.id)
            )
            return list(rows)

    async def stored(self, endpoint_id: UUID) -> WebhookEndpoint:
        async with self.database.tx(self.organization_id) as tx:
            return await tx.session.get_one(WebhookEndpoint, endpoint_id)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
def hooks(database: Database, organization_id: UUID) -> Hooks:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        webhook_allow_private=True,
        webhook_timeout_seconds=5.0,
        webhook_disable_after_failures=3,
        webhook_disable_after_minutes=0,
    )
    return Hooks(database, organization_id, settings)
