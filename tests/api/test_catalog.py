"""The merchant's resources over HTTP: products, customers, articles, codes, zones, and search over them."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.store.ids import new_id
from tests.numbers import stands
from tests.serving import Service

PRODUCT = {
    "title": "Squall waterproof jacket",
    "brand": "Kestrel",
    "category": "Clothing > Jackets",
    "attributes": {"waterproof": "yes", "layers": 3},
    "variants": [{"options": {"size": "M"}, "price": 18900, "floor": 15000, "stock": 4, "weight_grams": 210}],
}


def product(**changes: Any) -> dict[str, Any]:
    return {**PRODUCT, "external_id": f"jacket-{new_id()}", **changes}


async def test_a_product_from_making_to_archive(service: Service) -> None:
    body = product()
    made = service.client.post("/v1/products", json=body)
    assert made.status_code == 201, made.text
    assert not stands(15000, made.text)
    shown = made.json()
    assert shown["variants"][0]["stock"] == {"on_hand": 4, "reserved": 0, "available": 4}
    assert {"id", "status", "brand", "category", "attributes", "voice_description", "indexed_at"} <= shown.keys()
    path = f"/v1/products/{shown['id']}"
    assert service.client.get(path).json() == shown
    listed = service.client.get("/v1/products", params={"external_id": body["external_id"]}).json()
    assert listed == {"items": [shown], "next_cursor": None}
    assert service.client.post("/v1/products", json=body).json()["code"] == "already_exists"
    changed = service.client.patch(path, json={"title": "Squall shell"})
    assert (changed.status_code, changed.json()["title"], changed.json()["brand"]) == (200, "Squall shell", "Kestrel")
    assert service.client.delete(path).status_code == 204
    assert service.client.get(path).json()["status"] == "archived"


@pytest.mark.parametrize(
    "change",
    [
        {"title": 5},
        {"colour": "red"},
        {"variants": []},
        {"variants": [{"price": 139.5}]},
        {"variants": [{"price": -1}]},
        {"variants": [{"price": 10, "floor": 11}]},
        {"variants": [{"price": 10**30}]},
        {"attributes": {"a": {"b": 1}}},
        {"status": "gone"},
    ],
)
async def test_a_product_that_cannot_be(service: Service, change: dict[str, Any]) -> None:
    answer = service.client.post("/v1/products", json=product(**change))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


async def test_search(service: Service) -> None:
    body = product(title="Zephyr waterproof parka", brand="Northlight")
    service.client.post("/v1/products", json=body)

    def search(query: str, **more: Any) -> list[dict[str, Any]]:
        answer = service.client.post("/v1/agent/knowledge/search", json={"query": query, **more})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    first = search("waterproof parkas")[0]
    assert (first["kind"], first["external_id"], first["price"]) == ("product", body["external_id"], 18900)
    assert 0 < first["score"] <= 1
    assert search("kayaks") == []
    assert search("parka", filters={"brand": "NORTHLIGHT", "attributes": {"layers": "3"}, "in_stock": True}) != []
    assert search("parka", filters={"price_max": 18899}) == []
    assert search("parka", kinds=["article"]) == []
    for bad in (
        {"query": ""},
        {"query": "x", "limit": 101},
        {"query": "x", "kinds": ["shop"]},
        {"query": "x", "filters": {"size": 1}},
    ):
        assert service.client.post("/v1/agent/knowledge/search", json=bad).status_code == 422


async def test_customers_articles_codes_and_zones(service: Service) -> None:
    mark = str(new_id())
    bodies: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "customers": ({"external_id": mark, "email": f"{mark}@shopper.example"}, {"name": "Dana"}),
        "articles": ({"external_id": mark, "title": "Care", "body": "Wash cold."}, {"body": "Wash warm."}),
        "discounts": ({"code": f"c{mark}", "type": "percentage", "basis_points": 1000}, {"max_redemptions": 5}),
        "shipping-zones": (
            {"name": mark, "countries": ["US"], "rates": [{"external_id": mark, "name": "Standard", "amount": 700}]},
            {"countries": ["US", "CA"]},
        ),
    }
    for resource, (body, patch) in bodies.items():
        made = service.client.post(f"/v1/{resource}", json=body)
        assert made.status_code == 201, made.text
        path = f"/v1/{resource}/{made.json()['id']}"
        assert service.client.get(path).json() == made.json()
        assert service.client.post(f"/v1/{resource}", json=body).status_code == 409
        changed = service.client.patch(path, json=patch)
        assert changed.status_code == 200, changed.text
        assert {name: changed.json()[name] for name in patch} == patch
        assert service.client.patch(path, json={"nonsense": 1}).status_code == 422
        assert made.json()["id"] in [item["id"] for item in service.client.get(f"/v1/{resource}").json()["items"]]
        assert service.client.get(f"/v1/{resource}/{new_id()}").status_code == 404
        assert service.client.get(f"/v1/{resource}", params={"cursor": "nonsense"}).status_code == 422


async def test_codes_stay_sound(service: Service) -> None:
    made = service.client.post("/v1/discounts", json={"code": f"x{new_id()}", "type": "fixed", "amount": 500}).json()
    path = f"/v1/discounts/{made['id']}"
    assert made["code"] == made["code"].upper()
    assert service.client.patch(path, json={"basis_points": 100}).status_code == 422
    assert service.client.delete(path).status_code == 204
    assert service.client.get(path).json()["active"] is False


async def test_rates_are_replaced_by_external_id(service: Service) -> None:
    mark = str(new_id())
    rate = {"external_id": f"{mark}-a", "name": "Standard", "amount": 700}
    made = service.client.post("/v1/shipping-zones", json={"name": mark, "countries": ["SE"], "rates": [rate]}).json()
    changed = service.client.patch(
        f"/v1/shipping-zones/{made['id']}",
        json={"rates": [{**rate, "amount": 900}, {"external_id": f"{mark}-b", "name": "Express", "amount": 1900}]},
    ).json()
    assert [(r["external_id"][-1], r["amount"], r["currency"]) for r in changed["rates"]] == [
        ("a", 900, "USD"),
        ("b", 1900, "USD"),
    ]
    assert changed["rates"][0]["id"] == made["rates"][0]["id"]
    assert service.client.delete(f"/v1/shipping-zones/{made['id']}").status_code == 204
