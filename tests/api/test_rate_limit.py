"""Limits a minute: who has one, what is answered past it, and what happens while Redis is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request
from websockets.sync.client import connect as websocket

from agentpay.api.auth import Caller, CallerKind
from agentpay.api.rate_limit import RateLimiter
from agentpay.errors import Problem
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.redis import connect
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.serving import BASE, Running, serving, stub_engine

LIMIT = 5


@pytest.fixture(scope="module")
async def keys(database: Database) -> tuple[str, str]:
    _, secret, publishable = await make_organization(database)
    return secret, publishable


@pytest.fixture(scope="module")
def running(settings: Settings) -> Iterator[Running]:
    with serving(settings.model_copy(update={"rate_limit_client": LIMIT}), stub_engine) as opened:
        yield opened


@pytest.fixture(autouse=True)
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock's minute does not turn within a test."""
    monkeypatch.setattr("agentpay.api.rate_limit.WINDOW_SECONDS", 10**7)


def client(running: Running, key: str) -> httpx.Client:
    return httpx.Client(base_url=running.base_url, headers={"authorization": f"Bearer {key}"}, timeout=30)


def test_a_client_token_is_limited_and_told_when_to_come_back(running: Running, keys: tuple[str, str]) -> None:
    secret, publishable = keys
    opened = client(running, publishable).post(BASE, json={}).json()
    token, url = opened["client_token"]["token"], f"{BASE}/{opened['id']}"
    visitor = client(running, token)
    assert [visitor.get(url).status_code for _ in range(LIMIT)] == [200] * LIMIT
    refused = visitor.get(url)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after"] > 0
    address = running.base_url.replace("http", "ws") + f"{BASE}/ws"
    with websocket(address, additional_headers={"authorization": f"Bearer {token}"}) as socket:
        socket.send(json.dumps({"type": "ping"}))
        assert json.loads(socket.recv())["data"]["code"] == "rate_limited"
    other = client(running, publishable).post(BASE, json={}).json()
    assert client(running, other["client_token"]["token"]).get(f"{BASE}/{other['id']}").status_code == 200
    assert {client(running, secret).get(url).status_code for _ in range(3 * LIMIT)} == {200}


def caller(kind: CallerKind) -> Caller:
    return Caller(uuid4(), kind, uuid4())


def request(host: str = "192.0.2.1") -> Request:
    return Request({"type": "http", "headers": [], "client": (host, 1)})


def limits(**given: int) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type, call-arg]


async def allowed(limiter: RateLimiter, who: Caller, asked: Request, times: int) -> int:
    passed = 0
    for _ in range(times):
        try:
            await limiter.check(who, asked)
        except Problem as problem:
            if problem.code != "rate_limited":
                raise
        else:
            passed += 1
    return passed


async def test_replicas_count_together_and_addresses_apart(servers: Embedded) -> None:
    redis = connect(servers.redis_url)
    here, there = (RateLimiter(redis, limits(rate_limit_publishable=4)) for _ in range(2))
    page = caller("publishable")
    assert await allowed(here, page, request(), 3) + await allowed(there, page, request(), 3) == 4
    assert await allowed(here, page, request("192.0.2.2"), 9) == 4
    assert await allowed(here, caller("secret"), request(), 50) == 50
    strict = RateLimiter(redis, limits(rate_limit_secret=2))
    assert await allowed(strict, caller("secret"), request(), 5) == 2
    await redis.aclose()


async def test_without_redis_each_process_counts_for_itself() -> None:
    redis = connect("redis://127.0.0.1:1")
    limiter = RateLimiter(redis, limits(rate_limit_client=3))
    assert await allowed(limiter, caller("client"), request(), 5) == 3
    await redis.aclose()
