"""Webhook endpoints over HTTP, with the worker of the service behind them and a real receiver before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse

from agentpay.jobs.app import CONCURRENCY, WEBHOOK_CONCURRENCY
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.commerce.till import until
from tests.commerce.webhooks.receiver import Receiver, receiving, verify
from tests.serving import BASE, serving, stub_engine

PATH = "/v1/webhook-endpoints"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture(scope="module")
def base_url(settings: Settings) -> Iterator[str]:
    changes = {"webhook_allow_private": True, "worker_in_process": True}
    with serving(settings.model_copy(update=changes), stub_engine) as running:
        yield running.base_url


@pytest.fixture
async def client(base_url: str, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A shop of its own each: a secret key's client."""
    _, secret, _ = await make_organization(database)
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=30) as opened:
        yield opened


async def made(client: httpx.AsyncClient, url: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"url": url, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_from_making_to_deleting(client: httpx.AsyncClient) -> None:
    first = await made(client, "http://127.0.0.1:9000/a", events=["order.*", "order.*"])
    assert first["secret"].startswith("whsec_")
    assert (first["enabled"], first["failures"], first["events"]) == (True, 0, ["order.*"])
    shown = {name: value for name, value in first.items() if name != "secret"}
    path = f"{PATH}/{first['id']}"
    assert (await client.get(path)).json() == shown
    second = await made(client, "https://shop.example/b")
    listed = (await client.get(PATH, params={"limit": 1})).json()
    assert [item["id"] for item in listed["items"]] == [second["id"]]
    rest = (await client.get(PATH, params={"limit": 1, "cursor": listed["next_cursor"]})).json()
    assert rest == {"items": [shown], "next_cursor": None}
    changed = await client.patch(path, json={"events": [], "enabled": False})
    assert changed.status_code == 200
    assert (changed.json()["events"], changed.json()["enabled"]) == ([], False)
    assert changed.json()["disabled_at"] is not None
    assert (await client.post(f"{path}/test")).json()["code"] == "webhook_endpoint_disabled"
    assert (await client.delete(path)).status_code == 204
    for answer in (
        await client.get(path),
        await client.patch(path, json={"enabled": True}),
        await client.delete(path),
        await client.post(f"{path}/rotate-secret"),
        await client.post(f"{path}/test"),
        await client.get(f"{path}/deliveries"),
        await client.post(f"{path}/deliveries/{new_id()}/redeliver"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_error"),
        ({"url": 5}, "validation_error"),
        ({"url": "https://shop.example", "secret": "whsec_x"}, "validation_error"),
        ({"url": "https://shop.example", "events": ["order.exploded"]}, "validation_error"),
        ({"url": "https://shop.example", "events": ["order"]}, "validation_error"),
        ({"url": "ftp://shop.example"}, "webhook_url_invalid"),
        ({"url": "https://user:pass@shop.example"}, "webhook_url_invalid"),
    ],
)
async def test_endpoints_that_cannot_be(client: httpx.AsyncClient, body: dict[str, Any], code: str) -> None:
    answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    there = await made(client, "https://shop.example")
    if body:
        answer = await client.patch(f"{PATH}/{there['id']}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    nothing = await client.patch(f"{PATH}/{there['id']}", json={"url": None})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "validation_error")


async def test_private_addresses_are_refused_unless_allowed(settings: Settings, database: Database) -> None:
    _, secret, _ = await make_organization(database)
    with serving(settings, stub_engine) as running:
        headers = {"authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(base_url=running.base_url, headers=headers, timeout=30) as client:
            for url, code in (
                ("https://127.0.0.1/hook", "webhook_url_forbidden"),
                ("https://localhost:8443/hook", "webhook_url_forbidden"),
                ("https://169.254.169.254/latest/meta-data", "webhook_url_forbidden"),
                ("http://shop.example/hook", "webhook_url_invalid"),
            ):
                answer = await client.post(PATH, json={"url": url})
                assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_same_request_twice_is_one_endpoint(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": str(new_id())}
    first, second = [await client.post(PATH, json={"url": "https://shop.example"}, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert len((await client.get(PATH)).json()["items"]) == 1


async def test_a_key_needs_the_scope(base_url: str, database: Database) -> None:
    organization_id, _, publishable = await make_organization(database)
    async with database.session() as session:
        _, reader = await create_key(session, organization_id, "secret", scopes=["webhooks:read"])
        _, other = await create_key(session, organization_id, "secret", scopes=["orders"])
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
        for key, get, post in ((reader, 200, 403), (other, 403, 403), (publishable, 403, 403)):
            headers = {"authorization": f"Bearer {key}"}
            assert (await client.get(PATH, headers=headers)).status_code == get
            answer = await client.post(PATH, json={"url": "https://shop.example"}, headers=headers)
            assert answer.status_code == post


async def test_a_conversation_told_tested_rotated_and_sent_again(client: httpx.AsyncClient, receiver: Receiver) -> None:
    endpoint = await made(client, receiver.url, events=["conversation.*"])
    path = f"{PATH}/{endpoint['id']}"
    opened = (await client.post(BASE, json={"customer": {"email": "dana@shopper.example"}})).json()
    await until(lambda: _count(receiver, 1))
    assert receiver.got[0].json["type"] == "conversation.created"
    assert receiver.got[0].json["data"] == opened_without_token(opened)
    assert verify(endpoint["secret"], receiver.got[0])

    rotated = (await client.post(f"{path}/rotate-secret")).json()
    assert rotated["secret"] != endpoint["secret"]
    tested = await client.post(f"{path}/test")
    assert (tested.status_code, tested.json()["event_type"]) == (201, "webhook_endpoint.test")
    await until(lambda: _count(receiver, 2))
    assert verify(endpoint["secret"], receiver.got[1])
    assert verify(rotated["secret"], receiver.got[1])
    assert endpoint["secret"] not in receiver.got[1].body.decode()
    assert (await client.post(f"{path}/rotate-secret", json={"grace_hours": 0})).json()[
        "previous_secret_expires_at"
    ] is None

    async def both_logged() -> list[dict[str, Any]]:
        items = (await client.get(f"{path}/deliveries", params={"status": "succeeded"})).json()["items"]
        return list(items) if len(items) == 2 else []

    logged = await until(both_logged)
    assert [item["event_type"] for item in logged] == ["webhook_endpoint.test", "conversation.created"]
    assert logged[1]["event_id"] == receiver.got[0].headers["webhook-id"]
    assert (logged[1]["attempt"], logged[1]["response_status"], logged[1]["response_body"]) == (1, 200, "thanks")
    again = await client.post(f"{path}/deliveries/{logged[1]['id']}/redeliver")
    assert (again.status_code, again.json()["event_id"]) == (201, logged[1]["event_id"])
    await until(lambda: _count(receiver, 3))
    assert receiver.got[2].headers["webhook-id"] == receiver.got[0].headers["webhook-id"]
    unknown = await client.post(f"{path}/deliveries/{new_id()}/redeliver")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    page = (await client.get(f"{path}/deliveries", params={"limit": 2})).json()
    rest = (await client.get(f"{path}/deliveries", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)


async def _count(receiver: Receiver, expected: int) -> bool:
    assert len(receiver.got) <= expected
    return len(receiver.got) == expected


def opened_without_token(opened: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in opened.items() if name != "client_token"}


async def test_an_agent_that_hands_over_is_told_of(client: httpx.AsyncClient, receiver: Receiver) -> None:
    await made(client, receiver.url, events=["conversation.handed_off"])
    opened = (await client.post(BASE, json={})).json()
    for _ in range(2):
        body = {"conversation_id": opened["id"], "arguments": {"reason": "A question of fit."}}
        assert (await client.post("/v1/agent/tools/handoff_to_human/invoke", json=body)).json()["status"] == "ok"
    await until(lambda: _count(receiver, 1))
    [got] = receiver.got
    assert got.json["data"] == {**opened_without_token(opened), "status": "handed_off", "stage": "handed_off"}


async def test_endpoints_that_hang_hold_up_nothing_else(client: httpx.AsyncClient, receiver: Receiver) -> None:
    """More of them than the worker has slots: other jobs still run, and the receiver is reached once one is free."""
    going = asyncio.Event()

    async def hang() -> AsyncIterator[bytes]:
        await going.wait()
        yield b"late"

    async with receiving() as slow:
        slow.answer = lambda: StreamingResponse(hang())
        await made(client, slow.url, events=["conversation.created"])
        await made(client, receiver.url, events=["conversation.handed_off"])
        opened = [(await client.post(BASE, json={})).json()["id"] for _ in range(CONCURRENCY + WEBHOOK_CONCURRENCY)]
        await until(lambda: _count(slow, WEBHOOK_CONCURRENCY))
        body = {"conversation_id": opened[0], "arguments": {}}
        await client.post("/v1/agent/tools/handoff_to_human/invoke", json=body)

        async def ran() -> bool:  # the job that tells of it is one of the others
            listed = await client.get(PATH)
            quick = listed.json()["items"][0]
            return bool((await client.get(f"{PATH}/{quick['id']}/deliveries")).json()["items"])

        await until(ran)
        assert len(slow.got) == WEBHOOK_CONCURRENCY
        going.set()
        await until(lambda: _count(receiver, 1))
