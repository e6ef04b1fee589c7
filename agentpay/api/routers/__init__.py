"""One router a resource. A new one is added to ROUTERS."""

from __future__ import annotations

from fastapi import APIRouter

from agentpay.api.routers import approvals, conversations, health, turns

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    conversations.router,
    turns.router,
    approvals.router,
)
