"""CONTRACT §2: keys, problem details, lists, ids, times, unknown fields, content types."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from tests.contract.client import ADDRESS, CONVERSATIONS, Client, has, refused, utc, uuid7
from tests.contract.conftest import ORIGIN

NOBODY = "01890000-0000-7000-8000-000000000000"
LISTS = (
    CONVERSATIONS,
    "/v1/agent/tools",
    "/v1/approvals",
    "/v1/agents",
    "/v1/products",
    "/v1/customers",
    "/v1/checkouts",
    "/v1/discounts",
    "/v1/shipping-zones",
    "/v1/orders",
    "/v1/refunds",
    "/v1/returns",
    "/v1/articles",
    "/v1/webhook-endpoints",
)
OTHERS = (
    ("POST", CONVERSATIONS),
    ("GET", f"{CONVERSATIONS}/{NOBODY}"),
    ("GET", f"{CONVERSATIONS}/{NOBODY}/messages"),
    ("POST", f"{CONVERSATIONS}/{NOBODY}/messages"),
    ("GET", f"{CONVERSATIONS}/{NOBODY}/events"),
    ("POST", f"{CONVERSATIONS}/{NOBODY}/handoff"),
    ("POST", "/v1/agent/tools/product_search/invoke"),
    ("POST", "/v1/agent/knowledge/search"),
    ("POST", "/v1/sandbox/pay"),
)

Caller = Callable[..., Client]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_items_and_a_cursor(shop: Client, path: str) -> None:
    first = shop.got(path, limit=1)
    assert set(first) == {"items", "next_cursor"}
    assert len(first["items"]) <= 1
    whole = shop.got(path, limit=100)["items"]
    assert (first["next_cursor"] is not None) == (len(whole) > 1)
    refused(shop.get(path, params={"limit": 0}), 422, "validation_error")
    refused(shop.get(path, params={"cursor": "!!"}), 422, "validation_error")


@pytest.mark.parametrize("path", ["/v1/products", "/v1/agent/tools", "/v1/shipping-zones", "/v1/discounts"])
def test_pages_put_together_are_the_list(shop: Client, path: str) -> None:
    whole = shop.got(path, limit=100)["items"]
    seen: list[object] = []
    page = shop.got(path, limit=2)
    while True:
        assert len(page["items"]) <= 2
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        page = shop.got(path, limit=2, cursor=page["next_cursor"])
    assert seen == whole
    assert len(whole) > 1


@pytest.mark.parametrize(("method", "path"), [*(("GET", path) for path in LISTS), *OTHERS])
def test_every_route_asks_for_a_key(as_caller: Caller, method: str, path: str) -> None:
    for key in (None, "nonsense", "ap_sk_" + "x" * 40, "ap_pk_" + "x" * 40, "ap_cs_" + "x" * 40):
        answer = as_caller(key).request(method, path, json={} if method == "POST" else None)
        refused(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), [*(("GET", path) for path in LISTS), *OTHERS[1:]])
def test_a_publishable_key_only_opens_conversations(shop: Client, as_caller: Caller, method: str, path: str) -> None:
    refused(as_caller(shop.publishable_key).request(method, path, json={} if method == "POST" else None), 403)


def test_a_publishable_key_opens_from_its_origins_alone(shop: Client, as_caller: Caller) -> None:
    refused(as_caller(shop.publishable_key, origin="https://evil.example").post(CONVERSATIONS, json={}), 403)
    opened = as_caller(shop.publishable_key, origin=ORIGIN).made(CONVERSATIONS)
    token = opened["client_token"]
    assert set(token) == {"token", "expires_at"}
    assert token["token"].startswith("ap_cs_")
    assert utc(token["expires_at"])


def test_a_client_token_is_for_its_conversation_alone(shop: Client, as_caller: Caller) -> None:
    opened = as_caller(shop.publishable_key).made(CONVERSATIONS, {"customer": {"email": "dana@shopper.example"}})
    assert opened["customer"] is None, "a widget cannot vouch for anybody"
    widget = as_caller(opened["client_token"]["token"])
    mine = f"{CONVERSATIONS}/{opened['id']}"
    assert widget.got(mine)["id"] == opened["id"]
    answer = widget.say(opened["id"], "hello")
    assert widget.got(f"{mine}/messages")["items"][-1]["id"] == answer["message"]["id"]
    assert widget.events(opened["id"], answer["turn_id"])[-1].event == "turn.completed"
    other = f"{CONVERSATIONS}/{shop.opened()}"
    for path in (other, f"{other}/messages", f"{other}/events", f"{other}/turns/{answer['turn_id']}/events"):
        refused(widget.get(path), 404, "not_found")
    refused(widget.post(f"{other}/messages", json={"content": "hi"}), 404, "not_found")
    refused(widget.post(f"{mine}/messages", json={"content": "hi", "author": "human"}), 403)
    for path in ("/v1/orders", "/v1/customers", CONVERSATIONS, "/v1/approvals"):
        refused(widget.get(path), 403)
    assert "client_token" not in shop.made(CONVERSATIONS) or shop.made(CONVERSATIONS)["client_token"] is None


def test_ids_times_and_money(shop: Client) -> None:
    conversation = shop.made(CONVERSATIONS)
    product = shop.got("/v1/products", limit=1)["items"][0]
    customer = shop.only("/v1/customers", external_id="c-1001")
    order = shop.only("/v1/orders", external_id="NT-1001")
    checkout = shop.checkout(("socks-merino-m", 1), shipping_address=ADDRESS)
    for thing in (conversation, product, customer, order, checkout, *product["variants"]):
        assert uuid7(thing["id"])
    for moment in (
        conversation["created_at"],
        product["indexed_at"],
        customer["created_at"],
        order["placed_at"],
        checkout["expires_at"],
    ):
        assert utc(moment), moment
    assert order["placed_at"] == "2026-11-01T15:00:00Z"
    for thing in (product, order, checkout, conversation["cart"]):
        assert thing["currency"] == "USD"
    assert all(type(variant["price"]) is int for variant in product["variants"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CONVERSATIONS, {"colour": "red"}),
        ("POST", CONVERSATIONS, {"customer": {"email": "a@b.example", "age": 3}}),
        ("POST", f"{CONVERSATIONS}/ID/messages", {"content": "hi", "colour": "red"}),
        ("PATCH", f"{CONVERSATIONS}/ID", {"status": "closed", "colour": "red"}),
        ("POST", f"{CONVERSATIONS}/ID/handoff", {"to": "human", "colour": "red"}),
        ("POST", f"{CONVERSATIONS}/ID/feedback", {"message_id": NOBODY, "score": 1, "colour": "red"}),
        ("POST", f"{CONVERSATIONS}/ID/turns/{NOBODY}/resume", {"interrupt_id": NOBODY, "value": {"approved": True, "x": 1}}),
        ("POST", f"{CONVERSATIONS}/ID/turns/{NOBODY}/cancel", {"colour": "red"}),
        ("POST", f"{CONVERSATIONS}/ID/snapshots/{NOBODY}/fork", {"colour": "red"}),
        ("PATCH", f"{CONVERSATIONS}/ID/snapshots/{NOBODY}", {"label": "a", "colour": "red"}),
        ("POST", "/v1/agent/tools/product_search/invoke", {"arguments": {"query": "x"}, "colour": "red"}),
        ("POST", "/v1/agent/tools/product_search/invoke", {"arguments": {"query": "x", "colour": "red"}}),
        ("POST", "/v1/agent/knowledge/search", {"query": "x", "colour": "red"}),
        ("POST", "/v1/agent/knowledge/search", {"query": "x", "filters": {"colour": "red"}}),
        ("POST", "/v1/checkouts", {"items": [{"variant_external_id": "socks-merino-m", "quantity": 1}], "total": 1}),
        ("POST", "/v1/checkouts", {"items": [{"variant_external_id": "socks-merino-m", "quantity": 1, "unit_price": 1}]}),
        ("POST", "/v1/sandbox/pay", {"url": "x", "card": "success", "colour": "red"}),
        ("POST", "/v1/products", {"title": "x", "variants": [{"price": 1}], "colour": "red"}),
        ("POST", "/v1/customers", {"colour": "red"}),
        ("POST", "/v1/articles", {"title": "x", "kind": "faq", "body": "y", "colour": "red"}),
        ("POST", "/v1/discounts", {"code": "X", "type": "percentage", "basis_points": 1, "colour": "red"}),
        ("POST", "/v1/shipping-zones", {"name": "x", "countries": ["US"], "colour": "red"}),
        ("POST", "/v1/agents", {"name": "x", "colour": "red"}),
        ("POST", "/v1/agents", {"name": "x", "rules": {"colour": "red"}}),
        ("POST", "/v1/refunds", {"order_id": NOBODY, "colour": "red"}),
        ("POST", "/v1/webhook-endpoints", {"url": "https://hooks.example/x", "colour": "red"}),
        ("POST", f"/v1/orders/{NOBODY}/cancel", {"colour": "red"}),
        ("POST", f"/v1/orders/{NOBODY}/fulfilments", {"status": "shipped", "colour": "red"}),
    ],
)  # fmt: skip
def test_unknown_fields_are_refused(shop: Client, method: str, path: str, body: object) -> None:
    path = path.replace("ID", shop.opened()) if "/ID" in path else path
    refused(shop.request(method, path, json=body), 422)


@pytest.mark.parametrize("wrong", [True, "2", 2.0, None, [2]])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/checkouts", {"items": [{"variant_external_id": "socks-merino-m", "quantity": "WRONG"}]}),
        ("/v1/refunds", {"order_id": NOBODY, "amount": "WRONG"}),
        ("/v1/products", {"title": "x", "variants": [{"price": "WRONG"}]}),
        ("/v1/agents", {"name": "x", "rules": {"max_discount_percent": "WRONG"}}),
        ("/v1/discounts", {"code": "WRONGTYPE", "type": "fixed", "amount": "WRONG"}),
        ("/v1/agent/knowledge/search", {"query": "x", "limit": "WRONG"}),
        ("/v1/agent/knowledge/search", {"query": "x", "filters": {"price_max": "WRONG"}}),
        (f"{CONVERSATIONS}/{NOBODY}/feedback", {"message_id": NOBODY, "score": "WRONG"}),
    ],
)
def test_numbers_are_numbers(shop: Client, path: str, body: dict[str, object], wrong: object) -> None:
    if wrong is None and ("refunds" in path or "filters" in body):
        return  # the same as leaving it out
    text = json.dumps(body).replace('"WRONG"', json.dumps(wrong))
    refused(shop.post(path, content=text, headers={"content-type": "application/json"}), 422, "validation_error")


@pytest.mark.parametrize("wrong", ["yes", 1, "true", 0])
def test_yes_is_true_and_nothing_else(shop: Client, wrong: object) -> None:
    resume = f"{CONVERSATIONS}/{NOBODY}/turns/{NOBODY}/resume"
    refused(shop.post(resume, json={"interrupt_id": NOBODY, "value": {"approved": wrong}}), 422, "validation_error")
    rules = {"allow_dynamic_pricing": wrong}
    refused(shop.post("/v1/agents", json={"name": "x", "rules": rules}), 422, "validation_error")


def test_bad_requests_have_stable_codes(shop: Client) -> None:
    known = shop.opened()
    messages = f"{CONVERSATIONS}/{known}/messages"
    sent = {"content-type": "application/json"}
    refused(shop.post(messages, content=b"{", headers=sent), 400, "invalid_json")
    refused(shop.post(messages, content=b"content=hi", headers={"content-type": "text/plain"}), 415)
    refused(shop.post(messages, json={"content": ""}), 422, "validation_error")
    refused(shop.post(messages, json={"content": "x" * 8001}), 422, "validation_error")
    refused(shop.post(messages, json={"content": 7}), 422, "validation_error")
    refused(shop.post(messages, json={"content": "hi", "multitask": "queue"}), 422, "validation_error")
    refused(shop.post(messages, json={"content": "x" * 300_000}), 413, "body_too_large")
    for depth in (70, 300, 900, 5000):
        deep = b'{"content": "hi", "context": ' + b'{"a": ' * depth + b"1" + b"}" * depth + b"}"
        assert refused(shop.post(messages, content=deep, headers=sent), 400 if depth == 5000 else 422)
    refused(shop.get(f"{CONVERSATIONS}/{NOBODY}"), 404, "not_found")
    refused(shop.get(f"{CONVERSATIONS}/no-id"), 404, "not_found")
    refused(shop.get("/v1/nothing"), 404, "not_found")
    refused(shop.delete(CONVERSATIONS), 405, "method_not_allowed")
    problem = refused(shop.get(f"{CONVERSATIONS}/{NOBODY}"), 404)
    assert problem["instance"] == f"{CONVERSATIONS}/{NOBODY}"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, */*;q=0.5", None])
def test_json_is_the_default(shop: Client, accept: str | None) -> None:
    request = shop.build_request("POST", f"{CONVERSATIONS}/{shop.opened()}/messages", json={"content": "hello"})
    request.headers.pop("accept", None)
    if accept is not None:
        request.headers["accept"] = accept
    answer = shop.send(request)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    has(answer.json(), {"turn_id", "message"})


def test_what_needs_no_key(shop: Client) -> None:
    anyone = httpx.Client(base_url=shop.address, trust_env=False)
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert anyone.get(path).status_code == 200, path
    routes = anyone.get("/openapi.json").json()["paths"]
    for path in LISTS:
        assert "get" in routes[path], path
    anyone.close()
