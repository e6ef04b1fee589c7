"""Webhooks of payment providers: no key of ours, their signature instead."""

from __future__ import annotations

from fastapi import APIRouter, Request

from agentpay.api import problems
from agentpay.api.deps import StateDep
from agentpay.commerce.payments import inbound

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post("/{provider}", status_code=202, summary="A provider's event", responses=problems.responses(400, 404, 503))
async def receive(provider: str, request: Request, state: StateDep) -> dict[str, bool]:
    """Verified and stored, then handled by a job. An event that came before is answered alike and does nothing."""
    body = await request.body()
    new = await inbound.receive(state.database, state.providers, provider, request.headers, body)
    return {"received": True, "duplicate": not new}
