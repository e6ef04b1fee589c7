"""Importing a shop: everything in one go or nothing, and again without harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from agentpay.commerce.importing import ImportProblems, ImportReport, import_store
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from tests.conftest import shared

STORE = """\
organization: {{slug: {slug}, name: Shop, currency: {currency}, policies: {{return_window_days: 30}}}}
agent: {{name: Nora, rules: {{max_discount_percent: 10}}}}
products:
  - external_id: shoe
    title: Trail shoe
    variants:
      - {{external_id: shoe-42, sku: S42, options: {{size: "42"}}, price: 10000, stock: 7}}
      - {{external_id: shoe-43, sku: S43, options: {{size: "43"}}, price: 10000, stock: 2}}
  - external_id: card
    title: Gift card
    variants: [{{external_id: card, price: 5000, stock: null, requires_shipping: false}}]
articles:
  - {{external_id: returns, title: Returns, kind: policy, body: Thirty days.}}
shipping_zones:
  - name: US
    countries: [US]
    rates:
      - {{external_id: std, name: Standard, amount: 700}}
      - {{external_id: exp, name: Express, amount: 1900}}
tax_rates:
  - {{country: US, region: CA, basis_points: 725}}
discounts:
  - {{code: ten, type: percentage, basis_points: 1000, max_redemptions: 5, redeemed: 2, redeemed_by: {{c-1: 1}}}}
customers:
  - external_id: c-1
    email: dana@shopper.example
    name: Dana
    addresses: [{{line1: 12 Elm St, city: Portland, region: OR, postal_code: "97201", country: US}}]
    payment_methods:
      - {{external_id: pm-1, type: card, brand: Visa, last4: "4242"}}
      - {{external_id: gc-1, type: gift_card, balance: 2500}}
orders:
  - external_id: N-1
    customer: c-1
    placed_at: "-13d"
    delivered_at: "-9d"
    fulfillment_status: delivered
    payment: {{method: card, reference: pm-1}}
    items: [{{variant: shoe-42, quantity: 2, unit_price: 10000}}, {{variant: card, quantity: 1, unit_price: 5000}}]
    shipping: 700
    discount: 1000
  - {{external_id: N-2, customer: c-1, placed_at: "-3d", status: refunded, items: [{{variant: card, quantity: 1, unit_price: 5000}}]}}
  - {{external_id: N-3, customer: c-1, placed_at: "-2d", status: pending, items: [{{variant: card, quantity: 1, unit_price: 5000}}]}}
  - {{external_id: N-4, placed_at: "-2d", refunded: 2000, items: [{{variant: card, quantity: 1, unit_price: 5000}}]}}
