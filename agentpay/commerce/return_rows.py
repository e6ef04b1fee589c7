"""Returns and exchanges in the database: which units are left, finding, locking, showing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from agentpay.commerce import catalog, checkout_rows, order_plan, order_rows, refunds, webhooks
from agentpay.commerce.after_sale_shapes import ExchangeLineView, ReturnLineView, ReturnView
from agentpay.commerce.rules import Policies
from agentpay.commerce.shapes import CheckoutView, RefundView
from agentpay.commerce.shares import PaidLine, Taken, part_of
from agentpay.commerce.windows import is_returnable
from agentpay.errors import Problem, not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, Order, OrderChange, OrderLine, Refund, Return, ReturnLine


async def lock(tx: Tx, return_id: UUID) -> tuple[Return, Order]:
    """The return and, locked before it, its order. Problem 404 `not_found`."""
    query = select(Return).where(Return.organization_id == tx.organization_id, Return.id == return_id)
    row = await tx.session.scalar(query)
    if row is None:
        raise not_found("return", return_id)
    order = await order_rows.lock(tx, row.order_id)
    await tx.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    return row, order


async def lines_of(tx: Tx, return_id: UUID) -> list[ReturnLine]:
    """The lines of a return."""
    rows = await tx.session.scalars(
        select(ReturnLine)
        .where(ReturnLine.organization_id == tx.organization_id, ReturnLine.return_id == return_id)
        .order_by(ReturnLine.id)
    )
    return list(rows)


async def list_(
    tx: Tx,
    *,
    base_url: str,
    limit: int,
    before: UUID | None = None,
    order_id: UUID | None = None,
    status: str | None = None,
    return_id: UUID | None = None,
) -> list[ReturnView]:
    """Newest first, those older than `before`; every filter that is given must match."""
    query = select(Return).where(Return.organization_id == tx.organization_id)
    for column, value in ((Return.order_id, order_id), (Return.status, status), (Return.id, return_id)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Return.id < before)
    rows = await tx.session.scalars(
        query.order_by(Return.id.desc()).limit(limit).execution_options(populate_existing=True)
    )
    return await views(tx, rows.all(), base_url=base_url)


async def take(tx: Tx, order: Order, policy: Policies, wanted: Mapping[UUID, int]) -> list[tuple[PaidLine, PaidLine]]:
    """(line, the part of it that comes back) for units of the locked order, by variant.

    Problems (409): `line_unknown`, `not_returnable`, `already_returned` (extra `returnable`: how many are left).
    """
    lines = await order_plan.lines_of(tx, order.id)
    products = await catalog.variants(tx, wanted)
    gone = await _taken(tx, order.id)
    found = []
    for variant_id, quantity in wanted.items():
        mine = [line for line in lines if line.variant_id == variant_id]
        product = products.get(variant_id)
        if not mine or product is None:
            raise Problem("line_unknown", "This item is not part of the order.", status=409)
        if not is_returnable(policy, product.product_external_id, product.category, product.external_id):
            raise Problem("not_returnable", f"{product.title} cannot be returned.", status=409)
        rooms = [line.quantity - gone[line.id].quantity for line in mine]
        if quantity > sum(rooms):
            raise Problem(
                "already_returned",
                f"Only {sum(rooms)} of {product.title} can still be returned."
                if sum(rooms)
                else f"{product.title} has been sent back, or is on its way back, already.",
                status=409,
                returnable=sum(rooms),
                variant_id=str(variant_id),
            )
        for line, room in zip(mine, rooms, strict=True):
            units = min(room, quantity)
            if units:
                found.append((line, part_of(line, units, gone[line.id])))
                quantity -= units
    return found


async def add(
    tx: Tx, row: Return, order: Order, parts: Sequence[tuple[PaidLine, PaidLine]], new: Sequence[PaidLine | None]
) -> None:
    """Store a return with its lines. `new`: what each part is exchanged for."""
    tx.session.add(row)
    await tx.session.flush()
    for (line, part), made in zip(parts, new, strict=True):
        exchange = {"from_variant_id": str(part.variant_id), **made.as_json()} if made is not None else None
        tx.session.add(
            ReturnLine(
                organization_id=tx.organization_id,
                return_id=row.id,
                order_line_id=line.id,
                exchange_variant_id=made.variant_id if made is not None else None,
                quantity=part.quantity,
                discount=part.discount,
                tax=part.tax,
                amount=max(part.paid(tax_included=order.tax_included), 0),
                exchange=exchange,
            )
        )
    await tx.session.flush()


async def _taken(tx: Tx, order_id: UUID) -> defaultdict[UUID | None, Taken]:
    """What of each line is on its way back or was returned. Units that were exchanged are no part of their line any more."""
    rows = await tx.session.execute(
        select(
            ReturnLine.order_line_id,
            func.sum(ReturnLine.quantity),
            func.sum(ReturnLine.discount),
            func.sum(ReturnLine.tax),
        )
        .join(Return, and_(Return.organization_id == ReturnLine.organization_id, Return.id == ReturnLine.return_id))
        .where(
            Return.organization_id == tx.organization_id,
            Return.order_id == order_id,
            or_(and_(Return.kind == "return", Return.status != "refused"), Return.status == "requested"),
        )
        .group_by(ReturnLine.order_line_id)
    )
    found: defaultdict[UUID | None, Taken] = defaultdict(Taken)
    for line_id, quantity, discount, tax in rows:
        found[line_id] = Taken(int(quantity), int(discount), int(tax))
    return found


async def emit(tx: Tx, row: Return) -> None:
    """The webhook of a return: its status names it. The link's `url` is stored as a path, as of checkouts."""
    await webhooks.emit(tx, f"return.{row.status}", lambda: view(tx, row, base_url=""))


