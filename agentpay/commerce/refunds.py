"""Refunds: never more than was paid, pending ones counted (DESIGN §5).

A refund is decided in a transaction, with the order locked, and carried out by the job `payments.execute_refund`. From
its decision on it counts in `orders.refunded`; a provider that refuses it takes it out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update

from agentpay.commerce import ledger, order_rows, stored_methods, webhooks
from agentpay.commerce.rows import one
from agentpay.commerce.shapes import RefundView
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Payment, PaymentMethod, Refund, Return

_RECORDED = (stored_methods.IMPORTED, stored_methods.GIFT_CARD)
"""Processors without a server of their own: what is recorded of them counts as succeeded."""


async def create(
    tx: Tx,
    order_id: UUID,
    amount: int | None = None,
    *,
    reason: str = "",
    automatic: bool = False,
    method: str | None = None,
) -> list[RefundView]:
    """Refund an order, `amount` minor units or all that is left; one refund a payment it goes back to, mostly one.

    `method`: None for the way it was paid, `gift_card` for the customer's gift card, or a stored gift card's name.
    Problems (409): `order_not_paid`, `refund_exceeds_paid` (extra `refundable`), `payment_method_unknown`,
    `destination_not_allowed`, `customer_unknown`.
    """
    order = await order_rows.lock(tx, order_id)
    wanted = await refundable(tx, order) if amount is None else amount
    rows = await give(tx, order, wanted, reason=reason, automatic=automatic, method=method)
    return [view(row) for row in rows]


async def give(
    tx: Tx,
    order: Order,
    amount: int,
    *,
    reason: str = "",
    automatic: bool = False,
    return_id: UUID | None = None,
    method: str | None = None,
    anywhere: bool = False,
) -> list[Refund]:
    """As `create`, of an order that the caller has locked. `anywhere`: also to a stored method it was not paid with."""
    if order.status == "pending":
        raise Problem("order_not_paid", "The order has not been paid.", status=409)
    held = await ledger.rooms(tx, order.id)
    owed = await ledger.owed(tx, order, held)
    _require_within(amount, _left(order, held, owed), order)
    to = await _target(tx, order, held, method, anywhere=anywhere)
    rows = []
    for payment, part in ledger.spread(held, amount):
        beyond = min(part, owed)  # of money that the total does not hold any more
        owed -= beyond
        for piece, adjustment in ((beyond, True), (part - beyond, False)):
            if piece:
                rows.append(await _add(tx, payment, piece, order, reason, automatic, return_id, to, adjustment))
    order.refunded += sum(row.amount for row in rows if not row.adjustment)
    _restate(order)
    await tx.session.flush()
    if any(row.status == "succeeded" for row in rows):
        await webhooks.emit(tx, "order.refunded", lambda: order_rows.view(tx, order))
    return rows


async def refundable(tx: Tx, order: Order) -> int:
    """What the locked order's customer can still be given back."""
    held = await ledger.rooms(tx, order.id)
    return _left(order, held, await ledger.owed(tx, order, held))


async def adjust(
    tx: Tx,
    order: Order,
    amount: int,
    *,
    reason: str,
    return_id: UUID | None = None,
    method: str | None = None,
    of: Sequence[ledger.Room] | None = None,
) -> list[Refund]:
    """Give back what the locked order's total does not hold any more; `orders.refunded` stays. `of`: from these payments."""
    held = await ledger.rooms(tx, order.id) if of is None else of
    _require_within(amount, sum(room for _, room in held), order)
    to = await _target(tx, order, held, method, anywhere=True)
    parts = ledger.spread(held, amount)
    return [await _add(tx, payment, part, order, reason, False, return_id, to, True) for payment, part in parts]


async def require_destination(tx: Tx, order: Order, method: str | None, *, anywhere: bool = False) -> None:
    """Whether money of this order may go there. Problems (409) as `create`."""
    if method == stored_methods.GIFT_CARD and order.customer_id is None:
        raise Problem("customer_unknown", "A gift card needs a customer to belong to.", status=409)
    if method != stored_methods.GIFT_CARD:
        await _target(tx, order, await ledger.rooms(tx, order.id), method, anywhere=anywhere)