"""


class Shop:
    """A store file that can be changed and imported again."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.path = folder / "store.yaml"
        self.slug = f"s-{new_id()}"
        self.text = STORE.format(slug=self.slug, currency="USD")

    async def load(self, **options: Any) -> ImportReport:
        self.path.write_text(self.text, encoding="utf-8")
        return await import_store(self.database, self.path, **options)

    def change(self, old: str, new: str) -> None:
        assert old in self.text
        self.text = self.text.replace(old, new)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query in which :org is the shop."""
        async with self.database.session() as session:
            org = await session.scalar(text("SELECT id FROM organizations WHERE slug = :slug"), {"slug": self.slug})
            return [tuple(row) for row in await session.execute(text(query), {"org": org})]

    async def run(self, statement: str) -> None:
        async with self.database.session() as session:
            org = await session.scalar(text("SELECT id FROM organizations WHERE slug = :slug"), {"slug": self.slug})
            await session.execute(text(statement), {"org": org})

    async def stock(self) -> dict[str, int]:
        rows = await self.rows(
            "SELECT v.external_id, i.on_hand FROM inventory i JOIN variants v ON v.id = i.variant_id WHERE i.organization_id = :org"
        )
        return {row[0]: row[1] for row in rows}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


def outcome(report: ImportReport) -> tuple[int, int]:
    counts = report.counts.values()
    return sum(c.created for c in counts), sum(c.updated for c in counts)


async def test_a_shop_is_loaded_and_loading_it_again_changes_nothing(shop: Shop) -> None:
    report = await shop.load()
    assert report.counts["products"].created == 2
    assert report.counts["variants"].created == 3
    assert await shop.stock() == {"shoe-42": 7, "shoe-43": 2}
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'indexing.index' AND args->>'organization_id' = CAST(:org AS text)"
    assert await shop.rows(jobs) == [(1,)]
    again = await shop.load()
    assert again.organization_id == report.organization_id
    assert outcome(again) == (0, 0)
    assert again.counts["orders"].unchanged == 4
    assert await shop.rows("SELECT version FROM agents WHERE organization_id = :org") == [(1,)]
    assert await shop.rows("SELECT catalog_version FROM organizations WHERE id = :org") == [(2,)]


async def test_only_what_changed_is_written_and_to_be_indexed(shop: Shop) -> None:
    await shop.load()
    await shop.run("UPDATE products SET indexed_at = now() WHERE organization_id = :org")
    shop.change("title: Trail shoe", "title: Mountain shoe")
    shop.change("max_discount_percent: 10", "max_discount_percent: 12")
    report = await shop.load()
    assert (report.counts["products"].updated, report.counts["products"].unchanged) == (1, 1)
    assert report.counts["agents"].updated == 1
    assert await shop.rows("SELECT external_id FROM products WHERE organization_id = :org AND indexed_at IS NULL") == [
        ("shoe",)
    ]
    assert await shop.rows(
        "SELECT version, rules->>'max_discount_percent' FROM agents WHERE organization_id = :org"
    ) == [(2, "12")]
    assert await shop.rows(
        "SELECT count(*) FROM products WHERE organization_id = :org AND search @@ to_tsquery('mountain')"
    ) == [(1,)]


async def test_stock_balances_and_redemptions_count_once(shop: Shop) -> None:
    await shop.load()
    await shop.run("UPDATE inventory SET on_hand = 3, reserved = 3 WHERE on_hand = 7 AND organization_id = :org")
    await shop.run("UPDATE discounts SET redeemed = 4 WHERE organization_id = :org")
    await shop.run("UPDATE payment_methods SET balance = 100 WHERE balance IS NOT NULL AND organization_id = :org")
    await shop.load()
    assert await shop.stock() == {"shoe-42": 3, "shoe-43": 2}
    assert await shop.rows("SELECT redeemed FROM discounts WHERE organization_id = :org") == [(4,)]
    shop.change("stock: 7", "stock: 1")
    await shop.load(reset_stock=True)
    assert await shop.stock() == {"shoe-42": 3, "shoe-43": 2}, "what checkouts hold stays"
    await shop.run("UPDATE inventory SET reserved = 0 WHERE organization_id = :org")
    await shop.load(reset_stock=True)
    assert await shop.stock() == {"shoe-42": 1, "shoe-43": 2}
    assert await shop.rows("SELECT redeemed FROM discounts WHERE organization_id = :org") == [(2,)]
    assert await shop.rows("SELECT redeemed FROM discount_uses WHERE organization_id = :org") == [(1,)]
    assert await shop.rows("SELECT balance FROM payment_methods WHERE balance > 0 AND organization_id = :org") == [
        (2500,)
    ]


async def test_vanished_variants_are_archived_and_vanished_products_stay(shop: Shop) -> None:
    await shop.load()
    shop.change('      - {external_id: shoe-43, sku: S43, options: {size: "43"}, price: 10000, stock: 2}\n', "")
    shop.change("      - {external_id: exp, name: Express, amount: 1900}\n", "")
    report = await shop.load()
    assert report.archived_variants == 1
    assert await shop.rows("SELECT external_id FROM variants WHERE archived AND organization_id = :org") == [
        ("shoe-43",)
    ]
    assert await shop.rows("SELECT external_id FROM shipping_rates WHERE organization_id = :org") == [("std",)]
    shop.change("external_id: shoe-42, sku: S42", "external_id: shoe-42, sku: S43")
    await shop.load()
    assert await shop.rows("SELECT sku FROM variants WHERE external_id = 'shoe-42' AND organization_id = :org") == [
        ("S43",)
    ]


async def test_skus_and_mail_addresses_may_change_hands_within_the_file(shop: Shop) -> None:
    shop.change("orders:\n", "  - {external_id: c-2, email: eve@shopper.example}\norders:\n")
    await shop.load()
    shop.change("sku: S42", "sku: SXX")
    shop.change("sku: S43", "sku: S42")
    shop.change("sku: SXX", "sku: S43")
    shop.change("dana@", "x@")
    shop.change("eve@", "dana@")
    shop.change("x@", "eve@")
    await shop.load()
    assert await shop.rows(
        "SELECT sku FROM variants WHERE organization_id = :org AND sku > '' ORDER BY external_id"
    ) == [("S43",), ("S42",)]
    mails = await shop.rows("SELECT email FROM customers WHERE organization_id = :org ORDER BY external_id")
    assert mails == [("eve@shopper.example",), ("dana@shopper.example",)]


async def test_a_customer_who_came_by_chat_is_recognised(shop: Shop) -> None:
    await shop.load()
    await shop.run("UPDATE customers SET external_id = NULL, phone_number = '+15550100' WHERE organization_id = :org")
    await shop.load()
    assert await shop.rows("SELECT external_id, phone_number FROM customers WHERE organization_id = :org") == [
        ("c-1", "+15550100")
    ]


async def test_orders_carry_totals_and_the_money_that_moved(shop: Shop) -> None:
    await shop.load()
    orders = await shop.rows(
        "SELECT number, status, subtotal, discount, shipping, total, refunded, shipping_address->>'line1', email,"
        " extract(day FROM now() - delivered_at)::int FROM orders WHERE organization_id = :org ORDER BY number"
    )
    assert orders == [
        ("N-1", "paid", 25000, 1000, 700, 24700, 0, "12 Elm St", "dana@shopper.example", 9),
        ("N-2", "refunded", 5000, 0, 0, 5000, 5000, "12 Elm St", "dana@shopper.example", None),
        ("N-3", "pending", 5000, 0, 0, 5000, 0, "12 Elm St", "dana@shopper.example", None),
        ("N-4", "partially_refunded", 5000, 0, 0, 5000, 2000, None, None, None),
    ]
    lines = await shop.rows(
        "SELECT l.title, l.quantity, l.discount, l.options->>'size' FROM order_lines l JOIN orders o ON o.id = l.order_id"
        " WHERE o.number = 'N-1' AND l.organization_id = :org ORDER BY l.position"
    )
    assert lines == [("Trail shoe", 2, 800, "42"), ("Gift card", 1, 200, None)]
    payments = await shop.rows(
        "SELECT o.number, p.processor, p.status, p.amount, p.method->>'last4' FROM payments p JOIN orders o ON o.id = p.order_id"
        " WHERE p.organization_id = :org ORDER BY 1"
    )
    assert payments == [
        ("N-1", "imported", "succeeded", 24700, "4242"),
        ("N-2", "imported", "succeeded", 5000, None),
        ("N-3", "imported", "pending", 5000, None),
        ("N-4", "imported", "succeeded", 5000, None),
    ]
    assert await shop.rows("SELECT amount FROM refunds WHERE organization_id = :org ORDER BY amount") == [
        (2000,),
        (5000,),
    ]
    assert await shop.stock() == {"shoe-42": 7, "shoe-43": 2}


async def test_an_order_that_was_worked_on_is_kept(shop: Shop) -> None:
    await shop.load()
    await shop.run(
        "UPDATE orders SET note = 'call first', modified_at = now() WHERE number = 'N-1' AND organization_id = :org"
    )
    shop.change("shipping: 700", "shipping: 900")
    shop.change('N-2, customer: c-1, placed_at: "-3d"', 'N-2, customer: c-1, placed_at: "-4d"')
    report = await shop.load()
    assert report.orders_kept == ["N-1"]
    assert (report.counts["orders"].updated, report.counts["orders"].unchanged) == (1, 3)
    assert await shop.rows("SELECT shipping, note FROM orders WHERE number = 'N-1' AND organization_id = :org") == [
        (700, "call first")
    ]


async def test_a_bad_reference_loads_nothing(shop: Shop) -> None:
    shop.change("variant: shoe-42", "variant: boot-42")
    shop.change("redeemed_by: {c-1: 1}", "redeemed_by: {c-9: 1}")
    shop.change("external_id: shoe-43, sku: S43", "external_id: shoe-43, sku: S42")
    with pytest.raises(ImportProblems) as refused:
        await shop.load()
    assert [str(problem) for problem in refused.value.problems] == [
        "line 8: products.0.variants.1.sku: SKU S42 is there twice, first in line 7",
        "line 23: discounts.0.redeemed_by.c-9: there is no customer c-9",
        "line 39: orders.0.items.0.variant: there is no variant boot-42",
    ]
    assert await shop.rows("SELECT 1 FROM organizations WHERE id = :org") == []


async def test_a_refusal_leaves_the_shop_as_it_was(shop: Shop) -> None:
    await shop.load()
    shop.change("title: Trail shoe", "title: Changed")
    shop.change("max_redemptions: 5", "max_redemptions: 3")
    await shop.run("UPDATE discounts SET redeemed = 5 WHERE organization_id = :org")
    with pytest.raises(ImportProblems, match="redeemed 5 times already"):
        await shop.load()
    assert await shop.rows("SELECT title FROM products WHERE external_id = 'shoe' AND organization_id = :org") == [
        ("Trail shoe",)
    ]


async def test_the_currency_of_a_shop_that_sold_cannot_change(shop: Shop) -> None:
    await shop.load()
    shop.change("currency: USD", "currency: EUR")
    with pytest.raises(ImportProblems, match="the shop has sold in USD"):
        await shop.load()
    await shop.run("DELETE FROM refunds WHERE organization_id = :org")
    await shop.run("DELETE FROM payments WHERE organization_id = :org")
    await shop.run("DELETE FROM orders WHERE organization_id = :org")
    await shop.load()
    assert await shop.rows("SELECT DISTINCT currency FROM variants WHERE organization_id = :org") == [("EUR",)]


async def test_a_later_file_may_refer_to_what_an_earlier_one_brought(shop: Shop) -> None:
    await shop.load()
    start, end = shop.text.index("products:"), shop.text.index("articles:")
    shop.text = shop.text[:start] + shop.text[end:]
    shop.change("quantity: 2", "quantity: 1")
    report = await shop.load()
    assert report.counts["orders"].updated == 1
    assert await shop.rows("SELECT count(*) FROM products WHERE status = 'active' AND organization_id = :org") == [(2,)]


async def test_two_shops_do_not_meet(shop: Shop, database: Database, tmp_path: Path) -> None:
    await shop.load()
    (tmp_path / "other").mkdir()
    other = Shop(database, tmp_path / "other")
    report = await other.load()
    assert report.counts["products"].created == 2
    assert outcome(await shop.load()) == (0, 0)


async def test_the_example_store(database_url: str) -> None:
    report = await import_store(database_url, shared("stores/example.yaml"))
    assert {kind: counts.created for kind, counts in report.counts.items()} == {
        "organizations": 1, "agents": 1, "products": 4, "variants": 7, "articles": 2, "shipping_zones": 2,
        "shipping_rates": 4, "tax_rates": 2, "customers": 1, "discounts": 4, "orders": 1,
    }  # fmt: skip


async def test_the_first_search_after_an_import_is_planned_with_figures(
    make_database: Callable[[], str], tmp_path: Path
) -> None:
    """Without those of its postings a search of the demo shop reads a hundred times the rows."""
    database = Database(make_database())
    tables = ["products", "variants", "inventory", "product_terms", "articles", "orders", "order_lines"]
    counted = text("SELECT relname FROM pg_class WHERE relname = ANY(:tables) AND reltuples >= 0")
    try:
        await Shop(database, tmp_path).load()
        async with database.session() as session:
            assert set(await session.scalars(counted, {"tables": tables})) == set(tables)
    finally:
        await database.close()


async def test_synonyms_come_with_the_file_and_stay_without_the_key(shop: Shop) -> None:
    kept = "SELECT synonyms FROM organizations WHERE id = :org"
    await shop.load()
    assert await shop.rows(kept) == [([],)]
    shop.change("name: Shop,", "name: Shop, synonyms: [[Sneakers, shoe], [cell phone, handy]],")
    await shop.load()
    assert await shop.rows(kept) == [([["sneakers", "shoe"], ["cell phone", "handy"]],)]
    shop.change(" synonyms: [[Sneakers, shoe], [cell phone, handy]],", "")
    await shop.load()
    assert await shop.rows(kept) == [([["sneakers", "shoe"], ["cell phone", "handy"]],)]
    shop.change("name: Shop,", "name: Shop, synonyms: [[alone]],")
    with pytest.raises(ImportProblems, match="synonyms"):
        await shop.load()
