"""What an agent may not decide alone, when a person takes over, and how the agent comes back: over HTTP, the real graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from agentpay.commerce.importing import import_store
from agentpay.settings import Settings
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.fakellm import FakeModel, running_fake_model
from tests.serving import BASE, Service, frames, serving

STORE = """\
organization: {slug: potters, name: The Potters, currency: USD, policies: {return_window_days: 30}}
agent:
  name: Nora
  rules: {max_discount_percent: 5, approval_discount_percent: 20, allow_dynamic_pricing: true, auto_refund_limit: 1000}
products:
  - external_id: teapot
    title: Porcelain teapot
    category: Teapots
    allow_dynamic_pricing: true
    variants: [{external_id: teapot, sku: TP, price: 10000, floor: 7000, stock: 500}]
  - external_id: mug
    title: Stoneware mug
    category: Mugs
    variants: [{external_id: mug, sku: MG, price: 2400, stock: 500}]
customers:
  - {external_id: c-1, email: robin@shopper.example, name: Robin}
orders:
  - {external_id: PO-1, customer: c-1, placed_at: "-9d", delivered_at: "-5d", status: paid,
     fulfillment_status: delivered, items: [{variant: mug, quantity: 2, unit_price: 2400}]}
  - {external_id: PO-2, customer: c-1, placed_at: "-1d", status: paid, fulfillment_status: unfulfilled,
     items: [{variant: teapot, quantity: 1, unit_price: 10000}]}
"""
ANGRY = ("This is ridiculous, you are all useless!", "I am furious, this is unacceptable!")
GIBBERISH = ("you know, that", "asdf", "qwer uiop")


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeModel]:
    with running_fake_model() as model:
        yield model


@pytest.fixture(scope="module")
async def potters(
    settings: Settings, database: Database, fake: FakeModel, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A shop whose agents are the house model's; `openai:fake` can be chosen for another one."""
    path = tmp_path_factory.mktemp("shop") / "store.yaml"
    path.write_text(STORE.replace("slug: potters", f"slug: potters-{uuid4().hex}"), encoding="utf-8")
    report = await import_store(database, path)
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
    given = {"openai_base_url": fake.url, "openai_api_key": SecretStr("sk-fake-77ac"), "model_max_retries": 0}
    with serving(settings.model_copy(update={**given, "worker_in_process": True})) as running:
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=30, trust_env=False) as client:
            yield Service(running.base_url, report.organization_id, secret, "", client, running, settings, database)