async def give_back(tx: Tx, payment: Payment, *, reason: str) -> Refund:
    """Refund a payment that became no order, whole."""
    return await _add(tx, payment, payment.amount, None, reason, False, None, None, True)


async def enter(
    tx: Tx, payment: Payment, order: Order | None, amount: int, *, beyond: int, processor_id: str, reason: str
) -> UUID:
    """A refund that the provider made without being asked by us, pending; the order is locked.

    `beyond`: what is held of money that the order's total does not hold any more; that goes first.
    """
    counted = min(max(amount - beyond, 0), order.total - order.refunded) if order is not None else 0
    refund = Refund(
        id=new_id(),
        organization_id=tx.organization_id,
        order_id=order.id if order is not None else None,
        payment_id=payment.id,
        amount=amount,
        currency=payment.currency,
        status="pending",
        reason=reason,
        destination=payment.method,
        processor=payment.processor,
        processor_id=processor_id,
        automatic=False,
        adjustment=order is None or amount <= beyond,
    )
    tx.session.add(refund)
    if order is not None:
        order.refunded += counted
        _restate(order)
    await tx.session.flush()
    await tx.session.refresh(refund, ["created_at"])
    await webhooks.emit(tx, "refund.created", lambda: _shown(refund))
    return refund.id


async def finish(tx: Tx, refund_id: UUID, *, succeeded: bool, processor_id: str | None) -> bool:
    """Record what the provider did, once; False where it was recorded before.

    What succeeded may fail later (a bank sends the money back); what failed stays so, whatever late news says.
    """
    order_id = await tx.session.scalar(
        select(Refund.order_id).where(Refund.organization_id == tx.organization_id, Refund.id == refund_id)
    )
    order = await order_rows.lock(tx, order_id) if order_id else None
    refund = await tx.session.scalar(
        select(Refund)
        .where(Refund.organization_id == tx.organization_id, Refund.id == refund_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    status = "succeeded" if succeeded else "failed"
    if refund is None or refund.status in (status, "failed"):
        return False
    refund.status = status
    refund.processor_id = processor_id or refund.processor_id
    if not succeeded and order is not None:
        if not refund.adjustment:
            order.refunded -= refund.amount - await _uncounted(tx, order, refund)
            _restate(order)
        await _return_failed(tx, refund.return_id)
    await tx.session.flush()
    await webhooks.emit(tx, f"refund.{refund.status}", lambda: _shown(refund))
    if order is not None:
        await webhooks.emit(tx, "order.refunded" if succeeded else "order.updated", lambda: order_rows.view(tx, order))
    return True


async def get(tx: Tx, refund_id: UUID) -> RefundView:
    """Problem 404 `not_found`."""
    return view(await one(tx, Refund, refund_id))


async def list_(
    tx: Tx, *, limit: int, before: UUID | None = None, order_id: UUID | None = None, status: str | None = None
) -> list[RefundView]:
    """Newest first, those older than `before`."""
    query = select(Refund).where(Refund.organization_id == tx.organization_id)
    if before is not None:
        query = query.where(Refund.id < before)
    if order_id is not None:
        query = query.where(Refund.order_id == order_id)
    if status is not None:
        query = query.where(Refund.status == status)
    rows = await tx.session.scalars(query.order_by(Refund.id.desc()).limit(limit))
    return [view(row) for row in rows]


async def given_automatically(tx: Tx, order_id: UUID) -> int:
    """What agents gave of this order by themselves: counts against `auto_refund_limit`."""
    total = await tx.session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.organization_id == tx.organization_id,
            Refund.order_id == order_id,
            Refund.automatic,
            Refund.status != "failed",
        )
    )
    return int(total or 0)


def view(row: Refund) -> RefundView:
    return RefundView.model_validate({name: getattr(row, name) for name in RefundView.model_fields})


