"""After a customer was erased nothing in any table says who they were; what was sold and paid is still there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text, update

from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.redis import connect
from agentpay.store.session import Database
from agentpay.store.tables import InboundEvent, Turn, WebhookEndpoint
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.serving import BASE, Running, serving


@dataclass(frozen=True)
class Person:
    external_id: str
    email: str
    name: str
    phone: str
    street: str

    @property
    def needles(self) -> list[str]:
        return [self.external_id, self.email, self.name, self.phone, self.street]


ANN = Person("crm-4711-x", "ann.oddlyname@mail.example", "Annabel Oddlyname", "+44 7700 900123", "17 Quince Street")
BOB = Person("crm-4712-y", "bob.otherwise@mail.example", "Robert Otherwise", "+44 7700 900999", "8 Medlar Street")


class Shop:
    def __init__(self, running: Running, organization_id: UUID, secret: str, database: Database) -> None:
        self.organization_id = organization_id
        self.database = database
        self.running = running
        headers = {"authorization": f"Bearer {secret}"}
        self.api = httpx.Client(base_url=running.base_url, headers=headers, timeout=60, trust_env=False)

    def made(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        answer = self.api.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def open(self, person: Person, occasion: str = "") -> str:
        claim = {
            "external_id": person.external_id,
            "email": person.email,
            "name": person.name,
            "phone_number": person.phone,
        }
        body = {"customer": claim, "metadata": {"crm": person.name}}
        return str(self.made(BASE, body, **{"idempotency-key": f"open-{hash(person)}{occasion}"})["id"])

    def say(self, conversation: str, content: str, **headers: str) -> dict[str, Any]:
        return self.made(f"{BASE}/{conversation}/messages", {"content": content}, **headers)

    def customer(self, person: Person) -> dict[str, Any]:
        return dict(self.api.get("/v1/customers", params={"external_id": person.external_id}).json()["items"][0])

    def buys(self, person: Person) -> tuple[str, dict[str, Any]]:
        """A conversation that leads to a paid order. Answers its id and the order."""
        conversation = self.open(person)
        self.say(conversation, "add two jackets to my cart", **{"idempotency-key": f"add-{person.email}"})
        self.say(conversation, f"I'm {person.name}, I wear 43, my phone is {person.phone}")
        self.say(conversation, f"ship it to {person.street}, Portland, OR 97201, USA, standard shipping please")
        self.say(conversation, f"my email is {person.email}")
        self.say(conversation, "send me the payment link")
        shown = self.api.get(f"{BASE}/{conversation}").json()
        checkout = self.api.get(f"/v1/checkouts/{shown['checkout_id']}").json()
        paid = self.made("/v1/sandbox/pay", {"url": checkout["url"], "card": "success"})
        assert paid["status"] == "succeeded", paid
        return conversation, self.api.get(f"/v1/orders/{paid['order_id']}").json()

    async def holding(self, needle: str) -> set[str]:
        """The tables, of all there are, whose text, JSON or bytes hold `needle`."""
        found = set()
        async with self.database.session() as session:
            columns = (
                await session.execute(
                    text(
                        "SELECT table_name, column_name, data_type FROM information_schema.columns JOIN"
                        " information_schema.tables USING (table_schema, table_name)"
                        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
                    )
                )
            ).all()
            for table, column, kind in columns:
                there = f'"{column}"::text ILIKE :like'
                if kind == "bytea":
                    there = f"position(convert_to(:needle, 'UTF8') IN \"{column}\") > 0"
                values = {"like": f"%{needle}%"} if kind != "bytea" else {"needle": needle}
                if await session.scalar(text(f'SELECT EXISTS (SELECT FROM "{table}" WHERE {there})'), values):
                    found.add(table)
        return found


@pytest.fixture(scope="module")
def settings(servers: Embedded, database_url: str) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=True,
        webhook_allow_private=True,
    )


@pytest.fixture(scope="module")
async def store(settings: Settings, database: Database) -> AsyncIterator[Shop]:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        await shop.variant(tx, "jacket", price=18900, stock=50)
        endpoint = WebhookEndpoint(organization_id=organization_id, url="http://127.0.0.1:9/", secrets=["whsec_aaaa"])
        tx.session.add(endpoint)
    with serving(settings) as running:
        yield Shop(running, organization_id, secret, database)


async def test_nothing_says_who_they_were(store: Shop, servers: Embedded) -> None:
    conversation, order = store.buys(ANN)
    _, others = store.buys(BOB)
    other = store.made(BASE, {"customer": {"external_id": BOB.external_id}})["id"]
    store.say(other, f"my friend {ANN.email} told me about you")
    customer = store.customer(ANN)
    url = f"/v1/customers/{customer['id']}"
    before = {needle: await store.holding(needle) for needle in ANN.needles}
    # The test is worth something only where there is something to find
    assert {"customers", "orders", "checkouts", "messages", "turns", "webhook_events", "idempotency_keys"} <= before[
        ANN.email
    ]
    assert {"checkpoint_blobs", "tool_executions", "store", "conversations"} <= before[ANN.street]
    assert "customers" in before[ANN.phone]

    refused = store.api.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "order_unfulfilled")
    store.made(f"/v1/orders/{order['id']}/fulfilments", {"status": "shipped", "tracking": {"number": "TRK-1"}})
    others_before = {needle: await store.holding(needle) for needle in BOB.needles}

    assert store.api.delete(url).status_code == 204
    assert {needle: await store.holding(needle) for needle in ANN.needles} == {needle: set() for needle in ANN.needles}
    assert {needle: await store.holding(needle) for needle in BOB.needles} == others_before
    async with store.database.session() as session:
        turn_ids = list(await session.scalars(select(Turn.id).where(Turn.conversation_id == UUID(conversation))))
    redis = connect(servers.redis_url)
    keys = [f"ap:t:{turn}" for turn in turn_ids]
    deadline = time.monotonic() + 20
    while await redis.exists(*keys) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert await redis.exists(*keys) == 0
    await redis.aclose()

    # What is left is whole
    after = store.api.get(f"/v1/orders/{order['id']}").json()
    kept = ("number", "items", "subtotal", "discount", "shipping", "tax", "total", "refunded", "status", "placed_at")
    assert {name: after[name] for name in kept} == {name: order[name] for name in kept}
    assert (after["shipping_address"], after["note"], after["tracking"]) == (None, None, None)
    shown = store.api.get(url).json()
    assert (shown["email"], shown["name"], shown["addresses"], shown["facts"]) == (None, None, [], [])
    assert shown["anonymized_at"] is not None
    history = store.api.get(f"{BASE}/{conversation}/messages").json()["items"]
    assert {message["content"] for message in history} == {"[erased]"}
    view = store.api.get(f"{BASE}/{conversation}").json()
    assert (view["status"], view["summary"], view["metadata"]) == ("closed", "", {})
    assert store.api.get(f"{BASE}/{conversation}/snapshots").json()["items"] == []
    replay = store.api.get(f"{BASE}/{conversation}/turns/{turn_ids[0]}/events").text
    assert [line for line in replay.splitlines() if line.startswith("event")] == [
        "event: turn.started",
        "event: turn.completed",
    ]
    again = store.api.post(BASE, json={}, headers={"idempotency-key": f"open-{hash(ANN)}"})
    assert again.json()["code"] == "idempotency_key_reused"
    assert store.api.delete(url).status_code == 204
    assert store.api.get(f"/v1/orders/{others['id']}").json()["shipping_address"]["line1"] == BOB.street
    assert store.say(other, "hello again")["status"] == "completed"


async def test_what_is_under_way_needs_them(store: Shop) -> None:
    cora = Person("crm-4713-z", "cora.pending@mail.example", "Cora Pending", "+44 7700 900555", "3 Sorrel Road")
    conversation = store.open(cora)
    url = f"/v1/customers/{store.customer(cora)['id']}"
    turn = store.say(conversation, "hello")["turn_id"]
    held = {
        "lease_token": uuid4(),
        "lease_owner": "another",
        "lease_expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    let_go = dict.fromkeys(held)
    async with store.database.session() as session:
        await session.execute(update(Turn).where(Turn.id == UUID(turn)).values(status="running", **held))
    refused = store.api.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "turn_in_progress")
    async with store.database.session() as session:
        await session.execute(update(Turn).where(Turn.id == UUID(turn)).values(status="completed", **let_go))
        open_events = await session.scalar(select(InboundEvent.id).where(InboundEvent.handled_at.is_(None)).limit(1))
    assert open_events is None
    assert store.api.delete(url).status_code == 204
    assert store.api.delete(f"/v1/customers/{turn}").status_code == 404


async def test_facts_are_shown_and_forgotten(store: Shop) -> None:
    dora = Person("crm-4714-q", "dora.known@mail.example", "Dora Known", "+44 7700 900777", "5 Tansy Lane")
    conversation = store.open(dora)
    store.say(conversation, "I wear 43")
    store.say(conversation, f"ship it to {dora.street}, Portland, OR 97201, USA")
    facts = {fact["key"]: fact for fact in store.customer(dora)["facts"]}
    assert facts["sizes"]["value"] == ["43"]
    assert facts["sizes"]["conversation_id"] == conversation
    assert facts["address"]["value"]["line1"] == dora.street
    again = store.open(dora, "again")
    store.say(again, "add a jacket to my cart")
    told = store.say(again, "ship it to my usual address please")["message"]
    assert [(call["name"], call["status"]) for call in told["tool_calls"]] == [("set_customer_details", "ok")]
    url = f"/v1/customers/{store.customer(dora)['id']}/facts"
    assert store.api.delete(f"{url}/sizes").status_code == 204
    assert store.api.delete(f"{url}/sizes").status_code == 404
    assert [fact["key"] for fact in store.customer(dora)["facts"]] == ["address"]
    assert store.api.delete(url).status_code == 204
    assert store.customer(dora)["facts"] == []
    anonymous = str(store.made(BASE, {})["id"])
    store.say(anonymous, "I wear 44")
    assert "store" not in await store.holding('"44"'), "nobody knows whose size that would be"
