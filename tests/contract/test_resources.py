"""CONTRACT §2 and §3: the resources of the shop, their shapes, filters and changes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.client import (
    LINE,
    ORDER,
    PRODUCT_RESOURCE,
    VARIANT_RESOURCE,
    Client,
    balances,
    eventually,
    has,
    refused,
    utc,
    uuid7,
)

NOBODY = "01890000-0000-7000-8000-000000000000"


def bodies() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """resource → what makes one, what changes it."""
    mark = uuid4().hex
    return {
        "agents": (
            {"external_id": mark, "name": "Otto", "personality": {"tone": "formal", "verbosity": "long", "emoji": True}},
            {"rules": {"max_discount_percent": 5, "triggers": {"hesitation_signals": 2}}},
        ),
        "products": (
            {
                "external_id": mark,
                "title": "Head torch",
                "variants": [{"external_id": f"{mark}-1", "price": 4900, "stock": 3, "weight_grams": 80}],
            },
            {"title": "Head lamp"},
        ),
        "customers": ({"external_id": mark, "email": f"{mark}@shopper.example"}, {"name": "Ada"}),
        "discounts": ({"code": mark, "type": "fixed", "amount": 100}, {"max_redemptions": 3}),
        "shipping-zones": (
            {
                "name": mark,
                "countries": ["NZ"],
                "rates": [{"external_id": mark, "name": "Sea", "amount": 100, "max_weight_grams": 10}],
            },
            {"countries": ["NZ", "AU"]},
        ),
        "articles": ({"external_id": mark, "title": "Care", "kind": "faq", "body": "Wash cold."}, {"body": "Wash warm."}),
        "webhook-endpoints": ({"url": f"https://hooks.example/{mark}"}, {"url": f"https://hooks.example/{mark}2"}),
    }  # fmt: skip


@pytest.mark.parametrize("resource", sorted(bodies()))
def test_made_shown_listed_changed(shop: Client, resource: str) -> None:
    body, change = bodies()[resource]
    made = shop.made(f"/v1/{resource}", body)
    assert uuid7(made["id"])
    path = f"/v1/{resource}/{made['id']}"
    shown = shop.got(path)
    assert shown == {name: value for name, value in made.items() if name in shown}
    listed = {item["id"]: item for item in shop.got(f"/v1/{resource}", limit=100)["items"]}
    assert listed[made["id"]] == shown
    changed = shop.patch(path, json=change)
    assert changed.status_code == 200, changed.text
    for name, value in change.items():
        got = changed.json()[name]
        assert value.items() <= got.items() if isinstance(value, dict) and name != "rules" else True
        assert isinstance(value, dict) or got == value
    refused(shop.patch(path, json={"nonsense": 1}), 422, "validation_error")
    refused(shop.get(f"/v1/{resource}/{NOBODY}"), 404, "not_found")
    refused(shop.patch(f"/v1/{resource}/{NOBODY}", json=change), 404, "not_found")
    if resource != "webhook-endpoints":
        refused(shop.post(f"/v1/{resource}", json=body), 409)
    gone = shop.delete(path)
    assert gone.status_code in (204, 405), gone.text


@pytest.mark.parametrize(
    ("path", "external_id"),
    [
        ("/v1/products", "shoe-ridge"),
        ("/v1/customers", "c-1001"),
        ("/v1/orders", "NT-1001"),
        ("/v1/articles", "returns"),
    ],
)
def test_found_by_external_id(shop: Client, path: str, external_id: str) -> None:
    assert shop.only(path, external_id=external_id)["external_id"] == external_id
    assert shop.got(path, external_id="nobody") == {"items": [], "next_cursor": None}


def test_an_agent_is_found_by_external_id(shop: Client) -> None:
    body, _ = bodies()["agents"]
    made = shop.made("/v1/agents", body)
    assert shop.only("/v1/agents", external_id=body["external_id"])["id"] == made["id"]


def test_a_product(shop: Client) -> None:
    product = shop.only("/v1/products", external_id="shoe-ridge")
    has(product, PRODUCT_RESOURCE)
    assert (product["title"], product["brand"]) == ("Ridge Runner trail shoe", "Kestrel")
    assert (product["status"], product["category"]) == ("active", "Footwear > Trail running")
    assert (product["price_min"], product["price_max"], product["currency"]) == (13900, 13900, "USD")
    assert product["attributes"] == {"surface": "trail", "waterproof": "no", "drop_mm": 6}
    assert product["conversational_description"].startswith("The one we hand")
    assert product["voice_description"] == "A light, grippy trail shoe for long runs."
    assert utc(product["indexed_at"])
    for variant in product["variants"]:
        has(variant, VARIANT_RESOURCE)
        assert "floor" not in variant
    blue = next(v for v in product["variants"] if v["external_id"] == "shoe-ridge-42-blue")
    assert blue["stock"] == {"on_hand": 7, "reserved": 0, "available": 7}
    assert (blue["sku"], blue["options"], blue["price"]) == ("RR-42-BL", {"size": "42", "color": "blue"}, 13900)
    assert (blue["available"], blue["weight_grams"]) == (7, 560)
    card = shop.only("/v1/products", external_id="giftcard-50")["variants"][0]
    assert (card["stock"], card["available"]) == (None, None)


def test_a_changed_product_is_indexed_anew(shop: Client) -> None:
    made = shop.made("/v1/products", bodies()["products"][0])
    path = f"/v1/products/{made['id']}"
    eventually(lambda: shop.got(path)["indexed_at"])
    shop.patch(path, json={"title": "Xylophone"})
    eventually(lambda: shop.got(path)["indexed_at"])
    found = shop.made("/v1/agent/knowledge/search", {"query": "xylophone"}, status=200)["items"]
    assert [item["id"] for item in found] == [made["id"]]


def test_a_past_order(shop: Client) -> None:
    order = shop.only("/v1/orders", external_id="NT-1001")
    has(order, ORDER)
    assert (order["status"], order["fulfillment_status"]) == ("paid", "shipped")
    assert order["tracking"]["number"] == "1Z999AA10123456784"
    (line,) = order["items"]
    has(line, LINE)
    assert (line["quantity"], line["unit_price"], line["line_total"]) == (2, 2900, 5800)
    amounts = ("subtotal", "discount", "shipping", "tax", "total", "refunded")
    assert [order[name] for name in amounts] == [5800, 0, 700, 0, 6500, 0]
    assert balances(order)
    # the address defaults to the customer's first
    assert order["shipping_address"]["line1"] == "12 Elm St"
    assert (order["placed_at"], order["delivered_at"]) == ("2026-11-01T15:00:00Z", None)
    assert (order["checkout_id"], order["conversation_id"]) == (None, None)


def test_a_customer(shop: Client) -> None:
    customer = shop.only("/v1/customers", email="DANA@shopper.example")
    assert (customer["external_id"], customer["name"]) == ("c-1001", "Dana Reyes")
    assert customer["phone_number"] == "+15550100"
    assert customer["addresses"][0]["region"] == "OR"
    assert isinstance(customer["conversations"], list)


def test_fulfilments(shop: Client) -> None:
    order = shop.bought(("socks-merino-m", 1))
    assert (order["status"], order["fulfillment_status"], order["external_id"]) == ("paid", "unfulfilled", None)
    path = f"/v1/orders/{order['id']}"
    sent = shop.made(
        f"{path}/fulfilments",
        {"status": "shipped", "tracking": {"carrier": "UPS", "number": "1Z1"}},
        status=200,
    )
    assert (sent["fulfillment_status"], sent["tracking"]) == ("shipped", {"carrier": "UPS", "number": "1Z1"})
    refused(shop.post(f"{path}/cancel"), 409, "order_not_cancellable")
    arrived = shop.made(f"{path}/fulfilments", {"status": "delivered"}, status=200)
    assert arrived["fulfillment_status"] == "delivered"
    assert utc(arrived["delivered_at"])
    assert arrived["tracking"]["number"] == "1Z1"
    refused(shop.post(f"{path}/fulfilments", json={"status": "lost"}), 422, "validation_error")
    refused(shop.post(f"/v1/orders/{NOBODY}/fulfilments", json={"status": "shipped"}), 404, "not_found")


def test_a_cancelled_order_is_refunded_whole(shop: Client) -> None:
    before = shop.stock("jacket-squall-m", "jacket-squall")
    order = shop.bought(("jacket-squall-m", 1))
    assert order["total"] > shop.got("/v1/agents", limit=1)["items"][0]["rules"]["auto_refund_limit"]
    assert shop.stock("jacket-squall-m", "jacket-squall")["on_hand"] == before["on_hand"] - 1
    cancelled = shop.made(f"/v1/orders/{order['id']}/cancel", status=200)
    assert (cancelled["status"], cancelled["refunded"]) == ("cancelled", order["total"])
    assert shop.made(f"/v1/orders/{order['id']}/cancel", status=200)["refunded"] == order["total"]
    assert shop.stock("jacket-squall-m", "jacket-squall") == before
    refunds = shop.got("/v1/refunds", order_id=order["id"])["items"]
    assert [(item["amount"], item["currency"]) for item in refunds] == [(order["total"], "USD")]
    eventually(lambda: shop.got(f"/v1/refunds/{refunds[0]['id']}")["status"] == "succeeded")


def test_refunds(shop: Client) -> None:
    order = shop.bought(("socks-merino-m", 1))
    refund = shop.made("/v1/refunds", {"order_id": order["id"], "amount": 100, "reason": "late"})
    assert (refund["order_id"], refund["amount"], refund["currency"]) == (order["id"], 100, "USD")
    shown = shop.got(f"/v1/orders/{order['id']}")
    assert (shown["status"], shown["refunded"]) == ("partially_refunded", 100)
    refused(shop.post("/v1/refunds", json={"order_id": order["id"], "amount": order["total"]}), 409)
    rest = shop.made("/v1/refunds", {"order_id": order["id"]})
    assert rest["amount"] == order["total"] - 100
    shown = shop.got(f"/v1/orders/{order['id']}")
    assert (shown["status"], shown["refunded"]) == ("refunded", order["total"])


@pytest.mark.parametrize(
    "rules",
    [
        {"max_discount_percent": 101},
        {"max_discount_percent": -1},
        {"max_discount_percent": "many"},
        {"max_discount_percent": 20, "approval_discount_percent": 10},
        {"auto_refund_limit": -1},
        {"strategies": {"cart_value_discount": {"min_cart": 1}}},
        {"strategies": {"loyalty": {}}},
        {"triggers": {"hesitation_signals": 0}},
        {"unknown": 1},
    ],
)
def test_agent_rules_are_validated(shop: Client, rules: dict[str, Any]) -> None:
    agent = shop.got("/v1/agents", limit=1)["items"][0]
    refused(shop.patch(f"/v1/agents/{agent['id']}", json={"rules": rules}), 422, "validation_error")
    refused(shop.post("/v1/agents", json={"name": "x", "rules": rules}), 422, "validation_error")


def test_the_default_gives_nothing_away(shop: Client) -> None:
    rules = shop.made("/v1/agents", {"name": "Plain"})["rules"]
    assert rules["max_discount_percent"] == 0
    assert rules["allow_dynamic_pricing"] is False
    assert rules["auto_refund_limit"] == 0
    assert rules["approval_discount_percent"] in (None, 0)
    personality = shop.made("/v1/agents", {"name": "Plain 2"})["personality"]
    assert set(personality) == {"tone", "verbosity", "emoji"}
    for wrong in ({"tone": "rude"}, {"verbosity": "tiny"}, {"emoji": "some"}):
        refused(shop.post("/v1/agents", json={"name": "x", "personality": wrong}), 422, "validation_error")
