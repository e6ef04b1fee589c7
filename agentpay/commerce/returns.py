"""Returns: `requested → received → refunded`, or `refused` (CONTRACT §4).

What comes back is refunded as it was paid: with its share of discount and tax. Shipping is not refunded with a return; a
merchant who wants to gives a refund besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from agentpay.commerce import exchanges, inventory, order_plan, refunds, return_rows, single_change, windows
from agentpay.commerce.after_sale_shapes import ReturnItemInput, ReturnView
from agentpay.commerce.order_changes import reference, resolve
from agentpay.commerce.order_rows import lock as lock_order
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Return


async def request(
    tx: Tx,
    order_id: UUID,
    items: Sequence[ReturnItemInput],
    *,
    base_url: str,
    reason: str = "",
    method: str | None = None,
    conversation_id: UUID | None = None,
    now: datetime | None = None,
) -> ReturnView:
    """Accept goods back: within the window, without anybody's approval. The money follows when they are received.

    `method`: None for the way it was paid, `gift_card`, or the name of a stored gift card. Problems (409):
    `order_not_delivered`, `order_not_returnable`, `return_window_over` (extra `window_days`, `ended_at`),
    `not_returnable`, `line_unknown`, `already_returned` (extra `returnable`), `destination_not_allowed`,
    `payment_method_unknown`, `customer_unknown`; 422 `variant_unknown`.
    """
    order = await lock_order(tx, order_id)
    policy = await windows.policies(tx)
    exchanges.require_delivered(order)
    windows.require_open(order, policy, "return", now or datetime.now(UTC))
    await single_change.require_no_return(tx, order, policy)
    wanted = await _wanted(tx, items)
    parts = await return_rows.take(tx, order, policy, wanted)
    await refunds.require_destination(tx, order, method)
    row = Return(
        id=new_id(),
        organization_id=tx.organization_id,
        order_id=order_id,
        conversation_id=conversation_id or order.conversation_id,
        kind="return",
        status="requested",
        reason=reason,
        destination={"payment_method": method} if method else {},
    )
    await return_rows.add(tx, row, order, parts, [None] * len(parts))
    await return_rows.emit(tx, row)
    return await return_rows.view(tx, row, base_url=base_url)


async def receive(tx: Tx, return_id: UUID, *, base_url: str, now: datetime | None = None) -> ReturnView:
    """The goods are back: in stock again, and what was paid for them is given back. Saying so twice changes nothing.

    A return whose refund failed at the provider is `received`; receiving it again tries another one. Problems (409):
    `return_refused`, for an exchange `exchange_unpaid`, `gift_card_insufficient`, `payment_method_unknown`; 404.
    """
    row, order = await return_rows.lock(tx, return_id)
    if row.status == "refused":
        raise Problem("return_refused", "This return was refused.", status=409)
    before = row.status
    first = before == "requested"
    row.received_at = row.received_at or now or datetime.now(UTC)
    if row.kind == "exchange":
        if first:
            await exchanges.complete(tx, row, order)
    elif row.status != "refunded":
        row.status = "received"
        await _refund(tx, row, order)
        if first:
            await inventory.restock(tx, await _units(tx, row))
    if row.status != before:
        await return_rows.emit(tx, row)
    return await return_rows.view(tx, row, base_url=base_url)


async def refuse(tx: Tx, return_id: UUID, *, base_url: str, reason: str = "") -> ReturnView:
    """The merchant does not take it: nothing is given back; what an exchange set aside or had paid is free again.

    Problem 409 `return_closed`: received or refunded already. Refusing twice is refusing once.
    """
    row, order = await return_rows.lock(tx, return_id)
    if row.status in ("received", "refunded"):
        raise Problem("return_closed", f"The return is {row.status} already.", status=409)
    if row.status != "refused":
        row.status, row.refusal = "refused", reason or None
        if row.kind == "exchange":
            await exchanges.undo(tx, row, order)
        await return_rows.emit(tx, row)
    return await return_rows.view(tx, row, base_url=base_url)


async def get(tx: Tx, return_id: UUID, *, base_url: str) -> ReturnView:
    """Problem 404 `not_found`."""
    found = await return_rows.list_(tx, base_url=base_url, limit=1, return_id=return_id)
    if not found:
        raise not_found("return", return_id)
    return found[0]


async def _wanted(tx: Tx, items: Sequence[ReturnItemInput]) -> dict[UUID, int]:
    known = await resolve(tx, items)
    units: Counter[UUID] = Counter()
    for item in items:
        units[known[reference(item)].id] += item.quantity
    return dict(units)


async def _refund(tx: Tx, row: Return, order: Order) -> None:
    """What was paid for the units, or what is left of it where the order was refunded in part before."""
    owed = sum(line.amount for line in await return_rows.lines_of(tx, row.id))
    amount = min(owed, order.total - order.refunded)
    if amount:
        method = row.destination.get("payment_method")
        await refunds.give(tx, order, amount, reason=row.reason or "returned", return_id=row.id, method=method)
        row.status = "refunded"
    await tx.session.flush()


async def _units(tx: Tx, row: Return) -> dict[UUID, int]:
    variants = {line.id: line.variant_id for line in await order_plan.lines_of(tx, row.order_id)}
    units: Counter[UUID] = Counter()
    for line in await return_rows.lines_of(tx, row.id):
        units[variants[line.order_line_id]] += line.quantity
    return dict(units)
