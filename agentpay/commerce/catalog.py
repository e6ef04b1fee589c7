"""Reading products and variants, in few round trips. Writing them is `commerce/products.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from agentpay.commerce.shapes import ProductView, VariantView
from agentpay.store import statements
from agentpay.store.session import Tx
from agentpay.store.statements import Asked
from agentpay.store.tables import Product


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant with what carts, checkouts and offers need of its product. `price` and `floor` are minor units, per unit."""

    id: UUID
    external_id: str | None
    sku: str | None
    product_id: UUID
    product_external_id: str | None
    title: str
    """The product's title."""
    options: dict[str, str]
    price: int
    floor: int | None = field(repr=False)
    """Never shown, logged or prompted (CONTRACT §4); None: not negotiable."""
    currency: str
    weight_grams: int
    requires_shipping: bool
    available: int | None
    """Units that can still be sold; None: not tracked."""
    category: str | None
    allow_dynamic_pricing: bool
    active: bool
    """Whether it may be sold: an active product's variant that is not archived."""


_OPTIONS = [field.name for field in fields(VariantRow)].index("options")


def option_texts(options: dict[str, Any]) -> dict[str, str]:
    """Options with their values as text (a store file may hold `size: 42`)."""
    return {name: str(value) for name, value in options.items()}


_VARIANTS = """
    SELECT v.id, v.external_id, v.sku, v.product_id, p.external_id, p.title, v.options, v.price, v.floor, v.currency,
        v.weight_grams, v.requires_shipping, i.on_hand - i.reserved, p.category, p.allow_dynamic_pricing,
        p.status = 'active' AND NOT v.archived
    FROM variants v
    JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
    LEFT JOIN inventory i ON i.organization_id = v.organization_id AND i.variant_id = v.id
    WHERE v.organization_id = :org AND {condition}
    ORDER BY v.product_id, v.position, v.id
"""
"""The columns are `VariantRow`'s fields, in their order."""


async def _rows(tx: Tx, condition: str, parameters: dict[str, Any]) -> list[VariantRow]:
    """Variants by a SQL condition over `variants v` and `products p`."""
    return _variants(await statements.rows(tx, *_asked(tx, condition, parameters)))


def _asked(tx: Tx, condition: str, parameters: dict[str, Any]) -> Asked:
    return _VARIANTS.format(condition=condition), {**parameters, "org": tx.organization_id}


def _variants(rows: Iterable[tuple[Any, ...]]) -> list[VariantRow]:
    return [_variant(list(row)) for row in rows]


def _variant(values: list[Any]) -> VariantRow:
    values[_OPTIONS] = option_texts(values[_OPTIONS])
    return VariantRow(*values)


async def variants(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, VariantRow]:
    """The variants with these ids, archived ones too (see `VariantRow.active`); ids of no variant are left out."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    return {row.id: row for row in await _rows(tx, "v.id = ANY(:ids)", {"ids": wanted})}


async def variants_by_external_id(tx: Tx, external_ids: Iterable[str]) -> dict[str, VariantRow]:
    """The variants with these external ids, by them; archived ones too."""
    wanted = list(set(external_ids))
    if not wanted:
        return {}
    rows = await _rows(tx, "v.external_id = ANY(:external_ids)", {"external_ids": wanted})
    return {row.external_id: row for row in rows if row.external_id is not None}


async def variant(tx: Tx, reference: UUID | str) -> VariantRow | None:
    """A variant by id, external id or SKU (in any case), archived ones too."""
    identifier = _as_uuid(reference)
    if identifier is not None:
        return (await variants(tx, [identifier])).get(identifier)
    text = str(reference).strip()
    rows = await _rows(tx, "(lower(v.external_id) = :text OR lower(v.sku) = :text)", {"text": text.lower()})
    exact = [row for row in rows if text in (row.external_id, row.sku)]
    return next(iter(exact or rows), None)


async def variants_of(tx: Tx, product_ids: Iterable[UUID]) -> dict[UUID, list[VariantRow]]:
    """The variants on sale of each of these products, in the merchant's order."""
    wanted = list(set(product_ids))
    return _by_product(await statements.rows(tx, *_on_sale(tx, wanted))) if wanted else {}


def _on_sale(tx: Tx, product_ids: list[UUID]) -> Asked:
    return _asked(tx, "v.product_id = ANY(:products) AND NOT v.archived", {"products": product_ids})


