"""Conversations as scenarios, and those that customers complained of, with nobody's name in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from sqlalchemy import select, update

from agentpay.conversations.candidates import candidates
from agentpay.errors import Problem
from agentpay.evals.export.candidates import masked_candidates
from agentpay.evals.export.scenario import export
from agentpay.evals.export.writing import as_yaml
from agentpay.evals.scenarios import load_scenarios
from agentpay.settings import Settings
from agentpay.store.cursors import decode_id
from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from agentpay.store.tables import Conversation, Customer, Turn
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.contract.client import eventually
from tests.serving import BASE, serving

pytestmark = pytest.mark.timeout(180)
SAID = (
    "hello, this is Ann Achterberg",
    "add two jackets to my cart",
    "do you have a discount? TRAIL10",
    "my e-mail is ann@achterberg.example, ship it to 12 Elm Street, Eugene, OR 97401, USA, standard shipping please",
    "send me the payment link",
)
PERSONAL = ("ann", "achterberg", "elm", "eugene", "97401")


@dataclass
class Talk:
    organization_id: UUID
    api: httpx.Client
    settings: Settings
    database: Database

    def open(self, **body: Any) -> str:
        return str(self.api.post(BASE, json=body).json()["id"])

    def say(self, conversation_id: str, words: str) -> dict[str, Any]:
        answer = self.api.post(f"{BASE}/{conversation_id}/messages", json={"content": words})
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["message"] or {})

    def agentpay(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        urls = {
            "AGENTPAY_DATABASE_URL": str(self.settings.database_url),
            "AGENTPAY_REDIS_URL": str(self.settings.redis_url),
        }
        command = [sys.executable, "-m", "agentpay", "conversations", *arguments]
        command += ["--organization", f"shop-{self.organization_id}"]
        return subprocess.run(command, env=os.environ | urls, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
async def opened(servers: Embedded, database_url: str, database: Database) -> tuple[UUID, str, Settings]:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        await shop.variant(tx, "jacket", price=18900, stock=50)
        await shop.discount(tx, "TRAIL10")
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=True,
    )
    return organization_id, secret, settings


@pytest.fixture(scope="module")
def talk(opened: tuple[UUID, str, Settings], database: Database) -> Iterator[Talk]:
    organization_id, secret, settings = opened
    with serving(settings) as running:
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=60, trust_env=False) as api:
            yield Talk(organization_id, api, settings, database)


@pytest.fixture(scope="module")
def bought(talk: Talk) -> str:
    """A conversation that leads to a paid order, the card refused at first; its id."""
    conversation_id = talk.open(metadata={"page": "/jackets"})
    for words in SAID:
        talk.say(conversation_id, words)
    checkout = talk.api.get(f"/v1/checkouts/{talk.api.get(f'{BASE}/{conversation_id}').json()['checkout_id']}").json()
    for card, told in (("decline", "declined"), ("success", "order number")):
        talk.api.post("/v1/sandbox/pay", json={"url": checkout["url"], "card": card})
        eventually(lambda told=told: told in _last(talk, conversation_id))
    talk.say(conversation_id, "thank you!")
    return conversation_id


def _last(talk: Talk, conversation_id: str) -> str:
    return str(talk.api.get(f"{BASE}/{conversation_id}/messages").json()["items"][-1]["content"])


async def test_a_purchase(talk: Talk, bought: str, tmp_path: Path) -> None:
    async with talk.database.tx(talk.organization_id) as tx:
        found = await export(tx, UUID(bought))
    scenario = found.scenario
    assert found.lacking == []
    assert "given" not in scenario
    steps = [next(iter(step.items())) for step in scenario["turns"]]
    tag = scenario["id"].removeprefix("conversation-")
    assert steps == [
        ("say", "hello, this is Robin Sample"),
        ("say", SAID[1]),
        ("say", SAID[2]),
        (
            "say",
            f"my e-mail is customer1-{tag}@example.com, ship it to 1 Main Street, Salem, OR 97301, USA, standard shipping please",
        ),
        ("say", SAID[4]),
        ("pay", "decline"),
        ("pay", "success"),
        ("say", "thank you!"),
    ]
    expect = [step["expect"] for step in scenario["turns"]]
    assert expect[1]["tools"] == ["update_cart"]
    assert expect[1]["cart"] == {"jacket-v": 2}
    assert expect[2]["cart_totals"] == {"subtotal": 37800, "discount": 3780, "total": 34020}
    assert expect[4]["agent"] == "payment"
    assert "checkout" in expect[4]["blocks"]
    assert expect[4]["checkout"]["status"] == "open"
    assert expect[5]["checkout"] == {"status": "open"}
    assert expect[6]["order"] == {**expect[4]["checkout"], "status": "paid"}
    assert expect[7]["cart"] == {}
    assert scenario["finally"]["floor_kept"] is True
    assert scenario["finally"]["checkout"]["status"] == "succeeded"
    (tmp_path / "one.yaml").write_text(as_yaml(scenario))
    (loaded,) = load_scenarios(tmp_path / "one.yaml")
    assert [str(step) for step in loaded.turns][:2] == ["hello, this is Robin Sample", SAID[1]]
    written = (tmp_path / "one.yaml").read_text().casefold()
    assert not [value for value in PERSONAL if value in written]


async def test_a_known_customer_comes_along(talk: Talk) -> None:
    before = talk.open(customer={"external_id": "u-77", "email": "bo@holm.example", "name": "Bo Holm"})
    assert before
    conversation_id = talk.open(customer={"external_id": "u-77"})
    talk.say(conversation_id, "hi, it's bo again. what is on my account u-77?")
    async with talk.database.tx(talk.organization_id) as tx:
        await tx.session.execute(
            update(Customer).where(Customer.external_id == "u-77").values(phone_number="+15035550142")
        )
    async with talk.database.tx(talk.organization_id) as tx:
        scenario = (await export(tx, UUID(conversation_id))).scenario
    (customer,) = scenario["given"]["customers"]
    tag = scenario["id"].removeprefix("conversation-")
    assert scenario["customer"] == {"external_id": f"customer1-{tag}", "email": f"customer1-{tag}@example.com"}
    assert customer | scenario["customer"] == customer
    assert customer["name"] == "Robin Sample"
    assert "5550142" not in json.dumps(scenario)
    assert scenario["turns"][0]["say"] == f"hi, it's robin again. what is on my account customer1-{tag}?"


async def test_what_no_scenario_can_say(talk: Talk, bought: str) -> None:
    silent = talk.open()
    forked = talk.open()
    talk.say(forked, "hello")
    async with talk.database.tx(talk.organization_id) as tx:
        await tx.session.execute(
            update(Conversation).where(Conversation.id == UUID(forked)).values(forked_from=UUID(bought))
        )
    for conversation_id, why in ((silent, "Nothing was said"), (forked, "fork")):
        async with talk.database.tx(talk.organization_id) as tx:
            with pytest.raises(Problem, match=why):
                await export(tx, UUID(conversation_id))


async def test_it_ends_where_a_person_gives_back(talk: Talk) -> None:
    conversation_id = talk.open()
    talk.say(conversation_id, "I would like to talk to a person")
    talk.api.post(f"{BASE}/{conversation_id}/messages", json={"content": "Ann here, hello", "author": "human"})
    talk.say(conversation_id, "are you there?")
    talk.api.post(f"{BASE}/{conversation_id}/handoff", json={"to": "agent"})
    talk.say(conversation_id, "add a jacket")
    async with talk.database.tx(talk.organization_id) as tx:
        found = await export(tx, UUID(conversation_id))
    assert [step["say"] for step in found.scenario["turns"]] == ["I would like to talk to a person", "are you there?"]
    assert found.scenario["finally"]["status"] == "handed_off"
    assert len(found.lacking) == 1
    assert "gave the conversation back" in found.lacking[0]


def test_the_command(talk: Talk, bought: str, tmp_path: Path) -> None:
    store = tmp_path / "store.yaml"
    goods = [
        {
            "external_id": "coat",
            "title": "Jacket",
            "variants": [{"external_id": "coat-m", "options": {"size": "M"}, "price": 1}],
        }
    ]
    shop_row = {"slug": "s", "name": "S", "currency": "USD"}
    store.write_text(yaml.safe_dump({"organization": shop_row, "products": goods}))
    written = tmp_path / "scenario.yaml"
    run = talk.agentpay("export", bought, "--scenario", "--store", str(store), "--output", str(written))
    assert run.returncode == 0, run.stderr
    (scenario,) = load_scenarios(written)
    assert scenario.turns[1].expect.cart == {"coat-m": 2}
    refused = talk.agentpay("export", "--scenario")
    assert refused.returncode == 2
    assert "one conversation" in " ".join(refused.stderr.split())


async def test_candidates(talk: Talk) -> None:
    content = talk.open()
    contents = talk.say(content, "hello")
    talk.api.post(f"{BASE}/{content}/feedback", json={"message_id": contents["id"], "score": 1})
    complained = talk.open()
    first = talk.say(complained, "hello, I'm Cleo Voss")
    said = talk.say(complained, "my mail is cleo@voss.example, add a jacket")
    down = {"message_id": said["id"], "score": -1, "comment": "Cleo Voss (cleo@voss.example) is not amused"}
    assert talk.api.post(f"{BASE}/{complained}/feedback", json=down).status_code == 201
    broken = talk.open()
    talk.say(broken, "hello")
    async with talk.database.tx(talk.organization_id) as tx:
        await tx.session.execute(update(Turn).where(Turn.conversation_id == UUID(broken)).values(status="failed"))
    async with talk.database.tx(talk.organization_id) as tx:
        page = await masked_candidates(tx, limit=1)
        assert [(one["conversation_id"], one["reasons"]) for one in page["items"]] == [(broken, ["failed_turn"])]
        rest = await masked_candidates(tx, limit=50, before=decode_id(page["next_cursor"]))
        later = await candidates(tx, limit=50, since=await tx.session.scalar(_finished(broken)))
    assert rest["next_cursor"] is None
    (one,) = rest["items"]
    assert (one["conversation_id"], one["reasons"]) == (complained, ["thumbs_down"])
    (complaint,) = one["complaints"]
    assert complaint["message_id"] == said["id"] != first["id"]
    assert complaint["asked"].startswith("my mail is customer1-")
    assert complaint["comment"].startswith("Robin Sample (customer1-")
    assert "cleo" not in json.dumps(one).casefold()
    assert str(later[0].conversation.id) == broken
    listed = talk.agentpay("candidates", "--since", "-1h", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [item["conversation_id"] for item in json.loads(listed.stdout)["items"]] == [broken, complained]
    shown = talk.agentpay("candidates", "--limit", "1")
    assert "--cursor" in shown.stderr
    assert broken in shown.stdout
    wrong = talk.agentpay("candidates", "--since", "lately")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def _finished(conversation_id: str) -> Any:
    return select(Turn.finished_at).where(Turn.conversation_id == UUID(conversation_id))
