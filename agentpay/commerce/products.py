"""Products as the merchant keeps them: the resource, and writing it. Reading for a sale is `commerce/catalog.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from agentpay.commerce.catalog import option_texts
from agentpay.commerce.product_inputs import ProductInput, ProductPatch, VariantInput, VariantPatch
from agentpay.commerce.shapes import ProductResource, StockView, VariantResource
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import Inventory, Organization, Product, Variant

_NOT_NULL = frozenset(
    {"title", "description", "attributes", "upsell_triggers", "sales_objections", "allow_dynamic_pricing", "status"}
)
_NOT_NULL_VARIANT = frozenset({"options", "price", "weight_grams", "requires_shipping"})


async def get_product(tx: Tx, product_id: UUID) -> ProductResource:
    """The product resource. Raises Problem 404."""
    return (await _resources(tx, [await _row(tx, product_id)]))[0]


async def list_products(
    tx: Tx,
    *,
    external_id: str | None = None,
    status: Literal["active", "draft", "archived"] | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ProductResource]:
    """Products, newest first."""
    statement = select(Product).where(Product.organization_id == tx.organization_id)
    if external_id is not None:
        statement = statement.where(Product.external_id == external_id)
    if status is not None:
        statement = statement.where(Product.status == status)
    found = await page(tx, statement, Product.id, limit=limit, cursor=cursor)
    return Page(await _resources(tx, found.items), found.next_cursor)


async def create_product(tx: Tx, given: ProductInput) -> ProductResource:
    """A new product with its variants and stock. Raises Problem 409 `already_exists` for an id or SKU that is taken."""
    currency = await _currency(tx)
    product = Product(
        id=new_id(), organization_id=tx.organization_id, **given.model_dump(exclude={"variants"}, mode="python")
    )
    tx.session.add(product)
    await _flush(tx)
    for position, variant in enumerate(given.variants):
        if variant.id is not None:
            raise Problem("validation_error", "A new product's variants have no ids yet.")
        _check_floor(variant.price, variant.floor)
        await _add_variant(tx, product.id, variant, position, currency)
    await _changed(tx, product.id)
    return await get_product(tx, product.id)


async def update_product(tx: Tx, product_id: UUID, patch: ProductPatch) -> ProductResource:
    """Change what the patch says. Raises Problem 404, 409 `already_exists`, `stock_reserved`, 422 for a null where none may be."""
    product = await _row(tx, product_id, lock=True)
    for name in patch.model_fields_set - {"variants"}:
        value = getattr(patch, name)
        _refuse_null(name, value, _NOT_NULL)
        setattr(product, name, value)
    await _flush(tx)
    if patch.variants is not None:
        await _set_variants(tx, product_id, patch.variants)
    await _changed(tx, product_id)
    return await get_product(tx, product_id)


async def archive_product(tx: Tx, product_id: UUID) -> None:
    """Take a product off sale for good; orders that hold it keep it. Raises Problem 404."""
    product = await _row(tx, product_id, lock=True)
    product.status = "archived"
    await _flush(tx)
    await _changed(tx, product_id)


async def get_products(tx: Tx, product_ids: Sequence[UUID]) -> list[ProductResource]:
    """Those there are of these, in the order of their ids."""
    rows = await tx.session.scalars(
        select(Product)
        .where(Product.organization_id == tx.organization_id, Product.id.in_(product_ids))
        .order_by(Product.id)
        .execution_options(populate_existing=True)
    )
    return await _resources(tx, rows.all())


async def bump_catalog_version(tx: Tx) -> None:
    """Called by whatever changes catalogue, zones or rates: caches of the shop's words key on the version."""
    await tx.session.execute(
        update(Organization)
        .where(Organization.id == tx.organization_id)
        .values(catalog_version=Organization.catalog_version + 1)
        .execution_options(synchronize_session=False)
    )


async def _changed(tx: Tx, product_id: UUID) -> None:
    """Mark the product to be indexed and ask for it; one waiting job serves any number of changes."""
    await tx.session.execute(
        update(Product)
        .where(Product.organization_id == tx.organization_id, Product.id == product_id)
        .values(indexed_at=None, modified_at=func.now())
        .execution_options(synchronize_session=False)
    )
    await bump_catalog_version(tx)
    await enqueue(
        tx,
        "indexing.index",
        queueing_lock=f"indexing:{tx.organization_id}",
        lock=f"indexing:{tx.organization_id}",
        organization_id=str(tx.organization_id),
    )


async def _set_variants(tx: Tx, product_id: UUID, wanted: Sequence[VariantPatch]) -> None:
    known = list(
        await tx.session.scalars(
            select(Variant).where(Variant.organization_id == tx.organization_id, Variant.product_id == product_id)
        )
    )
    by_id = {row.id: row for row in known}
    by_external_id = {row.external_id: row for row in known if row.external_id is not None}
    currency = await _currency(tx)
    kept: set[UUID] = set()
    for position, patch in enumerate(wanted):
        row = by_id.get(patch.id) if patch.id is not None else by_external_id.get(patch.external_id or "")
        if patch.id is not None and row is None:
            raise not_found("variant of this product", patch.id)
        if row is None:
            if patch.price is None:
                raise Problem("validation_error", "A new variant needs a price.")
            given = VariantInput.model_validate(patch.model_dump(exclude_unset=True, exclude={"id"}))
            _check_floor(given.price, given.floor)
            await _add_variant(tx, product_id, given, position, currency)
            continue
        if row.id in kept:
            raise Problem("validation_error", "A variant is there twice.")
        kept.add(row.id)
        for name in patch.model_fields_set - {"id", "stock"}:
            value = getattr(patch, name)
            _refuse_null(name, value, _NOT_NULL_VARIANT)
            setattr(row, name, value)
        _check_floor(row.price, row.floor)
        row.position, row.archived = position, False
        await _flush(tx)
        if "stock" in patch.model_fields_set:
            await set_stock(tx, row.id, patch.stock)
    for row in known:
        if row.id not in kept:
            row.archived = True
    await _flush(tx)