async def _shown(row: Refund) -> RefundView:
    return view(row)


def _restate(order: Order) -> None:
    """The order's status follows from what was refunded; a cancelled one stays cancelled."""
    if order.status != "cancelled":
        order.status = (
            "paid" if order.refunded == 0 else "refunded" if order.refunded == order.total else "partially_refunded"
        )


async def _uncounted(tx: Tx, order: Order, failed: Refund) -> int:
    """What of a failed refund never was in `orders.refunded`: two of ours and the provider's own may have crossed."""
    others = await tx.session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.organization_id == tx.organization_id,
            Refund.order_id == order.id,
            Refund.id != failed.id,
            Refund.status != "failed",
            ~Refund.adjustment,
        )
    )
    return min(max(int(others or 0) + failed.amount - order.refunded, 0), failed.amount)


async def _return_failed(tx: Tx, return_id: UUID | None) -> None:
    """A return whose money did not go back is received, not refunded: it can be refunded again."""
    if return_id is not None:
        await tx.session.execute(
            update(Return)
            .where(Return.organization_id == tx.organization_id, Return.id == return_id, Return.status == "refunded")
            .values(status="received")
        )


def _left(order: Order, held: Sequence[ledger.Room], owed: int) -> int:
    return min(order.total - order.refunded + owed, sum(room for _, room in held))


def _require_within(amount: int, refundable: int, order: Order) -> None:
    if not 0 < amount <= refundable:
        raise Problem(
            "refund_exceeds_paid",
            "That is more than is left to refund.",
            status=409,
            refundable=refundable,
            currency=order.currency,
        )


async def _target(
    tx: Tx, order: Order, held: Sequence[ledger.Room], method: str | None, *, anywhere: bool
) -> PaymentMethod | None:
    """Where the money goes; None: back the way it came. Problem 409 `destination_not_allowed`."""
    if method is None:
        return None
    if method == stored_methods.GIFT_CARD:
        return await stored_methods.gift_card_of(tx, order)
    found = await stored_methods.find(tx, order, method)
    if found.type == "gift_card":
        return found
    if all(payment.method.get("reference") == method for payment, room in held if room):
        return None
    # nobody but the merchant can pay out to a card that was not charged
    if anywhere and all(payment.processor in _RECORDED for payment, room in held if room):
        return found
    raise Problem("destination_not_allowed", "Money goes back the way it was paid, or to a gift card.", status=409)


async def _add(
    tx: Tx,
    payment: Payment,
    amount: int,
    order: Order | None,
    reason: str,
    automatic: bool,
    return_id: UUID | None,
    to: PaymentMethod | None,
    adjustment: bool,
) -> Refund:
    card = to if to is not None and to.type == "gift_card" else None
    if to is None and order is not None:
        card = await stored_methods.gift_card_behind(tx, order, payment)
    recorded_only = payment.processor in _RECORDED or card is not None
    refund = Refund(
        id=new_id(),
        organization_id=tx.organization_id,
        order_id=order.id if order is not None else None,
        payment_id=payment.id,
        return_id=return_id,
        amount=amount,
        currency=payment.currency,
        status="succeeded" if recorded_only else "pending",
        reason=reason,
        destination=stored_methods.shown(to) if to is not None else payment.method,
        processor=stored_methods.GIFT_CARD if card is not None else payment.processor,
        processor_id=None,
        automatic=automatic,
        adjustment=adjustment,
    )
    if card is not None:
        await stored_methods.credit(tx, card, amount)
    tx.session.add(refund)
    await tx.session.flush()
    await tx.session.refresh(refund, ["created_at"])
    await webhooks.emit(tx, "refund.created", lambda: _shown(refund))
    if recorded_only:
        await webhooks.emit(tx, "refund.succeeded", lambda: _shown(refund))
    else:
        await enqueue(tx, "payments.execute_refund", organization_id=str(tx.organization_id), refund_id=str(refund.id))
    return refund
