"""`agentpay serve`: uvicorn with uvloop and httptools, drained before it ends."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from agentpay.api.app import create_app
from agentpay.api.listening import listen
from agentpay.api.state import EngineFactory, commerce_engine
from agentpay.errors import StartupError
from agentpay.settings import Settings

LINGER_SECONDS = 5
"""How long answers that are under way may take once turns have been drained."""


KEEP_ALIVE_SECONDS = 75
"""Longer than proxies and clients keep a connection that is idle, so that they end it and no request meets its end."""


class Server(uvicorn.Server):
    """Ends in this order: no new connections, running turns end or are handed over, open answers end."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None] | None = None) -> None:
        """`on_started` is called once, when the service is ready to answer."""
        super().__init__(config)
        self._on_started = on_started

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins an end that takes seconds at most; further ones do not cut it short."""
        if not self.should_exit:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._on_started is not None:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        state = getattr(getattr(self.config.app, "state", None), "agentpay", None)
        if state is not None:
            await state.drain()
        await super().shutdown(sockets)


def make_server(
    settings: Settings,
    on_started: Callable[[], None] | None = None,
    *,
    make_engine: EngineFactory = commerce_engine,
) -> Server:
    """A server over a fresh app; `await server.serve(sockets=[listen(…)])` runs it in a loop of the caller's."""
    config = uvicorn.Config(
        create_app(settings, make_engine),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LINGER_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_max_size=settings.max_body_bytes,
    )
    return Server(config, on_started)


def run(
    settings: Settings, listening: socket.socket | None = None, on_started: Callable[[], None] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM, on `listening` or on the settings' address. `on_started` is called once it answers.

    Raises StartupError where the port is taken or a server cannot be had.
    """
    listening = listening or listen(settings.host, settings.port)
    port = listening.getsockname()[1]
    server = make_server(settings.model_copy(update={"port": port}), on_started)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
    if not server.started:
        raise StartupError("AgentPay could not start; the log above says why.")
