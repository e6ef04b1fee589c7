"""What an order becomes by a change: planned from its own lines and today's catalogue, then stored (CONTRACT §4).

Shipping stays as it was agreed, unless the goods go to another country. The tax of what changes follows today's rule for
the order's address; an order without tax stays without (imported orders).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce import order_rows, shipping, taxes, webhooks
from agentpay.commerce.lines import SaleLine, of_variants, requires_shipping, shipping_weight
from agentpay.commerce.pricing import half_up, tax_on
from agentpay.commerce.shapes import AddressShape
from agentpay.commerce.shares import PaidLine, TaxOf
from agentpay.store.session import Tx
from agentpay.store.tables import Order, OrderLine


@dataclass(frozen=True, slots=True)
class Plan:
    """An order as it shall be. `address` and `shipping_option` are None where they stay."""

    lines: tuple[PaidLine, ...]
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    tax_included: bool
    address: dict[str, Any] | None = None
    shipping_option: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "lines": [{"id": str(line.id) if line.id else None, **line.as_json()} for line in self.lines],
            "address": self.address,
            "shipping_option": self.shipping_option,
            "tax_included": self.tax_included,
            "totals": {name: getattr(self, name) for name in _TOTALS},
        }


_TOTALS = ("subtotal", "discount", "shipping", "tax", "total")


def from_json(stored: dict[str, Any]) -> Plan:
    """The way back from `Plan.as_json`."""
    lines = tuple(
        PaidLine(
            UUID(line["id"]) if line["id"] else None,
            UUID(line["variant_id"]),
            *(line[name] for name in ("quantity", "unit_price", "discount", "tax")),
        )
        for line in stored["lines"]
    )
    rest = {name: stored[name] for name in ("tax_included", "address", "shipping_option")}
    return Plan(lines, **stored["totals"], **rest)


async def lines_of(tx: Tx, order_id: UUID) -> list[PaidLine]:
    """The order's lines, in their places."""
    rows = await tx.session.execute(
        select(
            OrderLine.id,
            OrderLine.variant_id,
            OrderLine.quantity,
            OrderLine.unit_price,
            OrderLine.discount,
            OrderLine.tax,
        )
        .where(OrderLine.organization_id == tx.organization_id, OrderLine.order_id == order_id)
        .order_by(OrderLine.position, OrderLine.id)
    )
    return [PaidLine(*row) for row in rows]


async def tax_of(tx: Tx, order: Order) -> TaxOf:
    """How the goods of this order are taxed."""
    if not order.tax:
        return lambda _net, _old_net, _old_tax: 0
    address = order.shipping_address or {}
    rule = await taxes.rule_for(tx, address.get("country"), address.get("region"))
    if rule is not None and rule.included == order.tax_included:
        return lambda net, _old_net, _old_tax: tax_on(net, rule)
    # the rule is no more: at the rate that was paid
    return lambda net, old_net, old_tax: half_up(old_tax * net, old_net) if old_net else 0


def with_lines(order: Order, before: Sequence[PaidLine], after: Sequence[PaidLine]) -> Plan:
    """The order with other lines; its shipping, and the tax on that, stay."""
    subtotal = sum(line.unit_price * line.quantity for line in after)
    discount = sum(line.discount for line in after)
    tax = order.tax - sum(line.tax for line in before) + sum(line.tax for line in after)
    total = subtotal - discount + order.shipping + (0 if order.tax_included else tax)
    return Plan(tuple(after), subtotal, discount, order.shipping, tax, total, order.tax_included)


