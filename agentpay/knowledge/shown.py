"""What an answer shows of a product: its price, whether it can be had, and a few sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agentpay.knowledge.filters import (
    AVAILABLE,
    INVENTORY_JOIN,
    SearchFilters,
    conditions,
    variant_conditions,
)
from agentpay.knowledge.hits import Hit
from agentpay.store import statements
from agentpay.store.session import Tx
from agentpay.store.statements import Asked

SNIPPET = 240


@dataclass(frozen=True, slots=True)
class Shown:
    id: UUID
    external_id: str | None
    title: str
    snippet: str
    price: int | None
    in_stock: bool

    def hit(self, score: float, fit: float | None = None) -> Hit:
        return Hit.model_construct(
            kind="product",
            id=self.id,
            external_id=self.external_id,
            title=self.title,
            score=min(1.0, max(0.0, score)),
            snippet=self.snippet,
            price=self.price,
            in_stock=self.in_stock,
            fit=score if fit is None else fit,
        )


async def show(tx: Tx, product_ids: Sequence[UUID], filters: SearchFilters | None) -> list[Shown]:
    """These products, in this order."""
    _, narrowed = conditions(filters)
    statement = f"SELECT {COLUMNS} FROM products p {sale(filters)} WHERE p.organization_id = :org AND p.id = ANY(:ids)"
    values = {**narrowed, "org": tx.organization_id, "ids": list(product_ids)}
    found = {row[0]: shown(row) for row in await statements.rows(tx, statement, values)}
    return [found[id] for id in product_ids if id in found]


def exactly(tx: Tx, codes: Sequence[str], title: str, filters: SearchFilters | None) -> Asked:
    """Asks for products whose id or SKU, or that of a variant, is one of `codes`, or whose title is `title`; all lower case."""
    where, narrowed = conditions(filters)
    statement = f"""
        SELECT {COLUMNS} FROM products p {sale(filters)}
        WHERE p.organization_id = :org AND p.status = 'active' AND p.id IN (
            SELECT id FROM products WHERE organization_id = :org AND lower(external_id) = ANY(:codes)
            UNION SELECT product_id FROM variants
                WHERE organization_id = :org AND NOT archived AND lower(external_id) = ANY(:codes)
            UNION SELECT product_id FROM variants
                WHERE organization_id = :org AND NOT archived AND lower(sku) = ANY(:codes)
            UNION SELECT id FROM products
                WHERE organization_id = :org AND search @@ plainto_tsquery('english'::regconfig, :whole)
                AND lower(title) = :whole
        ){where}
        ORDER BY p.title, p.id LIMIT 10
    """
    return statement, {**narrowed, "org": tx.organization_id, "codes": list(codes), "whole": title}


_RECENT_LINES = 500
"""Lines of orders that say what sells."""


async def browse(tx: Tx, *, limit: int, filters: SearchFilters | None = None) -> list[Shown]:
    """Products within the filters alone: in stock first, then what sold most of late, then some of each category.

    Within a category those first of which the shop says something in its own words.
    """
    where, narrowed = conditions(filters)
    # The sort is a fence: stock is asked of one product after the other, and only until there are enough
    ordered = f"""WITH sold AS (
            SELECT v.product_id, sum(l.quantity) AS units FROM (
                SELECT organization_id, variant_id, quantity FROM order_lines
                WHERE organization_id = :org ORDER BY id DESC LIMIT {_RECENT_LINES}) l
            JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id GROUP BY v.product_id)
        SELECT {COLUMNS} FROM (
            SELECT p.*, coalesce(sold.units, 0) AS units, row_number() OVER (
                PARTITION BY p.category
                ORDER BY coalesce(sold.units, 0) DESC, coalesce(p.conversational_description, '') = '', p.title, p.id
            ) AS place
            FROM products p LEFT JOIN sold ON sold.product_id = p.id
            WHERE p.organization_id = :org AND p.status = 'active'{where}
            ORDER BY units DESC, place, p.title, p.id OFFSET 0) p {sale(filters)} WHERE sale.in_stock IS """
    values = {**narrowed, "org": tx.organization_id, "limit": limit}
    found = await statements.rows(tx, f"{ordered} TRUE LIMIT :limit", values)
    if len(found) < limit:
        values["limit"] = limit - len(found)
        found += await statements.rows(tx, f"{ordered} NOT TRUE LIMIT :limit", values)
    return [shown(row) for row in found]


COLUMNS = (
    "p.id, p.external_id, p.title, sale.price, coalesce(sale.in_stock, false),"
    f" left(coalesce(nullif(p.description, ''), p.conversational_description, ''), {SNIPPET + 60})"
)


def sale(filters: SearchFilters | None) -> str:
    """SQL: the lowest price that fits the filters, and whether anything can be had."""
    return (
        f"LEFT JOIN LATERAL (SELECT min(v.price) AS price, bool_or({AVAILABLE}) AS in_stock FROM variants v"
        f" {INVENTORY_JOIN} WHERE v.organization_id = p.organization_id AND v.product_id = p.id"
        f" AND NOT v.archived{variant_conditions(filters)}) sale ON true"
    )


def shown(row: Any) -> Shown:
    """A row of `COLUMNS`."""
    id, external_id, title, price, in_stock, description = row
    return Shown(id, external_id, title, _shorten(description), price, in_stock)


def _shorten(description: str) -> str:
    """At most `SNIPPET` characters, cut between sentences or words."""
    plain = " ".join(description.split())
    if len(plain) <= SNIPPET:
        return plain
    cut = plain[:SNIPPET]
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", cut)]
    return cut[: ends[-1]] if ends and ends[-1] > SNIPPET // 3 else cut.rsplit(" ", 1)[0] + "…"
