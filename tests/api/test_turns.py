"""Messages and turns over HTTP."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from agentpay.conversations.turns.failure import APOLOGY
from tests.serving import BASE, Frame, Service, frames, iter_frames

SSE = {"accept": "text/event-stream"}


def stream(service: Service, conversation: str, content: str, **options: Any) -> list[Frame]:
    headers = {**SSE, **options.pop("headers", {})}
    url = f"{BASE}/{conversation}/messages"
    answer = service.client.post(url, json={"content": content, **options}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [f for f in frames(answer.text) if not f.comment]


def text_of(events: list[Frame]) -> str:
    return "".join(f.json["text"] for f in events if f.event == "message.delta")


def begin(service: Service, conversation: str, content: str, **body: Any) -> str:
    """Start a turn without waiting for it; its id."""
    url = f"{BASE}/{conversation}/messages"
    answer = service.client.post(url, json={"content": content, **body}, headers={"prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    turn_id = answer.json()["turn_id"]
    assert answer.headers["location"] == f"{BASE}/{conversation}/turns/{turn_id}/events"
    return str(turn_id)


def wait_for(service: Service, conversation: str, turn_id: str) -> dict[str, Any]:
    for _ in range(200):
        answer = service.client.get(f"{BASE}/{conversation}/turns/{turn_id}").json()
        if answer["status"] not in ("queued", "running"):
            return dict(answer)
        time.sleep(0.05)
    raise AssertionError(f"turn {turn_id} did not end")


def test_json_waits_for_the_reply(stub: Service) -> None:
    conversation = stub.conversation()
    answer = stub.say(conversation, "  hello there  ")
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
    assert history["next_cursor"] is None


def test_stream_is_exactly_as_the_contract_writes_it(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}/messages"
    answer = stub.client.post(url, json={"content": "one two three"}, headers=SSE)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    got = [f for f in frames(answer.text) if not f.comment]
    turn_id = got[0].json["turn_id"]
    assert got[0].json["conversation_id"] == conversation
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
    assert text_of(got) == message["content"] == "one two three"
    assert {d["message_id"] for d in deltas} == {message["id"]}
    assert got[-1].json == {"turn_id": turn_id, "status": "completed", "usage": {}, "degraded": False}


def test_deltas_arrive_while_the_turn_runs(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}/messages"
    with stub.client.stream("POST", url, json={"content": "slow 400 a b"}, headers=SSE) as response:
        events = iter_frames(response)
        first = next(f for f in events if f.event == "message.delta")
        turn = stub.client.get(f"{BASE}/{conversation}/turns/{first.id.partition(':')[0]}").json()
        assert turn["status"] == "running"
        rest = list(events)
    assert any(f.comment == "heartbeat" for f in rest)
    assert rest[-1].event == "turn.completed"


def test_a_client_that_leaves_does_not_stop_the_turn(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}/messages"
    with stub.client.stream("POST", url, json={"content": "slow 60 a b c d"}, headers=SSE) as response:
        first = next(f for f in iter_frames(response) if f.event == "message.delta")
    turn_id = first.id.partition(":")[0]
    assert wait_for(stub, conversation, turn_id)["message"]["content"] == "a b c d"


def test_resume_with_last_event_id_neither_loses_nor_repeats(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}/messages"
    with stub.client.stream("POST", url, json={"content": "slow 40 a b c d e f"}, headers=SSE) as response:
        seen: list[Frame] = []
        for f in iter_frames(response):
            if not f.comment:
                seen.append(f)
            if f.event == "message.delta" and len([s for s in seen if s.event == "message.delta"]) == 2:
                break
    turn_id = seen[0].json["turn_id"]
    answer = stub.client.get(
        f"{BASE}/{conversation}/turns/{turn_id}/events", headers={**SSE, "last-event-id": seen[-1].id}
    )
    rest = [f for f in frames(answer.text) if not f.comment]
    assert [f.n for f in seen + rest] == list(range(1, len(seen + rest) + 1))
    assert text_of(seen + rest) == "a b c d e f"
    assert rest[-1].event == "turn.completed"


def test_replay_after_the_end_joins_deltas_and_resumes_inside_them(stub: Service) -> None:
    conversation = stub.conversation()
    live = stream(stub, conversation, "one two three four")
    turn_id = live[0].json["turn_id"]
    url = f"{BASE}/{conversation}/turns/{turn_id}/events"
    whole = list(frames(stub.client.get(url, headers=SSE).text))
    joined = next(f for f in whole if f.event == "message.delta")
    deltas = [f.n for f in live if f.event == "message.delta"]
    assert (joined.json["from"], joined.n) == (deltas[0], deltas[-1])
    assert text_of(whole) == text_of(live)
    assert [f.event for f in whole if f.event != "message.delta"] == [
        f.event for f in live if f.event != "message.delta"
    ]
    rest = list(frames(stub.client.get(url, headers={"last-event-id": f"{turn_id}:{deltas[1]}"}).text))
    assert rest[0].json["text"] == " three four"
    assert rest[0].json["from"] == deltas[2]
    last = live[-1].id
    assert list(frames(stub.client.get(url, headers={"last-event-id": last}).text)) == []


def test_messages_at_once_are_answered_one_after_the_other(stub: Service) -> None:
    conversation = stub.conversation()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: stub.say(conversation, f"slow 10 word{n} more"), range(6)))
    assert sorted(a["message"]["content"] for a in answers) == [f"word{n} more" for n in range(6)]
    items = stub.client.get(f"{BASE}/{conversation}/messages").json()["items"]
    assert [m["role"] for m in items] == ["customer", "assistant"] * 6
    for question, answer in zip(items[::2], items[1::2], strict=True):
        assert question["content"].endswith(answer["content"])


def test_reject_while_a_turn_runs(stub: Service) -> None:
    conversation = stub.conversation()
    first = begin(stub, conversation, "slow 300 a b")
    refused = stub.client.post(f"{BASE}/{conversation}/messages", json={"content": "no", "multitask": "reject"})
    assert refused.status_code == 409
    assert refused.json()["code"] == "turn_in_progress"
    assert wait_for(stub, conversation, first)["message"]["content"] == "a b"
    contents = [m["content"] for m in stub.client.get(f"{BASE}/{conversation}/messages").json()["items"]]
    assert "no" not in contents


def test_interrupt_cancels_and_keeps_what_was_said(stub: Service) -> None:
    conversation = stub.conversation()
    first = begin(stub, conversation, "slow 150 a b c d e f g h i j k l")
    waiting = begin(stub, conversation, "never answered")
    time.sleep(0.4)
    answer = stub.say(conversation, "instead", multitask="interrupt")
    assert answer["message"]["content"] == "instead"
    ended = wait_for(stub, conversation, first)
    assert ended["status"] == "cancelled"
    assert ended["message"]["content"].startswith("a")
    assert "l" not in ended["message"]["content"]
    assert wait_for(stub, conversation, waiting)["status"] == "cancelled"
    events = list(frames(stub.client.get(f"{BASE}/{conversation}/turns/{waiting}/events").text))
    assert [f.event for f in events] == ["turn.started", "turn.completed"]


def test_cancel(stub: Service) -> None:
    conversation = stub.conversation()
    turn_id = begin(stub, conversation, "slow 150 a b c d e f g h i j k l")
    time.sleep(0.3)
    assert stub.client.post(f"{BASE}/{conversation}/turns/{turn_id}/cancel").status_code == 200
    events = [f for f in frames(stub.client.get(f"{BASE}/{conversation}/turns/{turn_id}/events").text) if not f.comment]
    assert events[-1].json["status"] == "cancelled"
    message = next(f.json for f in events if f.event == "message.completed")
    assert message["content"] == text_of(events)
    again = stub.client.post(f"{BASE}/{conversation}/turns/{turn_id}/cancel")
    assert again.json()["status"] == "cancelled"
    assert stub.say(conversation, "still here")["status"] == "completed"


def test_a_failing_run_says_sorry_and_ends(stub: Service) -> None:
    conversation = stub.conversation()
    events = stream(stub, conversation, "so far fail")
    names = [f.event for f in events]
    assert names[-4:] == ["message.delta", "message.completed", "error", "turn.completed"]
    discarded = next(f.json for f in events if f.event == "message.discarded")
    message = next(f.json for f in events if f.event == "message.completed")
    assert discarded["message_id"] != message["id"]
    assert message["content"] == APOLOGY
    assert events[-2].json["code"] == "turn_failed"
    assert "asked to fail" not in events[-2].data
    assert events[-1].json["status"] == "failed"
    assert stub.say(conversation, "again")["status"] == "completed"


def test_a_conversation_stream_shows_every_turn(stub: Service) -> None:
    conversation = stub.conversation()
    stub.say(conversation, "before")
    got: list[Frame] = []
    ready = threading.Event()

    def follow() -> None:
        headers = {"authorization": f"Bearer {stub.secret_key}"}
        with (
            httpx.Client(base_url=stub.base_url, headers=headers, timeout=20) as client,
            client.stream("GET", f"{BASE}/{conversation}/events", headers=SSE) as response,
        ):
            for f in iter_frames(response):
                if f.comment:
                    ready.set()
                    continue
                got.append(f)
                if len([g for g in got if g.event == "turn.completed"]) == 2:
                    return

    follower = threading.Thread(target=follow)
    follower.start()
    assert ready.wait(10)
    stub.say(conversation, "first")
    stub.say(conversation, "second")
    follower.join(10)
    assert not follower.is_alive()
    assert text_of(got) == "firstsecond"
    turns = list(dict.fromkeys(f.id.partition(":")[0] for f in got))
    for turn in turns:
        numbers = [f.n for f in got if f.id.startswith(turn)]
        assert numbers == list(range(1, len(numbers) + 1))
    # Resumed from the middle of the first, the second follows
    seen = next(f for f in got if f.event == "message.delta")
    with stub.client.stream("GET", f"{BASE}/{conversation}/events", headers={"last-event-id": seen.id}) as response:
        rest: list[Frame] = []
        for f in iter_frames(response):
            if not f.comment:
                rest.append(f)
            if len([g for g in rest if g.event == "turn.completed"]) == 2:
                break
    assert [f.id for f in rest] == [f.id for f in got][got.index(seen) + 1 :]


def test_a_person_takes_over_and_gives_back(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}"
    refused = stub.client.post(f"{url}/messages", json={"content": "hi", "author": "human"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_handed_off")
    view = stub.client.post(f"{url}/handoff", json={"to": "human"}).json()
    assert (view["status"], view["stage"]) == ("handed_off", "handed_off")
    unanswered = stub.say(conversation, "anybody there")
    assert (unanswered["status"], unanswered["message"]) == ("completed", None)
    human = stub.say(conversation, "I am", author="human")
    assert (human["message"]["role"], human["message"]["content"]) == ("human", "I am")
    assert stub.client.post(f"{url}/handoff", json={"to": "agent"}).json()["status"] == "active"
    assert stub.say(conversation, "thanks")["message"]["content"] == "thanks"
    roles = [m["role"] for m in stub.client.get(f"{url}/messages").json()["items"]]
    assert roles == ["customer", "human", "customer", "assistant"]


def test_a_closed_conversation_takes_no_messages(stub: Service) -> None:
    conversation = stub.conversation()
    assert stub.client.patch(f"{BASE}/{conversation}", json={"status": "closed"}).json()["status"] == "closed"
    refused = stub.client.post(f"{BASE}/{conversation}/messages", json={"content": "hi"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conversation_closed")


def test_history_in_pages(stub: Service) -> None:
    conversation = stub.conversation()
    for n in range(3):
        stub.say(conversation, f"m{n}")
    url, seen, cursor = f"{BASE}/{conversation}/messages", [], None
    while True:
        page = stub.client.get(url, params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        seen += [m["content"] for m in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["m0", "m0", "m1", "m1", "m2", "m2"]


def test_feedback(stub: Service) -> None:
    conversation = stub.conversation()
    message = stub.say(conversation, "hello")["message"]["id"]
    url = f"{BASE}/{conversation}/feedback"
    assert stub.client.post(url, json={"message_id": message, "score": 1}).status_code == 201
    assert stub.client.post(url, json={"message_id": message, "score": -1, "comment": "no"}).json()["score"] == -1
    assert stub.client.post(url, json={"message_id": message, "score": 0}).status_code == 422
    assert stub.client.post(url, json={"message_id": conversation, "score": 1}).status_code == 404
