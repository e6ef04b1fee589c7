"""A chat model without a memory that never says the same thing twice, OpenAI-compatible, as a process of its own.

A customer's message tells it what to do: `PLAN:` and JSON, a list of steps, each a list of [tool, arguments]. It looks at the
calls that have run since that message, and asks for the next step, under new call ids; now and then it does a reading step
again, or leaves one out. When all is done it talks, in other words each time. `PACE:` sets the milliseconds a word takes.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

READING = {"product_search", "product_details", "view_cart", "check_inventory"}
WORDS = ("well", "now", "here", "it", "is", "all", "of", "that", "in", "your", "basket", "as", "asked", "ready")


def decide(messages: list[dict[str, Any]]) -> tuple[list[list[Any]] | None, float]:
    """The calls of the next step (None: talk), and seconds a word."""
    last = max(n for n, message in enumerate(messages) if message["role"] == "user")
    said = messages[last]["content"]
    pace = re.search(r"PACE:(\d+)", said)
    plan = re.search(r"PLAN:(.*)", said)
    steps: list[list[list[Any]]] = json.loads(plan[1]) if plan else []
    done = [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for message in messages[last + 1 :]
        for call in message.get("tool_calls") or []
    ]
    for step in steps:
        reads = all(name in READING for name, _ in step)
        if reads and done and random.random() < 0.5:
            continue
        if any((name, arguments) not in done for name, arguments in step):
            if reads and random.random() < 0.3:
                continue
            return step, float(pace[1]) / 1000 if pace else 0.01
    return None, float(pace[1]) / 1000 if pace else 0.01


async def chunks(messages: list[dict[str, Any]]) -> AsyncIterator[str]:
    step, pace = decide(messages)

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        body = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "fickle", "choices": [choice]}
        return f"data: {json.dumps(body)}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    await asyncio.sleep(pace)
    if step is not None and random.random() < 0.5:
        for word in random.choices(WORDS, k=2):
            yield chunk({"content": f"{word} "})
            await asyncio.sleep(pace)
    for index, (name, arguments) in enumerate(step or []):
        function = {"name": name, "arguments": json.dumps(arguments)}
        yield chunk(
            {"tool_calls": [{"index": index, "id": f"c{uuid.uuid4().hex}", "type": "function", "function": function}]}
        )
        await asyncio.sleep(pace)
    if step is None:
        for word in random.choices(WORDS, k=25):
            yield chunk({"content": f"{word} "})
            await asyncio.sleep(pace)
    yield chunk({}, "stop" if step is None else "tool_calls")
    yield "data: [DONE]\n\n"


def dangling(messages: list[dict[str, Any]]) -> set[str]:
    """Calls without a result, which every provider refuses."""
    asked = {call["id"] for message in messages for call in message.get("tool_calls") or []}
    return asked - {message.get("tool_call_id", "") for message in messages}


async def chat(request: Request) -> Response:
    messages = (await request.json())["messages"]
    if left := dangling(messages):
        return JSONResponse({"error": {"message": f"calls without results: {sorted(left)}"}}, 400)
    return StreamingResponse(chunks(messages), media_type="text/event-stream")


async def health(request: Request) -> Response:
    return JSONResponse({"ok": True})


if __name__ == "__main__":
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"]), Route("/health", health)])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
