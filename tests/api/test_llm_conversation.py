"""Purchases led by a chat model over HTTP, through the whole service, with everything that such a model does wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from agentpay.commerce.importing import import_store
from agentpay.settings import Settings
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from agentpay.store.tables import Agent
from tests.fakellm import FakeModel, free_port, running_fake_model
from tests.serving import BASE, Frame, Service, frames, serving

STORE = """\
organization: {slug: pottery, name: The Pottery, currency: USD, support_email: help@pottery.example}
agent: {name: Nora, rules: {max_discount_percent: 20, allow_dynamic_pricing: true, require_email_for_checkout: true}}
products:
  - external_id: mug-stone
    title: Stoneware mug
    category: Mugs
    description: A heavy mug, thrown by hand.
    allow_dynamic_pricing: true
    variants:
      - {external_id: mug-stone-blue, sku: MS-B, options: {color: blue}, price: 2400, floor: 1931, stock: 50}
      - {external_id: mug-stone-grey, sku: MS-G, options: {color: grey}, price: 2400, floor: 1931, stock: 50}
  - external_id: teapot
    title: Porcelain teapot
    category: Teapots
    description: Holds a litre.
    variants: [{external_id: teapot, sku: TP, price: 6900, floor: 6137, stock: 500}]
shipping_zones:
  - {name: US, countries: [US], rates: [{external_id: std, name: Standard, amount: 700}]}
customers:
  - external_id: c-1
    email: robin.known@shopper.example
    name: Robin
    phone_number: "+15035550142"
    addresses: [{line1: 77 Quarry Lane, city: Salem, region: OR, postal_code: "97301", country: US}]
"""
ADDRESS = {"line1": "12 Elm St", "city": "Portland", "region": "OR", "postal_code": "97201", "country": "US"}
LOOK = "I'm looking for a teapot"
ADD = "Please add two porcelain teapots to my cart"
PAY = "I want to pay. My email is dana@shopper.example, ship it to 12 Elm St, Portland, OR 97201, US"
SEARCH = {"name": "product_search", "arguments": {"query": "teapot"}}
PUT = {"name": "update_cart", "arguments": {"action": "add", "variant": "teapot", "quantity": 2}}
DETAILS = {
    "name": "set_customer_details",
    "arguments": {"email": "dana@shopper.example", "shipping_address": ADDRESS},
}
LINK = {"name": "create_payment_link", "arguments": {}}


def answer(*calls: dict[str, Any], text: str | None = None) -> dict[str, Any]:
    return {"calls": list(calls)} if calls else {"text": text}


# A purchase of three messages, by the model calls each of them takes
LED: list[tuple[str, list[dict[str, Any]]]] = [
    (LOOK, [answer(SEARCH), answer(text="The porcelain teapot holds a litre.")]),
    (ADD, [answer(PUT), answer(text="Both are in your cart.")]),
    (PAY, [answer(DETAILS), answer(LINK), answer(text="Here is your payment page.")]),
]
ROUNDS = max(len(steps) for _, steps in LED)
FAULTS: list[Any] = ["truncate", "garbage", "bad_tool_json", "reset", 429, 503]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeModel]:
    with running_fake_model() as model:
        yield model


async def open_shop(
    settings: Settings, database: Database, folder: Path, url: str, *, silence: float = 10.0
) -> AsyncIterator[Service]:
    path = folder / "store.yaml"
    path.write_text(STORE.replace("slug: pottery", f"slug: pottery-{uuid4().hex}"), encoding="utf-8")
    report = await import_store(database, path)
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
    led = settings.model_copy(
        update={
            "model": "openai:fake",
            "openai_base_url": url,
            "openai_api_key": SecretStr("sk-fake-5f1d0c"),
            "model_timeout_seconds": silence,
            "model_breaker_failures": 1_000,  # here every turn meets a fault, and the next one the model again
            "turn_lease_seconds": 30.0,
            "model_max_retries": 0,
            "worker_in_process": True,
        }
    )
    with serving(led) as running:
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=30, trust_env=False) as client:
            yield Service(running.base_url, report.organization_id, secret, "", client, running, led, database)


@pytest.fixture(scope="module")
async def shop(
    settings: Settings, database: Database, fake: FakeModel, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    async for opened in open_shop(settings, database, tmp_path_factory.mktemp("shop"), fake.url):
        yield opened


@pytest.fixture
async def impatient(settings: Settings, database: Database, fake: FakeModel, tmp_path: Path) -> AsyncIterator[Service]:
    """A shop that waits half a second for a word."""
    async for opened in open_shop(settings, database, tmp_path, fake.url, silence=0.5):
        yield opened


def stream(shop: Service, conversation: str, content: str) -> list[Frame]:
    url, headers = f"{BASE}/{conversation}/messages", {"accept": "text/event-stream"}
    got = shop.client.post(url, json={"content": content}, headers=headers)
    assert got.status_code == 200, got.text
    found = [frame for frame in frames(got.text) if not frame.comment]
    assert [frame.n for frame in found] == list(range(1, len(found) + 1))
    return found


def all_of(events: list[Frame], kind: str) -> list[dict[str, Any]]:
    return [frame.json for frame in events if frame.event == kind]


def check_text(events: list[Frame]) -> dict[str, Any]:
    """The completed message, whose content is its deltas; what was discarded has another id."""
    (message,) = all_of(events, "message.completed")
    deltas = all_of(events, "message.delta")
    assert "".join(d["text"] for d in deltas if d["message_id"] == message["id"]) == message["content"]
    discarded = {one["message_id"] for one in all_of(events, "message.discarded")}
    assert message["id"] not in discarded
    assert {delta["message_id"] for delta in deltas} <= discarded | {message["id"]}
    assert {shown["message_id"] for shown in all_of(events, "ui")} <= discarded | {message["id"]}
    shown = [one["block"] for one in all_of(events, "ui") if one["message_id"] == message["id"]]
    assert all(block in shown for block in message["blocks"])
    return message


def cart(shop: Service, conversation: str) -> dict[str, int]:
    items = shop.client.get(f"{BASE}/{conversation}").json()["cart"]["items"]
    return {item["variant_external_id"]: item["quantity"] for item in items}


def pay(shop: Service, conversation: str) -> dict[str, Any]:
    """Pay the conversation's checkout as a buyer does; the order."""
    checkout_id = shop.client.get(f"{BASE}/{conversation}").json()["checkout_id"]
    assert checkout_id is not None, "no checkout was made"
    checkout = shop.client.get(f"/v1/checkouts/{checkout_id}").json()
    paid = shop.client.post("/v1/sandbox/pay", json={"url": checkout["url"], "card": "success"}).json()
    assert paid["status"] == "succeeded", paid
    return dict(shop.client.get(f"/v1/orders/{paid['order_id']}").json())


