"""Reads a chat completions stream as it comes off the network: text at once, the whole message in the end."""

from __future__ import annotations

from typing import Any

import orjson
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_openai.chat_models.base import _create_usage_metadata

MAX_LINE_BYTES = 4 * 1024 * 1024
_NUL = "\x00"
"""Postgres stores no text with it. Halves of surrogate pairs, which nothing can send on, are no JSON to orjson."""


class BrokenStream(Exception):
    """What came is no answer; the message says why and quotes nothing of it."""


class StreamReader:
    """`feed` it what the network brought; `message` is the whole answer once the stream has ended."""

    def __init__(self) -> None:
        self.done = False
        """The server has said `[DONE]`."""
        self.heard = False
        """The last `feed` held an event, rather than comments that only keep the connection alive."""
        self._rest = b""
        self._parts: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._usage: dict[str, Any] | None = None
        self._finish_reason: str | None = None
        self._seen: dict[str, Any] = {}

    def feed(self, data: bytes) -> str:
        """The text in `data`, and in what was left of the line before. Raises BrokenStream."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES:
            raise BrokenStream("an event without end")
        self.heard = False
        text: list[str] = []
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            self.heard = True
            payload = line[5:].strip()
            if payload == b"[DONE]":
                self.done = True
                break
            try:
                event = orjson.loads(payload)
            except orjson.JSONDecodeError:
                raise BrokenStream("an event that is no JSON") from None
            if not isinstance(event, dict):
                raise BrokenStream("an event that is no object")
            self._take(event, text)
        if not text:
            return ""
        said = "".join(text).replace(_NUL, "")
        self._parts.append(said)
        return said

    def _take(self, event: dict[str, Any], text: list[str]) -> None:
        if event.get("error"):
            raise BrokenStream("an error within the stream")
        if event.get("usage"):
            self._usage = event["usage"]
        choices = event.get("choices")
        if not choices:
            return
        self._seen = event
        choice = choices[0]
        if reason := choice.get("finish_reason"):
            self._finish_reason = reason
        delta = choice.get("delta")
        if not delta:
            return
        if content := delta.get("content"):
            text.append(content)
        for part in delta.get("tool_calls") or ():
            self._add_call(part)

    def _add_call(self, part: dict[str, Any]) -> None:
        """Calls come in pieces, told apart by their index."""
        call = self._calls.setdefault(part.get("index") or 0, {"id": "", "name": "", "arguments": ""})
        function = part.get("function") or {}
        call["id"] = call["id"] or part.get("id") or ""
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""

    def message(self) -> AIMessage:
        """The whole answer. Raises BrokenStream where the stream broke off, or a call in it is none."""
        if not self._finish_reason:
            raise BrokenStream("the stream broke off")
        usage: UsageMetadata | None = None
        if self._usage is not None:
            usage = _create_usage_metadata(self._usage, self._seen.get("service_tier"))
        metadata = {"finish_reason": self._finish_reason, "model_provider": "openai"}
        metadata |= {
            ours: self._seen[theirs]
            for ours, theirs in (("model_name", "model"), ("system_fingerprint",) * 2, ("service_tier",) * 2)
            if self._seen.get(theirs)
        }
        return AIMessage(
            content="".join(self._parts),
            tool_calls=[_call(call) for _, call in sorted(self._calls.items())],
            usage_metadata=usage,
            response_metadata=metadata,
            id=self._seen.get("id"),
        )


def _call(call: dict[str, str]) -> ToolCall:
    """Read strictly: who completes broken JSON runs a tool with half of its arguments."""
    name = call["name"]
    try:
        arguments = _storable(orjson.loads(call["arguments"] or "{}"))
    except orjson.JSONDecodeError:
        raise BrokenStream(f"tool arguments that are no JSON: {name}") from None
    if not name or not isinstance(arguments, dict):
        raise BrokenStream(f"a tool call that is none: {name}")
    return ToolCall(name=name, args=arguments, id=call["id"].replace(_NUL, "") or None, type="tool_call")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(_NUL, "")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
