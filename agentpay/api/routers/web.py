"""The page at `/`, its files, and the session it opens. No key is ever part of the page."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from redis.exceptions import RedisError

from agentpay import web
from agentpay.api import problems, shopfront
from agentpay.api.deps import StateDep
from agentpay.api.state import AppState
from agentpay.errors import Problem, not_found
from agentpay.web import Asset

router = APIRouter(tags=["page"])
logger = logging.getLogger(__name__)

SESSIONS_PER_MINUTE = 30
"""New conversations that one address may open in a minute."""

_ASSETS = web.load()
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class ShopView(BaseModel):
    name: str
    assistant: str
    currency: str
    suggestions: list[str]


class SessionView(BaseModel):
    """`client_token` is a bearer key for this conversation alone, until `expires_at`."""

    conversation_id: UUID
    client_token: str
    expires_at: datetime
    shop: ShopView


@router.get("/", include_in_schema=False)
async def page(request: Request) -> Response:
    return _send(request, _ASSETS.index, "no-cache", {"Content-Security-Policy": _POLICY})


@router.get("/favicon.ico", include_in_schema=False)
async def favicon(request: Request) -> Response:
    return _send(request, _ASSETS.files["favicon.svg"], "public, max-age=86400")


@router.get("/static/{name}", include_in_schema=False)
async def static(name: str, request: Request) -> Response:
    return _send(request, _file(name), "no-cache")


@router.get("/static/{version}/{name}", include_in_schema=False)
async def versioned(version: str, name: str, request: Request) -> Response:
    """A file at an address that changes with it; an old page's address still answers, with what there is now."""
    current = version == _ASSETS.version
    return _send(request, _file(name), "public, max-age=31536000, immutable" if current else "no-cache")


def _file(name: str) -> Asset:
    asset = _ASSETS.files.get(name)
    if asset is None:
        raise not_found("file")
    return asset


def _send(request: Request, asset: Asset, caching: str, extra: dict[str, str] | None = None) -> Response:
    headers = {**_SAFE, **(extra or {}), "Cache-Control": caching, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.etag in known:
        return Response(status_code=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        headers["ETag"] = f"W/{asset.etag}"
        body = asset.gzipped
    return Response(body, headers=headers, media_type=asset.media_type)


@router.post(
    "/web/session", status_code=201, summary="Open the page's conversation", responses=problems.responses(404, 429)
)
async def session(request: Request, state: StateDep, response: Response) -> SessionView:
    """For the service's own page alone: other origins use a publishable key."""
    _same_origin(request)
    await _slow_down(state, request)
    shop = await shopfront.find_shop(state.database, state.settings.web_organization)
    async with state.database.tx(shop.id) as tx:
        opened = await shopfront.open_conversation(tx)
    response.headers["Cache-Control"] = "no-store"
    return SessionView(
        conversation_id=opened.conversation_id,
        client_token=opened.token,
        expires_at=opened.expires_at,
        shop=ShopView(
            name=shop.name, assistant=opened.assistant, currency=shop.currency, suggestions=opened.suggestions
        ),
    )


def _same_origin(request: Request) -> None:
    """Browsers say where a request comes from; one that does not say so is no page of ours. Raises Problem 403."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "").lower()
    ours = origin.partition("://")[2] == request.headers.get("host", "").lower()
    if (site is not None and site != "same-origin") or (site is None and not origin) or (origin and not ours):
        raise Problem("forbidden", "Only the shop's own page may do this.", status=403)


async def _slow_down(state: AppState, request: Request) -> None:
    """Raises Problem 429 `rate_limited`. While Redis is away nobody is counted."""
    address = request.client.host if request.client is not None else "unknown"
    key = f"ap:web:{address}:{int(time.time()) // 60}"
    try:
        async with state.redis.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, 120)
            count, _ = await pipe.execute()
    except (RedisError, OSError):
        logger.warning("Redis is away: the page's sessions are not counted")
        return
    if count > SESSIONS_PER_MINUTE:
        raise Problem("rate_limited", "Too many new conversations from here; wait a minute.", status=429)
