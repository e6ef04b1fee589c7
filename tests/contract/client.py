"""A client written from CONTRACT.md alone."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import httpx

from tests.serving import Frame, frames, iter_frames

CONVERSATIONS = "/v1/agent/conversations"
ADDRESS = {"line1": "12 Elm St", "city": "Portland", "region": "OR", "postal_code": "97201", "country": "US"}
CARD = {"card_number": "4242 4242 4242 4242", "expiry": "12/40", "cvc": "123"}
RFC3339_UTC = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

CONVERSATION = {
    "id", "status", "stage", "active_agent", "hesitation_signals", "cart", "checkout_id", "summary", "interrupts",
    "customer", "created_at",
}  # fmt: skip
MESSAGE = {"id", "role", "agent", "content", "blocks", "intent", "tool_calls", "created_at"}
TOOL_CALL = {"id", "name", "arguments", "status", "result"}
ANSWER = {"turn_id", "status", "message", "interrupts", "degraded"}
INTERRUPT = {"id", "turn_id", "kind", "summary", "payload", "expires_at"}
LINE = {
    "variant_id", "variant_external_id", "product_external_id", "title", "options", "quantity", "unit_price",
    "line_total",
}  # fmt: skip
CART = {"items", "discount_code", "offer_id", "subtotal", "discount", "total", "currency"}
CHECKOUT = {
    "id", "status", "url", "items", "discount_code", "offer_id", "customer", "shipping_address", "shipping_option",
    "note", "subtotal", "discount", "shipping", "tax", "tax_included", "total", "currency", "conversation_id",
    "commitment_level", "agent_context", "failure", "expires_at", "order_id",
}  # fmt: skip
ORDER = {
    "id", "external_id", "number", "status", "fulfillment_status", "tracking", "items", "shipping_address", "note",
    "subtotal", "discount", "shipping", "tax", "tax_included", "total", "refunded", "currency", "checkout_id",
    "conversation_id", "placed_at", "delivered_at",
}  # fmt: skip
PRODUCT = {"external_id", "title", "description", "price_min", "price_max", "currency", "variants"}
VARIANT = {"external_id", "sku", "options", "price", "available"}
PRODUCT_RESOURCE = PRODUCT | {
    "id", "status", "brand", "category", "attributes", "conversational_description", "voice_description", "indexed_at",
}  # fmt: skip
VARIANT_RESOURCE = VARIANT | {"id", "weight_grams", "stock"}
PROBLEM = {"type", "title", "status", "detail", "code"}

Pay = Literal["success", "decline", "three_d_secure", "delayed"]


class Client(httpx.Client):
    """httpx with a key, and the few things every test does."""

    publishable_key: str
    organization_id: UUID

    def __init__(self, base_url: str, key: str | None, headers: Mapping[str, str] | None = None) -> None:
        sent = dict(headers or {})
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        super().__init__(base_url=base_url, headers=sent, timeout=30, trust_env=False)
        self.key = key
        self.address = base_url

    def made(self, path: str, body: object = None, status: int = 201, **options: Any) -> dict[str, Any]:
        """POST that must answer `status`."""
        answer = self.post(path, json={} if body is None else body, **options)
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        return dict(answer.json())

    def got(self, path: str, **params: Any) -> dict[str, Any]:
        """GET that must answer 200."""
        answer = self.get(path, params=params or None)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        return dict(answer.json())

    def only(self, path: str, **params: Any) -> dict[str, Any]:
        """The one item of a list."""
        items = self.got(path, **params)["items"]
        assert len(items) == 1, items
        return dict(items[0])

    def opened(self, **body: Any) -> str:
        """A new conversation's id."""
        return str(self.made(CONVERSATIONS, body)["id"])

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        return self.got(f"{CONVERSATIONS}/{conversation_id}")

    def say(self, conversation_id: str, content: str, **body: Any) -> dict[str, Any]:
        """What POST messages answers."""
        return self.made(f"{CONVERSATIONS}/{conversation_id}/messages", {"content": content, **body}, status=200)

    def streamed(
        self, conversation_id: str, content: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> list[Frame]:
        """The frames of a streamed message, without heartbeats."""
        answer = self.post(
            f"{CONVERSATIONS}/{conversation_id}/messages",
            json={"content": content, **body},
            headers={"accept": "text/event-stream", **(headers or {})},
        )
        assert answer.status_code == 200, answer.text
        return stream_of(answer)

    def events(self, conversation_id: str, turn_id: str, last: str | None = None) -> list[Frame]:
        """The frames of a turn, past the event id `last`."""
        answer = self.get(
            f"{CONVERSATIONS}/{conversation_id}/turns/{turn_id}/events",
            headers={"accept": "text/event-stream", **({"last-event-id": last} if last else {})},
        )
        assert answer.status_code == 200, answer.text
        return stream_of(answer)

    def tool(self, name: str, conversation_id: str | None = None, **arguments: Any) -> dict[str, Any]:
        """A direct call of a tool."""
        body: dict[str, Any] = {"arguments": arguments}
        if conversation_id is not None:
            body["conversation_id"] = conversation_id
        return self.made(f"/v1/agent/tools/{name}/invoke", body, status=200)

    def checkout(self, *items: tuple[str, int], **fields: Any) -> dict[str, Any]:
        """A new checkout of (variant external id, quantity)."""
        lines = [{"variant_external_id": variant, "quantity": quantity} for variant, quantity in items]
        return self.made("/v1/checkouts", {"items": lines, **fields})

    def pay(self, checkout: Mapping[str, Any], card: Pay = "success") -> dict[str, Any]:
        return self.made("/v1/sandbox/pay", {"url": checkout["url"], "card": card}, status=200)

    def bought(self, *items: tuple[str, int], **fields: Any) -> dict[str, Any]:
        """The order of a checkout that was paid."""
        fields = {"customer": {"email": "buyer@shopper.example"}, "shipping_address": ADDRESS, **fields}
        paid = self.pay(self.checkout(*items, **fields))
        assert paid["status"] == "succeeded", paid
        return self.got(f"/v1/orders/{paid['order_id']}")

    def stock(self, variant: str, product: str) -> dict[str, int]:
        """`{"on_hand", "reserved", "available"}` of a variant."""
        found = self.only("/v1/products", external_id=product)
        return next(dict(each["stock"]) for each in found["variants"] if each["external_id"] == variant)


def stream_of(answer: httpx.Response) -> list[Frame]:
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.headers
    return [frame for frame in frames(answer.text) if not frame.comment]


def text_of(stream: Iterable[Frame]) -> str:
    """The deltas put together, those of discarded messages left out."""
    texts: dict[str, str] = {}
    for frame in stream:
        if frame.event == "message.delta":
            texts[frame.json["message_id"]] = texts.get(frame.json["message_id"], "") + frame.json["text"]
        elif frame.event == "message.discarded":
            texts.pop(frame.json["message_id"], None)
    return "".join(texts.values())


def has(value: Mapping[str, Any], fields: set[str]) -> None:
    """The fields of a shape are all there; more may be."""
    assert fields <= set(value), f"missing: {sorted(fields - set(value))}"


def uuid7(value: object) -> bool:
    return isinstance(value, str) and UUID(value).version == 7 and str(UUID(value)) == value


def utc(value: object) -> bool:
    """RFC 3339 in UTC."""
    return (
        isinstance(value, str) and bool(RFC3339_UTC.match(value)) and datetime.fromisoformat(value).tzinfo is not None
    )


def balances(priced: Mapping[str, Any]) -> bool:
    """CONTRACT §4, totals."""
    on_top = 0 if priced["tax_included"] else priced["tax"]
    names = ("subtotal", "discount", "shipping", "tax", "total")
    return (
        priced["total"] == priced["subtotal"] - priced["discount"] + priced["shipping"] + on_top
        and all(type(priced[name]) is int and priced[name] >= 0 for name in names)
        and priced["subtotal"] == sum(line["line_total"] for line in priced["items"])
    )


def refused(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """RFC 9457 problem details with a stable code."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem = dict(answer.json())
    has(problem, PROBLEM)
    assert problem["status"] == status
    assert re.fullmatch(r"[a-z0-9_]+", problem["code"])
    if code is not None:
        assert problem["code"] == code
    return problem


def eventually(check: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true answer of `check`."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return found


class Follower:
    """Reads an event stream in a thread until it is closed."""

    def __init__(self, client: Client, path: str, last: str | None = None) -> None:
        self.frames: list[Frame] = []
        self.comments: list[str] = []
        self._ready = threading.Event()
        self._client = Client(client.address, client.key)
        self._path = path
        self._headers = {"accept": "text/event-stream", **({"last-event-id": last} if last else {})}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._closed = False

    def _read(self) -> None:
        try:
            with self._client.stream("GET", self._path, headers=self._headers) as answer:
                assert answer.status_code == 200
                for frame in iter_frames(answer):
                    self._ready.set()
                    (self.comments if frame.comment else self.frames).append(frame.comment or frame)  # type: ignore[attr-defined]
                    if self._closed:
                        return
        except httpx.HTTPError:
            if not self._closed:
                raise

    def __enter__(self) -> Follower:
        self._thread.start()
        assert self._ready.wait(10), "nothing arrived, not even a heartbeat"
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        self._client.close()
        self._thread.join(5)

    def wait(self, event: str, **data: Any) -> Frame:
        """The first frame of this event whose data holds `data`."""

        def found() -> Frame | None:
            for frame in list(self.frames):
                if frame.event == event and data.items() <= frame.json.items():
                    return frame
            return None

        return eventually(found)  # type: ignore[no-any-return]