def bought(order: dict[str, Any]) -> dict[str, int]:
    assert order["status"] == "paid"
    assert order["total"] == order["subtotal"] + order["shipping"] + order["tax"] - order["discount"]
    return {item["variant_external_id"]: item["quantity"] for item in order["items"]}


def test_a_purchase_in_json(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    for content, steps in LED:
        fake.script(*steps)
        answered = shop.say(conversation, content)
        assert (answered["status"], answered["degraded"]) == ("completed", False)
        assert answered["message"]["content"] == steps[-1]["text"]
        assert [call["status"] for call in answered["message"]["tool_calls"]] == ["ok"] * (len(steps) - 1)
        assert fake.left() == []
        assert fake.calls() == len(steps)
    assert cart(shop, conversation) == {"teapot": 2}
    order = pay(shop, conversation)
    assert bought(order) == {"teapot": 2}
    assert (order["subtotal"], order["shipping"], order["total"]) == (13800, 700, 14500)
    assert order["shipping_address"]["line1"] == "12 Elm St"


def test_a_purchase_in_a_stream(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    for content, steps in LED:
        fake.script(*steps)
        events = stream(shop, conversation, content)
        kinds = [frame.event for frame in events]
        assert kinds[0] == "turn.started"
        assert kinds[-2:] == ["message.completed", "turn.completed"]
        assert "message.discarded" not in kinds
        message = check_text(events)
        assert message["content"] == steps[-1]["text"]
        assert (
            1 <= len(all_of(events, "message.delta")) <= len(steps[-1]["text"].split())
        )  # what comes at once, leaves at once
        started, finished = all_of(events, "tool.started"), all_of(events, "tool.finished")
        assert [one["call_id"] for one in started] == [one["call_id"] for one in finished]
        assert [(one["name"], one["arguments"]) for one in started] == [
            (call["name"], call["arguments"]) for step in steps for call in step.get("calls", [])
        ]
        ended = events[-1].json
        assert (ended["status"], ended["degraded"]) == ("completed", False)
        assert ended["usage"]["total_tokens"] > 0
    assert bought(pay(shop, conversation)) == {"teapot": 2}


def test_two_tools_in_one_message(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    grey = {"name": "update_cart", "arguments": {"action": "add", "product": "mug-stone", "options": {"color": "grey"}}}
    fake.script(answer(PUT, grey), answer(text="Both are in."))
    answered = shop.say(conversation, "add two teapots and a grey mug")
    assert [call["status"] for call in answered["message"]["tool_calls"]] == ["ok", "ok"]
    assert cart(shop, conversation) == {"teapot": 2, "mug-stone-grey": 1}
    last = fake.requests()[-1]["messages"]
    assert [message["role"] for message in last[-3:]] == ["assistant", "tool", "tool"]
    assert [call["id"] for call in last[-3]["tool_calls"]] == [message["tool_call_id"] for message in last[-2:]]


def test_an_agent_hands_over_to_another(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    transfer = {"name": "transfer_to_payment", "arguments": {}}
    fake.script(answer(PUT), answer(transfer), answer(DETAILS, LINK), answer(text="Please pay there."))
    events = stream(shop, conversation, "add two porcelain teapots to my cart")
    agents = [(one["agent"], one["reason"]) for one in all_of(events, "agent")]
    assert [agent for agent, _ in agents] == ["sales", "payment"]
    assert agents[1][1] == "handoff"
    assert [one["name"] for one in all_of(events, "tool.started")] == [
        "update_cart",
        "set_customer_details",
        "create_payment_link",
    ]
    assert check_text(events)["agent"] == "payment"
    assert shop.client.get(f"{BASE}/{conversation}").json()["active_agent"] == "payment"
    tools = [{tool["function"]["name"] for tool in sent["tools"]} for sent in fake.requests()]
    assert "create_payment_link" not in tools[0]
    assert "create_payment_link" in tools[2]
    assert {"transfer_to_sales", "transfer_to_support"} <= tools[2]


def test_agents_that_pass_a_turn_around_end_with_a_person(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    there, back = {"name": "transfer_to_support", "arguments": {}}, {"name": "transfer_to_sales", "arguments": {}}
    fake.script(answer(there), answer(back), answer(there), answer(back), answer(text="never said"))
    events = stream(shop, conversation, LOOK)
    assert [one["agent"] for one in all_of(events, "agent")] == ["sales", "support", "sales", "support"]
    assert check_text(events)["content"]
    assert shop.client.get(f"{BASE}/{conversation}").json()["status"] == "handed_off"
    assert len(fake.left()) == 1


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"name": "create_payment_link", "arguments": {}}, "unknown_tool"),
        ({"name": "drop_tables", "arguments": {"x": 1}}, "unknown_tool"),
        ({"name": "update_cart", "arguments": {"action": "steal", "quantity": "many"}}, "invalid_arguments"),
        ({"name": "update_cart", "arguments": {"action": "add", "variant": "teapot", "price": 1}}, "invalid_arguments"),
        ({"name": "update_cart", "arguments": {"action": "add", "product": "a unicorn"}}, "product_not_found"),
        ({"name": "transfer_to_accounting", "arguments": {}}, None),
        ({"name": "transfer_to_sales", "arguments": {}}, None),
    ],
)
def test_a_wrong_call_is_told_to_the_model_and_the_turn_goes_on(
    shop: Service, fake: FakeModel, call: dict[str, Any], code: str | None
) -> None:
    conversation = shop.conversation()
    fake.script(answer(call), answer(PUT), answer(text="Now it is there."))
    answered = shop.say(conversation, ADD)
    assert (answered["status"], answered["degraded"]) == ("completed", False)
    assert answered["message"]["content"] == "Now it is there."
    assert cart(shop, conversation) == {"teapot": 2}
    told = fake.requests()[1]["messages"][-1]
    assert told["role"] == "tool"
    if code is not None:
        assert json.loads(told["content"])["error"]["code"] == code
        assert answered["message"]["tool_calls"][0]["result"]["error"]["code"] == code


def test_a_price_out_of_the_models_mouth_is_worth_nothing(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    cheap = {"name": "make_offer", "arguments": {"action": "propose", "product": "teapot", "price": 1}}
    fake.script(answer(PUT), answer(cheap), answer(DETAILS), answer(text="For you it is $1."))
    shop.say(conversation, ADD)
    view = shop.client.get(f"{BASE}/{conversation}").json()["cart"]
    assert (view["items"][0]["unit_price"], view["total"]) == (6900, 13800)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("breaks_at", range(ROUNDS))
def test_a_fault_at_any_step_costs_nothing(shop: Service, fake: FakeModel, fault: Any, breaks_at: int) -> None:
    """Each turn breaks at that step, or its last one: the house model goes on from where the chat model left it."""
    conversation = shop.conversation()
    for content, steps in LED:
        whole = steps[: min(breaks_at, len(steps) - 1)]
        fake.script(*whole, {"fault": fault, "text": "a sentence that breaks before"})
        events = stream(shop, conversation, content)
        message = check_text(events)
        assert message["content"]
        ended = events[-1].json
        assert (ended["status"], ended["degraded"]) == ("completed", True)
        assert bool(all_of(events, "message.discarded")) == (fault == "truncate")
        assert fake.left() == []
        assert fake.calls() == len(whole) + 1
        calls = [(call["name"], call["status"]) for call in message["tool_calls"]]
        assert all(status == "ok" for _, status in calls)
        assert calls.count(("update_cart", "ok")) == (1 if content == ADD else 0)
        assert calls.count(("set_customer_details", "ok")) == (1 if content == PAY else 0)
        assert calls.count(("create_payment_link", "ok")) == (1 if content == PAY else 0)
        if content == PAY:
            checkout_id = shop.client.get(f"{BASE}/{conversation}").json()["checkout_id"]
            assert shop.client.get(f"/v1/checkouts/{checkout_id}").json()["url"] in message["content"]
    assert cart(shop, conversation) == {"teapot": 2}
    assert bought(pay(shop, conversation)) == {"teapot": 2}


def test_silence_costs_nothing_either(impatient: Service, fake: FakeModel) -> None:
    for breaks_at in range(ROUNDS):
        conversation = impatient.conversation()
        for content, steps in LED:
            fake.script(*steps[: min(breaks_at, len(steps) - 1)], {"fault": "hang"})
            events = stream(impatient, conversation, content)
            assert check_text(events)["content"]
            assert (events[-1].json["status"], events[-1].json["degraded"]) == ("completed", True)
        assert bought(pay(impatient, conversation)) == {"teapot": 2}


def test_the_turn_after_a_fault_is_the_chat_models_again(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    fake.script({"fault": 503})
    assert shop.say(conversation, LOOK)["degraded"] is True
    fake.script(*LED[1][1])
    answered = shop.say(conversation, ADD)
    assert (answered["degraded"], answered["message"]["content"]) == (False, "Both are in your cart.")


def test_text_before_a_fault_is_taken_back_with_its_blocks_kept(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    fake.script(answer(PUT), {"fault": "truncate", "text": "I have put them all together for"})
    events = stream(shop, conversation, ADD)
    (taken_back,) = all_of(events, "message.discarded")
    assert taken_back["reason"] == "model_unavailable"
    message = check_text(events)
    assert message["id"] != taken_back["message_id"]
    assert "all together" not in message["content"]
    assert [block["type"] for block in message["blocks"]] == ["cart"]
    told = shop.client.get(f"{BASE}/{conversation}/messages").json()["items"]
    assert [one["id"] for one in told if one["role"] == "assistant"] == [message["id"]]


def test_half_a_wish_that_was_done_is_not_done_again(shop: Service, fake: FakeModel) -> None:
    """Two things are wanted, the chat model puts in the second one and fails: the house model adds the first alone."""
    conversation = shop.conversation()
    blue = {"name": "update_cart", "arguments": {"action": "add", "variant": "mug-stone-blue", "quantity": 1}}
    fake.script(answer(blue), {"fault": 503})
    events = stream(shop, conversation, "add two porcelain teapots and one blue stoneware mug to my cart")
    assert events[-1].json["degraded"] is True
    assert cart(shop, conversation) == {"teapot": 2, "mug-stone-blue": 1}
    content = check_text(events)["content"].casefold()
    assert "teapot" in content
    assert "mug" in content


def test_what_the_model_named_otherwise_is_not_added_again(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    other_words = {"name": "update_cart", "arguments": {"action": "set", "product": "TP", "quantity": 2}}
    fake.script(answer(other_words), {"fault": "reset"})
    assert shop.say(conversation, "put two of the white tea pots into my basket")["degraded"] is True
    assert cart(shop, conversation) == {"teapot": 2}


def test_the_house_model_tells_what_was_done_not_what_was_asked(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    one = {"name": "update_cart", "arguments": {"action": "add", "variant": "teapot", "quantity": 1}}
    fake.script(answer(one), {"fault": 503})
    assert "1 × Porcelain teapot" in shop.say(conversation, ADD)["message"]["content"]
    assert cart(shop, conversation) == {"teapot": 1}


def test_a_model_that_goes_in_circles_is_stopped(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    fake.script({"calls": [SEARCH], "times": 1000})
    events = stream(shop, conversation, ADD)
    assert fake.calls() == shop.settings.max_model_calls
    assert events[-1].json["degraded"] is True
    assert check_text(events)["content"]
    assert cart(shop, conversation) == {"teapot": 2}


def test_a_model_that_adds_for_ever_adds_once(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    fake.script({"calls": [PUT], "times": 1000})
    assert shop.say(conversation, ADD)["degraded"] is True
    assert cart(shop, conversation) == {"teapot": 2}


def test_the_customer_says_so_twice_and_gets_twice(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    for _ in range(2):
        fake.script(answer(PUT), answer(text="Done."))
        shop.say(conversation, ADD)
    assert cart(shop, conversation) == {"teapot": 4}


def test_what_the_model_is_not_told(shop: Service, fake: FakeModel) -> None:
    """A known customer's e-mail, street and phone, floors and keys stay here; what the customer types is the customer's own."""
    conversation = shop.conversation(customer={"external_id": "c-1"})
    sent: list[dict[str, Any]] = []
    for content, steps in (
        (ADD, [answer(PUT), answer(text="Done.")]),
        (
            "would you do $60 each?",
            [answer({"name": "make_offer", "arguments": {"action": "propose", "price": 6000}}), answer(text="Hm.")],
        ),
        ("I want to pay", [answer(LINK), answer({"name": "view_cart", "arguments": {}}), answer(text="There.")]),
    ):
        fake.script(*steps)
        shop.say(conversation, content)
        sent += fake.requests()
    everything = json.dumps(sent)
    for secret in ("robin.known", "77 Quarry", "5035550142", "1931", "6137", "sk-fake", shop.secret_key, "floor"):
        assert secret not in everything
    assert "details_known" in everything
    assert "(on file)" in everything
    assert bought(pay(shop, conversation)) == {"teapot": 2}


def test_what_the_model_is_told(shop: Service, fake: FakeModel) -> None:
    conversation = shop.conversation()
    fake.script(*LED[0][1])
    shop.say(conversation, LOOK)
    fake.script(*LED[1][1])
    shop.say(conversation, ADD)
    first = fake.requests()[0]["messages"]
    assert [(m["role"], m["content"]) for m in first[1:]] == [
        ("user", LOOK),
        ("assistant", LED[0][1][-1]["text"]),
        ("user", ADD),
    ]
    assert first[0]["role"] == "system"
    assert "The Pottery" in first[0]["content"]


async def test_an_agent_with_a_model_nobody_knows_still_answers(shop: Service, fake: FakeModel) -> None:
    """The merchant's own setting for one agent; the others keep the service's model."""
    conversation = shop.conversation()
    try:
        async with shop.database.tx(shop.organization_id) as tx:
            await tx.session.execute(
                update(Agent).where(Agent.organization_id == tx.organization_id).values(model="x:y")
            )
        answered = shop.say(conversation, ADD)
    finally:
        async with shop.database.tx(shop.organization_id) as tx:
            await tx.session.execute(
                update(Agent).where(Agent.organization_id == tx.organization_id).values(model=None)
            )
    assert (answered["status"], answered["degraded"]) == ("completed", True)
    assert cart(shop, conversation) == {"teapot": 2}


async def test_a_model_that_is_not_there_at_all(settings: Settings, database: Database, tmp_path: Path) -> None:
    async for shop in open_shop(settings, database, tmp_path, f"http://127.0.0.1:{free_port()}/v1"):
        conversation = shop.conversation()
        for content, _ in LED:
            answered = shop.say(conversation, content)
            assert (answered["status"], answered["degraded"]) == ("completed", True)
            assert answered["message"]["content"]
        assert bought(pay(shop, conversation)) == {"teapot": 2}