async def set_stock(tx: Tx, variant_id: UUID, on_hand: int | None) -> None:
    """
    Units on hand, what checkouts hold included; None: not tracked from now on.

    Raises Problem 409 `stock_reserved` (extra: `reserved`) where checkouts hold more than that.
    """
    if on_hand is None:
        await tx.session.execute(
            text("DELETE FROM inventory WHERE organization_id = :org AND variant_id = :variant AND reserved = 0"),
            {"org": tx.organization_id, "variant": variant_id},
        )
    else:
        statement = insert(Inventory).values(
            id=new_id(), organization_id=tx.organization_id, variant_id=variant_id, on_hand=on_hand
        )
        await tx.session.execute(
            statement.on_conflict_do_update(
                index_elements=[Inventory.organization_id, Inventory.variant_id],
                set_={"on_hand": statement.excluded.on_hand, "modified_at": func.now()},
                where=Inventory.reserved <= statement.excluded.on_hand,
            )
        )
    left = (
        await tx.session.execute(
            select(Inventory.on_hand, Inventory.reserved).where(
                Inventory.organization_id == tx.organization_id, Inventory.variant_id == variant_id
            )
        )
    ).one_or_none()
    if (left[0] if left is not None else None) != on_hand:
        reserved = left[1] if left is not None else 0
        raise Problem("stock_reserved", f"Open checkouts hold {reserved} of it.", status=409, reserved=reserved)


async def _add_variant(tx: Tx, product_id: UUID, given: VariantInput, position: int, currency: str) -> None:
    row = Variant(
        id=new_id(),
        organization_id=tx.organization_id,
        product_id=product_id,
        position=position,
        currency=currency,
        **given.model_dump(exclude={"id", "stock"}),
    )
    tx.session.add(row)
    await _flush(tx)
    if given.stock is not None:
        await set_stock(tx, row.id, given.stock)


async def _flush(tx: Tx) -> None:
    """Write what is pending; an id or SKU that is taken is a refusal, not an error of ours."""
    try:
        await tx.session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if constraint.startswith("uq_"):
            what = "SKU" if constraint.endswith("sku") else "external_id"
            raise Problem("already_exists", f"Another one has this {what}.", status=409) from error
        raise


def _check_floor(price: int, floor: int | None) -> None:
    if floor is not None and floor > price:
        raise Problem("validation_error", "floor must not be above price.")


def _refuse_null(name: str, value: Any, never_null: frozenset[str]) -> None:
    if value is None and name in never_null:
        raise Problem("validation_error", f"{name} must not be null.")


async def _row(tx: Tx, product_id: UUID, *, lock: bool = False) -> Product:
    statement = select(Product).where(Product.organization_id == tx.organization_id, Product.id == product_id)
    statement = statement.execution_options(populate_existing=True)
    row = await tx.session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise not_found("product", product_id)
    return row


async def _currency(tx: Tx) -> str:
    currency: str = (
        await tx.session.execute(select(Organization.currency).where(Organization.id == tx.organization_id))
    ).scalar_one()
    return currency


async def _resources(tx: Tx, rows: Sequence[Product]) -> list[ProductResource]:
    variants: dict[UUID, list[VariantResource]] = defaultdict(list)
    for row, on_hand, reserved in await tx.session.execute(
        select(Variant, Inventory.on_hand, Inventory.reserved)
        .outerjoin(
            Inventory,
            (Inventory.organization_id == Variant.organization_id) & (Inventory.variant_id == Variant.id),
        )
        .where(
            Variant.organization_id == tx.organization_id,
            Variant.product_id.in_([row.id for row in rows]),
            Variant.archived.is_(False),
        )
        .order_by(Variant.position, Variant.id)
        .execution_options(populate_existing=True)
    ):
        stock = None
        if on_hand is not None:
            stock = StockView(on_hand=on_hand, reserved=reserved, available=on_hand - reserved)
        variants[row.product_id].append(
            VariantResource(
                id=row.id,
                external_id=row.external_id,
                sku=row.sku,
                options=option_texts(row.options),
                price=row.price,
                available=stock.available if stock else None,
                weight_grams=row.weight_grams,
                requires_shipping=row.requires_shipping,
                stock=stock,
            )
        )
    currency = await _currency(tx)
    return [_resource(row, variants.get(row.id, []), currency) for row in rows]


def _resource(row: Product, variants: list[VariantResource], currency: str) -> ProductResource:
    prices = [variant.price for variant in variants]
    return ProductResource(
        id=row.id,
        external_id=row.external_id,
        title=row.title,
        description=row.description,
        price_min=min(prices, default=0),
        price_max=max(prices, default=0),
        currency=currency,
        variants=variants,
        status=row.status,
        brand=row.brand,
        category=row.category,
        attributes=row.attributes,
        conversational_description=row.conversational_description,
        voice_description=row.voice_description,
        upsell_triggers=row.upsell_triggers,
        sales_objections=row.sales_objections,
        allow_dynamic_pricing=row.allow_dynamic_pricing,
        indexed_at=row.indexed_at,
        created_at=row.created_at,
        modified_at=row.modified_at,
    )
