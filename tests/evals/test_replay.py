"""A conversation held again: the same where nothing was changed, another way where something was, and no trace in the shop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text, update

from agentpay.commerce.rules import AgentRules
from agentpay.conversations import agents
from agentpay.evals.replay.original import load
from agentpay.evals.replay.replaying import Change, replay
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from agentpay.store.tables import Agent
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.contract.client import eventually
from tests.fakellm import running_fake_model
from tests.serving import BASE, serving

pytestmark = pytest.mark.timeout(180)
SAID = (
    "hello",
    "add two jackets to my cart",
    "do you have a discount? TRAIL10",
    "ship it to 12 Elm Street, Portland, OR 97201, USA, standard shipping please",
    "send me the payment link",
)


@pytest.fixture(scope="module")
def settings(servers: Embedded, database_url: str) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=True,
    )


def bought(base_url: str, secret: str) -> str:
    """A conversation that leads to a paid order; its id."""
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False) as api:
        opened = api.post(BASE, json={"customer": {"external_id": "u1", "name": "Ann Example"}}).json()
        url = f"{BASE}/{opened['id']}"
        for words in SAID:
            assert api.post(f"{url}/messages", json={"content": words}).status_code == 200
        checkout = api.get(f"/v1/checkouts/{api.get(url).json()['checkout_id']}").json()
        paid = api.post("/v1/sandbox/pay", json={"url": checkout["url"], "card": "success"}).json()
        assert paid["status"] == "succeeded"
        eventually(lambda: "order number" in api.get(f"{url}/messages").json()["items"][-1]["content"])
        api.post(f"{url}/messages", json={"content": "thank you!"})
        return str(opened["id"])


def haggled(base_url: str, secret: str) -> tuple[str, dict[str, Any]]:
    """A conversation down to a final offer; its id and its last message."""
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False) as api:
        opened = str(api.post(BASE, json={}).json()["id"])
        for words in ("add a jacket to my cart", "would you do $100?", "and $110?", "last try: would you take $115?"):
            said = api.post(f"{BASE}/{opened}/messages", json={"content": words}).json()["message"]
        return opened, said


@pytest.fixture(scope="module")
async def talk(settings: Settings, database: Database) -> tuple[UUID, UUID]:
    """A conversation in which something was bought: organization and conversation."""
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        await shop.variant(tx, "jacket", price=18900, stock=50)
        await shop.discount(tx, "TRAIL10")
    with serving(settings) as running:
        return organization_id, UUID(bought(running.base_url, secret))


@pytest.fixture(scope="module")
async def talkative(settings: Settings, database: Database, talk: tuple[UUID, UUID]) -> int:
    """A later version of the agent's settings, which the talk did not run with; its number."""
    async with database.tx(talk[0]) as tx:
        agent = (await agents.page(tx, limit=1, after=None))[0]
        values = {"templates": {"greeting": "Ahoy from {shop}!"}, "personality": {"tone": "formal"}}
        await agents.change(tx, agent.id, {**values, "rules": {"require_email_for_checkout": True}})
        changed = await agents.change(tx, agent.id, {"templates": {}, "personality": {}, "rules": {}})
    assert changed.version == 3
    return 2


async def counts(database: Database) -> dict[str, Any]:
    """Everything a purchase would leave in the shop."""
    tables = (
        "orders",
        "checkouts",
        "payments",
        "conversations",
        "turns",
        "messages",
        "money_decisions",
        "carts",
        "procrastinate_jobs",
    )
    async with database.session() as session:
        found: dict[str, Any] = {table: await session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables}
        rows = await session.execute(text("SELECT on_hand, reserved FROM inventory ORDER BY id"))
        return {**found, "stock": [tuple(row) for row in rows]}


async def held_again(settings: Settings, database: Database, talk: tuple[UUID, UUID], change: Change) -> dict[str, Any]:
    organization_id, conversation_id = talk
    async with database.tx(organization_id) as tx:
        start, steps, final = await load(tx, conversation_id)
    return await replay(settings, database.url, start, steps, final, change)


async def test_nothing_changed(settings: Settings, database: Database, talk: tuple[UUID, UUID]) -> None:
    before = await counts(database)
    found = await held_again(settings, database, talk, Change())
    assert [turn["kind"] for turn in found["turns"]] == ["message"] * 5 + ["payment", "message"]
    assert [(turn["differs"], turn["skipped"]) for turn in found["turns"]] == [([], None)] * 7
    assert found["turns"][1]["replayed"]["tools"] == ["update_cart"]
    assert found["final"]["differs"] == []
    assert await counts(database) == before


async def test_haggling_comes_to_the_same_prices(settings: Settings, database: Database) -> None:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await shop.variant(tx, "jacket", price=18900, floor=11900, dynamic=True)
        rules = {"allow_dynamic_pricing": True, "max_discount_percent": 100}
        await tx.session.execute(update(Agent).where(Agent.organization_id == organization_id).values(rules=rules))
    with serving(settings) as running:
        opened, said = haggled(running.base_url, secret)
    assert any(block["type"] == "offer" and block["final"] for block in said["blocks"])
    found = await held_again(settings, database, (organization_id, UUID(opened)), Change())
    assert [turn["differs"] for turn in found["turns"]] == [[]] * 4


