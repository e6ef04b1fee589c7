"""Everything that a service sends: a transport that keeps HTTP bodies as they came, and an endpoint for its webhooks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

_QUIET_SECONDS = 1.5
"""Webhooks are over when none came for so long."""
_TRANSPORT = frozenset({b"content-length", b"date", b"keep-alive"})
"""Headers whose numbers the transport makes: of a message's length, of time."""


class _Kept(httpx.AsyncByteStream):
    """A body that is kept while it is read."""

    def __init__(self, stream: httpx.AsyncByteStream, kept: list[bytes]) -> None:
        self._stream = stream
        self._kept = kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = []
        try:
            async for piece in self._stream:
                pieces.append(piece)
                yield piece
        finally:
            self._kept.append(b"".join(pieces))

    async def aclose(self) -> None:
        await self._stream.aclose()


class Tap(httpx.AsyncHTTPTransport):
    """Sends requests as httpx does and keeps what is answered until `taken`: headers (but the transport's own)
    and bodies, uncompressed."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["accept-encoding"] = "identity"
        response = await super().handle_async_request(request)
        self._kept += [b": ".join(header) for header in response.headers.raw if header[0].lower() not in _TRANSPORT]
        assert isinstance(response.stream, httpx.AsyncByteStream), "the asynchronous transport's own"
        response.stream = _Kept(response.stream, self._kept)
        return response

    def taken(self) -> list[str]:
        """What was answered since this was last asked."""
        kept, self._kept = self._kept, []
        return [piece.decode(errors="replace") for piece in kept]


@dataclass(slots=True)
class Endpoint:
    """A merchant's endpoint; `bodies` are the webhooks it was sent."""

    url: str
    bodies: list[str] = field(default_factory=list)

    async def quiet(self, *, at_most: float = 15.0) -> None:
        """Waits until no more webhooks come."""
        waited, before = 0.0, -1
        while len(self.bodies) != before and waited < at_most:
            before = len(self.bodies)
            await asyncio.sleep(_QUIET_SECONDS)
            waited += _QUIET_SECONDS


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    """An endpoint at a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        found = Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/hook")

        async def app(_scope: Any, receive: Any, send: Any) -> None:
            body, more = b"", True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            found.bodies.append(body.decode(errors="replace"))
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield found
        finally:
            server.should_exit = True
            await serving
