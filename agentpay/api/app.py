"""The ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from agentpay import __version__
from agentpay.api import openapi, problems
from agentpay.api.limits import BodyLimit
from agentpay.api.metrics import AccessLog
from agentpay.api.routers import ROUTERS
from agentpay.api.state import EngineFactory, commerce_engine, open_state
from agentpay.settings import Settings
from agentpay.store.embedded import resolve

DESCRIPTION = """Agents that sell, support and take payments for a shop.

Send a secret key (`Authorization: Bearer ap_sk_…`); a page uses a publishable key (`ap_pk_…`) to open a conversation and
the `client_token` that answers it. Errors are RFC 9457 problem details with a stable `code`. Every POST takes an
`Idempotency-Key`. Money is an integer in minor units with its `currency` beside it."""


def create_app(settings: Settings, make_engine: EngineFactory = commerce_engine) -> FastAPI:
    """The app. Its lifespan starts or joins the servers that `settings` ask for and builds `app.state.agentpay`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        servers = await asyncio.to_thread(resolve, settings)
        urls = {"database_url": servers.database_url, "redis_url": servers.redis_url}
        try:
            async with open_state(settings.model_copy(update=urls), make_engine) as state:
                app.state.agentpay = state
                yield
        finally:
            await asyncio.to_thread(servers.close)

    app = FastAPI(
        title="AgentPay",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    openapi.install(app, ROUTERS)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(
        # Keys travel in a header, not in cookies, and a publishable key's origins are checked where it is read
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer"],
        expose_headers=["Location", "Idempotent-Replayed"],
        max_age=600,
    )
    app.add_middleware(AccessLog)
    return app
