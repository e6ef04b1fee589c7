"""The demo shop keeps the promises it makes (CONTRACT §4-5): complete, consistent within itself, and never out of date."""

import re
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Any

import pytest
import yaml

from agentpay.demo import STORE

Row = dict[str, Any]

RELATIVE = re.compile(r"[+-]\d+d")


@pytest.fixture(scope="module")
def shop() -> Row:
    return yaml.safe_load(STORE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def variants(shop: Row) -> dict[str, Row]:
    return {variant["external_id"]: variant for product in shop["products"] for variant in product["variants"]}


def days(value: str) -> int:
    """ "-13d" → -13; anything that is not relative would age and fails here."""
    assert RELATIVE.fullmatch(value), f"{value} is not a relative time"
    return int(value[:-1])


def half_up(amount: int, basis_points: int) -> int:
    return floor(Fraction(amount * basis_points, 10_000) + Fraction(1, 2))


def duplicates(values: list[str]) -> set[str]:
    return {value for value in values if values.count(value) > 1}


def destination(shop: Row, order: Row) -> Row | None:
    customer = next(c for c in shop["customers"] if c["external_id"] == order["customer"])
    return order.get("shipping_address") or next(iter(customer.get("addresses", [])), None)


def tax_rate(shop: Row, address: Row | None) -> Row | None:
    if address is None:
        return None
    place = (address["country"], address.get("region"))
    return next((r for r in shop["tax_rates"] if (r["country"], r.get("region", place[1])) == place), None)


def goods(order: Row) -> int:
    return sum(item["quantity"] * item["unit_price"] for item in order["items"])


def test_the_shop_is_large_enough(shop: Row, variants: dict[str, Row]) -> None:
    assert len(shop["products"]) >= 66
    assert len(variants) >= 165
    assert len({product["brand"] for product in shop["products"]}) >= 8
    assert len(shop["articles"]) >= 14
    assert len(shop["customers"]) >= 8
    assert len(shop["orders"]) >= 12


def test_categories_have_two_levels(shop: Row) -> None:
    paths = [product["category"].split(" > ") for product in shop["products"]]
    assert all(len(path) == 2 for path in paths)
    assert len({path[0] for path in paths}) >= 6
    assert len({tuple(path) for path in paths}) >= 20


def test_ids_skus_and_titles_are_unique(shop: Row) -> None:
    sold = [variant for product in shop["products"] for variant in product["variants"]]
    for rows in (shop["products"], sold, shop["articles"], shop["customers"], shop["orders"]):
        assert not duplicates([row["external_id"] for row in rows])
    assert not duplicates([variant["sku"] for variant in sold])
    assert not duplicates([product["title"].casefold() for product in shop["products"]])
    assert not duplicates([discount["code"].casefold() for discount in shop["discounts"]])
    assert not duplicates([customer["email"].casefold() for customer in shop["customers"]])
    for product in shop["products"]:
        options = [tuple(sorted(variant.get("options", {}).items())) for variant in product["variants"]]
        assert len(set(options)) == len(options), f"{product['external_id']}: two variants with the same options"
        assert len({frozenset(variant.get("options", {})) for variant in product["variants"]}) == 1


def test_products_speak(shop: Row) -> None:
    products = shop["products"]
    assert all(len(product["description"]) >= 40 and product["attributes"] for product in products)
    assert sum("voice_description" in product for product in products) >= len(products) * 0.8
    assert sum("conversational_description" in product for product in products) >= len(products) * 0.5
    assert sum("sales_objections" in product for product in products) >= 15


def test_upsell_triggers_find_another_product(shop: Row) -> None:
    titles = {product["external_id"]: product["title"].casefold() for product in shop["products"]}
    for product in shop["products"]:
        for trigger in product.get("upsell_triggers", []):
            words = trigger.casefold().split()
            others = [title for external_id, title in titles.items() if external_id != product["external_id"]]
            assert any(all(word in title for word in words) for title in others), (product["external_id"], trigger)


def test_floors_belong_to_negotiable_products_only(shop: Row) -> None:
    negotiable = [product for product in shop["products"] if product.get("allow_dynamic_pricing")]
    assert 12 <= len(negotiable) <= 20
    for product in shop["products"]:
        for variant in product["variants"]:
            if product in negotiable:
                assert variant["price"] * 0.8 <= variant["floor"] < variant["price"]
            else:
                assert "floor" not in variant, variant["external_id"]


def test_stock_has_every_state(shop: Row, variants: dict[str, Row]) -> None:
    stocks = [variant["stock"] for variant in variants.values()]
    assert sum(stock == 0 for stock in stocks) >= 10
    assert sum(stock is not None and 0 < stock <= 5 for stock in stocks) >= 10
    untracked = [variant for variant in variants.values() if variant["stock"] is None]
    assert sorted(variant["price"] for variant in untracked) == [2500, 5000, 10000]
    assert all(variant["requires_shipping"] is False for variant in untracked)
    for variant in variants.values():
        assert variant["price"] > 0
        assert ("weight_grams" in variant) == variant.get("requires_shipping", True), variant["external_id"]
    for product in shop["products"]:
        assert any(v["stock"] is None or v["stock"] > 0 for v in product["variants"]), f"{product['title']} is sold out"


def test_policies_name_what_exists(shop: Row) -> None:
    names = {product["external_id"] for product in shop["products"]}
    categories = [product["category"] for product in shop["products"]]
    for entry in shop["organization"]["policies"]["non_returnable"]:
        assert entry in names or any(category.startswith(entry) for category in categories), entry


def test_agent_rules(shop: Row) -> None:
    rules = shop["agent"]["rules"]
    assert (rules["max_discount_percent"], rules["approval_discount_percent"]) == (10, 20)
    assert rules["allow_dynamic_pricing"] is rules["require_email_for_checkout"] is True
    assert rules["auto_refund_limit"] == 5000
    for strategy in rules["strategies"].values():
        assert strategy["discount_percent"] <= rules["max_discount_percent"]


def test_three_zones_with_free_and_express_rates(shop: Row) -> None:
    zones = shop["shipping_zones"]
    assert len(zones) == 3
    countries = [country for zone in zones for country in zone["countries"]]
    assert not duplicates(countries)
    assert not duplicates([rate["external_id"] for zone in zones for rate in zone["rates"]])
    for zone in zones:
        assert any(rate["amount"] == 0 and rate["min_subtotal"] > 0 for rate in zone["rates"])
        assert any(rate["name"] == "Express" and rate["max_weight_grams"] > 0 for rate in zone["rates"])
        assert all(rate["min_days"] <= rate["max_days"] for rate in zone["rates"])
    for rate in shop["tax_rates"]:
        assert rate["country"] in countries


def test_taxes_of_each_kind(shop: Row) -> None:
    rates = shop["tax_rates"]
    states = [rate for rate in rates if rate["country"] == "US"]
    assert len(states) >= 3
    assert not any(rate.get("included") for rate in states)
    assert any(rate.get("shipping") for rate in states)
    assert any(not rate.get("shipping") for rate in states)
    assert {rate["country"] for rate in rates if rate.get("included")} == {"GB", "DE", "FR"}


def test_discounts_of_each_kind(shop: Row) -> None:
    discounts = {discount["code"]: discount for discount in shop["discounts"]}
    kinds = {discount["type"] for discount in discounts.values()}
    assert kinds == {"percentage", "fixed"}
    for discount in discounts.values():
        assert ("basis_points" in discount) == (discount["type"] == "percentage")
        assert ("amount" in discount) == (discount["type"] == "fixed")
    for key in (
        "products",
        "categories",
        "min_subtotal",
        "max_redemptions",
        "max_redemptions_per_customer",
        "redeemed_by",
    ):
        assert any(key in discount for discount in discounts.values()), key
    assert any(days(discount.get("ends_at", "+0d")) < 0 for discount in discounts.values()), "no expired code"
    assert any(days(discount.get("starts_at", "-0d")) > 0 for discount in discounts.values()), "no code to come"
    assert any(d.get("redeemed", 0) >= d["max_redemptions"] for d in discounts.values() if "max_redemptions" in d)


def test_discounts_refer_to_what_exists(shop: Row) -> None:
    names = {product["external_id"] for product in shop["products"]}
    categories = [product["category"] for product in shop["products"]]
    customers = {customer["external_id"] for customer in shop["customers"]}
    for discount in shop["discounts"]:
        assert set(discount.get("products", [])) <= names
        assert all(any(c.startswith(prefix) for c in categories) for prefix in discount.get("categories", []))
        assert set(discount.get("redeemed_by", {})) <= customers
        assert sum(discount.get("redeemed_by", {}).values()) <= discount.get("redeemed", 0)


def test_customers_differ(shop: Row) -> None:
    customers = shop["customers"]
    served = {country for zone in shop["shipping_zones"] for country in zone["countries"]}
    assert len({customer["preferred_channel"] for customer in customers}) >= 3
    assert sum("phone_number" in customer for customer in customers) >= 8
    addresses = [address for customer in customers for address in customer.get("addresses", [])]
    assert {address["country"] for address in addresses} <= served
    assert any(tax_rate(shop, address) is None for address in addresses)
    methods = [method for customer in customers for method in customer.get("payment_methods", [])]
    assert {method["type"] for method in methods} == {"card", "paypal", "gift_card"}
    assert all(method["balance"] > 0 for method in methods if method["type"] == "gift_card")
    assert not duplicates([method["external_id"] for method in methods])


def test_orders_are_in_every_state(shop: Row) -> None:
    states = {(order["status"], order["fulfillment_status"]) for order in shop["orders"]}
    assert states >= {
        ("pending", "unfulfilled"),
        ("paid", "unfulfilled"),
        ("paid", "shipped"),
        ("paid", "delivered"),
        ("cancelled", "unfulfilled"),
        ("refunded", "delivered"),
        ("partially_refunded", "delivered"),
    }
    policies = shop["organization"]["policies"]
    ages = [-days(o["delivered_at"]) for o in shop["orders"] if o["status"] == "paid" and "delivered_at" in o]
    assert any(age <= policies["return_window_days"] for age in ages)
    assert any(policies["return_window_days"] < age <= policies["exchange_window_days"] for age in ages)
    assert any(age > policies["exchange_window_days"] for age in ages)
    repeat = shop["agent"]["rules"]["strategies"]["repeat_customer"]["orders_threshold"]
    owners = [order["customer"] for order in shop["orders"] if order["status"] == "paid"]
    assert len(set(owners)) >= 6
    assert any(owners.count(owner) >= repeat for owner in owners)


def test_orders_refer_to_what_exists(shop: Row, variants: dict[str, Row]) -> None:
    customers = {customer["external_id"]: customer for customer in shop["customers"]}
    for order in shop["orders"]:
        customer = customers[order["customer"]]
        assert all(item["variant"] in variants and item["quantity"] > 0 for item in order["items"])
        methods = {method["external_id"]: method["type"] for method in customer.get("payment_methods", [])}
        if "reference" in order["payment"]:
            assert methods[order["payment"]["reference"]] == order["payment"]["method"]


def shipped_items(order: Row, variants: dict[str, Row]) -> Iterator[Row]:
    return (item for item in order["items"] if variants[item["variant"]].get("requires_shipping", True))


def test_orders_have_a_believable_course(shop: Row, variants: dict[str, Row]) -> None:
    for order in shop["orders"]:
        placed = days(order["placed_at"])
        assert ("delivered_at" in order) == (order["fulfillment_status"] == "delivered")
        assert placed <= days(order.get("delivered_at", "-0d")) <= 0
        on_its_way = order["fulfillment_status"] != "unfulfilled" and any(shipped_items(order, variants))
        assert ("tracking" in order) == on_its_way, order["external_id"]


def test_order_totals_follow_the_rates(shop: Row, variants: dict[str, Row]) -> None:
    for order in shop["orders"]:
        name, address = order["external_id"], destination(shop, order)
        after_discount = goods(order) - order.get("discount", 0)
        assert after_discount > 0
        if any(shipped_items(order, variants)):
            assert address is not None, name
            zone = next(z for z in shop["shipping_zones"] if address["country"] in z["countries"])
            amounts = {r["amount"] for r in zone["rates"] if after_discount >= r.get("min_subtotal", 0)}
            assert order["shipping"] in amounts, name
        else:
            assert order["shipping"] == 0
        rate = tax_rate(shop, address)
        if rate is not None and not rate.get("included"):
            lines = [item["quantity"] * item["unit_price"] for item in order["items"]]
            if order.get("discount"):
                assert len(lines) == 1, f"{name}: spell out how the discount is spread"
                lines = [after_discount]
            if rate.get("shipping"):
                lines.append(order["shipping"])
            assert order.get("tax", 0) == sum(half_up(line, rate["basis_points"]) for line in lines), name
        else:
            assert order.get("tax", 0) == 0, name
        total = after_discount + order["shipping"] + order.get("tax", 0)
        if order["status"] == "cancelled":
            assert order["refunded"] == total
        elif order["status"] == "partially_refunded":
            assert 0 < order["refunded"] < total
        else:
            assert "refunded" not in order


def test_articles_say_what_the_rules_do(shop: Row) -> None:
    bodies = {article["external_id"]: article["body"] for article in shop["articles"]}
    assert {article["kind"] for article in shop["articles"]} == {"policy", "faq"}
    policies = shop["organization"]["policies"]
    assert f"{policies['return_window_days']} days" in bodies["returns"]
    assert f"{policies['exchange_window_days']} days" in bodies["exchanges"]
    assert f"${shop['agent']['rules']['auto_refund_limit'] // 100} an order" in bodies["refunds"]
    assert shop["organization"]["support_email"] in bodies["contact"]
    texts = {"US": bodies["shipping"], "CA": bodies["international-shipping"], "GB": bodies["international-shipping"]}
    for zone in shop["shipping_zones"]:
        text = next(text for country, text in texts.items() if country in zone["countries"])
        for rate in zone["rates"]:
            price = f"${rate['amount'] / 100:.2f}" if rate["amount"] else f"${rate['min_subtotal'] // 100}"
            assert price in text, rate["external_id"]
            assert f"{rate['min_days']} to {rate['max_days']}" in text, rate["external_id"]
            if "max_weight_grams" in rate:
                assert f"{rate['max_weight_grams'] // 1000} kg" in text, rate["external_id"]
    for rate in shop["tax_rates"]:
        if rate["country"] == "US":
            assert f"{rate['basis_points'] / 100:g}%" in bodies["sales-tax"]
