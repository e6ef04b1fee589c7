"""A turn of the real graph through HTTP."""

from __future__ import annotations

from tests.serving import BASE, Service, frames


def test_a_greeting(service: Service) -> None:
    conversation = service.conversation()
    answer = service.client.post(
        f"{BASE}/{conversation}/messages", json={"content": "hello"}, headers={"accept": "text/event-stream"}
    )
    events = [f for f in frames(answer.text) if not f.comment]
    assert [f.n for f in events] == list(range(1, len(events) + 1))
    assert events[-1].json["status"] == "completed"
    message = events[-2].json
    assert message["content"] == "".join(f.json["text"] for f in events if f.event == "message.delta")
    assert message["content"]
    view = service.client.get(f"{BASE}/{conversation}").json()
    assert view["cart"]["items"] == []
    assert view["cart"]["currency"] == "USD"
