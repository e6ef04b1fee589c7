"""CONTRACT §2: conversations, history, handoff, the shop's own words, feedback, snapshots and forks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import (
    ADDRESS,
    ANSWER,
    CART,
    CONVERSATION,
    CONVERSATIONS,
    LINE,
    MESSAGE,
    TOOL_CALL,
    Client,
    Follower,
    has,
    refused,
    utc,
    uuid7,
)

STATUSES = {"active", "handed_off", "closed"}
STAGES = {"greeting", "discovery", "considering", "cart", "checkout", "paid", "after_sales", "handed_off"}
AGENTS = {"sales", "support", "payment"}


def sold(shop: Client) -> str:
    """A conversation with two pairs of socks in the cart."""
    talk = shop.opened(customer={"email": "dana@shopper.example"})
    shop.tool("update_cart", talk, action="add", variant="socks-merino-m", quantity=2)
    return talk


@pytest.fixture(scope="module")
def talked(shop: Client) -> str:
    talk = shop.opened()
    shop.say(talk, "I'd like 2 merino running socks in M")
    return talk


def test_a_new_conversation(shop: Client) -> None:
    made = shop.made(CONVERSATIONS, {"channel": "web", "metadata": {"page": "/socks"}})
    has(made, CONVERSATION)
    assert uuid7(made["id"])
    assert (made["status"], made["stage"], made["active_agent"]) == ("active", "greeting", "sales")
    assert made["cart"] == {
        "items": [], "discount_code": None, "offer_id": None, "subtotal": 0, "discount": 0, "total": 0, "currency": "USD",
    }  # fmt: skip
    nothing = ("hesitation_signals", "checkout_id", "summary", "interrupts", "customer")
    assert [made[name] for name in nothing] == [0, None, "", [], None]
    assert utc(made["created_at"])
    shown = shop.conversation(made["id"])
    has(shown, CONVERSATION)
    assert {k: v for k, v in made.items() if k != "client_token"} == shown
    assert shop.got(CONVERSATIONS, limit=1)["items"] == [shown]


def test_whom_a_secret_key_vouches_for(shop: Client) -> None:
    dana = shop.only("/v1/customers", external_id="c-1001")
    for claim in ({"external_id": "c-1001"}, {"email": "DANA@shopper.example"}):
        made = shop.made(CONVERSATIONS, {"customer": claim})
        assert made["customer"]["id"] == dana["id"]
        assert (made["customer"]["email"], made["customer"]["external_id"]) == ("dana@shopper.example", "c-1001")
    assert made["id"] in shop.only("/v1/customers", external_id="c-1001")["conversations"]
    new = {"external_id": "c-new", "email": "new@shopper.example", "name": "New", "phone_number": "+15550199"}
    made = shop.made(CONVERSATIONS, {"customer": new})
    found = shop.only("/v1/customers", external_id="c-new")
    assert {name: found[name] for name in new} == new
    assert found["conversations"] == [made["id"]]


def test_history(shop: Client, talked: str) -> None:
    items = shop.got(f"{CONVERSATIONS}/{talked}/messages")["items"]
    assert [item["role"] for item in items] == ["customer", "assistant"]
    for item in items:
        has(item, MESSAGE)
        assert uuid7(item["id"])
        assert utc(item["created_at"])
        for call in item["tool_calls"]:
            has(call, TOOL_CALL)
            assert call["status"] in ("ok", "error")
    customer, assistant = items
    assert customer["content"] == "I'd like 2 merino running socks in M"
    assert assistant["agent"] in AGENTS
    assert assistant["content"]
    assert assistant["tool_calls"]
    page = shop.got(f"{CONVERSATIONS}/{talked}/messages", limit=1)
    assert page["items"] == [customer]
    assert shop.got(f"{CONVERSATIONS}/{talked}/messages", limit=1, cursor=page["next_cursor"]) == {
        "items": [assistant],
        "next_cursor": None,
    }


def test_the_cart_of_a_conversation(shop: Client, talked: str) -> None:
    shown = shop.conversation(talked)
    has(shown["cart"], CART)
    (line,) = shown["cart"]["items"]
    has(line, LINE)
    assert (line["variant_external_id"], line["product_external_id"]) == ("socks-merino-m", "socks-merino")
    assert (line["quantity"], line["unit_price"], line["line_total"]) == (2, 2900, 5800)
    assert line["options"] == {"size": "M"}
    assert (shown["cart"]["subtotal"], shown["cart"]["discount"], shown["cart"]["total"]) == (5800, 0, 5800)
    assert (shown["stage"] in STAGES, shown["status"] in STATUSES, shown["active_agent"] in AGENTS) == (True,) * 3


def test_a_closed_conversation(shop: Client) -> None:
    talk = shop.opened()
    path = f"{CONVERSATIONS}/{talk}"
    refused(shop.patch(path, json={"status": "active"}), 422, "validation_error")
    refused(shop.patch(path, json={}), 422, "validation_error")
    closed = shop.patch(path, json={"status": "closed"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    assert shop.patch(path, json={"status": "closed"}).status_code == 200
    refused(shop.post(f"{path}/messages", json={"content": "hi"}), 409, "conversation_closed")
    assert talk in [item["id"] for item in shop.got(CONVERSATIONS, status="closed")["items"]]


def test_a_person_takes_over_and_gives_back(shop: Client) -> None:
    talk = shop.opened()
    path = f"{CONVERSATIONS}/{talk}"
    refused(shop.post(f"{path}/messages", json={"content": "hi", "author": "human"}), 409, "not_handed_off")
    handed = shop.made(f"{path}/handoff", {"to": "human"}, status=200)
    assert (handed["status"], handed["stage"]) == ("handed_off", "handed_off")
    unanswered = shop.say(talk, "hello?")
    has(unanswered, ANSWER)
    assert (unanswered["status"], unanswered["message"]) == ("completed", None)
    with Follower(shop, f"{path}/events") as follower:
        said = shop.say(talk, "This is Mia of Northwind Trail.", author="human")
        assert said["message"]["role"] == "human"
        assert said["message"]["content"] == "This is Mia of Northwind Trail."
        assert follower.wait("message.completed", role="human").json == said["message"]
    assert [item["role"] for item in shop.got(f"{path}/messages")["items"]] == ["customer", "human"]
    back = shop.made(f"{path}/handoff", {"to": "agent"}, status=200)
    assert back["status"] == "active"
    assert shop.say(talk, "do you have socks?")["message"]["role"] == "assistant"
    refused(shop.post(f"{path}/messages", json={"content": "hi", "author": "human"}), 409, "not_handed_off")
    refused(shop.post(f"{path}/handoff", json={"to": "sales"}), 422, "validation_error")


def test_a_customer_asks_for_a_person(shop: Client) -> None:
    talk = shop.opened()
    answer = shop.say(talk, "I want to talk to a human")
    assert "handoff_to_human" in [call["name"] for call in answer["message"]["tool_calls"]]
    assert "handoff" in [block["type"] for block in answer["message"]["blocks"]]
    assert shop.conversation(talk)["status"] == "handed_off"


def test_feedback(shop: Client) -> None:
    talk = shop.opened()
    asked = shop.say(talk, "hello")
    path, message = f"{CONVERSATIONS}/{talk}/feedback", asked["message"]["id"]
    given = shop.made(path, {"message_id": message, "score": 1, "comment": "kind"})
    assert (given["message_id"], given["score"], given["comment"]) == (message, 1, "kind")
    assert shop.made(path, {"message_id": message, "score": -1})["score"] == -1
    for wrong in ({"message_id": message, "score": 0}, {"message_id": message, "score": 2}, {"score": 1}):
        refused(shop.post(path, json=wrong), 422, "validation_error")
    other = f"{CONVERSATIONS}/{shop.opened()}/feedback"
    refused(shop.post(other, json={"message_id": message, "score": 1}), 404, "not_found")


def test_snapshots_and_a_fork(shop: Client) -> None:
    talk = shop.opened(customer={"email": "dana@shopper.example", "name": "Dana"})
    shop.say(talk, "I'd like 2 merino running socks in M")
    shop.say(talk, "ship to 12 Elm St, Portland, OR 97201, United States, standard please")
    path = f"{CONVERSATIONS}/{talk}/snapshots"
    listed = shop.got(path)["items"]
    assert len(listed) == 2
    assert shop.got(path, limit=1)["items"] == listed[:1]
    assert shop.got(path, limit=1, cursor=shop.got(path, limit=1)["next_cursor"])["items"] == listed[1:]
    named = shop.patch(f"{path}/{listed[0]['id']}", json={"label": "two pairs"})
    assert (named.status_code, named.json()["label"]) == (200, "two pairs")
    assert [item["label"] for item in shop.got(path)["items"]] == ["two pairs", None]
    shop.tool("validate_discount", talk, code="SOCKS5")
    shop.tool("create_payment_link", talk)
    before = shop.conversation(talk)
    assert before["checkout_id"] is not None
    fork = shop.made(f"{path}/{listed[0]['id']}/fork")
    has(fork, CONVERSATION)
    assert fork["id"] != talk
    assert (fork["checkout_id"], fork["interrupts"], fork["cart"]["offer_id"]) == (None, [], None)
    assert lines(fork["cart"]) == lines(before["cart"]) == {"socks-merino-m": 2}
    assert fork["customer"] == before["customer"]
    shop.tool("update_cart", fork["id"], action="set", variant="socks-merino-m", quantity=3)
    assert lines(shop.conversation(talk)["cart"]) == {"socks-merino-m": 2}
    assert shop.say(fork["id"], "what is in my cart?")["status"] == "completed"
    assert shop.conversation(talk)["checkout_id"] == before["checkout_id"]
    refused(shop.post(f"{path}/{shop.opened()}/fork", json={}), 404, "not_found")
    refused(shop.patch(f"{path}/{listed[0]['id']}", json={"label": ""}), 422, "validation_error")


def test_a_cart_belongs_to_its_conversation(shop: Client) -> None:
    one, two = sold(shop), shop.opened(customer={"email": "dana@shopper.example"})
    assert lines(shop.conversation(one)["cart"]) == {"socks-merino-m": 2}
    assert lines(shop.conversation(two)["cart"]) == {}


def test_after_payment(shop: Client) -> None:
    """The cart is empty, `checkout_id` names the latest checkout, a second purchase makes a new one, a message says so."""
    talk = sold(shop)
    checkout_ids = []
    for _ in range(2):
        shop.tool("update_cart", talk, action="set", variant="socks-merino-m", quantity=1)
        lines_ = [{"variant_external_id": "socks-merino-m", "quantity": 1}]
        checkout = shop.made(
            "/v1/checkouts",
            {
                "items": lines_,
                "conversation_id": talk,
                "customer": {"email": "dana@shopper.example"},
                "shipping_address": ADDRESS,
            },
        )
        assert shop.conversation(talk)["checkout_id"] == checkout["id"]
        before = len(shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"])
        paid = shop.pay(checkout)
        assert paid["status"] == "succeeded"
        after = shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"]
        assert len(after) == before + 1
        assert after[-1]["role"] == "assistant"
        assert [block["type"] for block in after[-1]["blocks"]] == ["order"]
        shown = shop.conversation(talk)
        assert (shown["cart"]["items"], shown["checkout_id"], shown["stage"]) == ([], checkout["id"], "paid")
        order = shop.got(f"/v1/orders/{paid['order_id']}")
        assert (order["conversation_id"], order["checkout_id"]) == (talk, checkout["id"])
        checkout_ids.append(checkout["id"])
    assert len(set(checkout_ids)) == 2


def lines(cart: dict[str, Any]) -> dict[str, int]:
    return {line["variant_external_id"]: line["quantity"] for line in cart["items"]}
