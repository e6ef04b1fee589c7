"""CONTRACT §2 and §3: the tools by name, direct use, and knowledge search."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.client import CART, CONVERSATIONS, PRODUCT, TOOL_CALL, VARIANT, Client, has, refused, uuid7

TOOLS = {
    "sales": {
        "product_search", "product_details", "check_inventory", "compare_products", "update_cart", "quote_shipping",
        "validate_discount", "make_offer", "search_knowledge", "handoff_to_human",
    },
    "payment": {
        "view_cart", "update_cart", "set_customer_details", "quote_shipping", "validate_discount", "make_offer",
        "create_payment_link", "payment_status", "handoff_to_human",
    },
    "support": {
        "find_customer", "order_status", "update_customer", "cancel_order", "change_order_address",
        "change_order_items", "change_order_payment", "return_items", "exchange_items", "request_refund",
        "search_knowledge", "handoff_to_human",
    },
}  # fmt: skip
HIT = {"kind", "id", "external_id", "title", "score", "snippet"}
SEARCH = "/v1/agent/knowledge/search"


def search(shop: Client, query: str, **body: Any) -> list[dict[str, Any]]:
    found = shop.made(SEARCH, {"query": query, **body}, status=200)
    items: list[dict[str, Any]] = found["items"]
    return items


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["external_id"] for item in items]


@pytest.mark.parametrize("agent", TOOLS)
def test_every_agent_has_its_tools(shop: Client, agent: str) -> None:
    listed = {tool["name"]: tool for tool in shop.got("/v1/agent/tools", limit=100)["items"]}
    missing = {name for name in TOOLS[agent] if name not in listed or agent not in listed[name]["agents"]}
    assert missing == set()


def test_tools_have_json_schemas(shop: Client) -> None:
    for tool in shop.got("/v1/agent/tools", limit=100)["items"]:
        Draft202012Validator.check_schema(tool["parameters"])
        assert tool["parameters"]["type"] == "object"
        assert tool["parameters"]["additionalProperties"] is False
        assert tool["description"]


def test_tools_answer_with_the_contracts_shapes(shop: Client) -> None:
    found = shop.tool("product_search", query="waterproof jacket")
    has(found, TOOL_CALL)
    assert (found["name"], found["status"]) == ("product_search", "ok")
    (block,) = found["blocks"]
    assert block["type"] == "product_list"
    for product in block["products"]:
        assert set(product) == PRODUCT
        for variant in product["variants"]:
            assert set(variant) == VARIANT
    shown = shop.tool("product_details", product="jacket-squall")["blocks"][0]
    assert (shown["type"], shown["external_id"]) == ("product", "jacket-squall")
    assert (shown["price_min"], shown["price_max"], shown["currency"]) == (18900, 18900, "USD")
    assert {v["external_id"]: v["available"] for v in shown["variants"]} == {"jacket-squall-m": 4, "jacket-squall-l": 2}
    talk = shop.opened()
    has(shop.tool("view_cart", talk)["result"]["cart"], CART)


def test_bad_calls_are_refused(shop: Client) -> None:
    refused(shop.post("/v1/agent/tools/no_such_tool/invoke", json={"arguments": {}}), 404, "not_found")
    refused(shop.post("/v1/agent/tools/product_search/invoke", json={"arguments": {"limit": "x"}}), 422)
    refused(shop.post("/v1/agent/tools/view_cart/invoke", json={"arguments": {}}), 422)
    body = {"arguments": {}, "conversation_id": "01890000-0000-7000-8000-000000000000"}
    refused(shop.post("/v1/agent/tools/view_cart/invoke", json=body), 404, "not_found")
    failed = shop.tool("product_details", product="no such thing at all")
    assert (failed["status"], set(failed["result"])) == ("error", {"error"})


def test_floors_never_leave(shop: Client) -> None:
    talk = shop.opened()
    shop.say(talk, "I'd like one Ridge Runner in size 42, blue")
    shop.say(talk, "can you do $100?")
    seen = [
        shop.got(f"{CONVERSATIONS}/{talk}/messages"),
        shop.got("/v1/products", limit=100),
        shop.tool("product_details", product="shoe-ridge"),
        shop.tool("check_inventory", product="shoe-ridge"),
        search(shop, "trail shoe"),
    ]
    assert '"floor"' not in str(seen).replace("'", '"')


def test_a_hit(shop: Client) -> None:
    product = search(shop, "waterproof jacket")[0]
    has(product, HIT | {"price", "currency"})
    assert (product["kind"], product["external_id"], product["price"]) == ("product", "jacket-squall", 18900)
    assert product["currency"] == "USD"
    assert uuid7(product["id"])
    assert 0 < product["score"] <= 1
    article = search(shop, "can I return worn shoes?", kinds=["article"])[0]
    assert set(article) == HIT
    assert (article["kind"], article["external_id"], article["title"]) == ("article", "returns", "Returns and refunds")
    assert article["snippet"]


def test_nothing_fits(shop: Client) -> None:
    assert search(shop, "lawn mower") == []
    assert search(shop, "zzzz") == []
    assert search(shop, "jacket", filters={"brand": "Nobody"}) == []


@pytest.mark.parametrize(
    ("query", "filters", "expected"),
    [
        ("running", {"price_max": 2900}, {"socks-merino"}),
        ("running", {"price_min": 18900}, {"jacket-squall"}),
        ("running", {"price_min": 13901, "price_max": 18899}, set()),
        ("shoe", {"price_min": 13900, "price_max": 13900}, {"shoe-ridge"}),
        ("shoe", {"price_max": 13899}, set()),
        ("running", {"brand": "kestrel"}, {"jacket-squall", "shoe-ridge"}),
        ("running", {"brand": "Fell & Co"}, {"socks-merino"}),
        ("running", {"category": "Clothing"}, {"jacket-squall", "socks-merino"}),
        ("running", {"category": "Clothing > Socks"}, {"socks-merino"}),
        ("running", {"category": "Cloth"}, set()),
        ("shoe", {"in_stock": True}, {"shoe-ridge"}),
        ("shoe", {"attributes": {"size": "43", "color": "blue"}}, {"shoe-ridge"}),
        ("shoe", {"attributes": {"size": "43", "color": "blue"}, "in_stock": True}, set()),
        ("shoe", {"attributes": {"size": "42", "color": "red"}}, set()),
        ("shoe", {"attributes": {"surface": "Trail", "drop_mm": 6}}, {"shoe-ridge"}),
        ("shoe", {"attributes": {"surface": "road"}}, set()),
        ("jacket", {"attributes": {"waterproof": "yes"}}, {"jacket-squall"}),
        ("gift card", {"in_stock": True}, {"giftcard-50"}),
    ],
)  # fmt: skip
def test_filters(shop: Client, query: str, filters: dict[str, Any], expected: set[str]) -> None:
    found = search(shop, query, filters=filters)
    assert set(ids(found)) == expected
    assert {item["kind"] for item in found} <= {"product"}


def test_limits_and_kinds(shop: Client, demo: Client) -> None:
    assert len(search(shop, "running", limit=1)) == 1
    assert len(search(demo, "what do you have?", limit=100)) > 50
    for bad in ({"limit": 101}, {"limit": 0}, {"kinds": ["order"]}, {"filters": {"price_max": -1}}):
        refused(shop.post(SEARCH, json={"query": "x", **bad}), 422, "validation_error")
    assert {item["kind"] for item in search(shop, "returns of running shoes", kinds=["product"])} <= {"product"}


def test_the_demo_shop_is_searched(demo: Client) -> None:
    for product in demo.got("/v1/products", limit=10)["items"]:
        assert product["external_id"] in ids(search(demo, product["title"], limit=10))[:3]
    scores = [item["score"] for item in search(demo, "jacket", limit=20)]
    assert scores == sorted(scores, reverse=True)
