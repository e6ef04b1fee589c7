"""Changes of an order that has not left: its address, its items, how it was paid (CONTRACT §4, issue 3).

Each with the order row locked, so that it comes before a cancellation or a shipment, or after it, and is refused then.
What costs more is charged to a stored method that the customer named, where the shop allows it, or becomes a payment
link; what costs less goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from agentpay.commerce import (
    catalog,
    change_links,
    inventory,
    ledger,
    order_plan,
    order_rows,
    refunds,
    single_change,
    stored_methods,
)
from agentpay.commerce.after_sale_shapes import (
    ItemChangeInput,
    OrderChangeView,
    PaymentView,
    VariantInput,
    payment_view,
)
from agentpay.commerce.catalog import VariantRow
from agentpay.commerce.order_plan import Plan
from agentpay.commerce.shapes import AddressShape
from agentpay.commerce.shares import Change, Target, rearrange
from agentpay.commerce.windows import policies
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Payment, PaymentMethod, Refund


async def change_address(
    tx: Tx,
    order_id: UUID,
    address: AddressShape,
    *,
    base_url: str,
    method: str | None = None,
    now: datetime | None = None,
) -> OrderChangeView:
    """Send it elsewhere. Problems: `order_not_changeable`, `nothing_to_change` (409), `country_not_served` (422)."""
    order = await _lock(tx, order_id)
    old = order.shipping_address
    if old is not None and AddressShape.model_validate(old) == address:
        raise _nothing()
    plan = await order_plan.for_address(tx, order, await order_plan.lines_of(tx, order_id), address)
    return await _settle(tx, order, plan, "address changed", method, base_url, now)


async def change_items(
    tx: Tx,
    order_id: UUID,
    changes: Sequence[ItemChangeInput],
    *,
    base_url: str,
    method: str | None = None,
    now: datetime | None = None,
) -> OrderChangeView:
    """Other variants of the same products, more or fewer units; new ones at today's price, a discount stays an amount.

    `method`: the stored method to charge or to pay back to. Problems (409): `order_not_changeable`, `line_unknown` (the
    order holds fewer), `variant_mismatch` (another product), `variant_unavailable`, `out_of_stock`, `nothing_to_change`,
    `order_would_be_empty`, `payment_method_unknown`, `gift_card_insufficient`; 422 `variant_unknown`.
    """
    order = await _lock(tx, order_id)
    single_change.require_unchanged(order, await policies(tx))
    lines = await order_plan.lines_of(tx, order_id)
    wanted = await _changes(tx, order, changes, await order_rows.units(tx, order_id))
    after = rearrange(lines, wanted, await order_plan.tax_of(tx, order))
    if after is None:
        raise _line_unknown()
    if not after:
        raise Problem("order_would_be_empty", "Nothing would be left of the order: cancel it instead.", status=409)
    plan = order_plan.with_lines(order, lines, after)
    changed = await _settle(tx, order, plan, "items changed", method, base_url, now)
    if changed.checkout is None:
        single_change.note(order, changed.difference, method, [change.to.variant_id for change in wanted])
        await tx.session.flush()
    return changed


async def change_payment(tx: Tx, order_id: UUID, method: str) -> OrderChangeView:
    """Move what was paid to another stored method: it is charged, then the earlier payments are given back.

    Problems (409): `order_not_changeable`, `order_not_paid`, `saved_methods_not_charged` (the shop's policy),
    `payment_method_unknown`, `payment_method_same`, `payment_method_not_chargeable`, `gift_card_insufficient`.
    """
    order = await _lock(tx, order_id)
    if order.status == "pending":
        raise Problem("order_not_paid", "The order has not been paid.", status=409)
    policy = await policies(tx)
    single_change.require_unchanged(order, policy)
    if not policy.charge_saved_methods:
        raise Problem("saved_methods_not_charged", "This shop does not charge stored methods.", status=409)
    chosen = await stored_methods.find(tx, order, method)
    held = [(payment, room) for payment, room in await ledger.rooms(tx, order_id) if room > 0]
    if any(payment.method.get("reference") == method for payment, _ in held):
        raise Problem("payment_method_same", "The order is paid with this method already.", status=409)
    if not stored_methods.is_chargeable(chosen):
        raise Problem("payment_method_not_chargeable", "This method can only be charged by its provider.", status=409)
    amount = order.total - order.refunded
    await change_links.void(tx, order_id)
    await _lock_methods(tx, order)
    payment = await stored_methods.charge(tx, order, chosen, amount) if amount else None
    given: list[Refund] = []
    for old, room in held:
        given += await refunds.adjust(tx, order, room, reason="payment method changed", of=[(old, room)])
    return await _view(tx, order, 0, payment, given)


async def payments_of(tx: Tx, order_id: UUID) -> list[PaymentView]:
    """The order's ledger of charges, oldest first. Problem 404 `not_found`."""
    order = await order_rows.by_id(tx, order_id)
    rows = await tx.session.scalars(
        select(Payment)
        .where(Payment.organization_id == tx.organization_id, Payment.order_id == order_id)
        .order_by(Payment.id)
    )
    return [payment_view(row, order) for row in rows]


async def _settle(
    tx: Tx, order: Order, plan: Plan, reason: str, method: str | None, base_url: str, now: datetime | None
) -> OrderChangeView:
    """Make the plan true and the money right, or make the link that has to be paid before."""
    difference = plan.total - order.total
    if difference and (order.status != "paid" or order.refunded):
        raise _not_changeable(order)  # unpaid, or given back in part: its totals stand
    chosen = await stored_methods.payer(tx, order, method) if difference > 0 else None
    if difference > 0 and chosen is None:
        note = f"Order {order.number}: {reason}"
        link = await change_links.make(tx, order, plan, note=note, base_url=base_url, now=now or datetime.now(UTC))
        shown = await _view(tx, order, difference, None, [])
        return shown.model_copy(update={"checkout": link})
    await change_links.void(tx, order.id)
    # locks, everywhere: order, stored methods, stock
    payment = await stored_methods.charge(tx, order, chosen, difference) if chosen is not None else None
    given = await refunds.adjust(tx, order, -difference, reason=reason, method=method) if difference < 0 else []
    more, less = order_plan.more_and_less(await order_plan.lines_of(tx, order.id), plan.lines)
    await inventory.lock(tx, {*more, *less})
    await inventory.take(tx, more)
    await inventory.restock(tx, less)
    await order_plan.store(tx, order, plan)
    return await _view(tx, order, difference, payment, given)


async def _changes(tx: Tx, order: Order, changes: Sequence[ItemChangeInput], held: dict[UUID, int]) -> list[Change]:
    known = await resolve(tx, [each for change in changes for each in (change, change.to) if each is not None])
    found = []
    for change in changes:
        old = known[reference(change)]
        new = known[reference(change.to)] if change.to is not None else old
        quantity = change.quantity or held.get(old.id, 0)
        if not quantity:
            raise _line_unknown()
        to_quantity = quantity if change.to_quantity is None else change.to_quantity
        if new.id == old.id and to_quantity == quantity:
            raise _nothing()
        if to_quantity and (new.id != old.id or to_quantity > quantity):
            require_replaces(order, old, new)
        found.append(Change(old.id, quantity, Target(new.id, new.price, new.floor), to_quantity))
    return found


async def resolve(tx: Tx, inputs: Sequence[VariantInput]) -> dict[UUID | str, VariantRow]:
    """The variants meant, by the reference that was given. Problem 422 `variant_unknown`."""
    by_id = await catalog.variants(tx, [each.variant_id for each in inputs if each.variant_id])
    by_name = await catalog.variants_by_external_id(
        tx, [each.variant_external_id for each in inputs if each.variant_external_id]
    )
    rows: dict[UUID | str, VariantRow] = {}
    for each in inputs:
        row = by_id.get(each.variant_id) if each.variant_id else by_name.get(each.variant_external_id or "")
        if row is None:
            raise Problem("variant_unknown", f"There is no variant {reference(each)}.")
        rows[reference(each)] = row
    return rows


def reference(given: VariantInput) -> UUID | str:
    """The id that was given."""
    return given.variant_id or given.variant_external_id or ""


def require_replaces(order: Order, old: VariantRow, new: VariantRow) -> None:
    """Problems (409): `variant_mismatch`: another product; `variant_unavailable`: not for sale."""
    if new.product_id != old.product_id:
        raise Problem("variant_mismatch", "Only another variant of the same product can take its place.", status=409)
    if not new.active or new.currency != order.currency:
        raise Problem("variant_unavailable", f"{new.title} is not for sale.", status=409, variant_id=str(new.id))


async def _lock(tx: Tx, order_id: UUID) -> Order:
    order = await order_rows.lock(tx, order_id)
    if order.fulfillment_status != "unfulfilled" or order.status in ("cancelled", "refunded"):
        raise _not_changeable(order)
    return order


async def _lock_methods(tx: Tx, order: Order) -> None:
    """The customer's methods in one order of locks, as money moves from one to another."""
    await tx.session.execute(
        select(PaymentMethod.id)
        .where(PaymentMethod.organization_id == tx.organization_id, PaymentMethod.customer_id == order.customer_id)
        .order_by(PaymentMethod.id)
        .with_for_update()
    )


async def _view(
    tx: Tx, order: Order, difference: int, payment: Payment | None, given: Sequence[Refund]
) -> OrderChangeView:
    if payment is not None:
        await tx.session.refresh(payment, ["created_at", "failure"])
    return OrderChangeView(
        order=await order_rows.view(tx, order),
        difference=difference,
        currency=order.currency,
        payment=payment_view(payment, order) if payment is not None else None,
        refunds=[refunds.view(row) for row in given],
        checkout=None,
    )


def _not_changeable(order: Order) -> Problem:
    state = order.fulfillment_status if order.status in ("paid", "pending") else order.status.replace("_", " ")
    return Problem(
        "order_not_changeable",
        f"The order is {state} and cannot be changed like this.",
        status=409,
        order_status=order.status,
        fulfillment_status=order.fulfillment_status,
    )


def _nothing() -> Problem:
    return Problem("nothing_to_change", "The order is like this already.", status=409)


def _line_unknown() -> Problem:
    return Problem("line_unknown", "The order does not hold that many of this item.", status=409)
