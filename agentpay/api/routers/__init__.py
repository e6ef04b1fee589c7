"""One router a resource. A new one is added to ROUTERS."""

from __future__ import annotations

from fastapi import APIRouter

from agentpay.api.routers import (
    agents,
    approvals,
    articles,
    carts,
    checkouts,
    conversations,
    customers,
    discounts,
    health,
    knowledge,
    orders,
    pay,
    products,
    refunds,
    returns,
    sandbox,
    shipping_zones,
    snapshots,
    tools,
    turns,
    web,
    webhook_endpoints,
    webhooks_in,
    websocket,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    conversations.router,
    turns.router,
    approvals.router,
    websocket.router,
    tools.router,
    snapshots.router,
    agents.router,
    carts.router,
    checkouts.router,
    orders.router,
    refunds.router,
    returns.router,
    webhooks_in.router,
    webhook_endpoints.router,
    sandbox.router,
    pay.router,
    knowledge.router,
    products.router,
    customers.router,
    articles.router,
    discounts.router,
    shipping_zones.router,
    web.router,
)