def agent(shop: Service, **settings: Any) -> str:
    """Another agent of the shop; its id."""
    rules = shop.client.get("/v1/agents").json()["items"][0]["rules"]
    body = {"name": "Mo", **settings, "rules": {**rules, **settings.get("rules", {})}}
    made = shop.client.post("/v1/agents", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def known(shop: Service, **body: Any) -> str:
    return shop.conversation(customer={"external_id": "c-1"}, **body)


def view(shop: Service, talk: str) -> dict[str, Any]:
    return dict(shop.client.get(f"{BASE}/{talk}").json())


def tools(answer: dict[str, Any]) -> list[str]:
    return [call["name"] for call in answer["message"]["tool_calls"]]


def hand(shop: Service, talk: str, to: str) -> dict[str, Any]:
    answer = shop.client.post(f"{BASE}/{talk}/handoff", json={"to": to})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# Limits


def test_a_refund_above_the_limit_waits_for_a_person_and_runs_once(potters: Service) -> None:
    talk = known(potters)
    potters.say(talk, "I want $24 back of order PO-1, one mug arrived chipped, I'll keep it")
    asked = potters.say(talk, "yes")
    assert (asked["status"], tools(asked)) == ("interrupted", ["request_refund"])
    (interrupt,) = asked["interrupts"]
    assert (interrupt["kind"], interrupt["payload"]["amount"], interrupt["payload"]["currency"]) == (
        "refund",
        2400,
        "USD",
    )
    order = potters.client.get("/v1/orders", params={"external_id": "PO-1"}).json()["items"][0]
    assert order["refunded"] == 0
    assert interrupt["id"] in [item["id"] for item in potters.client.get("/v1/approvals").json()["items"]]
    body = {"interrupt_id": interrupt["id"], "value": {"approved": True}}
    url = f"{BASE}/{talk}/turns/{asked['turn_id']}/resume"
    with ThreadPoolExecutor(3) as pool:
        done = [answer.json() for answer in pool.map(lambda _: potters.client.post(url, json=body), range(3))]
    assert {answer["status"] for answer in done} == {"completed"}
    assert "approved" in done[0]["message"]["content"]
    assert potters.client.get(f"/v1/orders/{order['id']}").json()["refunded"] == 2400


def test_limits_are_the_agents_own(potters: Service) -> None:
    generous = agent(potters, rules={"auto_refund_limit": 5000, "max_discount_percent": 20})
    talk = known(potters, agent_id=generous)
    potters.say(talk, "I want $20 back of order PO-1, one mug arrived chipped, I'll keep it")
    assert potters.say(talk, "yes")["status"] == "completed"
    bargain = "would you take $85 for the porcelain teapot?"
    assert potters.say(potters.conversation(), bargain)["status"] == "interrupted"
    assert potters.say(potters.conversation(agent_id=generous), bargain)["status"] == "completed"
    strict = agent(potters, rules={"max_discount_percent": 5, "approval_discount_percent": 5})
    refused = potters.say(potters.conversation(agent_id=strict), bargain)
    assert (refused["status"], refused["interrupts"]) == ("completed", [])


def test_a_changed_limit_counts_from_the_next_turn(potters: Service) -> None:
    mine = agent(potters, rules={"approval_discount_percent": 5})
    talk = potters.conversation(agent_id=mine)
    assert potters.say(talk, "would you take $82 for the porcelain teapot?")["status"] == "completed"
    rules = potters.client.get(f"/v1/agents/{mine}").json()["rules"]
    potters.client.patch(f"/v1/agents/{mine}", json={"rules": {**rules, "approval_discount_percent": 20}})
    talk = potters.conversation(agent_id=mine)
    assert potters.say(talk, "would you take $82 for the porcelain teapot?")["status"] == "interrupted"


# Takeover


def test_while_a_person_has_it_the_agent_is_silent_and_comes_back_with_what_was_said(potters: Service) -> None:
    talk = potters.conversation()
    potters.say(talk, "add a stoneware mug to my cart")
    assert hand(potters, talk, "human")["stage"] == "handed_off"
    assert potters.say(talk, "anybody there?")["message"] is None
    potters.say(talk, "Mia here. Shall I wrap it?", author="human")
    assert potters.say(talk, "yes please")["message"] is None
    back = hand(potters, talk, "agent")
    assert (back["status"], back["stage"]) == ("active", "cart")
    assert [line["quantity"] for line in back["cart"]["items"]] == [1]
    more = potters.say(talk, "make it two")
    assert more["message"]["role"] == "assistant"
    assert [line["quantity"] for line in view(potters, talk)["cart"]["items"]] == [2]
    said = potters.client.get(f"{BASE}/{talk}/messages").json()["items"]
    roles = ["customer", "assistant", "customer", "human", "customer", "customer", "assistant"]
    assert [item["role"] for item in said] == roles


def test_a_yes_to_the_person_is_not_one_to_what_the_agent_had_asked(potters: Service) -> None:
    talk = known(potters)
    asked = potters.say(talk, "please cancel order PO-2")
    assert "cancel" in asked["message"]["content"]
    hand(potters, talk, "human")
    potters.say(talk, "We can send it today. Shall we?", author="human")
    hand(potters, talk, "agent")
    potters.say(talk, "yes")
    order = potters.client.get("/v1/orders", params={"external_id": "PO-2"}).json()["items"][0]
    assert order["status"] == "paid"


def test_a_model_reads_what_the_person_wrote(potters: Service, fake: FakeModel) -> None:
    talk = potters.conversation(agent_id=agent(potters, model="openai:fake"))
    fake.script({"text": "Hello."})
    potters.say(talk, "hello")
    hand(potters, talk, "human")
    potters.say(talk, "Mia here: your mug has been glazed anew.", author="human")
    hand(potters, talk, "agent")
    fake.script({"text": "Lovely."})
    assert potters.say(talk, "great")["message"]["content"] == "Lovely."
    (request,) = fake.requests()
    assert any("glazed anew" in str(message["content"]) for message in request["messages"])


def test_taking_over_stops_the_agent_that_speaks_and_leaves_what_waits_to_the_person(
    potters: Service, fake: FakeModel
) -> None:
    talk = potters.conversation(agent_id=agent(potters, model="openai:fake"))
    later = {"prefer": "respond-async"}
    url = f"{BASE}/{talk}/messages"
    fake.script()
    fake.configure(tokens=400, delay_ms=20)
    try:
        turns = [
            potters.client.post(url, json={"content": words}, headers=later).json()["turn_id"]
            for words in ("tell me a story", "and another one")
        ]
        with potters.client.stream("GET", f"{BASE}/{talk}/turns/{turns[0]}/events") as stream:
            for line in stream.iter_lines():
                if line == "event: message.delta":
                    break
            hand(potters, talk, "human")
        ended = [potters.client.get(f"{BASE}/{talk}/turns/{turn}/events").text for turn in turns]
    finally:
        fake.configure(tokens=40, delay_ms=0)
    last = [[frame for frame in frames(text) if not frame.comment][-1].json["status"] for text in ended]
    assert last == ["cancelled", "completed"]
    shown = [potters.client.get(f"{BASE}/{talk}/turns/{turn}").json()["message"] for turn in turns]
    assert shown[0]["content"]
    assert shown[1] is None
    assert view(potters, talk)["status"] == "handed_off"


# Escalation


def test_three_turns_that_come_to_nothing(potters: Service) -> None:
    talk = potters.conversation()
    answers = [potters.say(talk, words) for words in GIBBERISH]
    assert [view["status"] for view in answers] == ["completed"] * 3
    assert [("handoff_to_human" in tools(answer)) for answer in answers] == [False, False, True]
    assert "handoff" in [block["type"] for block in answers[2]["message"]["blocks"]]
    assert "colleague" in answers[2]["message"]["content"]
    assert view(potters, talk)["status"] == "handed_off"


def test_a_turn_that_succeeds_begins_the_count_anew(potters: Service) -> None:
    talk = potters.conversation()
    for words in (*GIBBERISH[:2], "do you have mugs?", *GIBBERISH[:2]):
        potters.say(talk, words)
    assert view(potters, talk)["status"] == "active"
    hand(potters, talk, "human")
    hand(potters, talk, "agent")
    potters.say(talk, GIBBERISH[0])
    assert view(potters, talk)["status"] == "active"


@pytest.mark.parametrize("model", ["house", "openai:fake"])
def test_anger_is_met_with_an_apology_and_then_with_a_person(potters: Service, fake: FakeModel, model: str) -> None:
    fake.script({"text": "I am sorry to hear that."})
    talk = potters.conversation(agent_id=agent(potters, model=model))
    first = potters.say(talk, ANGRY[0])
    assert "sorry" in first["message"]["content"].casefold()
    assert view(potters, talk)["status"] == "active"
    second = potters.say(talk, ANGRY[1])
    assert tools(second) == ["handoff_to_human"]
    assert "sorry" in second["message"]["content"].casefold()
    assert second["degraded"] is False
    assert view(potters, talk)["status"] == "handed_off"


def test_strong_words_about_goods_are_no_anger(potters: Service) -> None:
    talk = potters.conversation()
    for words in ("do you have garbage bags?", "show me garbage cans please", "do you have a stupid mug?"):
        potters.say(talk, words)
    assert view(potters, talk)["status"] == "active"


@pytest.mark.parametrize("model", ["house", "openai:fake"])
def test_who_asks_for_a_person_gets_one_whatever_model_speaks(potters: Service, fake: FakeModel, model: str) -> None:
    fake.script({"text": "There are no people here, talk to me."})
    talk = potters.conversation(agent_id=agent(potters, model=model))
    answer = potters.say(talk, "I want to talk to a human")
    assert tools(answer) == ["handoff_to_human"]
    assert "no people" not in answer["message"]["content"]
    assert view(potters, talk)["status"] == "handed_off"


def test_how_patient_it_is_the_merchant_says(potters: Service) -> None:
    mine = agent(potters, rules={"escalation": {"failed_turns": 1, "angry_messages": 1}})
    for words in (GIBBERISH[0], ANGRY[0]):
        talk = potters.conversation(agent_id=mine)
        assert "handoff_to_human" in tools(potters.say(talk, words))
    for wrong in ({"failed_turns": 0}, {"angry_messages": 0}, {"patience": 3}):
        answer = potters.client.patch(f"/v1/agents/{mine}", json={"rules": {"escalation": wrong}})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