async def for_address(tx: Tx, order: Order, lines: Sequence[PaidLine], address: AddressShape) -> Plan:
    """The order for another address. Where tax or zone differ there, it costs what a checkout would; imported ones stay.

    Problems (422): `country_not_served`, `shipping_option_unavailable`.
    """
    new, old = address.model_dump(mode="json"), order.shipping_address or {}
    abroad = new["country"] != old.get("country")
    totals = {name: getattr(order, name) for name in (*_TOTALS, "tax_included")}
    goods = await of_variants(tx, {line.variant_id: line.quantity for line in lines})
    ships = requires_shipping(goods)
    if order.checkout_id is None:
        if abroad and ships:
            await shipping.require_served(tx, new["country"])
        return Plan(tuple(lines), **totals, address=new)
    rule = await taxes.rule_for(tx, new["country"], new["region"])
    if not abroad and rule == await taxes.rule_for(tx, old.get("country"), old.get("region")):
        return Plan(tuple(lines), **totals, address=new)
    option = None
    if abroad and ships:
        option = await shipping.choose(
            tx,
            address,
            (order.shipping_option or {}).get("name"),
            goods_subtotal_after_discount=order.subtotal - order.discount,
            weight_grams=shipping_weight(goods),
        )
    taxed = [replace(line, tax=tax_on(line.net, rule)) for line in lines]
    amount = option.amount if option is not None else order.shipping
    included = rule is not None and rule.included
    tax = sum(line.tax for line in taxed) + (tax_on(amount, rule) if rule and (included or rule.shipping) else 0)
    total = order.subtotal - order.discount + amount + (0 if included else tax)
    chosen = option.model_dump() if option is not None else None
    return Plan(tuple(taxed), order.subtotal, order.discount, amount, tax, total, included, new, chosen)


def more_and_less(before: Sequence[PaidLine], after: Sequence[PaidLine]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Units that the shop must have besides, and units that are free again, by variant."""
    units: Counter[UUID] = Counter()
    for line in after:
        units[line.variant_id] += line.quantity
    for line in before:
        units[line.variant_id] -= line.quantity
    return {v: n for v, n in units.items() if n > 0}, {v: -n for v, n in units.items() if n < 0}


async def store(tx: Tx, order: Order, plan: Plan) -> None:
    """Make the locked order what the plan says. Lines that are kept keep their id; stock and money are the caller's."""
    mine = (OrderLine.organization_id == tx.organization_id, OrderLine.order_id == order.id)
    before = {line.id: line.variant_id for line in await lines_of(tx, order.id)}
    kept = [line.id for line in plan.lines if line.id is not None]
    await tx.session.execute(delete(OrderLine).where(*mine, OrderLine.id.not_in(kept)))
    named = {
        line.variant_id: line for line in await of_variants(tx, {line.variant_id: line.quantity for line in plan.lines})
    }
    for position, line in enumerate(plan.lines):
        if line.id is None:
            await tx.session.execute(insert(OrderLine).values(**_values(tx, order, line, position, named)))
            continue
        changed: dict[str, Any] = {n: getattr(line, n) for n in ("quantity", "unit_price", "discount", "tax")}
        if line.variant_id != before[line.id]:
            sold = named[line.variant_id]
            changed |= {"variant_id": line.variant_id, "title": sold.title, "options": sold.options}
        await tx.session.execute(
            update(OrderLine)
            .where(*mine, OrderLine.id == line.id)
            .values(position=position, **changed)
            .execution_options(synchronize_session=False)
        )
    for name in (*_TOTALS, "tax_included"):
        setattr(order, name, getattr(plan, name))
    order.shipping_address = plan.address or order.shipping_address
    order.shipping_option = plan.shipping_option or order.shipping_option
    await tx.session.flush()
    await webhooks.emit(tx, "order.updated", lambda: order_rows.view(tx, order))


def _values(tx: Tx, order: Order, line: PaidLine, position: int, named: dict[UUID, SaleLine]) -> dict[str, Any]:
    sold = named[line.variant_id]
    return {
        "organization_id": tx.organization_id,
        "order_id": order.id,
        "variant_id": line.variant_id,
        "position": position,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount": line.discount,
        "tax": line.tax,
        "title": sold.title,
        "options": sold.options,
    }
