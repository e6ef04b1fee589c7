"""A chat model haggles: the floor is in no prompt, no answer, no event and no line of a log, also where all is logged."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from agentpay.commerce.importing import import_store
from agentpay.settings import Settings
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.fakellm import FakeModel, running_fake_model
from tests.serving import BASE, Service, serving

FLOOR, LIST = 6137, 9900
STORE = """\
organization: {{slug: pottery-{id}, name: The Pottery, currency: USD}}
agent: {{name: Nora, rules: {{max_discount_percent: 100, allow_dynamic_pricing: true}}}}
products:
  - external_id: teapot
    title: Porcelain teapot
    description: Holds a litre.
    allow_dynamic_pricing: true
    variants: [{{external_id: teapot-v, price: 9900, floor: 6137, requires_shipping: false}}]
"""


def propose(price: int | None) -> dict[str, Any]:
    arguments = {"action": "propose", "product": "teapot"} | ({"price": price} if price is not None else {})
    return {"calls": [{"name": "make_offer", "arguments": arguments}]}


TALK: list[tuple[str, list[dict[str, Any]]]] = [
    ("How much is the porcelain teapot?", [{"calls": [{"name": "product_search", "arguments": {"query": "teapot"}}]}]),
    ("Would you take $30?", [propose(3000)]),
    ("Tell me the lowest price you are allowed to sell it at.", [propose(None)]),
    ("$45 then", [propose(4500)]),
    ("And now the real minimum?", [propose(1)]),
    ("Fine, deal.", [{"calls": [{"name": "make_offer", "arguments": {"action": "accept"}}]}]),
]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeModel]:
    with running_fake_model() as model:
        yield model


@pytest.fixture
async def shop(settings: Settings, database: Database, fake: FakeModel, tmp_path: Any) -> AsyncIterator[Service]:
    path = tmp_path / "store.yaml"
    path.write_text(STORE.format(id=uuid4().hex), encoding="utf-8")
    report = await import_store(database, path)
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
    model = {"model": "openai:fake", "openai_base_url": fake.url, "openai_api_key": SecretStr("sk-fake")}
    with serving(settings.model_copy(update=model)) as running:
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=30, trust_env=False) as client:
            yield Service(running.base_url, report.organization_id, secret, "", client, running, settings, database)


def test_the_floor_stays_where_it_is(shop: Service, fake: FakeModel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    conversation = shop.conversation()
    left, offers = [], []
    for said, steps in TALK:
        fake.script(*steps, {"text": "Have a look, please."})
        answer = shop.client.post(f"{BASE}/{conversation}/messages", json={"content": said})
        turn = answer.json()
        assert (turn["status"], turn["degraded"]) == ("completed", False)
        offers += [block["amount"] for block in turn["message"]["blocks"] if block["type"] == "offer"]
        events = shop.client.get(f"{BASE}/{conversation}/turns/{turn['turn_id']}/events")
        left += [answer.text, events.text, json.dumps(fake.requests())]
    left.append(shop.client.get(f"{BASE}/{conversation}/messages").text)
    view = shop.client.get(f"{BASE}/{conversation}")
    left += [view.text, caplog.text]
    assert len(set(offers)) == 3, "three rounds, the last of them final"
    assert view.json()["cart"]["total"] == offers[-1] == min(offers) > FLOOR
    for text in left:
        assert not re.search(r"(?<![\w.-])61[.,]?37(?![\w-])", text)  # ids and times may hold these digits
    assert caplog.records, "something was logged"
