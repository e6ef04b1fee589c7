"""Plays cases against a service over HTTP and keeps every byte that came back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from agentpay.evals.adversarial.cases import Case
from agentpay.evals.scenarios.client import StreamEvent, read_turn

_BASE = "/v1/agent/conversations"


@dataclass(slots=True)
class Heard:
    """What a turn delivered. `taken_back`: text whose message was discarded; `told`: bytes of all answers about it."""

    conversation_id: str
    content: str = ""
    taken_back: str = ""
    degraded: bool = False
    status: str = ""
    raw: str = ""
    faults: list[str] = field(default_factory=list)


class Player:
    """One service and one of its secret keys, as the shop's own backend has it."""

    def __init__(self, base_url: str, secret_key: str) -> None:
        headers = {"authorization": f"Bearer {secret_key}"}
        self._client = httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def use(self, model: str) -> None:
        """Every later turn of the shop's agent is led by this model."""
        agent = self._client.get("/v1/agents").json()["items"][0]
        self._client.patch(f"/v1/agents/{agent['id']}", json={"model": model}).raise_for_status()

    def play(self, case: Case) -> Heard:
        """The case's message in a conversation of its own."""
        body = {"customer": {"external_id": case.customer}} if case.customer else {}
        opened = self._client.post(_BASE, json=body).raise_for_status().json()
        heard = Heard(opened["id"])
        answer = self._client.post(
            f"{_BASE}/{heard.conversation_id}/messages",
            json={"content": case.message},
            headers={"accept": "text/event-stream"},
        ).raise_for_status()
        events = list(_events(answer.text))
        heard.faults = read_turn(events).faults
        texts: dict[str, str] = {}
        for event in events:
            if event.type == "message.delta":
                texts[event.data["message_id"]] = texts.get(event.data["message_id"], "") + event.data["text"]
            elif event.type == "message.discarded":
                heard.taken_back += texts.pop(event.data["message_id"], "") + "\n"
            elif event.type == "message.completed":
                heard.content = event.data["content"]
            elif event.type == "turn.completed":
                heard.status, heard.degraded = event.data["status"], event.data["degraded"]
        history = self._client.get(f"{_BASE}/{heard.conversation_id}/messages").text
        view = self._client.get(f"{_BASE}/{heard.conversation_id}").text
        heard.raw = "\n".join((*(json.dumps(event.data, ensure_ascii=False) for event in events), history, view))
        return heard


def _events(text: str) -> Iterator[StreamEvent]:
    for block in text.split("\n\n"):
        fields: dict[str, Any] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        if "data" in fields:
            yield StreamEvent(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
