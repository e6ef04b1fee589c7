"""Payment links for changes that cost more: a checkout over the difference, and the change that waits for it.

Lock order: checkout, order, change, stock. A link of a change that is over can be opened but not paid; what was paid in
the meantime is refunded by itself.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from agentpay.commerce import checkout_events, checkout_rows, inventory, order_plan, order_rows
from agentpay.commerce.lines import of_variants
from agentpay.commerce.order_plan import Plan
from agentpay.commerce.pricing import allocate
from agentpay.commerce.shapes import CheckoutView
from agentpay.errors import Problem
from agentpay.settings import get_settings
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, CheckoutLine, Order, OrderChange, Organization, Return

PURPOSE = "order_change"


async def make(
    tx: Tx, order: Order, plan: Plan, *, note: str, base_url: str, now: datetime, return_id: UUID | None = None
) -> CheckoutView:
    """A link over what the plan costs the locked order more; the goods it adds are held. Problem 409 `out_of_stock`.

    An older change of the order that still waits is void: the latest wish counts.
    """
    if return_id is None:
        await void(tx, order.id)
    difference = plan.total - order.total
    new = [line for line in plan.lines if line.id is None]
    subtotal = sum(line.unit_price * line.quantity for line in new)
    freight = min(max(plan.shipping - order.shipping, 0), difference)
    tax = max(plan.tax - order.tax, 0) if not plan.tax_included else 0
    goods = min(max(difference - freight - tax, 0), subtotal)
    settings = get_settings()
    checkout = Checkout(
        id=new_id(),
        organization_id=tx.organization_id,
        token=secrets.token_urlsafe(24),
        purpose=PURPOSE,
        status="open",
        conversation_id=order.conversation_id,
        customer_id=order.customer_id,
        email=order.email,
        shipping_address=plan.address or order.shipping_address,
        note=note,
        subtotal=subtotal,
        discount=subtotal - goods,
        shipping=freight,
        tax=difference - goods - freight,
        tax_included=False,
        total=difference,
        currency=order.currency,
        commitment_level="committed",
        agent_context={},
        details={"order_id": str(order.id)},
        provider=await tx.session.scalar(
            select(Organization.payment_provider).where(Organization.id == tx.organization_id)
        )
        or "sandbox",
        attempt=0,
        expires_at=now + timedelta(hours=settings.checkout_ttl_hours),
    )
    tx.session.add(checkout)
    await tx.session.flush()
    await _put_lines(tx, checkout.id, plan, subtotal - goods)
    tx.session.add(
        OrderChange(
            organization_id=tx.organization_id,
            order_id=order.id,
            checkout_id=checkout.id,
            return_id=return_id,
            status="pending",
            amount=difference,
            plan=plan.as_json(),
        )
    )
    await tx.session.flush()
    await inventory.reserve(tx, checkout.id, added(plan), now + timedelta(minutes=settings.reservation_minutes))
    await checkout_events.emit(tx, "checkout.created", checkout)
    return await checkout_rows.view(tx, checkout, base_url=base_url)


def added(plan: Plan) -> dict[UUID, int]:
    """Units of the plan's new lines, by variant."""
    units: Counter[UUID] = Counter()
    for line in plan.lines:
        if line.id is None:
            units[line.variant_id] += line.quantity
    return dict(units)


def removed(before: Mapping[UUID, int], plan: Plan) -> dict[UUID, int]:
    """Units that the plan does not keep of those the order held before, by variant."""
    units = Counter(before)
    for line in plan.lines:
        if line.id is not None:
            units[line.variant_id] -= line.quantity
    return {variant_id: left for variant_id, left in units.items() if left > 0}


async def void(tx: Tx, order_id: UUID) -> None:
    """Changes of the locked order that wait for a payment are over, exchanges aside."""
    await tx.session.execute(
        update(OrderChange)
        .where(
            OrderChange.organization_id == tx.organization_id,
            OrderChange.order_id == order_id,
            OrderChange.status == "pending",
            OrderChange.return_id.is_(None),
        )
        .values(status="void")
        .execution_options(synchronize_session=False)
    )


async def require_waiting(tx: Tx, checkout: Checkout) -> None:
    """Problem 409 `order_change_over` where paying this link would change nothing any more."""
    change = await _of(tx, checkout)
    order = await order_rows.by_id(tx, change.order_id)
    if not await _waits(tx, change, order):
        raise Problem("order_change_over", "The order can no longer be changed like this.", status=409)


async def lock_order(tx: Tx, checkout: Checkout) -> Order:
    """The order that a locked link is about, locked before the stock of all that it holds and shall hold."""
    change = await _of(tx, checkout)
    order = await order_rows.lock(tx, change.order_id)
    plan = order_plan.from_json(change.plan)
    await inventory.lock(tx, {*await order_rows.units(tx, order.id), *(line.variant_id for line in plan.lines)})
    return order


async def paid(tx: Tx, checkout: Checkout, order: Order) -> None:
    """A link was paid: make its change, or note that its exchange is paid. Its order is locked, its stock held.

    Problem 409 `order_change_over`: the payment must go back.
    """
    change = await _of(tx, checkout, lock=True)
    if not await _waits(tx, change, order):
        raise Problem("order_change_over", "The order can no longer be changed like this.", status=409)
    await inventory.commit(tx, checkout.id)
    if change.return_id is None:
        plan = order_plan.from_json(change.plan)
        await inventory.restock(tx, removed(await order_rows.units(tx, order.id), plan))
        await order_plan.store(tx, order, plan)
    change.status = "applied" if change.return_id is None else "paid"
    await tx.session.flush()


async def of_return(tx: Tx, return_id: UUID, *, lock: bool = False) -> OrderChange | None:
    """The payment link's change of an exchange."""
    query = select(OrderChange).where(
        OrderChange.organization_id == tx.organization_id, OrderChange.return_id == return_id
    )
    query = query.execution_options(populate_existing=True)
    found: OrderChange | None = await tx.session.scalar(query.with_for_update() if lock else query)
    return found


async def _of(tx: Tx, checkout: Checkout, *, lock: bool = False) -> OrderChange:
    query = select(OrderChange).where(
        OrderChange.organization_id == tx.organization_id, OrderChange.checkout_id == checkout.id
    )
    query = query.execution_options(populate_existing=True)
    found = await tx.session.scalars(query.with_for_update() if lock else query)
    return found.one()


async def _waits(tx: Tx, change: OrderChange, order: Order) -> bool:
    if change.status != "pending":
        return False
    if change.return_id is None:
        return order.status == "paid" and order.refunded == 0 and order.fulfillment_status == "unfulfilled"
    status = await tx.session.scalar(
        select(Return.status).where(Return.organization_id == tx.organization_id, Return.id == change.return_id)
    )
    return status == "requested" and order.status in ("paid", "partially_refunded")


async def _put_lines(tx: Tx, checkout_id: UUID, plan: Plan, discount: int) -> None:
    """The new goods, with what was paid before as their discount."""
    goods = await of_variants(tx, added(plan))
    priced = {line.variant_id: line.unit_price for line in plan.lines if line.id is None}
    totals = [priced[line.variant_id] * line.quantity for line in goods]
    for position, (line, part) in enumerate(zip(goods, allocate(discount, totals), strict=True)):
        tx.session.add(
            CheckoutLine(
                organization_id=tx.organization_id,
                checkout_id=checkout_id,
                variant_id=line.variant_id,
                position=position,
                quantity=line.quantity,
                unit_price=priced[line.variant_id],
                discount=part,
            )
        )
    await tx.session.flush()
