"""Whether the process lives, whether it can work, and what it counted."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from agentpay.api.deps import current_state
from agentpay.api.metrics import CONTENT_TYPE_LATEST
from agentpay.api.state import AppState
from agentpay.store.migrate import head_revision

router = APIRouter(tags=["health"])
CHECK_SECONDS = 2.0


@router.get("/healthz", summary="The process answers")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="PostgreSQL, Redis and the schema are as they must be")
async def readyz(request: Request) -> JSONResponse:
    state = current_state(request)
    postgres, redis = await asyncio.gather(_postgres(state), _redis(state))
    checks = {**postgres, "redis": redis}
    ready = all(value == "ok" for value in checks.values()) and not state.stopping
    status = "ok" if ready else ("stopping" if state.stopping else "unavailable")
    return JSONResponse({"status": status, "checks": checks}, 200 if ready else 503)


async def _postgres(state: AppState) -> dict[str, Any]:
    try:
        async with asyncio.timeout(CHECK_SECONDS), state.database.session() as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return {"postgres": "unavailable", "schema": "unknown"}
    return {"postgres": "ok", "schema": "ok" if revision == head_revision() else f"at {revision}: run agentpay migrate"}


async def _redis(state: AppState) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await state.redis.ping()
    except (RedisError, OSError, TimeoutError):
        return "unavailable"
    return "ok"


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    return Response(current_state(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)
