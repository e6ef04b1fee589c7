"""Payment jobs: inbound events, reconciliation, refunds, and the sandbox's webhooks and clock. Each may run twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from procrastinate import App
from procrastinate import JobContext as QueueContext

from agentpay.commerce.payments import inbound, refunding
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.sandbox import faults
from agentpay.jobs.context import services
from agentpay.jobs.retry import Backoff

DELIVERY_TIMEOUT_SECONDS = 10.0


async def handle_inbound(context: QueueContext, *, organization_id: str, event_id: str) -> None:
    at = services(context)
    async with at.database.tx(UUID(organization_id)) as tx:
        await inbound.handle(tx, at.providers, UUID(event_id))


async def reconcile(context: QueueContext, *, organization_id: str, checkout_id: str, attempt: int, began: str) -> None:
    at = services(context)
    paying = Paying(at.database, at.providers, base_url=at.base_url)
    await paying.reconcile(UUID(organization_id), UUID(checkout_id), attempt, datetime.fromisoformat(began))


async def execute_refund(context: QueueContext, *, organization_id: str, refund_id: str) -> None:
    at = services(context)
    await refunding.execute(at.database, at.providers, UUID(organization_id), UUID(refund_id))


async def deliver_sandbox_webhook(
    context: QueueContext,
    *,
    organization_id: str,
    payment_id: str,
    event_id: str,
    event_type: str,
    created: str,
    refund_id: str | None = None,
    dispute: dict[str, Any] | None = None,
    stage: faults.Stage = "new",
) -> None:
    """Deliver an event of the sandbox over HTTP, as any processor would; anything but a 2xx is tried again."""
    at = services(context)
    delivery = {
        "organization_id": organization_id,
        "payment_id": payment_id,
        "event_id": event_id,
        "event_type": event_type,
        "created": created,
        "refund_id": refund_id,
        "dispute": dispute,
    }
    copies = await faults.copies(at.database, UUID(organization_id), delivery, stage)
    if not copies:
        return
    body, headers = await at.providers.sandbox.webhook(
        UUID(organization_id), payment_id, event_id, event_type, datetime.fromisoformat(created), refund_id, dispute
    )
    async with httpx.AsyncClient(timeout=DELIVERY_TIMEOUT_SECONDS, trust_env=False) as client:
        for _ in range(copies):
            url = f"{at.api_url or at.base_url}/v1/webhooks/sandbox"
            answer = await client.post(url, content=body, headers=headers)
            answer.raise_for_status()
    if stage == "new":
        await faults.sent(at.database, UUID(organization_id))


async def settle_sandbox(context: QueueContext, *, organization_id: str, payment_id: str) -> None:
    await services(context).providers.sandbox.settle(UUID(organization_id), payment_id)


def register(app: App) -> None:
    persistent = Backoff(first=0.5, longest=600.0, attempts=200)
    app.task(name="payments.handle_inbound", pass_context=True, priority=10, retry=persistent)(handle_inbound)
    app.task(name="payments.reconcile", pass_context=True, retry=persistent)(reconcile)
    app.task(name="payments.execute_refund", pass_context=True, retry=persistent)(execute_refund)
    app.task(name="sandbox.deliver_webhook", pass_context=True, priority=10, retry=persistent)(deliver_sandbox_webhook)
    app.task(name="sandbox.settle", pass_context=True, retry=persistent)(settle_sandbox)