def _by_product(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, list[VariantRow]]:
    grouped: dict[UUID, list[VariantRow]] = defaultdict(list)
    for row in _variants(rows):
        grouped[row.product_id].append(row)
    return dict(grouped)


async def products(tx: Tx, ids: Sequence[UUID], *, include_inactive: bool = False) -> list[ProductView]:
    """The product blocks of these ids, in their order. Draft and archived products are left out unless asked for."""
    found = await product_views(tx, ids, include_inactive=include_inactive)
    return [found[identifier] for identifier in dict.fromkeys(ids) if identifier in found]


async def product_views(tx: Tx, ids: Iterable[UUID], *, include_inactive: bool = False) -> dict[UUID, ProductView]:
    """The product blocks by id; one round trip whatever their number."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    statement = (
        "SELECT p.id, p.external_id, p.title, p.description, o.currency FROM products p"
        " JOIN organizations o ON o.id = p.organization_id WHERE p.organization_id = :org AND p.id = ANY(:ids)"
    ) + ("" if include_inactive else " AND p.status = 'active'")
    named = statement, {"org": tx.organization_id, "ids": wanted}
    heads, variants = await statements.several(tx, named, _on_sale(tx, wanted))
    by_product = _by_product(variants)
    return {
        id: _view(external_id, title, description, currency, by_product.get(id, []))
        for id, external_id, title, description, currency in heads
    }


async def product(tx: Tx, reference: UUID | str, *, include_inactive: bool = False) -> ProductView | None:
    """The product block by id or external id; None where there is no such product."""
    identifier = await product_id(tx, reference)
    if identifier is None:
        return None
    return (await product_views(tx, [identifier], include_inactive=include_inactive)).get(identifier)


async def product_id(tx: Tx, reference: UUID | str) -> UUID | None:
    """The id of a product given by id or external id."""
    identifier = _as_uuid(reference)
    match: ColumnElement[bool] = Product.external_id == str(reference)
    if identifier is not None:
        match = or_(match, Product.id == identifier)
    found: UUID | None = await tx.session.scalar(
        select(Product.id).where(Product.organization_id == tx.organization_id, match).limit(1)
    )
    return found


async def product_ids(tx: Tx, external_ids: Iterable[str]) -> dict[str, UUID]:
    """External ids → ids of the products that have them."""
    wanted = list(set(external_ids))
    if not wanted:
        return {}
    rows = await tx.session.execute(
        select(Product.external_id, Product.id).where(
            Product.organization_id == tx.organization_id, Product.external_id.in_(wanted)
        )
    )
    return {row.external_id: row.id for row in rows if row.external_id is not None}


def _view(external_id: str | None, title: str, description: str, currency: str, rows: list[VariantRow]) -> ProductView:
    prices = [row.price for row in rows]
    return ProductView(
        external_id=external_id,
        title=title,
        description=description,
        price_min=min(prices, default=0),
        price_max=max(prices, default=0),
        currency=rows[0].currency if rows else currency,
        variants=[
            VariantView(
                external_id=row.external_id,
                sku=row.sku,
                options=row.options,
                price=row.price,
                available=row.available,
            )
            for row in rows
        ],
    )


def _as_uuid(reference: UUID | str) -> UUID | None:
    if isinstance(reference, UUID):
        return reference
    try:
        return UUID(reference)
    except ValueError:
        return None


async def goes_with(tx: Tx, product_id: UUID) -> list[str]:
    """What the shop would show to who takes this product, in its own words (`upsell_triggers`)."""
    found = await tx.session.scalar(
        select(Product.upsell_triggers).where(Product.organization_id == tx.organization_id, Product.id == product_id)
    )
    return found or []


async def product_facts(tx: Tx, product_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What may be told of products beyond their blocks: {"brand", "category", "attributes", "description", …}."""
    rows = await tx.session.execute(
        select(
            Product.id,
            Product.brand,
            Product.category,
            Product.attributes,
            Product.conversational_description,
            Product.description,
        ).where(Product.organization_id == tx.organization_id, Product.id.in_(list(product_ids)))
    )
    return {
        row.id: {
            "brand": row.brand,
            "category": row.category,
            "attributes": row.attributes,
            "conversational_description": row.conversational_description,
            "description": row.description,
        }
        for row in rows
    }
