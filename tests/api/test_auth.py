"""Keys: which may do what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.api.app import create_app
from agentpay.api.auth import Authenticator
from agentpay.api.routing import ApiRoute
from agentpay.store import keys
from agentpay.store.keys import create_key, revoke_key
from agentpay.store.tables import ApiKey
from tests.api.conftest import make_organization
from tests.serving import BASE, Service

Make = Callable[..., httpx.Client]


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_without_a_key(stub: Service) -> None:
    for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic abc"}, {"authorization": "Bearer nope"}):
        answer = httpx.get(f"{stub.base_url}{BASE}", headers=headers)
        assert code(answer) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    wrong = httpx.post(f"{stub.base_url}{BASE}", content=b"{", headers={"authorization": "Bearer ap_sk_unknown"})
    assert code(wrong) == (401, "unauthorized")


async def test_a_revoked_key(stub: Service, other_client: Make) -> None:
    async with stub.database.session() as session:
        row, plaintext = await create_key(session, stub.organization_id, "secret")
    client = other_client(plaintext)
    assert client.get(BASE).status_code == 200
    async with stub.database.session() as session:
        assert await revoke_key(session, stub.organization_id, row.id)
        assert not await revoke_key(session, stub.organization_id, row.id)
    deadline = time.monotonic() + 5
    while client.get(BASE).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert code(client.get(BASE)) == (401, "key_revoked")


async def test_one_look_serves_all_who_ask_at_once(stub: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def find_key(session: AsyncSession, plaintext: str) -> ApiKey | None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise OSError("the database is away")
        return await keys.find_key(session, plaintext)

    authenticator = Authenticator(stub.database)
    monkeypatch.setattr("agentpay.api.auth.keys", SimpleNamespace(**{**vars(keys), "find_key": find_key}))
    failed = await asyncio.gather(
        *[authenticator.authenticate(stub.secret_key) for _ in range(3)], return_exceptions=True
    )
    assert [type(each) for each in failed] == [OSError] * 3
    found = await asyncio.gather(*[authenticator.authenticate(stub.secret_key) for _ in range(20)])
    assert {caller.organization_id for caller in found} == {stub.organization_id}
    assert looks == 2, "a failure is not remembered, an answer is"


async def test_scopes(stub: Service, other_client: Make) -> None:
    async with stub.database.session() as session:
        _, reads = await create_key(session, stub.organization_id, "secret", scopes=["conversations:read"])
        _, other = await create_key(session, stub.organization_id, "secret", scopes=["catalog"])
    assert other_client(reads).get(BASE).status_code == 200
    assert code(other_client(reads).post(BASE, json={})) == (403, "forbidden")
    assert code(other_client(other).get(BASE)) == (403, "forbidden")
    assert code(other_client(other).get("/v1/approvals")) == (403, "forbidden")


def test_a_widget_opens_and_talks_in_its_own_conversation_only(stub: Service, other_client: Make) -> None:
    widget = other_client(stub.publishable_key, origin="https://shop.example")
    opened = widget.post(BASE, json={"customer": {"external_id": "c-1", "email": "ada@example.com"}}).json()
    assert opened["customer"] is None, "a widget vouches for nobody"
    token = opened["client_token"]["token"]
    assert token.startswith("ap_cs_")
    assert opened["client_token"]["expires_at"].endswith("Z")
    for path in ("", f"/{opened['id']}", f"/{opened['id']}/messages"):
        assert code(widget.get(f"{BASE}{path}")) == (403, "forbidden")
    client = other_client(token)
    said = client.post(f"{BASE}/{opened['id']}/messages", json={"content": "hello"})
    assert said.json()["message"]["content"] == "hello"
    assert client.get(f"{BASE}/{opened['id']}").json()["status"] == "active"
    assert client.get(f"{BASE}/{opened['id']}/turns/{said.json()['turn_id']}/events").status_code == 200
    foreign = stub.conversation()
    assert code(client.get(f"{BASE}/{foreign}")) == (404, "not_found")
    assert code(client.post(f"{BASE}/{foreign}/messages", json={"content": "hi"})) == (404, "not_found")
    human = {"content": "hi", "author": "human"}
    assert code(client.post(f"{BASE}/{opened['id']}/messages", json=human)) == (403, "forbidden")
    assert client.post(f"{BASE}/{opened['id']}/handoff", json={"to": "human"}).status_code == 200
    assert code(client.post(f"{BASE}/{opened['id']}/handoff", json={"to": "agent"})) == (403, "forbidden")
    for method, path in (("GET", BASE), ("POST", BASE), ("GET", "/v1/approvals"), ("PATCH", f"{BASE}/{opened['id']}")):
        assert code(client.request(method, path, json={})) == (403, "forbidden")


def test_a_widget_only_from_its_origins(stub: Service, other_client: Make) -> None:
    own = stub.base_url
    for origin, status in (
        ("https://shop.example", 201),
        ("https://SHOP.example", 201),
        (own, 201),
        ("https://evil.example", 403),
    ):
        assert other_client(stub.publishable_key, origin=origin).post(BASE, json={}).status_code == status


def test_browsers_may_ask(stub: Service) -> None:
    answer = httpx.options(
        f"{stub.base_url}{BASE}",
        headers={
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_another_organization_sees_nothing(stub: Service, other_client: Make) -> None:
    conversation = stub.conversation()
    turn = stub.say(conversation, "mine")["turn_id"]
    _, secret, _ = await make_organization(stub.database)
    stranger = other_client(secret)
    assert stranger.get(BASE).json()["items"] == []
    for path in ("", "/messages", f"/turns/{turn}", f"/turns/{turn}/events", "/events"):
        assert code(stranger.get(f"{BASE}/{conversation}{path}")) == (404, "not_found")
    assert code(stranger.post(f"{BASE}/{conversation}/messages", json={"content": "hi"})) == (404, "not_found")
    assert code(stranger.post(f"{BASE}/{conversation}/turns/{turn}/cancel")) == (404, "not_found")
    assert code(stranger.post(f"{BASE}/{conversation}/handoff", json={"to": "human"})) == (404, "not_found")
    assert code(stranger.patch(f"{BASE}/{conversation}", json={"status": "closed"})) == (404, "not_found")


def test_every_post_needs_a_key_and_keeps_idempotency(stub: Service) -> None:
    app = create_app(stub.settings)
    from agentpay.api.routers import ROUTERS

    routes = [route for router in ROUTERS for route in router.routes]
    assert app is not None
    plain = [
        route.path  # type: ignore[attr-defined]
        for route in routes
        if getattr(route, "path", "").startswith("/v1")
        and hasattr(route, "methods")
        and not isinstance(route, ApiRoute)
    ]
    assert [path for path in plain if not path.startswith("/v1/webhooks")] == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"])
def test_what_needs_no_key(stub: Service, path: str) -> None:
    answer = httpx.get(f"{stub.base_url}{path}", timeout=20)
    assert answer.status_code == 200, answer.text[:300]
