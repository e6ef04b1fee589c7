"""How much one caller may ask in a minute: counted in Redis for all replicas, in this process while Redis is away.

Nobody is refused because the counter cannot be reached, and secret keys have no limit unless a setting gives them one
(CONTRACT §2).
"""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import HTTPConnection

from agentpay.api.auth import Caller, CallerKind
from agentpay.errors import Problem
from agentpay.settings import Settings

WINDOW_SECONDS = 60
_PATIENCE_SECONDS = 0.25
_AWAY_SECONDS = 2.0
"""While Redis is away it is asked again this often, not by every request."""


class RateLimiter:
    """A window is a minute of the clock. The count is of requests and of WebSocket messages together."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._limits: dict[CallerKind, int] = {
            "client": settings.rate_limit_client,
            "publishable": settings.rate_limit_publishable,
            "secret": settings.rate_limit_secret,
        }
        self._away_until = 0.0
        self._window = 0
        self._local: dict[str, int] = {}

    async def check(self, caller: Caller, connection: HTTPConnection) -> None:
        """Count one request. Raises Problem 429 `rate_limited`, extra `retry_after` in seconds."""
        limit = self._limits[caller.kind]
        if not limit:
            return
        name = f"{caller.kind}:{caller.id}"
        if caller.kind == "publishable" and connection.client is not None:
            name += f":{connection.client.host}"  # one key serves every visitor of a page
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        if await self._count(name, window) > limit:
            seconds = max(1, int((window + 1) * WINDOW_SECONDS - now) + 1)
            raise Problem(
                "rate_limited",
                f"At most {limit} requests a minute: try again in {seconds} s.",
                status=429,
                retry_after=seconds,
            )

    async def _count(self, name: str, window: int) -> int:
        if time.monotonic() >= self._away_until:
            key = f"ap:r:{name}:{window}"
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    async with self._redis.pipeline(transaction=False) as pipe:
                        pipe.incr(key)
                        pipe.expire(key, 2 * WINDOW_SECONDS, nx=True)
                        counted, _ = await pipe.execute()
                return int(counted)
            except (RedisError, OSError, TimeoutError):
                self._away_until = time.monotonic() + _AWAY_SECONDS
        if window != self._window:
            self._window, self._local = window, {}
        self._local[name] = self._local.get(name, 0) + 1
        return self._local[name]
