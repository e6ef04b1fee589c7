"""The events over a WebSocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from websockets.sync.client import ClientConnection, connect

from tests.serving import BASE, Service

Message = dict[str, Any]


@contextmanager
def opened(service: Service, token: str | None = None, *, header: bool = False) -> Iterator[ClientConnection]:
    url = f"{service.base_url.replace('http', 'ws')}{BASE}/ws"
    key = token or service.secret_key
    if header:
        with connect(url, additional_headers={"authorization": f"Bearer {key}"}) as socket:
            yield socket
    else:
        with connect(url, subprotocols=[f"bearer.{key}"]) as socket:  # type: ignore[list-item]
            yield socket


def send(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def receive(socket: ClientConnection) -> Message:
    return dict(json.loads(socket.recv(timeout=10)))


def until_end(socket: ClientConnection) -> list[Message]:
    got = [receive(socket)]
    while got[-1]["type"] != "turn.completed":
        got.append(receive(socket))
    return got


def test_a_message_and_its_events(stub: Service) -> None:
    conversation = stub.conversation()
    with opened(stub) as socket:
        assert socket.subprotocol == f"bearer.{stub.secret_key}"
        send(socket, type="ping")
        assert receive(socket)["type"] == "pong"
        send(socket, type="message", conversation_id=conversation, content="one two")
        got = until_end(socket)
    turn = got[0]["data"]["turn_id"]
    assert [m["id"] for m in got] == [f"{turn}:{n}" for n in range(1, len(got) + 1)]
    assert {m["conversation_id"] for m in got} == {conversation}
    assert "".join(m["data"]["text"] for m in got if m["type"] == "message.delta") == "one two"


def test_following_and_resuming(stub: Service) -> None:
    conversation = stub.conversation()
    with opened(stub, header=True) as socket:
        send(socket, type="follow", conversation_id=conversation)
        send(socket, type="message", conversation_id=conversation, content="own")
        mine = until_end(socket)
        other = stub.say(conversation, "over http")
        theirs = until_end(socket)
        assert theirs[0]["data"]["turn_id"] == other["turn_id"]
        assert len({m["id"] for m in mine + theirs}) == len(mine + theirs)
        send(socket, type="resume", turn_id=other["turn_id"], last_event_id=theirs[-3]["id"])
        assert [m["id"] for m in until_end(socket)] == [m["id"] for m in theirs[-2:]]


def test_refusals_keep_the_connection(stub: Service) -> None:
    with opened(stub) as socket:
        for message, code in (
            ("{", "invalid_json"),
            ("[]", "validation_error"),
            ('{"type": "shout"}', "validation_error"),
            ('{"type": "message", "conversation_id": "x", "content": "a"}', "validation_error"),
            (json.dumps({"type": "message", "conversation_id": str(uuid4()), "content": "a"}), "not_found"),
            (json.dumps({"type": "message", "conversation_id": str(uuid4()), "content": "a\x00"}), "validation_error"),
            (json.dumps({"type": "follow", "conversation_id": str(uuid4())}), "not_found"),
            (json.dumps({"type": "resume", "turn_id": str(uuid4())}), "not_found"),
        ):
            socket.send(message)
            answer = receive(socket)
            assert (answer["type"], answer["data"]["code"]) == ("error", code)
        send(socket, type="ping")
        assert receive(socket)["type"] == "pong"


def test_who_may_connect(stub: Service) -> None:
    for token, code in (("ap_sk_nope", "unauthorized"), (stub.publishable_key, "forbidden")):
        with opened(stub, token) as socket:
            assert receive(socket)["data"]["code"] == code
    mine, foreign = stub.conversation(), stub.conversation()
    import httpx

    with httpx.Client(base_url=stub.base_url, headers={"authorization": f"Bearer {stub.publishable_key}"}) as widget:
        opening = widget.post(BASE, json={}).json()
    with opened(stub, opening["client_token"]["token"]) as socket:
        for conversation in (mine, foreign):
            send(socket, type="message", conversation_id=conversation, content="hi")
            assert receive(socket)["data"]["code"] == "not_found"
        send(socket, type="message", conversation_id=opening["id"], content="hi")
        assert until_end(socket)[-1]["data"]["status"] == "completed"
