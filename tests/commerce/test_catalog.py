"""Products: what a sale reads of them, and what the merchant writes."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from agentpay.commerce import catalog, products
from agentpay.commerce.product_inputs import ProductInput, ProductPatch
from agentpay.commerce.shapes import ProductResource
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from tests.numbers import stands

SHOE = {
    "external_id": "shoe",
    "title": "Trail shoe",
    "brand": "Kestrel",
    "category": "Footwear > Trail",
    "attributes": {"waterproof": "no", "drop_mm": 6},
    "variants": [
        {
            "external_id": "shoe-42",
            "sku": "RR-42",
            "options": {"size": "42"},
            "price": 13900,
            "floor": 11900,
            "stock": 7,
        },
        {
            "external_id": "shoe-43",
            "sku": "RR-43",
            "options": {"size": "43"},
            "price": 14900,
            "stock": 0,
            "weight_grams": 580,
        },
        {"external_id": "shoe-kit", "price": 500, "requires_shipping": False},
    ],
}


async def make(database: Database, organization_id: UUID, **changes: object) -> ProductResource:
    async with database.tx(organization_id) as tx:
        return await products.create_product(tx, ProductInput.model_validate({**SHOE, **changes}))


async def test_a_product_is_made_and_read(database: Database, organization_id: UUID) -> None:
    made = await make(database, organization_id)
    assert (made.price_min, made.price_max, made.currency, made.indexed_at) == (500, 14900, "USD", None)
    first, second, third = made.variants
    assert first.stock is not None
    assert (first.stock.on_hand, first.stock.reserved, first.available) == (7, 0, 7)
    assert (second.available, third.available, third.stock) == (0, None, None)
    assert "floor" not in made.model_dump_json()
    async with database.tx(organization_id) as tx:
        block = await catalog.product(tx, "shoe")
        assert block is not None
        assert block == await catalog.product(tx, made.id)
        assert [v.available for v in block.variants] == [7, 0, None]
        assert not stands(11900, block.model_dump_json())
        row = await catalog.variant(tx, "rr-42")
        assert row is not None
        assert (row.price, row.floor, row.category, row.title) == (13900, 11900, "Footwear > Trail", "Trail shoe")
        assert not stands(11900, repr(row))
        assert await catalog.variant(tx, row.id) == row
        assert (await catalog.variants(tx, [row.id, new_id()])) == {row.id: row}
        assert (await catalog.variants_by_external_id(tx, ["shoe-43"]))["shoe-43"].available == 0


async def test_blocks_keep_the_order_asked_for_and_leave_archived_ones_out(
    database: Database, organization_id: UUID
) -> None:
    a, b, c = [
        await make(database, organization_id, external_id=name, variants=[{"price": 100}]) for name in ("a", "b", "c")
    ]
    async with database.tx(organization_id) as tx:
        await products.archive_product(tx, b.id)
    async with database.tx(organization_id) as tx:
        assert [p.external_id for p in await catalog.products(tx, [c.id, b.id, a.id, c.id])] == ["c", "a"]
        assert await catalog.product(tx, "b") is None
        assert await catalog.product(tx, "b", include_inactive=True) is not None


async def test_other_shops_see_nothing(database: Database, organization_id: UUID, other_id: UUID) -> None:
    made = await make(database, organization_id)
    async with database.tx(other_id) as tx:
        assert await catalog.products(tx, [made.id]) == []
        assert await catalog.variants(tx, [v.id for v in made.variants]) == {}
        with pytest.raises(Problem, match="no such product"):
            await products.get_product(tx, made.id)
        with pytest.raises(Problem, match="no such product"):
            await products.update_product(tx, made.id, ProductPatch(title="Mine"))


async def test_a_patch_changes_what_it_says(database: Database, organization_id: UUID) -> None:
    made = await make(database, organization_id)
    async with database.tx(organization_id) as tx:
        await tx.session.execute(text("UPDATE products SET indexed_at = now() WHERE id = :id"), {"id": made.id})
        patch = ProductPatch.model_validate(
            {
                "title": "Mountain shoe",
                "brand": None,
                "variants": [
                    {"external_id": "shoe-43", "stock": 5},
                    {"id": made.variants[0].id, "price": 12900},
                    {"external_id": "shoe-44", "price": 15000, "stock": 1},
                ],
            }
        )
        changed = await products.update_product(tx, made.id, patch)
    assert (changed.title, changed.brand, changed.category, changed.indexed_at) == (
        "Mountain shoe",
        None,
        "Footwear > Trail",
        None,
    )
    assert [(v.external_id, v.price, v.available) for v in changed.variants] == [
        ("shoe-43", 14900, 5),
        ("shoe-42", 12900, 7),
        ("shoe-44", 15000, 1),
    ]
    assert changed.modified_at > made.modified_at
    async with database.tx(organization_id) as tx:
        kit = await catalog.variant(tx, "shoe-kit")
        assert kit is not None
        assert not kit.active
        version = await tx.session.scalar(
            text("SELECT catalog_version FROM organizations WHERE id = :id"), {"id": organization_id}
        )
        assert version == 2
        waiting = await tx.session.scalar(
            text(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'indexing.index' AND args->>'organization_id' = :id"
            ),
            {"id": str(organization_id)},
        )
        assert waiting == 1


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"title": None}, "validation_error"),
        ({"variants": [{"external_id": "new"}]}, "validation_error"),
        ({"variants": [{"external_id": "shoe-42", "floor": 20000}]}, "validation_error"),
        ({"variants": [{"external_id": "shoe-42", "sku": "RR-43"}, {"external_id": "shoe-43"}]}, "already_exists"),
        ({"variants": [{"id": str(new_id())}]}, "not_found"),
        ({"variants": [{"external_id": "shoe-42", "stock": 2}]}, "stock_reserved"),
        ({"variants": [{"external_id": "shoe-42", "stock": None}]}, "stock_reserved"),
    ],
)
async def test_a_patch_that_cannot_be(
    database: Database, organization_id: UUID, patch: dict[str, object], code: str
) -> None:
    made = await make(database, organization_id)
    async with database.tx(organization_id) as tx:
        await tx.session.execute(
            text("UPDATE inventory SET reserved = 3 WHERE variant_id = :id"), {"id": made.variants[0].id}
        )
    with pytest.raises(Problem) as refused:
        async with database.tx(organization_id) as tx:
            await products.update_product(tx, made.id, ProductPatch.model_validate(patch))
    assert refused.value.code == code


async def test_ids_are_taken_once(database: Database, organization_id: UUID) -> None:
    await make(database, organization_id)
    with pytest.raises(Problem) as refused:
        await make(database, organization_id)
    assert (refused.value.code, refused.value.status) == ("already_exists", 409)
    with pytest.raises(ValidationError):
        ProductInput.model_validate({**SHOE, "price": 1})


async def test_lists_are_walked_by_cursor(database: Database, organization_id: UUID) -> None:
    for n in range(5):
        await make(database, organization_id, external_id=f"p{n}", variants=[{"price": 100}])
    seen: list[str | None] = []
    cursor = None
    async with database.tx(organization_id) as tx:
        while True:
            found = await products.list_products(tx, limit=2, cursor=cursor)
            seen += [product.external_id for product in found.items]
            if (cursor := found.next_cursor) is None:
                break
        assert seen == ["p4", "p3", "p2", "p1", "p0"]
        assert [p.external_id for p in (await products.list_products(tx, external_id="p3")).items] == ["p3"]
        for bad in ("x", "!!!", ""):
            with pytest.raises(Problem) as refused:
                await products.list_products(tx, cursor=bad)
            assert refused.value.code == "validation_error"
        with pytest.raises(Problem, match="from 1 to 100"):
            await products.list_products(tx, limit=101)