async def view(tx: Tx, row: Return, *, base_url: str) -> ReturnView:
    return (await views(tx, [row], base_url=base_url))[0]


async def views(tx: Tx, rows: Sequence[Return], *, base_url: str) -> list[ReturnView]:
    """Their shape, in their order; a fixed number of round trips."""
    await tx.session.flush()
    ids = [row.id for row in rows]
    orders = {
        order.id: order
        for order in await order_rows.select_orders(
            tx, Order.id.in_([row.order_id for row in rows]), limit=len(rows) or 1
        )
    }
    items = await _items(tx, ids)
    given: dict[UUID | None, list[RefundView]] = defaultdict(list)
    refunded = await tx.session.scalars(
        select(Refund)
        .where(Refund.organization_id == tx.organization_id, Refund.return_id.in_(ids))
        .order_by(Refund.id)
    )
    for refund in refunded:
        given[refund.return_id].append(refunds.view(refund))
    links = await _links(tx, ids, base_url)
    return [
        ReturnView(
            items=items[row.id],
            order_number=orders[row.order_id].number,
            payment_method=row.destination.get("payment_method"),
            amount=sum(item.amount for item in items[row.id]),
            currency=orders[row.order_id].currency,
            checkout=links.get(row.id),
            refunds=given[row.id],
            **{
                name: getattr(row, name)
                for name in (
                    *("id", "order_id", "conversation_id", "kind", "status", "reason", "refusal", "difference"),
                    *("received_at", "created_at"),
                )
            },
        )
        for row in rows
    ]


async def _items(tx: Tx, return_ids: Sequence[UUID]) -> dict[UUID, list[ReturnLineView]]:
    rows = (
        await tx.session.execute(
            select(ReturnLine, OrderLine.variant_id, OrderLine.title)
            .join(
                OrderLine,
                and_(OrderLine.organization_id == ReturnLine.organization_id, OrderLine.id == ReturnLine.order_line_id),
            )
            .where(ReturnLine.organization_id == tx.organization_id, ReturnLine.return_id.in_(return_ids))
            .order_by(ReturnLine.id)
        )
    ).all()
    came = {r.ReturnLine.id: UUID(r.ReturnLine.exchange["from_variant_id"]) for r in rows if r.ReturnLine.exchange}
    wanted = {r.ReturnLine.exchange_variant_id for r in rows if r.ReturnLine.exchange_variant_id}
    known = await catalog.variants(tx, {*wanted, *came.values(), *(r.variant_id for r in rows)})
    found: dict[UUID, list[ReturnLineView]] = {return_id: [] for return_id in return_ids}
    for line, variant_id, title in rows:
        variant = known[came.get(line.id, variant_id)]
        to = known[line.exchange_variant_id] if line.exchange_variant_id else None
        found[line.return_id].append(
            ReturnLineView(
                variant_id=variant.id,
                variant_external_id=variant.external_id,
                product_external_id=variant.product_external_id,
                title=title,
                options=variant.options,
                quantity=line.quantity,
                amount=line.amount,
                exchange=ExchangeLineView(
                    variant_id=to.id,
                    variant_external_id=to.external_id,
                    options=to.options,
                    unit_price=(line.exchange or {})["unit_price"],
                )
                if to is not None
                else None,
            )
        )
    return found


async def _links(tx: Tx, return_ids: Sequence[UUID], base_url: str) -> dict[UUID, CheckoutView]:
    rows = (
        await tx.session.execute(
            select(OrderChange.return_id, Checkout)
            .join(
                Checkout,
                and_(Checkout.organization_id == OrderChange.organization_id, Checkout.id == OrderChange.checkout_id),
            )
            .where(OrderChange.organization_id == tx.organization_id, OrderChange.return_id.in_(return_ids))
        )
    ).all()
    shown = await checkout_rows.views(tx, [row.Checkout for row in rows], base_url=base_url) if rows else []
    return {row.return_id: view for row, view in zip(rows, shown, strict=True)}
