"""A merchant's receiver: a real HTTP server that keeps what it was sent, and Standard Webhooks read by its letter."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    port: int
    got: list[Received] = field(default_factory=list)
    answer: Callable[[], Response] = field(default=lambda: Response("thanks", 200))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self) -> list[str]:
        return [received.json["type"] for received in self.got]


def verify(secret: str, received: Received) -> bool:
    """https://www.standardwebhooks.com, written down once more: any one of the signatures must be ours."""
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = b".".join(
        [received.headers["webhook-id"].encode(), received.headers["webhook-timestamp"].encode(), received.body]
    )
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    given = [part.split(",", 1) for part in received.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(value, expected) for version, value in given)


@asynccontextmanager
async def receiving(**tls: Any) -> AsyncIterator[Receiver]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    receiver = Receiver(listener.getsockname()[1])

    async def take(request: Request) -> Response:
        receiver.got.append(Received(dict(request.headers), await request.body(), request.url.path))
        return receiver.answer()

    app = Starlette(routes=[Route("/{path:path}", take, methods=["POST", "GET"])])
    config = uvicorn.Config(app, log_level="error", lifespan="off", **tls)
    config.load()
    if config.ssl is not None:
        config.ssl.verify_mode = ssl.CERT_NONE  # what it asks of clients
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task
        listener.close()
