"""One router a resource. A new one is added to ROUTERS."""

from __future__ import annotations

from fastapi import APIRouter

from agentpay.api.routers import (
    approvals,
    checkouts,
    conversations,
    health,
    orders,
    pay,
    refunds,
    sandbox,
    turns,
    webhooks_in,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    conversations.router,
    turns.router,
    approvals.router,
    checkouts.router,
    orders.router,
    refunds.router,
    webhooks_in.router,
    sandbox.router,
    pay.router,
)
