"""Numbered events of a turn, as they are sent, stored and replayed (CONTRACT §2, Events)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

LAST = "turn.completed"
"""Every turn's last event."""
DELTA = "message.delta"


def encode(data: Any) -> bytes:
    """JSON in one line."""
    return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


class Event:
    """Number `n` of its turn, from 1 without gaps; final once it is numbered. `data` and its JSON are made when asked for."""

    __slots__ = ("_data", "_payload", "n", "type")

    def __init__(self, n: int, type: str, data: dict[str, Any] | None = None, payload: bytes | None = None) -> None:
        self.n = n
        self.type = type
        self._data = data
        self._payload = payload

    @property
    def payload(self) -> bytes:
        if self._payload is None:
            self._payload = encode(self._data)
        return self._payload

    @property
    def data(self) -> dict[str, Any]:
        if self._data is None:
            assert self._payload is not None, "an event has data or its JSON"
            self._data = orjson.loads(self._payload)
        return self._data

    def frame(self, turn_id: UUID) -> bytes:
        """The event on a text/event-stream."""
        return b"id: %b:%d\nevent: %b\ndata: %b\n\n" % (str(turn_id).encode(), self.n, self.type.encode(), self.payload)


def join(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as `turns.events` keeps them: deltas of one message that follow each other become one.

    A joined one has `from`, the first number in it, and `cuts`, the length of each delta, so that a resume inside it
    can send the missing text alone.
    """
    stored: list[dict[str, Any]] = []
    for event in events:
        last = stored[-1] if stored else None
        if event.type == DELTA and last is not None and last["type"] == DELTA:
            data = event.data
            if last["data"]["message_id"] == data["message_id"]:
                last.setdefault("from", last["n"])
                last.setdefault("cuts", [len(last["data"]["text"])]).append(len(data["text"]))
                last["data"]["text"] += data["text"]
                last["n"] = event.n
                continue
        stored.append({"n": event.n, "type": event.type, "data": dict(event.data)})
    return stored


def split(stored: Iterable[dict[str, Any]]) -> list[Event]:
    """The events that `join` was given."""
    events: list[Event] = []
    for item in stored:
        start = 0
        for cut in item.get("cuts", ()):
            text = item["data"]["text"][start : start + cut]
            events.append(Event(len(events) + 1, item["type"], {**item["data"], "text": text}))
            start += cut
        if "cuts" not in item:
            events.append(Event(item["n"], item["type"], dict(item["data"])))
    return events


def replay(stored: Iterable[dict[str, Any]], after: int = 0) -> list[Event]:
    """What a follower who has seen everything up to `after` misses of the stored events."""
    events: list[Event] = []
    for item in stored:
        if item["n"] <= after:
            continue
        data = dict(item["data"])
        first = item.get("from")
        if first is not None:
            if after >= first:
                seen = sum(item["cuts"][: after - first + 1])
                data["text"] = data["text"][seen:]
                first = after + 1
            data["from"] = first
        events.append(Event(item["n"], item["type"], data))
    return events
