"""Messages and turns over HTTP."""

from __future__ import annotations

from tests.api.conftest import Service
from tests.serving import BASE, frames


def test_json_waits_for_the_reply(stub: Service) -> None:
    conversation = stub.conversation()
    answer = stub.say(conversation, "hello there")
    assert answer["status"] == "completed"
    assert answer["message"]["content"] == "hello there"
    assert answer["interrupts"] == []
    assert answer["degraded"] is False
    history = stub.client.get(f"{BASE}/{conversation}/messages").json()
    assert [(m["role"], m["content"]) for m in history["items"]] == [
        ("customer", "hello there"),
        ("assistant", "hello there"),
    ]
    assert history["items"][1] == answer["message"]


def test_stream_is_exactly_as_the_contract_writes_it(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}/messages"
    answer = stub.client.post(url, json={"content": "one two three"}, headers={"accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    got = [f for f in frames(answer.text) if not f.comment]
    turn_id = got[0].json["turn_id"]
    assert [f.id for f in got] == [f"{turn_id}:{n}" for n in range(1, len(got) + 1)]
    assert [f.event for f in got] == [
        "turn.started",
        "intent",
        "message.delta",
        "message.delta",
        "message.delta",
        "message.completed",
        "turn.completed",
    ]
    deltas = [f.json for f in got if f.event == "message.delta"]
    message = got[-2].json
    assert "".join(d["text"] for d in deltas) == message["content"] == "one two three"
    assert {d["message_id"] for d in deltas} == {message["id"]}
    assert got[-1].json == {"turn_id": turn_id, "status": "completed", "usage": {}, "degraded": False}
