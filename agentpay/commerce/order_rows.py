"""Orders in the database: finding, locking, showing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from agentpay.commerce.lines import line_view
from agentpay.commerce.rows import one as one_row
from agentpay.commerce.shapes import AddressShape, LineView, OrderView
from agentpay.store.session import Tx
from agentpay.store.tables import Order, OrderLine, Product, Variant

_NOT_PLAIN = "[^A-Za-z0-9]"


async def lock(tx: Tx, order_id: UUID) -> Order:
    """The order, locked until the end of the transaction. Problem 404 `not_found`."""
    return await one_row(tx, Order, order_id, lock=True)


async def by_id(tx: Tx, order_id: UUID) -> Order:
    """The order, not locked. Problem 404 `not_found`."""
    return await one_row(tx, Order, order_id)


async def by_reference(tx: Tx, reference: str) -> Order | None:
    """By number or external id as people write them: case, `#`, spaces and dashes do not matter. An exact one counts first.

    None where there is no such order, or where several are meant.
    """
    written = reference.strip()
    exact = await select_orders(tx, or_(Order.number == written, Order.external_id == written), limit=1)
    if exact:
        return exact[0]
    plain = re.sub(_NOT_PLAIN, "", written).upper()
    if not plain:
        return None
    loose = await select_orders(tx, or_(_plain(Order.number) == plain, _plain(Order.external_id) == plain), limit=2)
    return loose[0] if len(loose) == 1 else None


def _plain(column: Any) -> ColumnElement[str]:
    return func.upper(func.regexp_replace(column, _NOT_PLAIN, "", "g"))


async def select_orders(tx: Tx, *conditions: ColumnElement[bool], limit: int) -> Sequence[Order]:
    """Orders of this organization, newest row first."""
    rows = await tx.session.scalars(
        select(Order)
        .where(Order.organization_id == tx.organization_id, *conditions)
        .order_by(Order.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def units(tx: Tx, order_id: UUID) -> dict[UUID, int]:
    """How many of each variant the order holds."""
    rows = await tx.session.execute(
        select(OrderLine.variant_id, func.sum(OrderLine.quantity).label("units"))
        .where(OrderLine.organization_id == tx.organization_id, OrderLine.order_id == order_id)
        .group_by(OrderLine.variant_id)
    )
    return {row.variant_id: int(row.units) for row in rows}


async def view(tx: Tx, order: Order) -> OrderView:
    return (await views(tx, [order]))[0]


async def views(tx: Tx, orders: Sequence[Order]) -> list[OrderView]:
    """The contract's shape of each, in their order; one round trip whatever their number."""
    await tx.session.flush()
    lines: dict[UUID, list[LineView]] = {order.id: [] for order in orders}
    rows = await tx.session.execute(
        select(
            OrderLine.order_id,
            OrderLine.variant_id,
            Variant.external_id.label("variant_external_id"),
            Product.external_id.label("product_external_id"),
            OrderLine.title,
            OrderLine.options,
            OrderLine.quantity,
            OrderLine.unit_price,
        )
        .join(Variant, and_(Variant.organization_id == OrderLine.organization_id, Variant.id == OrderLine.variant_id))
        .join(Product, and_(Product.organization_id == Variant.organization_id, Product.id == Variant.product_id))
        .where(OrderLine.organization_id == tx.organization_id, OrderLine.order_id.in_(list(lines)))
        .order_by(OrderLine.position, OrderLine.id)
    )
    for row in rows:
        lines[row.order_id].append(line_view(row))
    return [_view(order, lines[order.id]) for order in orders]


def _view(order: Order, items: list[LineView]) -> OrderView:
    fields = {
        name: getattr(order, name) for name in OrderView.model_fields if name not in ("items", "shipping_address")
    }
    address = AddressShape.model_validate(order.shipping_address) if order.shipping_address else None
    return OrderView(items=items, shipping_address=address, **fields)
