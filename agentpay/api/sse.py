"""text/event-stream, sent frame by frame as events arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agentpay.api.state import AppState
from agentpay.conversations.turns.events import Event
from agentpay.errors import Problem

Batches = AsyncIterator[tuple[UUID, list[Event]]]


class EventStream(Response):
    """Sends each batch of events at once, and a comment after each `sse_heartbeat_seconds` of silence.

    Ends with the events, with the client, or with the process; none of these touches the turn.
    """

    media_type = "text/event-stream"

    def __init__(
        self, batches: Batches, state: AppState, *, headers: dict[str, str] | None = None, status_code: int = 200
    ) -> None:
        fixed = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **(headers or {})}
        super().__init__(None, status_code, fixed, self.media_type)
        # Response knows an empty body's length; a stream has none
        self.raw_headers = [item for item in self.raw_headers if item[0] != b"content-length"]
        self._batches = batches
        self._state = state
        self._last_sent = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        loop = asyncio.get_running_loop()
        self._last_sent = loop.time()
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(_disconnected(receive))
        state = self._state
        state.streams.add(sending)
        state.metrics.streams.inc()
        pause = state.settings.sse_heartbeat_seconds
        try:
            while not sending.done() and not gone.done():
                rest = self._last_sent + pause - loop.time()
                await asyncio.wait({sending, gone}, timeout=max(rest, 0.01), return_when=asyncio.FIRST_COMPLETED)
                if not sending.done() and not gone.done() and loop.time() - self._last_sent >= pause:
                    await self._chunk(send, b": heartbeat\n\n")
        finally:
            state.streams.discard(sending)
            state.metrics.streams.dec()
            sending.cancel()
            gone.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
        if gone.cancelled():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send(self, send: Send) -> None:
        async for turn_id, events in self._batches:
            await self._chunk(send, b"".join([event.frame(turn_id) for event in events]))

    async def _chunk(self, send: Send, data: bytes) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": True})
        self._last_sent = asyncio.get_running_loop().time()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def of_turn(turn_id: UUID, events: AsyncIterator[list[Event]]) -> Batches:
    """One turn's batches, with its id beside them."""
    async for batch in events:
        yield turn_id, batch


def last_event_id(header: str | None) -> tuple[UUID, int] | None:
    """The turn and number of `Last-Event-ID: <turn_id>:<n>`. Raises Problem 422 `validation_error`."""
    if header is None or not header.strip():
        return None
    turn, _, number = header.strip().rpartition(":")
    with suppress(ValueError):
        n = int(number)
        if 0 <= n < 2**31:
            return UUID(turn), n
    raise Problem("validation_error", "Last-Event-ID is the id of an event: <turn_id>:<n>.", status=422)
