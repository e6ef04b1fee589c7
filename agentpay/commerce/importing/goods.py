"""Products, variants and their stock."""

from __future__ import annotations

from uuid import UUID

from agentpay.commerce.importing.reading import Path_
from agentpay.commerce.importing.run import Run
from agentpay.commerce.importing.upsert import Table, execute, fetch, ids_by, json_text
from agentpay.store.ids import new_id

PRODUCTS = Table(
    "products",
    (
        "id", "external_id", "title", "description", "brand", "category", "conversational_description",
        "voice_description", "attributes", "upsell_triggers", "sales_objections", "allow_dynamic_pricing", "status",
    ),
    touch=("modified_at = now()", "indexed_at = NULL"),
)  # fmt: skip
VARIANTS = Table(
    "variants",
    (
        "id", "product_id", "external_id", "sku", "options", "price", "floor", "currency", "weight_grams",
        "requires_shipping", "position", "archived",
    ),
)  # fmt: skip


async def goods(run: Run) -> None:
    """
    Products and variants by external id. Products that the file no longer has are left alone; variants that a product
    of the file no longer has are archived.
    """
    products = run.store.products
    product_ids = await ids_by(
        run.connection,
        "SELECT external_id, id FROM products WHERE organization_id = %s AND external_id IS NOT NULL",
        run.organization_id,
    )
    variant_ids = await ids_by(
        run.connection,
        "SELECT external_id, id FROM variants WHERE organization_id = %s AND external_id IS NOT NULL",
        run.organization_id,
    )
    known_products, known_variants = set(product_ids.values()), set(variant_ids.values())
    for product in products:
        product_ids.setdefault(product.external_id, new_id())
        for variant in product.variants:
            variant_ids.setdefault(variant.external_id, new_id())
    await run.write(
        "products",
        PRODUCTS,
        [
            (
                product_ids[row.external_id], row.external_id, row.title, row.description, row.brand, row.category,
                row.conversational_description, row.voice_description, json_text(row.attributes),
                json_text(row.upsell_triggers), json_text(row.sales_objections), row.allow_dynamic_pricing, row.status,
            )
            for row in products
        ],
    )  # fmt: skip
    rows = [
        (
            variant_ids[row.external_id], product_ids[product.external_id], row.external_id, row.sku,
            json_text(row.options), row.price, row.floor, run.currency, row.weight_grams, row.requires_shipping,
            position, False,
        )
        for product in products
        for position, row in enumerate(product.variants)
    ]  # fmt: skip
    here = [row[0] for row in rows]
    old = [product_ids[row.external_id] for row in products if product_ids[row.external_id] in known_products]
    changed = await _archive_vanished(run, old, here)
    await _free_skus(run, {row[0]: row[3] for row in rows}, known_variants)
    written = await run.write("variants", VARIANTS, rows)
    moved = written.created | written.updated
    changed |= {row[1] for row in rows if row[0] in moved}
    await execute(
        run.connection,
        "UPDATE products SET indexed_at = NULL WHERE organization_id = %s AND id = ANY(%s) AND indexed_at IS NOT NULL",
        run.organization_id,
        list(changed),
    )
    stock = {variant_ids[row.external_id]: row.stock for product in products for row in product.variants}
    await _stock(run, stock, written.created)


async def _archive_vanished(run: Run, product_ids: list[UUID], here: list[UUID]) -> set[UUID]:
    """Answers the products that lost a variant. Variants made through the API without an external id stay."""
    gone = await fetch(
        run.connection,
        "UPDATE variants SET archived = true, modified_at = now() WHERE organization_id = %s AND product_id = ANY(%s)"
        " AND external_id IS NOT NULL AND NOT archived"
        " AND id NOT IN (SELECT unnest(%s::uuid[])) RETURNING product_id",
        run.organization_id,
        product_ids,
        here,
    )
    run.report.archived_variants = len(gone)
    return {row[0] for row in gone}


async def _free_skus(run: Run, skus: dict[UUID, str | None], known: set[UUID]) -> None:
    """SKUs may move between the file's variants and away from archived ones, not away from others on sale."""
    wanted = [sku for sku in skus.values() if sku is not None]
    known_here = [identifier for identifier in skus if identifier in known]
    others = await fetch(
        run.connection,
        "SELECT id, sku, external_id, archived FROM variants WHERE organization_id = %s"
        " AND sku IN (SELECT unnest(%s::text[])) AND id NOT IN (SELECT unnest(%s::uuid[]))",
        run.organization_id,
        wanted,
        known_here,
    )
    taken = {sku: external_id or str(identifier) for identifier, sku, external_id, archived in others if not archived}
    if taken:
        places: list[tuple[Path_, str]] = [
            (("products", n, "variants", m, "sku"), f"SKU {row.sku} belongs to variant {taken[row.sku]}")
            for n, product in enumerate(run.store.products)
            for m, row in enumerate(product.variants)
            if row.sku in taken
        ]
        run.refuse(places)
    await execute(
        run.connection,
        "UPDATE variants SET sku = NULL WHERE organization_id = %s AND id = ANY(%s)",
        run.organization_id,
        [row[0] for row in others],
    )
    await execute(
        run.connection,
        "UPDATE variants v SET sku = NULL FROM unnest(%s::uuid[], %s::text[]) AS f(id, sku)"
        " WHERE v.organization_id = %s AND v.id = f.id AND v.sku IS NOT NULL AND v.sku IS DISTINCT FROM f.sku",
        known_here,
        [skus[identifier] for identifier in known_here],
        run.organization_id,
    )


async def _stock(run: Run, stock: dict[UUID, int | None], created: set[UUID]) -> None:
    """
    Stock of new variants; of all with `reset_stock` (CONTRACT §4, imports).

    What open checkouts hold is not taken from them: `on_hand` never falls below `reserved`.
    """
    touched = stock if run.reset_stock else {identifier: n for identifier, n in stock.items() if identifier in created}
    tracked = {identifier: n for identifier, n in touched.items() if n is not None}
    await execute(
        run.connection,
        "INSERT INTO inventory (id, organization_id, variant_id, on_hand)"
        " SELECT f.id, %s, f.variant_id, f.on_hand FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS f(id, variant_id, on_hand)"
        " ON CONFLICT (organization_id, variant_id) DO UPDATE"
        " SET on_hand = greatest(excluded.on_hand, inventory.reserved), modified_at = now()",
        run.organization_id,
        [new_id() for _ in tracked],
        list(tracked),
        list(tracked.values()),
    )
    await execute(
        run.connection,
        "DELETE FROM inventory WHERE organization_id = %s AND reserved = 0 AND variant_id = ANY(%s)",
        run.organization_id,
        [identifier for identifier, n in touched.items() if n is None],
    )
