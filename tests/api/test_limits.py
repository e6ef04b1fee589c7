"""What is sent wrongly is refused with a stable code, never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.serving import BASE, Service

JSON = {"content-type": "application/json"}


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code", "instance"} <= set(body)
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def test_bodies_are_bounded(stub: Service) -> None:
    limit = 256 * 1024
    frame = len(json.dumps({"metadata": {"a": ""}}))
    fits = json.dumps({"metadata": {"a": "x" * (limit - frame)}})
    assert len(fits) == limit
    assert stub.client.post(BASE, content=fits, headers=JSON).status_code == 201
    assert code(stub.client.post(BASE, content=fits + " ", headers=JSON)) == (413, "body_too_large")

    def chunks() -> Iterator[bytes]:
        yield b'{"metadata": {"a": "'
        for _ in range(300):
            yield b"x" * 1024
        yield b'"}}'

    assert code(stub.client.post(BASE, content=chunks(), headers=JSON)) == (413, "body_too_large")


def test_content_is_bounded(stub: Service) -> None:
    url = f"{BASE}/{stub.conversation()}/messages"
    assert stub.client.post(url, json={"content": " " + "x" * 8000 + " "}).status_code == 200
    for content in ("x" * 8001, "", "   \n", None, 7, ["a"]):
        assert code(stub.client.post(url, json={"content": content})) == (422, "validation_error")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (400, "invalid_json")),
        (b"\xff\xfe", (400, "invalid_json")),
        (b"[" * 100_000, (400, "invalid_json")),
        (b"[]", (422, "validation_error")),
        (b'"text"', (422, "validation_error")),
        (b"null", (422, "validation_error")),
        (b"", (422, "validation_error")),
        (b'{"content": "a\\u0000b"}', (422, "validation_error")),
        (b'{"content": "ok", "context": {"a\\u0000": 1}}', (422, "validation_error")),
        (b'{"content": "a\\ud800b"}', (422, "validation_error")),
        (b'{"content": "a", "unknown": 1}', (422, "validation_error")),
        (b'{"content": "a", "multitask": "sometimes"}', (422, "validation_error")),
    ],
)
def test_bad_bodies(stub: Service, body: bytes, expected: tuple[int, str]) -> None:
    url = f"{BASE}/{stub.conversation()}/messages"
    assert code(stub.client.post(url, content=body, headers=JSON)) == expected


def test_escaped_text_that_is_fine(stub: Service) -> None:
    url = f"{BASE}/{stub.conversation()}/messages"
    body = b'{"content": "\\ud83d\\ude00 and \\\\u0000"}'
    answer = stub.client.post(url, content=body, headers=JSON)
    assert answer.json()["message"]["content"] == "😀 and \\u0000"


def test_big_numbers_and_depth_in_free_fields(stub: Service) -> None:
    deep: dict[str, object] = {}
    for _ in range(200):
        deep = {"a": deep}
    for value in (2**70, -(2**63), 1e308, deep):
        assert stub.client.post(BASE, json={"metadata": {"v": value}}).status_code in (201, 422)


def test_other_content_types(stub: Service) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = stub.client.post(BASE, content=b"{}", headers={"content-type": kind})
        assert code(answer) == (415, "unsupported_media_type")


def test_what_is_not_there(stub: Service) -> None:
    for path in ("/v1/nothing", f"{BASE}/{uuid4()}", f"{BASE}/not-an-id", f"{BASE}/{uuid4()}/messages"):
        assert code(stub.client.get(path)) == (404, "not_found")
    assert code(stub.client.post(f"{BASE}/{uuid4()}/messages", json={"content": "a"})) == (404, "not_found")
    conversation = stub.conversation()
    assert code(stub.client.get(f"{BASE}/{conversation}/turns/{uuid4()}/events")) == (404, "not_found")
    assert code(stub.client.delete(BASE)) == (405, "method_not_allowed")


def test_query_values(stub: Service) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "cursor=%00", "cursor=abc", "cursor=W10", "status=odd"):
        assert code(stub.client.get(f"{BASE}?{query}")) == (422, "validation_error")
    url = f"{BASE}/{stub.conversation()}/messages"
    for cursor in ("WzFd", "WyJhIiwxXQ", "WzEuNSwyXQ"):
        assert code(stub.client.get(url, params={"cursor": cursor})) == (422, "validation_error")


def test_last_event_ids(stub: Service) -> None:
    conversation = stub.conversation()
    turn = stub.say(conversation, "hi")["turn_id"]
    url = f"{BASE}/{conversation}/turns/{turn}/events"
    for value in ("x", f"{turn}:-1", f"{turn}:x", f"{uuid4()}:1", f"{turn}:99999999999"):
        assert code(stub.client.get(url, headers={"last-event-id": value})) == (422, "validation_error")


def test_validation_names_what_is_wrong(stub: Service) -> None:
    answer = stub.client.post(BASE, json={"channel": "smoke", "customer": {"email": "no"}})
    errors = answer.json()["errors"]
    assert {tuple(e["loc"]) for e in errors} == {("body", "channel"), ("body", "customer", "email")}
    assert all(set(e) == {"loc", "message", "type"} for e in errors)
