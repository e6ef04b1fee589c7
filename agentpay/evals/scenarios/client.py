"""The service as a merchant's backend sees it: the public API with a secret key, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import httpx
import orjson

Mode = Literal["json", "sse"]
_TIMEOUT = httpx.Timeout(10.0, read=180.0)
_SSE = {"Accept": "text/event-stream"}


class ServiceError(Exception):
    """The service refused, or answered what it may not; the message is one sentence."""


@dataclass(slots=True)
class Reply:
    """What a turn came to. `faults` are breaches of the stream's own rules (CONTRACT §2, Events).

    `usage` and `first_text_ms` are known of a streamed one alone; `elapsed_ms` ends when the whole answer is there.
    """

    turn_id: str
    status: str
    message: dict[str, Any] | None
    faults: list[str] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    first_text_ms: float | None = None
    elapsed_ms: float = 0.0


class ServiceClient:
    """One service. `mode` chooses how replies are had: as JSON, or from the event stream. A `transport` may listen in."""

    def __init__(
        self,
        base_url: str,
        secret_key: str,
        *,
        mode: Mode = "json",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.mode = mode
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {secret_key}"},
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> ServiceClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def open(self, customer: dict[str, Any] | None) -> str:
        """A new conversation's id."""
        body = {"customer": customer} if customer else {}
        return str((await self._post("/v1/agent/conversations", body))["id"])

    async def say(self, conversation_id: str, content: str) -> Reply:
        return await self._turn(f"/v1/agent/conversations/{conversation_id}/messages", {"content": content})

    async def resume(self, conversation_id: str, interrupt: dict[str, Any], *, approved: bool) -> Reply:
        """Answer an interrupt as a person of the shop would; the reply says what came of it."""
        body = {"interrupt_id": interrupt["id"], "value": {"approved": approved}}
        return await self._turn(f"/v1/agent/conversations/{conversation_id}/turns/{interrupt['turn_id']}/resume", body)

    async def conversation(self, conversation_id: str) -> dict[str, Any]:
        return await self._get(f"/v1/agent/conversations/{conversation_id}")

    async def messages(self, conversation_id: str) -> list[dict[str, Any]]:
        """The whole transcript."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            page = await self._get(f"/v1/agent/conversations/{conversation_id}/messages", params)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def checkout(self, checkout_id: str) -> dict[str, Any]:
        return await self._get(f"/v1/checkouts/{checkout_id}")

    async def order(self, order_id: str) -> dict[str, Any]:
        return await self._get(f"/v1/orders/{order_id}")

    async def order_named(self, external_id: str) -> dict[str, Any] | None:
        return await self._named("/v1/orders", external_id)

    async def product_named(self, external_id: str) -> dict[str, Any] | None:
        return await self._named("/v1/products", external_id)

    async def pay(self, url: str, card: str) -> dict[str, Any]:
        """`{"checkout_id", "status", "order_id", "failure"}` (CONTRACT §4, Sandbox)."""
        return await self._post("/v1/sandbox/pay", {"url": url, "card": card})

    async def hook(self, url: str) -> None:
        """Registers an endpoint for every webhook there is."""
        await self._post("/v1/webhook-endpoints", {"url": url})

    async def _named(self, path: str, external_id: str) -> dict[str, Any] | None:
        items = (await self._get(path, {"external_id": external_id}))["items"]
        return items[0] if items else None

    async def _get(self, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return _json(await self._request("GET", path, params=params))

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _json(await self._request("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())}))

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ServiceError(f"{method} {path}: {type(error).__name__}.") from error

    async def _turn(self, path: str, body: dict[str, Any]) -> Reply:
        started = time.perf_counter()
        if self.mode == "json":
            answer = await self._post(path, body)
            elapsed = (time.perf_counter() - started) * 1000
            return Reply(answer["turn_id"], answer["status"], answer["message"], elapsed_ms=elapsed)
        headers = {**_SSE, "Idempotency-Key": str(uuid4())}
        try:
            async with self._http.stream("POST", path, json=body, headers=headers) as response:
                if response.status_code >= 400:
                    await response.aread()
                    _json(response)
                events = []
                first_text = None
                async for event in _events(response):
                    events.append(event)
                    if first_text is None and event.type == "message.delta":
                        first_text = (time.perf_counter() - started) * 1000
                reply = read_turn(events)
                reply.first_text_ms, reply.elapsed_ms = first_text, (time.perf_counter() - started) * 1000
                return reply
        except httpx.HTTPError as error:
            raise ServiceError(f"POST {path}: the stream broke ({type(error).__name__}).") from error


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = {}
    if response.status_code >= 400:
        path = response.request.url.path
        said = f"{body.get('code', '')}: {body.get('detail', '')}".strip(": ")
        raise ServiceError(f"{response.request.method} {path} answered {response.status_code} {said}".strip())
    assert isinstance(body, dict), "the service answers objects"
    return body


@dataclass(frozen=True, slots=True)
class StreamEvent:
    id: str
    type: str
    data: dict[str, Any]


async def _events(response: httpx.Response) -> AsyncIterator[StreamEvent]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(":")
            fields[name] = fields[name] + "\n" + value.removeprefix(" ") if name in fields else value.removeprefix(" ")
            continue
        if "data" in fields:
            yield StreamEvent(fields.get("id", ""), fields.get("event", "message"), orjson.loads(fields["data"]))
        fields = {}


def read_turn(events: list[StreamEvent]) -> Reply:
    """A turn from its events, with what is wrong about the stream itself."""
    if not events:
        raise ServiceError("The stream ended without an event.")
    turn_id = events[0].id.rpartition(":")[0]
    faults: list[str] = []
    texts: dict[str, str] = {}
    shown: dict[str, list[dict[str, Any]]] = {}
    running: dict[str, str] = {}
    message: dict[str, Any] | None = None
    status = "unfinished"
    usage: dict[str, Any] = {}
    expected = 1
    for event in events:
        of, _, number = event.id.rpartition(":")
        first = event.data.get("from", int(number) if number.isdigit() else 0)
        if of != turn_id or first != expected:
            faults.append(f"event {event.id or '(no id)'} came where number {expected} was due")
        expected = int(number) + 1 if number.isdigit() else expected
        match event.type:
            case "message.delta":
                texts[event.data["message_id"]] = texts.get(event.data["message_id"], "") + event.data["text"]
            case "ui":
                shown.setdefault(event.data["message_id"], []).append(event.data["block"])
            case "message.discarded":
                texts.pop(event.data["message_id"], None)
                shown.pop(event.data["message_id"], None)
            case "tool.started":
                running[event.data["call_id"]] = event.data["name"]
            case "tool.finished":
                if running.pop(event.data["call_id"], None) is None:
                    faults.append(f"{event.data['name']} finished without having started")
            case "message.completed":
                message = event.data
                if texts.get(message["id"], "") != message["content"]:
                    faults.append("the deltas put together are not the message's content")
                # A cart that changed twice is shown twice; the message keeps what stands
                if any(block not in shown.get(message["id"], []) for block in message["blocks"]):
                    faults.append("the message holds a block that was not shown")
            case "turn.completed":
                status, usage = event.data["status"], event.data.get("usage") or {}
    faults += [f"{name} started and never finished" for name in running.values()]
    if events[0].type != "turn.started" or events[-1].type != "turn.completed":
        faults.append("a turn begins with turn.started and ends with turn.completed")
    return Reply(turn_id, status, message, faults, usage)
