"""One router a resource. A new one is added to ROUTERS."""

from __future__ import annotations

from fastapi import APIRouter

from agentpay.api.routers import (
    approvals,
    articles,
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
    sandbox,
    shipping_zones,
    turns,
    web,
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
    knowledge.router,
    products.router,
    customers.router,
    articles.router,
    discounts.router,
    shipping_zones.router,
    web.router,
)
