"""Exchanges: the same product in another variant (CONTRACT §4).

Asked for, the new goods are set aside. What they cost more is paid by a link before the old ones are received, or charged
to a stored method when they are; what they cost less goes back then. The order then holds the new goods.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from agentpay.commerce import (
    change_links,
    inventory,
    order_changes,
    order_plan,
    refunds,
    return_rows,
    single_change,
    stored_methods,
    windows,
)
from agentpay.commerce.after_sale_shapes import ExchangeItemInput, ReturnView, VariantInput
from agentpay.commerce.order_rows import lock as lock_order
from agentpay.commerce.shares import PaidLine, Target, become, without
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Return, ReturnLine


async def request(
    tx: Tx,
    order_id: UUID,
    items: Sequence[ExchangeItemInput],
    *,
    base_url: str,
    reason: str = "",
    method: str | None = None,
    conversation_id: UUID | None = None,
    now: datetime | None = None,
) -> ReturnView:
    """Accept an exchange of delivered goods within the window. The difference is that of the prices, a discount stays.

    `method`: the stored method to charge (where the shop allows it), or to pay back to. Problems (409) as
    `returns.request` with `exchange_window_over`, and `variant_mismatch`, `variant_unavailable`, `out_of_stock`,
    `nothing_to_change`, `gift_card_insufficient`.
    """
    now = now or datetime.now(UTC)
    order = await lock_order(tx, order_id)
    policy = await windows.policies(tx)
    require_delivered(order)
    windows.require_open(order, policy, "exchange", now)
    await single_change.require_no_return(tx, order, policy)
    targets = await _targets(tx, order, items)
    units: Counter[UUID] = Counter()
    for old, _, quantity in targets:
        units[old] += quantity
    parts = await return_rows.take(tx, order, policy, units)
    pieces, new = await _made(tx, order, parts, targets)
    lines = await order_plan.lines_of(tx, order_id)
    plan = order_plan.with_lines(order, lines, _after(lines, pieces, new))
    difference = plan.total - order.total
    if plan.total < order.refunded:
        raise Problem("order_not_returnable", "Most of this order has been refunded.", status=409)
    row = Return(
        id=new_id(),
        organization_id=tx.organization_id,
        order_id=order_id,
        conversation_id=conversation_id or order.conversation_id,
        kind="exchange",
        status="requested",
        reason=reason,
        destination={"payment_method": method} if method else {},
        difference=difference,
    )
    payer = await stored_methods.payer(tx, order, method) if difference > 0 else None
    if payer is not None:
        stored_methods.require_covers(payer, difference)
    elif difference <= 0:
        await refunds.require_destination(tx, order, method, anywhere=True)
    await return_rows.add(tx, row, order, pieces, new)
    if difference > 0 and payer is None:
        note = f"Order {order.number}: exchange"
        await change_links.make(tx, order, plan, note=note, base_url=base_url, now=now, return_id=row.id)
    else:
        await inventory.take(tx, change_links.added(plan))
    await return_rows.emit(tx, row)
    return await return_rows.view(tx, row, base_url=base_url)


async def complete(tx: Tx, row: Return, order: Order) -> None:
    """The old goods of a locked exchange are back: money, stock, and the order's lines. Problem 409 `exchange_unpaid`."""
    assert row.difference is not None, "every exchange has one"
    change = await change_links.of_return(tx, row.id, lock=True)
    if change is not None and change.status != "paid":
        raise Problem("exchange_unpaid", "The payment link of this exchange has not been paid.", status=409)
    method = row.destination.get("payment_method")
    back = await return_rows.lines_of(tx, row.id)
    lines = await order_plan.lines_of(tx, order.id)
    plan = _completed(order, lines, back)
    if plan.total < order.refunded:
        raise Problem("order_not_returnable", "Most of this order has been refunded.", status=409)
    row.status = "received"
    if change is not None:
        change.status = "applied"
    elif row.difference > 0:
        payer = await stored_methods.payer(tx, order, method)
        if payer is None:
            raise Problem("exchange_unpaid", "The stored method can no longer be charged.", status=409)
        await stored_methods.charge(tx, order, payer, row.difference)
    elif row.difference < 0:
        await refunds.adjust(tx, order, -row.difference, reason="exchanged", return_id=row.id, method=method)
        row.status = "refunded"
    by_line = {line.id: line.variant_id for line in lines}
    old: Counter[UUID] = Counter()
    for each in back:
        old[by_line[each.order_line_id]] += each.quantity
    await inventory.restock(tx, old)
    await order_plan.store(tx, order, plan)


