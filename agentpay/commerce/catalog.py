"""Reading products and variants, in few round trips. Writing them is `commerce/products.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from agentpay.commerce.shapes import ProductView, VariantView
from agentpay.store.session import Tx
from agentpay.store.tables import Inventory, Organization, Product, Variant


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


def option_texts(options: dict[str, Any]) -> dict[str, str]:
    """Options with their values as text (a store file may hold `size: 42`)."""
    return {name: str(value) for name, value in options.items()}


def _variant_select() -> Select[Any]:
    return (
        select(
            Variant.id,
            Variant.external_id,
            Variant.sku,
            Variant.product_id,
            Product.external_id.label("product_external_id"),
            Product.title,
            Variant.options,
            Variant.price,
            Variant.floor,
            Variant.currency,
            Variant.weight_grams,
            Variant.requires_shipping,
            (Inventory.on_hand - Inventory.reserved).label("available"),
            Product.category,
            Product.allow_dynamic_pricing,
            (Product.status == "active").label("product_active"),
            Variant.archived,
        )
        .join(Product, (Product.organization_id == Variant.organization_id) & (Product.id == Variant.product_id))
        .outerjoin(
            Inventory,
            (Inventory.organization_id == Variant.organization_id) & (Inventory.variant_id == Variant.id),
        )
        .order_by(Variant.product_id, Variant.position, Variant.id)
    )


async def _rows(tx: Tx, *conditions: ColumnElement[bool]) -> list[VariantRow]:
    result = await tx.session.execute(
        _variant_select().where(Variant.organization_id == tx.organization_id, *conditions)
    )
    return [
        VariantRow(
            id=row.id,
            external_id=row.external_id,
            sku=row.sku,
            product_id=row.product_id,
            product_external_id=row.product_external_id,
            title=row.title,
            options=option_texts(row.options),
            price=row.price,
            floor=row.floor,
            currency=row.currency,
            weight_grams=row.weight_grams,
            requires_shipping=row.requires_shipping,
            available=row.available,
            category=row.category,
            allow_dynamic_pricing=row.allow_dynamic_pricing,
            active=row.product_active and not row.archived,
        )
        for row in result
    ]


async def variants(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, VariantRow]:
    """The variants with these ids, archived ones too (see `VariantRow.active`); ids of no variant are left out."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    return {row.id: row for row in await _rows(tx, Variant.id.in_(wanted))}


async def variants_by_external_id(tx: Tx, external_ids: Iterable[str]) -> dict[str, VariantRow]:
    """The variants with these external ids, by them; archived ones too."""
    wanted = list(set(external_ids))
    if not wanted:
        return {}
    rows = await _rows(tx, Variant.external_id.in_(wanted))
    return {row.external_id: row for row in rows if row.external_id is not None}


async def variant(tx: Tx, reference: UUID | str) -> VariantRow | None:
    """A variant by id, external id or SKU (in any case), archived ones too."""
    identifier = _as_uuid(reference)
    if identifier is not None:
        return (await variants(tx, [identifier])).get(identifier)
    text = str(reference).strip()
    rows = await _rows(
        tx, or_(func.lower(Variant.external_id) == text.lower(), func.lower(Variant.sku) == text.lower())
    )
    exact = [row for row in rows if text in (row.external_id, row.sku)]
    return next(iter(exact or rows), None)


async def variants_of(tx: Tx, product_ids: Iterable[UUID]) -> dict[UUID, list[VariantRow]]:
    """The variants on sale of each of these products, in the merchant's order."""
    wanted = list(set(product_ids))
    grouped: dict[UUID, list[VariantRow]] = defaultdict(list)
    if wanted:
        for row in await _rows(tx, Variant.product_id.in_(wanted), Variant.archived.is_(False)):
            grouped[row.product_id].append(row)
    return dict(grouped)


async def products(tx: Tx, ids: Sequence[UUID], *, include_inactive: bool = False) -> list[ProductView]:
    """The product blocks of these ids, in their order. Draft and archived products are left out unless asked for."""
    found = await product_views(tx, ids, include_inactive=include_inactive)
    return [found[identifier] for identifier in dict.fromkeys(ids) if identifier in found]


async def product_views(tx: Tx, ids: Iterable[UUID], *, include_inactive: bool = False) -> dict[UUID, ProductView]:
    """The product blocks by id; two round trips whatever their number."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    conditions: list[ColumnElement[bool]] = [Product.organization_id == tx.organization_id, Product.id.in_(wanted)]
    if not include_inactive:
        conditions.append(Product.status == "active")
    heads = (
        await tx.session.execute(
            select(Product.id, Product.external_id, Product.title, Product.description, Organization.currency)
            .join(Organization, Organization.id == Product.organization_id)
            .where(*conditions)
        )
    ).all()
    by_product = await variants_of(tx, [head.id for head in heads])
    return {
        head.id: _view(head.external_id, head.title, head.description, head.currency, by_product.get(head.id, []))
        for head in heads
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