async def test_under_other_rules(settings: Settings, database: Database, talk: tuple[UUID, UUID]) -> None:
    strict = AgentRules(require_email_for_checkout=True)
    found = await held_again(settings, database, talk, Change(rules=strict))
    asked, paid = found["turns"][4], found["turns"][5]
    assert asked["original"]["tools"] == ["create_payment_link"]
    assert asked["replayed"]["tools"] == ["create_payment_link!"]
    assert {"tools", "text"} <= set(asked["differs"])
    assert "e-mail" in asked["replayed"]["text"]
    assert paid["skipped"] == "The customer paid here; this time there is nothing to pay."
    assert {"cart", "has_checkout"} <= set(found["final"]["differs"])


async def test_with_another_version(
    settings: Settings, database: Database, talk: tuple[UUID, UUID], talkative: int
) -> None:
    found = await held_again(settings, database, talk, Change(agent_version=talkative))
    greeted, asked = found["turns"][0], found["turns"][4]
    assert (greeted["differs"], greeted["replayed"]["text"]) == (["text"], "Ahoy from Shop!")
    assert asked["replayed"]["tools"] == ["create_payment_link!"]
    assert found["agent_version"] == talkative
    same = await held_again(settings, database, talk, Change(agent_version=1))
    assert [turn["differs"] for turn in same["turns"]] == [[]] * 7


async def test_with_another_model(settings: Settings, database: Database, talk: tuple[UUID, UUID]) -> None:
    jackets = {"action": "add", "variant": "jacket", "quantity": 1}
    with running_fake_model() as fake:
        fake.script(
            {"matches": "hello", "text": "Hello from a chat model."},
            {"matches": "two jackets", "calls": [{"name": "update_cart", "arguments": jackets}]},
            {"role": "tool", "text": "It is in your cart."},
            {"role": "user", "times": 4, "text": "Certainly."},
        )
        led = settings.model_copy(
            update={"openai_base_url": fake.url, "openai_api_key": SecretStr("sk-fake-91c2"), "model_max_retries": 0}
        )
        found = await held_again(led, database, talk, Change(model="openai:fake"))
        assert fake.left() == []
    assert found["model"] == "openai:fake"
    hello, jacket, code = found["turns"][:3]
    assert hello["replayed"]["text"] == "Hello from a chat model."
    assert (jacket["replayed"]["tools"], jacket["replayed"]["text"]) == (["update_cart"], "It is in your cart.")
    assert ("validate_discount" in code["original"]["tools"], code["replayed"]["tools"]) == (True, [])
    assert found["turns"][5]["skipped"] == "The customer paid here; this time there is nothing to pay."
    assert found["final"]["replayed"]["cart"] == ["1 × jacket-v"]
    assert {"cart", "has_checkout"} <= set(found["final"]["differs"])


def test_the_commands(settings: Settings, talk: tuple[UUID, UUID], talkative: int, tmp_path: Path) -> None:
    def agentpay(*arguments: str) -> subprocess.CompletedProcess[str]:
        urls = {"AGENTPAY_DATABASE_URL": str(settings.database_url), "AGENTPAY_REDIS_URL": str(settings.redis_url)}
        shop_of = ("--organization", f"shop-{talk[0]}")
        command = [sys.executable, "-m", "agentpay", "conversations", *arguments, *shop_of]
        return subprocess.run(command, env=os.environ | urls, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    one = agentpay("export", str(talk[1]))
    assert [json.loads(line)["id"] for line in one.stdout.splitlines()] == [str(talk[1])], one.stderr
    (tmp_path / "rules.json").write_text('{"require_email_for_checkout": true}')
    again = agentpay("replay", str(talk[1]), "--rules", "rules.json")
    assert again.returncode == 0, again.stderr
    assert "tools was: create_payment_link\n" in again.stdout
    assert "not held again: The customer paid here" in again.stdout
    (tmp_path / "rules.json").write_text('{"generosity": 1}')
    refused = agentpay("replay", str(talk[1]), "--rules", "rules.json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "generosity" in refused.stderr
    older = agentpay("replay", str(talk[1]), "--agent-version", str(talkative))
    assert older.returncode == 0, older.stderr
    assert "text is:  Ahoy from Shop!" in older.stdout
    missing = agentpay("replay", str(talk[1]), "--agent-version", "9")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "no such version" in missing.stderr
    keyless = agentpay("replay", str(talk[1]), "--model", "openai:gpt-4.1")
    assert (keyless.returncode, keyless.stdout) == (2, "")
    assert "OPENAI_API_KEY" in keyless.stderr
    nowhere = agentpay("export", str(talk[0]))
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
