"""The route behind every `/v1` endpoint: key, content type, JSON and idempotency, in this order, before the endpoint runs."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from agentpay.api import auth, idempotency
from agentpay.api.auth import CallerKind
from agentpay.errors import Problem

Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Any]])

MAX_DEPTH = 64
"""Deeper JSON is refused: what is read must also be written, to Postgres and to checkpoints."""
_ESCAPED = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


def allow(*kinds: CallerKind) -> Callable[[Endpoint], Endpoint]:
    """Let these callers in as well as secret keys: `@allow("client")` above the endpoint, below the router's decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__allowed__ = ("secret", *kinds)  # type: ignore[attr-defined]
        return endpoint

    return mark


def own_idempotency(endpoint: Endpoint) -> Endpoint:
    """The endpoint keeps `Idempotency-Key` itself (it may stream)."""
    endpoint.__own_idempotency__ = True  # type: ignore[attr-defined]
    return endpoint


def shows_secret(secret: idempotency.Secret) -> Callable[[Endpoint], Endpoint]:
    """The endpoint's answer has a member that must not be stored with it."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__secret__ = secret  # type: ignore[attr-defined]
        return endpoint

    return mark


class ApiRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        allowed: tuple[CallerKind, ...] = getattr(self.endpoint, "__allowed__", ("secret",))
        secret: idempotency.Secret | None = getattr(self.endpoint, "__secret__", None)
        takes_json = self.body_field is not None
        idempotent = "POST" in (self.methods or ()) and not getattr(self.endpoint, "__own_idempotency__", False)

        async def handle(request: Request) -> Response:
            state = request.app.state.agentpay
            caller = await state.authenticator.authenticate(auth.bearer_of(request))
            auth.authorize(request, caller, allowed)
            await state.rate_limiter.check(caller, request)
            request.scope["agentpay.caller"] = caller
            if b"%00" in request.scope["query_string"]:
                raise Problem("validation_error", "A NUL character cannot be part of a value.", status=422)
            if takes_json:
                await read_json(request)
            elif request.method == "POST":
                await nothing_but_empty(request)
            if not idempotent or "idempotency-key" not in request.headers:
                return await handler(request)
            return await idempotency.once(state.database, caller, request, handler, secret)

        return handle


class ApiRouter(APIRouter):
    """An APIRouter whose routes need a key. For what needs none (health, hosted pages, inbound webhooks) use APIRouter."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("route_class", ApiRoute)
        super().__init__(**options)


async def read_json(request: Request) -> None:
    """Parse the body once, strictly, where FastAPI will look for it.

    Raises Problem 415 `unsupported_media_type`, 400 `invalid_json`, 422 `validation_error` for text that PostgreSQL cannot
    store (NUL characters, halves of surrogate pairs).
    """
    body = await request.body()
    if not body:
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise Problem("unsupported_media_type", "Send JSON, with `Content-Type: application/json`.", status=415)
    request._json = parse(body)  # what Request.json() keeps


async def nothing_but_empty(request: Request) -> None:
    """Where a body has no fields, every field is unknown. Raises Problem 422 `validation_error`, and those of `read_json`."""
    await read_json(request)
    if await request.body() and request._json not in (None, {}):
        raise Problem("validation_error", "This takes no body: leave it out or send {}.", status=422)


def parse(body: bytes) -> Any:
    """JSON, strictly. Raises Problem 400 `invalid_json`, 422 `validation_error` for text that cannot be stored, or nested too deep."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if _storable(body):
            raise Problem("invalid_json", f"The body is not JSON: {error.msg}.", status=400) from None
        raise _unstorable() from None
    if _ESCAPED.search(body) is not None and _has_nul(value):
        raise _unstorable()
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deep(value):
        raise Problem("validation_error", f"JSON may be nested {MAX_DEPTH} deep at most.", status=422)
    return value


def _is_deep(value: Any) -> bool:
    """Level by level, so that no depth is too much for it."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _unstorable() -> Problem:
    return Problem("validation_error", "Text may not hold NUL characters or half a surrogate pair.", status=422)


def _storable(body: bytes) -> bool:
    """False for JSON that is well-formed but holds half a surrogate pair, which orjson refuses to parse."""
    if _ESCAPED.search(body) is None:
        return True
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return True
    return False


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in key or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)