async def undo(tx: Tx, row: Return, order: Order) -> None:
    """A locked exchange was refused: what was paid for it goes back, the new goods are free again."""
    change = await change_links.of_return(tx, row.id, lock=True)
    if change is not None and change.status == "pending":
        change.status = "void"  # its goods are held by the link, for as long as that holds them
        return
    if change is not None:
        change.status = "void"
        await refunds.adjust(tx, order, change.amount, reason="exchange refused", return_id=row.id)
    new: Counter[UUID] = Counter()
    for line in await return_rows.lines_of(tx, row.id):
        if line.exchange_variant_id is not None:
            new[line.exchange_variant_id] += line.quantity
    await inventory.restock(tx, new)


def require_delivered(order: Order) -> None:
    """Problems (409): `order_not_delivered`, `order_not_returnable` (cancelled, refunded whole, never paid)."""
    if order.status not in ("paid", "partially_refunded"):
        raise Problem("order_not_returnable", f"The order is {order.status}.", status=409)
    if order.fulfillment_status != "delivered":
        raise Problem("order_not_delivered", "The order has not been delivered yet.", status=409)


async def _targets(tx: Tx, order: Order, items: Sequence[ExchangeItemInput]) -> list[tuple[UUID, Target, int]]:
    """(variant, what it becomes, units)."""
    meant: list[VariantInput] = [each for item in items for each in (item, item.to)]
    known = await order_changes.resolve(tx, meant)
    found = []
    for item in items:
        old, new = known[order_changes.reference(item)], known[order_changes.reference(item.to)]
        order_changes.require_replaces(order, old, new)
        if new.id == old.id:
            raise Problem("nothing_to_change", "An exchange is for another variant.", status=409)
        found.append((old.id, Target(new.id, new.price, new.floor), item.quantity))
    return found


async def _made(
    tx: Tx,
    order: Order,
    parts: Sequence[tuple[PaidLine, PaidLine]],
    targets: Sequence[tuple[UUID, Target, int]],
) -> tuple[list[tuple[PaidLine, PaidLine]], list[PaidLine]]:
    """The parts, and what each becomes. The units of one line go to one variant: a second wish for it is another exchange."""
    by_unit: defaultdict[UUID, list[Target]] = defaultdict(list)
    for old, target, quantity in targets:
        by_unit[old] += [target] * quantity
    tax_of = await order_plan.tax_of(tx, order)
    new = []
    for _, part in parts:
        meant, by_unit[part.variant_id] = (
            by_unit[part.variant_id][: part.quantity],
            by_unit[part.variant_id][part.quantity :],
        )
        if any(target != meant[0] for target in meant):
            raise Problem("exchange_ambiguous", "Exchange one item for one variant at a time.", status=409)
        new.append(become([part], meant[0], part.quantity, tax_of))
    return list(parts), new


def _after(
    lines: Sequence[PaidLine], pieces: Sequence[tuple[PaidLine, PaidLine]], new: Sequence[PaidLine]
) -> list[PaidLine]:
    """The order's lines when the pieces have been exchanged, each new one in the place of its old one."""
    found = []
    for line in lines:
        rest, made = line, []
        for (old, part), made_of_it in zip(pieces, new, strict=True):
            if old.id == line.id:
                rest = without(rest, part)
                made.append(made_of_it)
        found += [each for each in (rest, *made) if each.quantity]
    return found


def _completed(order: Order, lines: Sequence[PaidLine], back: Sequence[ReturnLine]) -> order_plan.Plan:
    """As agreed. A line that is exchanged whole keeps its id, which the return refers to."""
    exchanged = {each.order_line_id: each for each in back}
    after: list[PaidLine] = []
    for line in lines:
        each = exchanged.get(line.id) if line.id is not None else None
        if each is None or each.exchange is None:
            after.append(line)
            continue
        part = replace(line, quantity=each.quantity, discount=each.discount, tax=each.tax)
        agreed = each.exchange
        made = PaidLine(
            None, UUID(agreed["variant_id"]), *(agreed[n] for n in ("quantity", "unit_price", "discount", "tax"))
        )
        rest = without(line, part)
        after += [rest, made] if rest.quantity else [replace(made, id=line.id)]
    return order_plan.with_lines(order, lines, after)
