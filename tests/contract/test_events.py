"""CONTRACT §2: what POST messages answers, and its events: names, data, numbers, resuming, multitasking, cancelling."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.contract.client import ANSWER, CONVERSATIONS, MESSAGE, Client, Follower, eventually, has, refused, text_of
from tests.serving import Frame

FIELDS = {
    "turn.started": {"turn_id", "conversation_id", "message_id"},
    "intent": {"intents", "entities", "tier"},
    "agent": {"agent", "previous", "reason"},
    "tool.started": {"call_id", "name", "arguments"},
    "tool.finished": {"call_id", "name", "status", "result", "elapsed_ms"},
    "message.delta": {"message_id", "text"},
    "message.discarded": {"message_id", "reason"},
    "ui": {"message_id", "block"},
    "approval.required": {"id", "turn_id", "kind", "summary", "payload", "expires_at"},
    "message.completed": MESSAGE,
    "turn.completed": {"turn_id", "status", "usage", "degraded"},
    "error": {"type", "title", "status", "detail", "code"},
}
BLOCKS = {
    "product_list", "product", "cart", "shipping_quote", "offer", "checkout", "order", "approval", "handoff",
}  # fmt: skip
LONG = "Tell me about your trail shoes, your jackets, your socks and your return policy, please"


@pytest.fixture(scope="module")
def streamed(shop: Client) -> tuple[str, list[Frame]]:
    talk = shop.opened()
    return talk, shop.streamed(talk, "show me waterproof jackets and trail shoes")


def test_the_events_of_a_turn(streamed: tuple[str, list[Frame]]) -> None:
    talk, stream = streamed
    turn_id = stream[0].json["turn_id"]
    assert [frame.id for frame in stream] == [f"{turn_id}:{n}" for n in range(1, len(stream) + 1)]
    assert stream[0].event == "turn.started"
    assert stream[0].json["conversation_id"] == talk
    assert [frame.event for frame in stream[-2:]] == ["message.completed", "turn.completed"]
    for frame in stream:
        has(frame.json, FIELDS[frame.event])
    first = next(frame.json for frame in stream if frame.event == "intent")
    assert first["tier"] in ("rules", "embeddings", "llm")
    for intent in first["intents"]:
        has(intent, {"name", "confidence"})
    completed = next(frame.json for frame in stream if frame.event == "message.completed")
    assert completed["content"] == text_of(stream)
    assert completed["role"] == "assistant"
    assert [frame.json["block"] for frame in stream if frame.event == "ui"] == completed["blocks"]
    assert {block["type"] for block in completed["blocks"]} <= BLOCKS
    assert completed["blocks"]
    started = [frame.json["call_id"] for frame in stream if frame.event == "tool.started"]
    finished = [frame.json["call_id"] for frame in stream if frame.event == "tool.finished"]
    assert started == finished == [call["id"] for call in completed["tool_calls"]]
    assert len(started) == len(set(started)) > 0
    assert stream[-1].json["status"] == "completed"
    assert stream[-1].json["degraded"] is False


def test_tokens_arrive_in_pieces(streamed: tuple[str, list[Frame]]) -> None:
    assert len([frame for frame in streamed[1] if frame.event == "message.delta"]) > 3


def test_the_json_answer_is_the_completed_message(shop: Client) -> None:
    talk = shop.opened()
    answer = shop.say(talk, "do you have socks?", context={"page": "socks"})
    assert set(answer) >= ANSWER
    assert (answer["status"], answer["interrupts"], answer["degraded"]) == ("completed", [], False)
    has(answer["message"], MESSAGE)
    events = shop.events(talk, answer["turn_id"])
    assert events[-2].json == answer["message"]
    history = shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"]
    assert history[-1] == answer["message"]
    assert events[0].json["message_id"] == history[0]["id"]


def test_a_replay_is_the_stream(shop: Client, streamed: tuple[str, list[Frame]]) -> None:
    talk, stream = streamed
    replayed = shop.events(talk, stream[0].json["turn_id"])
    assert replayed[-1].id == stream[-1].id
    assert text_of(replayed) == text_of(stream)
    others = [(f.id, f.event, f.json) for f in stream if f.event != "message.delta"]
    assert [(f.id, f.event, f.json) for f in replayed if f.event != "message.delta"] == others
    n = 0
    for frame in replayed:
        assert frame.json.get("from", frame.n) == n + 1, "a gap"
        n = frame.n
    assert n == len(stream)


def test_a_resume_sends_what_is_missing(shop: Client, streamed: tuple[str, list[Frame]]) -> None:
    """At every place of the stream, those inside joined deltas too."""
    talk, stream = streamed
    turn_id, whole = stream[0].json["turn_id"], text_of(stream)
    for n in range(0, len(stream) + 1):
        rest = shop.events(talk, turn_id, last=f"{turn_id}:{n}")
        assert text_of(stream[:n]) + text_of(rest) == whole
        expected = [f.id for f in stream[n:] if f.event != "message.delta"]
        assert [f.id for f in rest if f.event != "message.delta"] == expected
        last = n
        for frame in rest:
            assert frame.json.get("from", frame.n) == last + 1
            last = frame.n
        assert last == len(stream)


def test_bad_resumes_are_refused(shop: Client, streamed: tuple[str, list[Frame]]) -> None:
    talk, stream = streamed
    turn_id = stream[0].json["turn_id"]
    path = f"{CONVERSATIONS}/{talk}/turns/{turn_id}/events"
    for last in ("nonsense", f"{turn_id}:x", f"{talk}:1"):
        refused(shop.get(path, headers={"last-event-id": last}), 422, "validation_error")
    refused(shop.get(f"{CONVERSATIONS}/{shop.opened()}/turns/{turn_id}/events"), 404, "not_found")


def test_async_answers_at_once(shop: Client) -> None:
    talk = shop.opened()
    answer = shop.post(
        f"{CONVERSATIONS}/{talk}/messages", json={"content": "hello"}, headers={"prefer": "respond-async"}
    )
    assert answer.status_code == 202
    turn_id = answer.json()["turn_id"]
    assert answer.headers["location"] == f"{CONVERSATIONS}/{talk}/turns/{turn_id}/events"
    followed = shop.get(answer.headers["location"])
    assert followed.headers["content-type"].startswith("text/event-stream")
    assert "turn.completed" in followed.text
    assert len(shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"]) == 2


def test_the_stream_of_a_conversation(shop: Client) -> None:
    talk = shop.opened()
    shop.say(talk, "hello")
    with Follower(shop, f"{CONVERSATIONS}/{talk}/events") as follower:
        answer = shop.say(talk, "do you have socks?")
        followed = follower.wait("message.completed", id=answer["message"]["id"])
        assert followed.json == answer["message"]
        assert [f.n for f in follower.frames] == list(range(1, len(follower.frames) + 1))
        eventually(lambda: len(follower.comments) > 1)
        seen = follower.frames[2].id
    with Follower(shop, f"{CONVERSATIONS}/{talk}/events", last=seen) as again:
        again.wait("turn.completed", turn_id=answer["turn_id"])
        assert again.frames[0].json.get("from", again.frames[0].n) == 4
        told = shop.say(talk, "thanks")
        again.wait("turn.completed", turn_id=told["turn_id"])


def test_a_payment_is_told_on_the_stream(shop: Client) -> None:
    talk = shop.opened(customer={"email": "dana@shopper.example"})
    checkout = shop.checkout(("giftcard-50", 1), conversation_id=talk, customer={"email": "dana@shopper.example"})
    with Follower(shop, f"{CONVERSATIONS}/{talk}/events") as follower:
        paid = shop.pay(checkout)
        told = follower.wait("message.completed").json
        assert told["role"] == "assistant"
        assert [block["id"] for block in told["blocks"]] == [paid["order_id"]]
        follower.wait("turn.completed")
        assert [f.n for f in follower.frames] == list(range(1, len(follower.frames) + 1))


def busy(shop: Client, talk: str) -> tuple[list[dict[str, Any]], list[threading.Thread]]:
    """Messages of other threads; what they were answered."""
    answers: list[dict[str, Any]] = []

    def send(content: str) -> None:
        client = Client(shop.address, shop.key)
        answers.append(client.say(talk, content))
        client.close()

    threads = [threading.Thread(target=send, args=(LONG,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    return answers, threads


def test_messages_wait_their_turn(shop: Client) -> None:
    talk = shop.opened()
    answers, threads = busy(shop, talk)
    for thread in threads:
        thread.join(30)
    assert [answer["status"] for answer in answers] == ["completed"] * 3
    roles = [item["role"] for item in shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"]]
    assert roles == ["customer", "assistant"] * 3


def test_reject_and_interrupt(shop: Client) -> None:
    """Tried again where the turn before ended too soon to be met."""
    path = ""
    for _ in range(20):
        talk = shop.opened()
        path = f"{CONVERSATIONS}/{talk}/messages"
        first = shop.post(path, json={"content": LONG}, headers={"prefer": "respond-async"}).json()
        answer = shop.post(path, json={"content": "hi", "multitask": "reject"})
        if answer.status_code == 409:
            refused(answer, 409, "turn_in_progress")
            break
    else:
        pytest.fail("no turn was ever met running")
    assert "hi" not in [item["content"] for item in shop.got(path)["items"]]
    statuses = []
    for _ in range(20):
        talk = shop.opened()
        path = f"{CONVERSATIONS}/{talk}/messages"
        first = shop.post(path, json={"content": LONG}, headers={"prefer": "respond-async"}).json()
        second = shop.say(talk, "hello", multitask="interrupt")
        assert second["status"] == "completed"
        statuses.append(shop.events(talk, first["turn_id"])[-1].json["status"])
        if statuses[-1] == "cancelled":
            break
    assert statuses[-1] == "cancelled"
    assert shop.got(path)["items"][-1] == second["message"]


def test_cancel(shop: Client) -> None:
    statuses = []
    for _ in range(20):
        talk = shop.opened()
        path = f"{CONVERSATIONS}/{talk}"
        turn = shop.post(f"{path}/messages", json={"content": LONG}, headers={"prefer": "respond-async"}).json()
        answer = shop.post(f"{path}/turns/{turn['turn_id']}/cancel")
        assert answer.status_code == 200
        has(answer.json(), ANSWER)
        last = shop.events(talk, turn["turn_id"])[-1]
        assert last.event == "turn.completed"
        statuses.append(last.json["status"])
        if statuses[-1] == "cancelled":
            break
    assert statuses[-1] == "cancelled"
    again = shop.post(f"{path}/turns/{turn['turn_id']}/cancel")
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")
    assert shop.say(talk, "hello")["status"] == "completed"
    refused(shop.post(f"{path}/turns/{talk}/cancel"), 404, "not_found")


def test_heartbeats(shop: Client) -> None:
    started = time.monotonic()
    with Follower(shop, f"{CONVERSATIONS}/{shop.opened()}/events") as follower:
        eventually(lambda: len(follower.comments) >= 2)
        assert time.monotonic() > started
        assert follower.frames == []
