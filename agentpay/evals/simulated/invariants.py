"""What must hold of a shop whoever wrote to it: money adds up, stock is conserved, no line went below its floor. From the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import psycopg

from agentpay.evals.simulated.world import World

Stock = dict[str, int]
_STOCK = """
SELECT v.external_id, i.on_hand FROM inventory i JOIN variants v ON v.organization_id = i.organization_id AND v.id = i.variant_id
WHERE i.organization_id = %(shop)s
"""
_BROKEN: dict[str, str] = {
    "money: an order's total is not its lines, tax and shipping less its discount": """
SELECT o.number FROM orders o JOIN LATERAL (SELECT sum(l.quantity * l.unit_price) AS goods, sum(l.discount) AS off, sum(l.tax) AS tax
  FROM order_lines l WHERE l.organization_id = o.organization_id AND l.order_id = o.id) l ON true
WHERE o.organization_id = %(shop)s AND (o.subtotal <> l.goods OR (o.checkout_id IS NOT NULL AND o.discount <> l.off)
  OR o.total <> o.subtotal - o.discount + o.shipping + CASE WHEN o.tax_included THEN 0 ELSE o.tax END)
""",
    "money: an order's total is not what its checkout said": """
SELECT o.number FROM orders o JOIN checkouts c ON c.organization_id = o.organization_id AND c.id = o.checkout_id
WHERE o.organization_id = %(shop)s AND c.purpose = 'sale' AND o.status = 'paid' AND c.total <> o.total
  AND NOT EXISTS (SELECT FROM order_changes x WHERE x.organization_id = o.organization_id AND x.order_id = o.id)
""",
    "money: what was paid and given back is not what the order says": """
SELECT o.number FROM orders o
LEFT JOIN LATERAL (SELECT coalesce(sum(p.amount), 0) AS paid FROM payments p
  WHERE p.organization_id = o.organization_id AND p.order_id = o.id AND p.status = 'succeeded') p ON true
LEFT JOIN LATERAL (SELECT coalesce(sum(r.amount) FILTER (WHERE NOT r.adjustment), 0) AS refunded,
    coalesce(sum(r.amount) FILTER (WHERE r.adjustment), 0) AS adjusted FROM refunds r
  WHERE r.organization_id = o.organization_id AND r.order_id = o.id AND r.status <> 'failed') r ON true
WHERE o.organization_id = %(shop)s AND o.status <> 'pending' AND (r.refunded <> o.refunded OR p.paid - r.adjusted <> o.total)
""",
    "money: an amount below zero": """
SELECT number FROM orders WHERE organization_id = %(shop)s
  AND least(subtotal, discount, shipping, tax, total, refunded) < 0
""",
    "money: a sale without an order, or an order without a paid sale": """
SELECT c.id::text FROM checkouts c LEFT JOIN orders o ON o.organization_id = c.organization_id AND o.checkout_id = c.id
WHERE c.organization_id = %(shop)s AND c.purpose = 'sale' AND (c.status = 'succeeded') <> (o.id IS NOT NULL)
""",
    "stock: below zero, or more reserved than there is": """
SELECT v.external_id FROM inventory i JOIN variants v ON v.organization_id = i.organization_id AND v.id = i.variant_id
WHERE i.organization_id = %(shop)s AND (i.on_hand < 0 OR i.reserved < 0 OR i.reserved > i.on_hand)
""",
    "floor: a line was sold below it": """
SELECT o.number FROM orders o JOIN order_lines l ON l.organization_id = o.organization_id AND l.order_id = o.id
JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
WHERE o.organization_id = %(shop)s AND o.checkout_id IS NOT NULL
  AND l.unit_price * l.quantity - l.discount < coalesce(v.floor, 0) * l.quantity
""",
    "floor: an offer below it": """
SELECT v.external_id FROM price_offers p JOIN variants v ON v.organization_id = p.organization_id AND v.id = p.variant_id
WHERE p.organization_id = %(shop)s AND p.amount < v.floor
""",
}
_SOLD = """
SELECT v.external_id, sum(l.quantity)::bigint FROM order_lines l
JOIN orders o ON o.organization_id = l.organization_id AND o.id = l.order_id
JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
WHERE o.organization_id = %(shop)s AND o.checkout_id IS NOT NULL AND o.status <> 'cancelled' GROUP BY 1
"""
_PAST = """
SELECT o.external_id, o.status, o.cancelled_at > o.created_at, v.external_id, l.quantity FROM order_lines l
JOIN orders o ON o.organization_id = l.organization_id AND o.id = l.order_id
JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
WHERE o.organization_id = %(shop)s AND o.checkout_id IS NULL
"""
_EXCHANGED = """
SELECT v.external_id, sum(rl.quantity)::bigint FROM return_lines rl
JOIN returns r ON r.organization_id = rl.organization_id AND r.id = rl.return_id AND r.status <> 'refused'
JOIN variants v ON v.organization_id = rl.organization_id AND v.id = rl.exchange_variant_id
WHERE r.organization_id = %(shop)s GROUP BY 1
"""


async def stock(database_url: str, shop: UUID) -> Stock:
    """Pieces on hand, of what is tracked."""
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with connection:
        return dict(await _rows(connection, _STOCK, shop))


async def check(database_url: str, shop: UUID, world: World, begun: Stock) -> list[str]:
    """Sentences, one for each thing that does not hold."""
    found: list[str] = []
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with connection:
        for what, query in _BROKEN.items():
            found += [f"{what}: {row[0]}" for row in await _rows(connection, query, shop)]
        found += _conserved(
            begun,
            await _rows(connection, _STOCK, shop),
            await _rows(connection, _SOLD, shop),
            await _moved(connection, shop, world),
        )
    return found


async def _moved(connection: psycopg.AsyncConnection[Any], shop: UUID, world: World) -> Stock:
    """Pieces that other things than sales put on the shelf (+) or took off it (-): cancelled, changed and exchanged past orders."""
    moved: Stock = {}
    now: dict[str, Stock] = {}
    for order, status, cancelled, id, count in await _rows(connection, _PAST, shop):
        lines = now.setdefault(order, {})
        if not (status == "cancelled" and cancelled):
            lines[id] = lines.get(id, 0) + count
    for order, before in _as_placed(world):
        lines = now.get(order, before)
        for id in {*before, *lines}:
            moved[id] = moved.get(id, 0) + before.get(id, 0) - lines.get(id, 0)
    for id, count in await _rows(connection, _EXCHANGED, shop):
        moved[id] = moved.get(id, 0) - count
    return moved


def _as_placed(world: World) -> Iterator[tuple[str, Stock]]:
    """Past orders with their pieces, as they were imported."""
    for past in world.orders:
        yield past.number, {item.id: count for item, count in past.lines}
    for row in world.store.orders:
        lines: Stock = {}
        for line in row.items:
            lines[line.variant] = lines.get(line.variant, 0) + line.quantity
        yield row.external_id, lines


def _conserved(
    begun: Stock, now: Iterable[tuple[Any, ...]], sold: Iterable[tuple[Any, ...]], moved: Stock
) -> list[str]:
    gone = dict(sold)
    wrong = []
    for id, left in now:
        expected = begun[id] - gone.get(id, 0) + moved.get(id, 0)
        if left != expected:
            wrong.append(
                f"stock: {id} has {left}, of {begun[id]} {gone.get(id, 0)} were sold and {moved.get(id, 0)} came back"
            )
    return wrong


async def _rows(connection: psycopg.AsyncConnection[Any], query: str, shop: UUID) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode(), {"shop": shop})).fetchall()
