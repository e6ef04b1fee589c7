"""What Prometheus reads at /metrics, and the line a request leaves in the access log."""

from __future__ import annotations

import logging
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CONTENT_TYPE_LATEST", "AccessLog", "Metrics"]

access = logging.getLogger("agentpay.access")

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "agentpay_requests_total", "HTTP requests.", ["method", "route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "agentpay_request_seconds", "Time to the start of an answer.", buckets=_SECONDS, registry=self.registry
        )
        self.turns = Counter("agentpay_turns_total", "Turns that ended here.", ["status"], registry=self.registry)
        self.turn_seconds = Histogram(
            "agentpay_turn_seconds",
            "A turn from its start to its stored end.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.first_text_seconds = Histogram(
            "agentpay_turn_first_text_seconds",
            "A turn from its start to its first text.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.tool_calls = Counter(
            "agentpay_tool_calls_total", "Tool calls.", ["tool", "status"], registry=self.registry
        )
        self.streams = Gauge("agentpay_streams", "Open event streams.", registry=self.registry)

    def turn_ended(
        self, status: str, seconds: float, first_text: float | None, tool_calls: list[dict[str, Any]]
    ) -> None:
        """Times in seconds from the turn's start; `tool_calls` as the message has them."""
        self.turns.labels(status).inc()
        self.turn_seconds.observe(seconds)
        if first_text is not None:
            self.first_text_seconds.observe(first_text)
        for call in tool_calls:
            self.tool_calls.labels(call["name"], call["status"]).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


class AccessLog:
    """ASGI middleware: counts a request and logs method, path, status and time. No query string, key or body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._count(scope, status, time.perf_counter() - started)
            await send(message)

        await self.app(scope, receive, watch)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        state = getattr(scope["app"].state, "agentpay", None)
        if state is not None:
            route = getattr(scope.get("route"), "path", "unmatched")
            state.metrics.requests.labels(scope["method"], route, status).inc()
            state.metrics.request_seconds.observe(seconds)
        access.info("%s %s %d %.1f ms", scope["method"], scope["path"], status, seconds * 1000)
