"""How long after delivery goods may come back, and which never (CONTRACT §4, windows)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select

from agentpay.commerce.pricing import in_category
from agentpay.commerce.rules import Policies
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Organization

Kind = Literal["return", "exchange"]

ASSUMED_TRANSIT = timedelta(days=7)
"""An order without a date of delivery is taken to have arrived so long after it was placed."""


async def policies(tx: Tx) -> Policies:
    """The shop's policies; what it does not say is unlimited, or not allowed."""
    said = await tx.session.scalar(select(Organization.policies).where(Organization.id == tx.organization_id))
    return Policies.model_validate(said or {})


def days_of(policy: Policies, kind: Kind) -> int | None:
    """The window in days; None is unlimited."""
    return policy.return_window_days if kind == "return" else policy.exchange_window_days


def ends_at(order: Order, days: int | None) -> datetime | None:
    """The last moment inside the window; None where it never ends."""
    start = order.delivered_at or order.placed_at + ASSUMED_TRANSIT
    return start + timedelta(days=days) if days is not None else None


def require_open(order: Order, policy: Policies, kind: Kind, now: datetime) -> None:
    """Problem 409 `return_window_over` or `exchange_window_over`, extra `window_days`, `ended_at`."""
    days = days_of(policy, kind)
    end = ends_at(order, days)
    if end is not None and now > end:
        raise Problem(
            f"{kind}_window_over",
            f"The {kind} window of {days} days is over since {end:%B %d, %Y}.",
            status=409,
            window_days=days,
            ended_at=end.isoformat(),
        )


def is_returnable(
    policy: Policies, product_external_id: str | None, category: str | None, variant_external_id: str | None
) -> bool:
    """Whether the policy lets a variant come back: by its product's external id or its own, or a prefix of the category."""
    return not any(
        name in (product_external_id, variant_external_id) or (category is not None and in_category(category, name))
        for name in policy.non_returnable
    )
