"""CONTRACT §2, `Idempotency-Key`: every POST takes it."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from agentpay.store.session import Database
from tests.contract.client import ADDRESS, CONVERSATIONS, Client, refused, stream_of, text_of


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def bodies(shop: Client) -> dict[str, tuple[str, dict[str, Any], dict[str, Any]]]:
    """name → path, body, another body."""
    talk = shop.opened()
    message = shop.say(talk, "hello")["message"]["id"]
    items = [{"variant_external_id": "socks-merino-m", "quantity": 1}]
    order = shop.bought(("socks-merino-m", 1))["id"]
    to_pay = shop.checkout(("socks-merino-m", 1), customer={"email": "a@b.example"}, shipping_address=ADDRESS)
    other = shop.checkout(("socks-merino-m", 1), customer={"email": "a@b.example"}, shipping_address=ADDRESS)
    name = uuid4().hex
    return {
        "conversation": (CONVERSATIONS, {"metadata": {"n": 1}}, {"metadata": {"n": 2}}),
        "feedback": (
            f"{CONVERSATIONS}/{talk}/feedback",
            {"message_id": message, "score": 1},
            {"message_id": message, "score": -1},
        ),
        "handoff": (f"{CONVERSATIONS}/{talk}/handoff", {"to": "human"}, {"to": "agent"}),
        "tool": (
            "/v1/agent/tools/product_search/invoke",
            {"arguments": {"query": "socks"}},
            {"arguments": {"query": "jacket"}},
        ),
        "search": ("/v1/agent/knowledge/search", {"query": "socks"}, {"query": "jacket"}),
        "checkout": ("/v1/checkouts", {"items": items}, {"items": items, "note": "other"}),
        "cancelled checkout": (f"/v1/checkouts/{other['id']}/cancel", {}, {}),
        "sandbox": ("/v1/sandbox/pay", {"url": to_pay["url"]}, {"url": to_pay["url"], "card": "decline"}),
        "product": (
            "/v1/products",
            {"title": name, "variants": [{"price": 1}]},
            {"title": name, "variants": [{"price": 2}]},
        ),
        "customer": ("/v1/customers", {"external_id": name}, {"external_id": name + "2"}),
        "article": (
            "/v1/articles",
            {"title": name, "kind": "faq", "body": "a"},
            {"title": name, "kind": "faq", "body": "b"},
        ),
        "discount": (
            "/v1/discounts",
            {"code": name, "type": "fixed", "amount": 1},
            {"code": name, "type": "fixed", "amount": 2},
        ),
        "zone": ("/v1/shipping-zones", {"name": name, "countries": ["IS"]}, {"name": name, "countries": ["NO"]}),
        "agent": ("/v1/agents", {"name": name}, {"name": name + "2"}),
        "refund": ("/v1/refunds", {"order_id": order, "amount": 5}, {"order_id": order, "amount": 6}),
        "fulfilment": (f"/v1/orders/{order}/fulfilments", {"status": "shipped"}, {"status": "delivered"}),
    }


NAMES = (
    "conversation", "feedback", "handoff", "tool", "search", "checkout", "cancelled checkout", "sandbox", "product",
    "customer", "article", "discount", "zone", "agent", "refund", "fulfilment",
)  # fmt: skip


@pytest.fixture(scope="module")
def posts(shop: Client) -> dict[str, tuple[str, dict[str, Any], dict[str, Any]]]:
    return bodies(shop)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_post_twice_is_done_once(
    shop: Client, posts: dict[str, tuple[str, dict[str, Any], dict[str, Any]]], name: str
) -> None:
    path, body, other = posts[name]
    sent = key()
    first = shop.post(path, json=body, headers=sent)
    assert first.status_code in (200, 201), first.text
    assert "idempotent-replayed" not in first.headers
    again = shop.post(path, json=body, headers=sent)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    if other != body:
        refused(shop.post(path, json=other, headers=sent), 422, "idempotency_key_reused")


def test_a_key_of_one_path_is_not_taken_on_another(shop: Client) -> None:
    sent = key()
    assert shop.post(CONVERSATIONS, json={}, headers=sent).status_code == 201
    refused(shop.post("/v1/customers", json={}, headers=sent), 422, "idempotency_key_reused")


def test_a_refusal_is_stored_as_well(shop: Client) -> None:
    body = {"items": [{"variant_external_id": "shoe-ridge-43-blue", "quantity": 1}]}
    sent = key()
    first = shop.post("/v1/checkouts", json=body, headers=sent)
    refused(first, 409, "out_of_stock")
    again = shop.post("/v1/checkouts", json=body, headers=sent)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (409, first.content, "true")


def test_a_message_twice_is_one_turn(shop: Client) -> None:
    talk, sent = shop.opened(), key()
    path = f"{CONVERSATIONS}/{talk}/messages"
    first = shop.post(path, json={"content": "do you have socks?"}, headers=sent)
    again = shop.post(path, json={"content": "do you have socks?"}, headers=sent)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert "idempotent-replayed" not in first.headers
    assert len(shop.got(path)["items"]) == 2
    refused(shop.post(path, json={"content": "other"}, headers=sent), 422, "idempotency_key_reused")


def test_a_streamed_message_twice_replays_its_stream(shop: Client) -> None:
    talk, sent = shop.opened(), key()
    path = f"{CONVERSATIONS}/{talk}/messages"
    headers = {"accept": "text/event-stream", **sent}
    first = shop.post(path, json={"content": "do you have socks?"}, headers=headers)
    again = shop.post(path, json={"content": "do you have socks?"}, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    one, two = stream_of(first), stream_of(again)
    assert text_of(one) == text_of(two) != ""
    assert (one[0].json, one[-1].json, one[-1].id) == (two[0].json, two[-1].json, two[-1].id)
    assert [f.event for f in one if f.event != "message.delta"] == [f.event for f in two if f.event != "message.delta"]
    asked = shop.post(path, json={"content": "do you have socks?"}, headers={"prefer": "respond-async", **sent})
    assert (asked.status_code, asked.headers["idempotent-replayed"]) == (202, "true")


def test_streams_of_one_key_join_the_same_turn(shop: Client) -> None:
    talk, sent = shop.opened(), key()
    path = f"{CONVERSATIONS}/{talk}/messages"
    found: list[str] = []

    def send() -> None:
        client = Client(shop.address, shop.key)
        answer = client.post(path, json={"content": "hello"}, headers={"accept": "text/event-stream", **sent})
        found.append(stream_of(answer)[-1].id)
        client.close()

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 5
    assert len(set(found)) == 1
    assert len(shop.got(path)["items"]) == 2


def test_in_flight_is_a_conflict(shop: Client) -> None:
    """Many at once: one answer is made, the others are that answer or a 409."""
    sent = key()
    answers: list[tuple[int, str]] = []

    def send() -> None:
        client = Client(shop.address, shop.key)
        answer = client.post("/v1/customers", json={"name": "once"}, headers=sent)
        answers.append((answer.status_code, answer.json().get("id") or answer.json()["code"]))
        client.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = {what for status, what in answers if status == 201}
    assert len(made) == 1
    assert {what for status, what in answers if status != 201} <= {"idempotency_key_in_flight"}


async def test_a_widgets_token_is_stored_as_a_hash_alone(shop: Client, database: Database) -> None:
    widget, sent = Client(shop.address, shop.publishable_key), key()
    first = widget.post(CONVERSATIONS, json={}, headers=sent)
    again = widget.post(CONVERSATIONS, json={}, headers=sent)
    widget.close()
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    tokens = [answer.json().pop("client_token")["token"] for answer in (first, again)]
    assert {**first.json(), "client_token": 0} == {**again.json(), "client_token": 0}
    for token in tokens:
        holder = Client(shop.address, token)
        assert holder.conversation(first.json()["id"])["status"] == "active"
        holder.close()
    async with database.session() as session:
        stored = (await session.execute(text("SELECT convert_from(response_body, 'UTF8') FROM idempotency_keys"))).all()
    assert any(first.json()["id"] in (row[0] or "") for row in stored)
    assert not any("ap_cs_" in (row[0] or "") for row in stored)
