"""The Redis (or Valkey) client: events on their way, wake-ups and cancel signals. Nothing lives there alone (DESIGN §1)."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def connect(redis_url: str) -> Redis:
    """A client with its own pool. Commands fail fast while Redis is away: callers keep what they had to say and try again."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=1.0,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=0,
    )
