"""Customers who write and read through whichever replica answers, and keep what they saw to hold the service to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.serving import BASE, Frame, frame

PATIENCE_SECONDS = 60.0


@dataclass
class Seen:
    """What one follower saw of one turn. `take` fails at the first gap, repetition or silent contradiction."""

    last: int = 0
    id: str = ""
    message_id: str | None = None
    text: str = ""
    said: str | None = None
    """The text of the completed message."""
    discarded: int = 0
    status: str = ""
    degraded: bool = False
    calls: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    """The tool of each call."""
    types: list[str] = field(default_factory=list)

    def take(self, item: Frame) -> None:
        data, n = item.json, item.n
        first = data.get("from", n)
        assert first == self.last + 1, f"event {first}–{n} after {self.last}: {item.raw[:200]}"
        assert not self.status, "an event after the last one"
        self.last, self.id = n, item.id
        if item.event != "message.delta" or (self.types and self.types[-1] != item.event):
            self.types.append(item.event)
        if item.event in ("message.delta", "ui"):
            assert self.message_id in (None, data["message_id"]), "another message began, and nobody took back this one"
            self.message_id = data["message_id"]
            self.text += data.get("text", "")
        elif item.event == "message.discarded":
            assert data["message_id"] == self.message_id, "what was never seen is taken back"
            self.message_id, self.text = None, ""
            self.discarded += 1
        elif item.event == "message.completed":
            assert self.message_id in (None, data["id"])
            assert data["content"] == self.text, "the message is not its deltas put together"
            self.said = data["content"]
        elif item.event == "tool.started":
            assert data["call_id"] not in self.calls
            self.calls[data["call_id"]] = "started"
            self.tools[data["call_id"]] = data["name"]
        elif item.event == "tool.finished":
            assert self.calls[data["call_id"]] == "started"
            self.calls[data["call_id"]] = data["status"]
        elif item.event == "turn.completed":
            self.status, self.degraded = data["status"], data["degraded"]
            assert "started" not in self.calls.values(), "a call has no end"

    def effects(self, tool: str) -> tuple[int, ...]:
        """How often the tool may have had its effect: as the turn told it, if it told all."""
        told = int(any(self.tools[call] == tool and status == "ok" for call, status in self.calls.items()))
        return (told,) if self.status == "completed" else (0, 1)


async def frames(response: httpx.Response) -> AsyncIterator[Frame]:
    buffer = ""
    async for text in response.aiter_text():
        buffer += text
        while "\n\n" in buffer:
            raw, _, buffer = buffer.partition("\n\n")
            found = frame(raw)
            if found.event:
                yield found


@dataclass
class Customer:
    """One conversation. `urls` are the replicas; which is asked first changes from call to call."""

    client: httpx.AsyncClient
    urls: Sequence[str]
    id: str = ""
    asked: int = 0
    sent: list[str] = field(default_factory=list)
    turns: dict[str, Seen] = field(default_factory=dict)
    reconnects: int = 0
    following: asyncio.Event = field(default_factory=asyncio.Event)
    blind: int = 0
    """Times its follower connected before it had seen an event: each time it follows from the turn that runs then."""
    gone: dict[str, float] = field(default_factory=dict)
    """When each turn was seen to end."""

    def _url(self) -> str:
        self.asked += 1
        return self.urls[self.asked % len(self.urls)]

    async def open(self) -> None:
        answer = await self.client.post(f"{self._url()}{BASE}", json={})
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]

    async def say(self, content: str, *, after: float = 0.0, **body: Any) -> Seen:
        """Write a message and see its turn through to its end, over as many connections as that takes."""
        await asyncio.sleep(after)
        seen, key = Seen(), str(uuid4())
        self.sent.append(content)
        deadline = time.monotonic() + PATIENCE_SECONDS
        turn_id = ""
        while not seen.status:
            assert time.monotonic() < deadline, f"turn {turn_id} does not end: {seen}"
            url = f"{self._url()}{BASE}/{self.id}"
            headers = {"accept": "text/event-stream"}
            if not turn_id:
                request = self.client.build_request(
                    "POST",
                    f"{url}/messages",
                    json={"content": content, **body},
                    headers={**headers, "idempotency-key": key},
                )
            else:
                resumed = {**headers, "last-event-id": seen.id} if seen.id else headers
                request = self.client.build_request("GET", f"{url}/turns/{turn_id}/events", headers=resumed)
            try:
                response = await self.client.send(request, stream=True)
                try:
                    if b"turn_in_progress" in (await response.aread() if response.status_code == 409 else b""):
                        self.sent.remove(content)
                        seen.status = "rejected"
                        return seen
                    if response.status_code in (409, 500, 503):  # in flight elsewhere, or a server is away
                        await asyncio.sleep(0.2)
                        continue
                    assert response.status_code == 200, (await response.aread()).decode()
                    async for item in frames(response):
                        turn_id = item.id.partition(":")[0]
                        self.turns[turn_id] = seen
                        seen.take(item)
                finally:
                    await response.aclose()
            except httpx.TransportError:
                self.reconnects += 1
                await asyncio.sleep(0.05)
        self.gone[turn_id] = time.monotonic()
        return seen

    async def follow(self, seen: dict[str, Seen], until: asyncio.Event) -> None:
        """Everything in the conversation, by turn, from any replica, until told to stop."""
        last = ""
        while not until.is_set():
            headers = {"accept": "text/event-stream", **({"last-event-id": last} if last else {})}
            request = self.client.build_request("GET", f"{self._url()}{BASE}/{self.id}/events", headers=headers)
            try:
                response = await self.client.send(request, stream=True)
                try:
                    if response.status_code != 200:
                        assert response.status_code in (500, 503), (await response.aread()).decode()
                        await asyncio.sleep(0.2)
                        continue
                    self.blind += not last
                    self.following.set()
                    async for item in frames(response):
                        seen.setdefault(item.id.partition(":")[0], Seen()).take(item)
                        last = item.id
                finally:
                    await response.aclose()
            except httpx.TransportError:
                await asyncio.sleep(0.05)

    async def cancel(self, turn_id: str, url: str) -> None:
        answer = await self.client.post(f"{url}{BASE}/{self.id}/turns/{turn_id}/cancel")
        assert answer.status_code == 200, answer.text

    def to_follow(self, seen: dict[str, Seen]) -> list[str]:
        """The turns that its follower must have seen, in order."""
        turns = list(self.turns)
        if self.blind < 2:
            return turns
        return next((turns[n:] for n, turn in enumerate(turns) if turn in seen), [])

    async def get(self, path: str = "") -> Any:
        answer = await self.client.get(f"{self._url()}{BASE}/{self.id}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def check(self) -> None:
        """Each message is in the history once, in order, with its reply after it; a replay says what was seen."""
        items = (await self.get("/messages?limit=100"))["items"]
        assert [item["content"] for item in items if item["role"] == "customer"] == self.sent
        said = [seen.said for seen in self.turns.values() if seen.said is not None]
        assert [item["content"] for item in items if item["role"] == "assistant"] == said
        for turn_id, seen in self.turns.items():
            again = Seen()
            answer = await self.client.get(f"{self._url()}{BASE}/{self.id}/turns/{turn_id}/events")
            for raw in answer.text.split("\n\n"):
                if raw and (item := frame(raw)).event:
                    again.take(item)
            assert (again.last, again.said, again.status) == (seen.last, seen.said, seen.status)
            assert (again.discarded, again.calls) == (seen.discarded, seen.calls)


def plan(*steps: list[list[Any]], pace: int = 10) -> str:
    return f"PACE:{pace} PLAN:{json.dumps(steps)}"
