"""Shops where an order is changed, returned or exchanged once (`policies.single_change`)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select

from agentpay.commerce.rules import Policies
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Return

NOTED = "items_changed"
"""In an order's details: {"difference", "payment_method", "variant_ids"} of each change of its items, oldest first."""


def note(order: Order, difference: int, method: str | None, variants: Sequence[UUID]) -> None:
    """Note on the locked order that its items became `variants`. `difference` in minor units."""
    done = {"difference": difference, "payment_method": method, "variant_ids": [str(variant) for variant in variants]}
    order.details = {**order.details, NOTED: [*order.details.get(NOTED, []), done]}


def require_unchanged(order: Order, policy: Policies) -> None:
    """Problem 409 `order_changed_before`."""
    if policy.single_change and order.details.get(NOTED):
        raise Problem("order_changed_before", "This order's items have been changed; that is done once.", status=409)


async def require_no_return(tx: Tx, order: Order, policy: Policies) -> None:
    """Problem 409 `return_exists`: a return or an exchange of the locked order that was not refused."""
    if not policy.single_change:
        return
    asked_for = exists().where(
        Return.organization_id == tx.organization_id, Return.order_id == order.id, Return.status != "refused"
    )
    if await tx.session.scalar(select(asked_for)):
        raise Problem("return_exists", "A return or exchange of this order has been asked for already.", status=409)
