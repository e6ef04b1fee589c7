"""What became of orders, looked up where it is true: in the service's database. Amounts in minor units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

_ORDER = """
SELECT o.id, o.external_id, o.number, o.status, o.fulfillment_status, o.total, o.refunded, o.shipping_address, o.subtotal, o.discount,
  coalesce((SELECT json_agg(json_build_object('variant', v.external_id, 'quantity', l.quantity) ORDER BY l.position, l.id)
    FROM order_lines l JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
    WHERE l.organization_id = o.organization_id AND l.order_id = o.id), '[]') AS lines,
  coalesce((SELECT json_agg(json_build_object('kind', r.kind, 'status', r.status, 'variant', v.external_id, 'to', w.external_id,
      'quantity', rl.quantity) ORDER BY r.created_at, rl.id)
    FROM returns r JOIN return_lines rl ON rl.organization_id = r.organization_id AND rl.return_id = r.id
    JOIN order_lines l ON l.organization_id = r.organization_id AND l.id = rl.order_line_id
    JOIN variants v ON v.organization_id = r.organization_id AND v.id = l.variant_id
    LEFT JOIN variants w ON w.organization_id = r.organization_id AND w.id = rl.exchange_variant_id
    WHERE r.organization_id = o.organization_id AND r.order_id = o.id), '[]') AS returns,
  coalesce((SELECT json_agg(json_build_object('status', c.status, 'amount', c.amount, 'plan', c.plan))
    FROM order_changes c WHERE c.organization_id = o.organization_id AND c.order_id = o.id), '[]') AS changes
FROM orders o WHERE o.organization_id = %(shop)s AND {}
"""


@dataclass(slots=True)
class OrderState:
    """An order as it stands. `lines`: pieces by variant; `returns`: `kind, status, variant, to, quantity`; `changes`: prepaid ones."""

    id: str
    number: str
    status: str
    fulfillment_status: str
    total: int
    refunded: int
    subtotal: int
    discount: int
    address: dict[str, Any]
    lines: dict[str, int]
    returns: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)


class Orders:
    """Looks orders up. One connection; a look takes a millisecond or two."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], organization_id: UUID) -> None:
        self._connection = connection
        self._organization_id = organization_id

    async def named(self, external_id: str) -> OrderState | None:
        return await self._one("o.external_id = %(key)s", external_id)

    async def placed_in(self, conversation_id: str) -> list[OrderState]:
        """Every order that was placed in a conversation, oldest first."""
        return await self._all("o.conversation_id = %(key)s::uuid ORDER BY o.placed_at, o.id", conversation_id)

    async def _one(self, condition: str, key: str) -> OrderState | None:
        found = await self._all(condition, key)
        return found[0] if found else None

    async def _all(self, condition: str, key: str) -> list[OrderState]:
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_ORDER.format(condition).encode(), {"shop": self._organization_id, "key": key})
            return [_order(row) for row in await cursor.fetchall()]


def _order(row: dict[str, Any]) -> OrderState:
    lines: dict[str, int] = {}
    for line in row["lines"]:
        lines[line["variant"]] = lines.get(line["variant"], 0) + line["quantity"]
    return OrderState(
        str(row["id"]),
        row["external_id"] or row["number"],
        row["status"],
        row["fulfillment_status"],
        row["total"],
        row["refunded"],
        row["subtotal"],
        row["discount"],
        row["shipping_address"] or {},
        lines,
        row["returns"],
        row["changes"],
    )
