"""CONTRACT §2: the WebSocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.contract.client import ADDRESS, CONVERSATIONS, Client, has

OUT = {"id", "type", "conversation_id", "data"}


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def receive(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.connection.recv())
        assert set(found) == OUT
        return found

    async def until(self, type: str, **data: Any) -> list[dict[str, Any]]:
        """What arrives up to the first `type` that holds `data`."""
        found: list[dict[str, Any]] = []
        while not found or found[-1]["type"] != type or not data.items() <= found[-1]["data"].items():
            found.append(await self.receive())
        return found


@asynccontextmanager
async def opened(shop: Client, token: str | None = None, *, header: bool = False) -> AsyncIterator[Socket]:
    url = shop.address.replace("http", "ws", 1) + f"{CONVERSATIONS}/ws"
    token = shop.key if token is None else token
    if header:
        how: dict[str, Any] = {"additional_headers": {"authorization": f"Bearer {token}"}}
    else:
        how = {"subprotocols": [f"bearer.{token}"]}
    async with connect(url, proxy=None, **how) as connection:
        if not header:
            assert connection.subprotocol == f"bearer.{token}"
        yield Socket(connection)


async def test_a_message_and_its_events(shop: Client) -> None:
    talk = shop.opened()
    async with opened(shop) as socket:
        await socket.send("message", conversation_id=talk, content="do you have socks?")
        events = await socket.until("turn.completed")
        turn_id = events[0]["data"]["turn_id"]
        assert [event["id"] for event in events] == [f"{turn_id}:{n}" for n in range(1, len(events) + 1)]
        assert {event["conversation_id"] for event in events} == {talk}
        completed = events[-2]
        assert completed["type"] == "message.completed"
        assert completed["data"] == shop.got(f"{CONVERSATIONS}/{talk}/messages")["items"][-1]
        deltas = [event["data"]["text"] for event in events if event["type"] == "message.delta"]
        assert "".join(deltas) == completed["data"]["content"]


async def test_ping(shop: Client) -> None:
    async with opened(shop, header=True) as socket:
        await socket.send("ping")
        assert (await socket.receive())["type"] == "pong"


async def test_resume(shop: Client) -> None:
    talk = shop.opened()
    turn_id = shop.say(talk, "do you have socks?")["turn_id"]
    whole = shop.events(talk, turn_id)
    async with opened(shop) as socket:
        await socket.send("resume", turn_id=turn_id, last_event_id=f"{turn_id}:2")
        events = await socket.until("turn.completed")
        assert events[0]["data"].get("from", 3) == 3
        assert events[-1]["id"] == whole[-1].id
        await socket.send("resume", turn_id=turn_id)
        assert (await socket.until("turn.completed"))[0]["type"] == "turn.started"
        await socket.send("resume", turn_id=turn_id, last_event_id=f"{talk}:2")
        assert (await socket.receive())["data"]["code"] == "validation_error"


async def test_follow_shows_what_others_do(shop: Client) -> None:
    talk = shop.opened()
    async with opened(shop) as socket:
        await socket.send("follow", conversation_id=talk)
        await socket.send("ping")
        await socket.until("pong")
        checkout = shop.checkout(
            ("socks-merino-m", 1),
            conversation_id=talk,
            customer={"email": "dana@shopper.example"},
            shipping_address=ADDRESS,
        )
        shop.pay(checkout)
        told = await socket.until("turn.completed")
        assert told[-2]["type"] == "message.completed"
        assert [block["type"] for block in told[-2]["data"]["blocks"]] == ["order"]
        shop.post(f"{CONVERSATIONS}/{talk}/handoff", json={"to": "human"})
        said = shop.say(talk, "Mia here", author="human")
        assert (await socket.until("message.completed"))[-1]["data"] == said["message"]
        # a message over the same connection arrives once
        shop.post(f"{CONVERSATIONS}/{talk}/handoff", json={"to": "agent"})
        await socket.until("turn.completed")
        await socket.send("message", conversation_id=talk, content="hello")
        events = await socket.until("turn.completed")
        assert len({event["id"] for event in events}) == len(events)
        await socket.send("ping")
        assert [event["type"] for event in await socket.until("pong")] == ["pong"]


async def test_bad_messages_are_answered_with_problems(shop: Client) -> None:
    talk = shop.opened()
    async with opened(shop) as socket:
        for bad, code in (
            ("{", "invalid_json"),
            ('{"type": "sing"}', "validation_error"),
            (json.dumps({"type": "message", "conversation_id": talk, "content": "x", "colour": 1}), "validation_error"),
            (json.dumps({"type": "message", "conversation_id": talk}), "validation_error"),
            (json.dumps({"type": "follow", "conversation_id": "01890000-0000-7000-8000-000000000000"}), "not_found"),
        ):
            await socket.connection.send(bad)
            answer = await socket.receive()
            assert (answer["type"], answer["data"]["code"]) == ("error", code)
            has(answer["data"], {"type", "title", "status", "detail", "code"})


async def test_who_may_open_it(shop: Client) -> None:
    for token in ("ap_sk_nonsense", shop.publishable_key):
        async with opened(shop, token) as socket:
            answer = await socket.receive()
            assert answer["data"]["code"] in ("unauthorized", "forbidden")
            await socket.connection.wait_closed()
    widget = Client(shop.address, shop.publishable_key)
    mine = widget.made(CONVERSATIONS)
    widget.close()
    async with opened(shop, mine["client_token"]["token"]) as socket:
        await socket.send("follow", conversation_id=shop.opened())
        assert (await socket.receive())["data"]["code"] == "not_found"
        await socket.send("message", conversation_id=mine["id"], content="hi", multitask="enqueue")
        assert (await socket.until("turn.completed"))[-1]["data"]["status"] == "completed"
