"""What can still be done with a placed order, and what it would come to: read, before anything is promised (CONTRACT §4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpay.commerce import catalog, ledger, order_rows, refunds, return_rows, single_change, windows
from agentpay.commerce.catalog import VariantRow
from agentpay.commerce.exchanges import require_delivered
from agentpay.commerce.rules import Policies
from agentpay.commerce.shapes import OrderView, Shape
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Order

_ALTERNATIVES = 20


class Possible(Shape):
    """Whether something can be done; `code` and `reason` say why not. `until`: the last moment of its window."""

    ok: bool
    code: str | None = None
    reason: str | None = None
    until: datetime | None = None


class Alternative(Shape):
    """Another variant of the same product, at today's price. `available` counts units; null: not tracked."""

    external_id: str | None
    options: dict[str, str]
    price: int
    available: int | None


class ItemOptions(Shape):
    """A variant of the order. `returnable` units can still come back, and `amount` is what was paid for them."""

    variant_external_id: str | None
    title: str
    category: str | None
    options: dict[str, str]
    quantity: int
    unit_price: int
    returnable: int
    amount: int
    reason: str | None
    """Why none can come back."""
    alternatives: list[Alternative]


class AfterSaleOptions(Shape):
    """`refundable`: minor units that can still be given back. `paid_with`: the methods that hold them, else that held them."""

    before_it_leaves: Possible
    """To be cancelled or changed."""
    returns: Possible
    exchange: Possible
    refundable: int
    currency: str
    paid_with: list[dict[str, Any]]
    items: list[ItemOptions]


async def options_of(tx: Tx, shown: OrderView, *, now: datetime) -> AfterSaleOptions:
    """Of an order as it is now; a moment later it may be another. Problem 404 `not_found`."""
    order = await order_rows.by_id(tx, shown.id)
    policy = await windows.policies(tx)
    held = await ledger.rooms(tx, order.id)
    units = await order_rows.units(tx, order.id)
    rows = await catalog.variants(tx, units)
    alike = await catalog.variants_of(tx, {row.product_id for row in rows.values()})
    return AfterSaleOptions(
        before_it_leaves=_before_it_leaves(order, policy),
        returns=await _back(tx, order, "return", policy, now),
        exchange=await _back(tx, order, "exchange", policy, now),
        refundable=await refunds.refundable(tx, order) if order.status != "pending" else 0,
        currency=order.currency,
        paid_with=[payment.method for payment, room in held if room] or [payment.method for payment, _ in held],
        items=[
            await _item(tx, order, shown, rows[variant_id], quantity, policy, alike)
            for variant_id, quantity in _in_place(shown, units).items()
            if variant_id in rows
        ],
    )


def _in_place(shown: OrderView, units: Mapping[UUID, int]) -> dict[UUID, int]:
    return {line.variant_id: units[line.variant_id] for line in shown.items if line.variant_id in units}


def _before_it_leaves(order: Order, policy: Policies) -> Possible:
    if order.status in ("cancelled", "refunded"):
        return Possible(ok=False, code=f"order_{order.status}", reason=f"the order is {order.status} already")
    if order.fulfillment_status != "unfulfilled":
        state = order.fulfillment_status
        return Possible(ok=False, code=f"order_{state}", reason=f"the order has been {state} already")
    try:
        single_change.require_unchanged(order, policy)
    except Problem as problem:
        return Possible(ok=False, code=problem.code, reason=problem.detail)
    return Possible(ok=True)


async def _back(tx: Tx, order: Order, kind: windows.Kind, policy: Policies, now: datetime) -> Possible:
    end = windows.ends_at(order, windows.days_of(policy, kind))
    try:
        require_delivered(order)
        windows.require_open(order, policy, kind, now)
        await single_change.require_no_return(tx, order, policy)
    except Problem as problem:
        return Possible(ok=False, code=problem.code, reason=problem.detail, until=end)
    return Possible(ok=True, until=end)


async def _item(
    tx: Tx,
    order: Order,
    shown: OrderView,
    row: VariantRow,
    quantity: int,
    policy: Policies,
    alike: Mapping[UUID, list[VariantRow]],
) -> ItemOptions:
    line = next(line for line in shown.items if line.variant_id == row.id)
    returnable, amount, reason = await _returnable(tx, order, policy, row.id, quantity)
    others = [other for other in alike.get(row.product_id, []) if other.id != row.id and other.active]
    return ItemOptions(
        variant_external_id=row.external_id,
        title=line.title,
        category=row.category,
        options=line.options,
        quantity=quantity,
        unit_price=line.unit_price,
        returnable=returnable,
        amount=amount,
        reason=reason,
        alternatives=[
            Alternative(
                external_id=other.external_id, options=other.options, price=other.price, available=other.available
            )
            for other in others[:_ALTERNATIVES]
        ],
    )


async def _returnable(
    tx: Tx, order: Order, policy: Policies, variant_id: UUID, quantity: int
) -> tuple[int, int, str | None]:
    """(units, what was paid for them, why none)."""
    try:
        parts = await return_rows.take(tx, order, policy, Counter({variant_id: quantity}))
    except Problem as problem:
        left = problem.extra.get("returnable", 0) if problem.code == "already_returned" else 0
        if not left:
            return 0, 0, problem.detail
        parts = await return_rows.take(tx, order, policy, Counter({variant_id: left}))
    units = sum(part.quantity for _, part in parts)
    return units, sum(max(part.paid(tax_included=order.tax_included), 0) for _, part in parts), None
