"""Variants as somebody means to buy them: what carts and checkouts show, price and ship from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select

from agentpay.commerce.catalog import option_texts
from agentpay.commerce.pricing import PricingLine
from agentpay.commerce.shapes import LineView
from agentpay.store.session import Tx
from agentpay.store.tables import Inventory, Product, Variant

MAX_QUANTITY = 10_000


def line_view(line: Any) -> LineView:
    """The contract's shape of a line, or of a row with a line's columns."""
    return LineView(
        variant_id=line.variant_id,
        variant_external_id=line.variant_external_id,
        product_external_id=line.product_external_id,
        title=line.title,
        options=option_texts(line.options),
        quantity=line.quantity,
        unit_price=line.unit_price,
        line_total=line.unit_price * line.quantity,
    )


@dataclass(frozen=True, slots=True)
class SaleLine:
    """`quantity` of a variant at today's list price. `available` is on hand - reserved; None: not tracked."""

    variant_id: UUID
    variant_external_id: str | None
    product_external_id: str | None
    title: str
    options: dict[str, str]
    category: str | None
    quantity: int
    unit_price: int
    floor: int | None
    currency: str
    weight_grams: int
    requires_shipping: bool
    available: int | None
    sellable: bool
    """The product is active and the variant not archived."""

    def view(self) -> LineView:
        return line_view(self)

    def pricing(self) -> PricingLine:
        return PricingLine(
            variant_id=self.variant_id,
            product_external_id=self.product_external_id,
            category=self.category,
            quantity=self.quantity,
            unit_price=self.unit_price,
            floor=self.floor,
        )


def select_lines() -> Select[Any]:
    """The columns `from_row` reads, of variants with their product and stock; add joins and conditions to it."""
    return (
        select(
            Variant.id.label("variant_id"),
            Variant.external_id.label("variant_external_id"),
            Product.external_id.label("product_external_id"),
            Product.title,
            Variant.options,
            Product.category,
            Variant.price,
            Variant.floor,
            Variant.currency,
            Variant.weight_grams,
            Variant.requires_shipping,
            Variant.archived,
            Product.status,
            (Inventory.on_hand - Inventory.reserved).label("available"),
        )
        .select_from(Variant)
        .join(Product, and_(Product.organization_id == Variant.organization_id, Product.id == Variant.product_id))
        .outerjoin(
            Inventory,
            and_(Inventory.organization_id == Variant.organization_id, Inventory.variant_id == Variant.id),
        )
    )


def from_row(row: Row[Any], quantity: int) -> SaleLine:
    return SaleLine(
        variant_id=row.variant_id,
        variant_external_id=row.variant_external_id,
        product_external_id=row.product_external_id,
        title=row.title,
        options=option_texts(row.options),
        category=row.category,
        quantity=quantity,
        unit_price=row.price,
        floor=row.floor,
        currency=row.currency,
        weight_grams=row.weight_grams,
        requires_shipping=row.requires_shipping,
        available=row.available,
        sellable=row.status == "active" and not row.archived,
    )


async def of_variants(tx: Tx, quantities: Mapping[UUID, int]) -> list[SaleLine]:
    """Lines for variants of this organization, in the order asked; unknown ids are left out (the caller compares)."""
    rows = await tx.session.execute(
        select_lines().where(Variant.organization_id == tx.organization_id, Variant.id.in_(list(quantities)))
    )
    found = {row.variant_id: from_row(row, quantities[row.variant_id]) for row in rows}
    return [found[variant_id] for variant_id in quantities if variant_id in found]


def pricing_lines(lines: Iterable[SaleLine]) -> list[PricingLine]:
    return [line.pricing() for line in lines]


def shipping_weight(lines: Iterable[SaleLine]) -> int:
    """Grams of what ships: digital items weigh nothing (CONTRACT §4)."""
    return sum(line.weight_grams * line.quantity for line in lines if line.requires_shipping)


def requires_shipping(lines: Sequence[SaleLine]) -> bool:
    """Whether anything ships, so that an address is needed."""
    return any(line.requires_shipping for line in lines)
