"""CONTRACT §2 and §4: what an agent may not decide alone waits for a person."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.client import ANSWER, CONVERSATIONS, INTERRUPT, Client, Follower, has, refused, utc, uuid7

KINDS = {"refund", "discount", "offer", "order_change"}


@pytest.fixture(scope="module", autouse=True)
def generous(shop: Client) -> None:
    """A person may grant more than the agent; the shoe's floor leaves room for it."""
    agent = shop.only("/v1/agents")
    rules = {**agent["rules"], "max_discount_percent": 5, "approval_discount_percent": 12}
    changed = shop.patch(f"/v1/agents/{agent['id']}", json={"rules": rules})
    assert changed.status_code == 200, changed.text


def asked(shop: Client, price: str = "$125") -> tuple[str, dict[str, Any]]:
    """A customer who asks for more than the agent may give."""
    talk = shop.opened()
    shop.say(talk, "I'd like one Ridge Runner in size 42, blue")
    answer = shop.say(talk, f"Would you take {price} for it?")
    return talk, answer


def test_the_turn_that_asks_ends_interrupted(shop: Client) -> None:
    talk, answer = asked(shop)
    assert answer["status"] == "interrupted", answer["message"]["content"]
    (interrupt,) = answer["interrupts"]
    has(interrupt, INTERRUPT)
    assert (interrupt["kind"], interrupt["turn_id"]) == ("offer", answer["turn_id"])
    assert uuid7(interrupt["id"])
    assert utc(interrupt["expires_at"])
    assert "floor" not in str(interrupt)
    assert shop.conversation(talk)["interrupts"] == [interrupt]
    stream = shop.events(talk, answer["turn_id"])
    assert [frame.json for frame in stream if frame.event == "approval.required"] == [interrupt]
    assert stream[-1].json["status"] == "interrupted"
    assert "approval" in [block["type"] for block in answer["message"]["blocks"]]
    listed = [item for item in shop.got("/v1/approvals", limit=100)["items"] if item["id"] == interrupt["id"]]
    assert [{name: item[name] for name in interrupt} for item in listed] == [interrupt]
    assert listed[0]["conversation_id"] == talk
    # the customer may go on writing
    assert shop.say(talk, "and do you have socks?")["status"] == "completed"


@pytest.mark.parametrize("approved", [True, False])
def test_an_answer_runs_the_action_once_or_not(shop: Client, approved: bool) -> None:
    talk, answer = asked(shop)
    (interrupt,) = answer["interrupts"]
    path = f"{CONVERSATIONS}/{talk}/turns/{answer['turn_id']}/resume"
    body = {"interrupt_id": interrupt["id"], "value": {"approved": approved, "note": "for a regular"}}
    key = {"idempotency-key": str(uuid4())}
    with Follower(shop, f"{CONVERSATIONS}/{talk}/events") as follower:
        resumed = shop.post(path, json=body, headers=key)
        assert resumed.status_code == 200
        done = resumed.json()
        has(done, ANSWER)
        assert done["status"] == "completed"
        assert done["message"]["role"] == "assistant"
        assert follower.wait("message.completed", id=done["message"]["id"]).json == done["message"]
    again = shop.post(path, json=body, headers=key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (done, "true")
    assert shop.post(path, json=body).json() == done
    contrary = {"interrupt_id": interrupt["id"], "value": {"approved": not approved}}
    refused(shop.post(path, json=contrary), 409, "approval_answered")
    refused(shop.post(path, json=contrary, headers=key), 422, "idempotency_key_reused")
    assert shop.conversation(talk)["interrupts"] == []
    assert interrupt["id"] not in [item["id"] for item in shop.got("/v1/approvals", limit=100)["items"]]
    said = shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"]
    assert [item["id"] for item in said].count(done["message"]["id"]) == 1
    offers = [block for block in done["message"]["blocks"] if block["type"] == "offer"]
    assert [offer["amount"] for offer in offers] == ([12500] if approved else [])
    if approved:
        shop.say(talk, "Deal!")
        cart = shop.conversation(talk)["cart"]
        assert (cart["subtotal"], cart["discount"], cart["total"]) == (13900, 1400, 12500)
        assert cart["offer_id"] == offers[0]["id"]


def test_resuming_streams(shop: Client) -> None:
    talk, answer = asked(shop)
    path = f"{CONVERSATIONS}/{talk}/turns/{answer['turn_id']}/resume"
    body = {"interrupt_id": answer["interrupts"][0]["id"], "value": {"approved": True}}
    streamed = shop.post(path, json=body, headers={"accept": "text/event-stream"})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert "event: tool.finished" in streamed.text
    assert "event: turn.completed" in streamed.text
    async_ = shop.post(path, json=body, headers={"prefer": "respond-async"})
    assert async_.status_code == 202
    assert async_.headers["location"].startswith(f"{CONVERSATIONS}/{talk}/turns/")


def test_below_the_floor_nobody_is_asked(shop: Client) -> None:
    talk, answer = asked(shop, "$110")
    assert (answer["status"], answer["interrupts"]) == ("completed", [])
    assert shop.conversation(talk)["interrupts"] == []


def test_only_the_right_answer_is_taken(shop: Client) -> None:
    talk, answer = asked(shop)
    path = f"{CONVERSATIONS}/{talk}/turns/{answer['turn_id']}/resume"
    value = {"approved": True}
    refused(shop.post(path, json={"interrupt_id": talk, "value": value}), 404, "not_found")
    refused(shop.post(path, json={"interrupt_id": answer["interrupts"][0]["id"], "value": {}}), 422)
    other = f"{CONVERSATIONS}/{shop.opened()}/turns/{answer['turn_id']}/resume"
    refused(shop.post(other, json={"interrupt_id": answer["interrupts"][0]["id"], "value": value}), 404, "not_found")


def test_a_fork_leaves_approvals_and_offers_behind(shop: Client) -> None:
    talk, answer = asked(shop)
    assert len(answer["interrupts"]) == 1
    path = f"{CONVERSATIONS}/{talk}/snapshots"
    fork = shop.made(f"{path}/{shop.got(path)['items'][0]['id']}/fork")
    assert (fork["interrupts"], fork["cart"]["offer_id"], fork["checkout_id"]) == ([], None, None)
    assert [line["variant_external_id"] for line in fork["cart"]["items"]] == ["shoe-ridge-42-blue"]
