"""A customer who wavers is made an offer when the agent's rules say so, through the whole service."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from agentpay.commerce.importing import import_store
from agentpay.settings import Settings
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.serving import BASE, serving

STORE = """\
organization: {{slug: pottery-{id}, name: The Pottery, currency: USD}}
agent: {{name: Nora, rules: {{max_discount_percent: 20, allow_dynamic_pricing: true, triggers: {{{triggers}}}}}}}
products:
  - external_id: teapot
    title: Porcelain teapot
    allow_dynamic_pricing: true
    variants: [{{external_id: teapot-v, price: 9900, floor: 6137, requires_shipping: false}}]
"""
WAVERING = ("Add the porcelain teapot to my cart", "hmm, I'm not sure", "let me think about it")


def replies(base_url: str, secret: str) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False) as api:
        opened = api.post(BASE, json={}).json()["id"]
        said = [api.post(f"{BASE}/{opened}/messages", json={"content": words}).json() for words in WAVERING]
        assert api.get(f"{BASE}/{opened}").json()["hesitation_signals"] == 2
        return [turn["message"] for turn in said]


@pytest.mark.parametrize(
    ("triggers", "offered"), [("hesitation_signals: 2", True), ("hesitation_signals: 3", False), ("", False)]
)
async def test_wavering(settings: Settings, database: Database, tmp_path: Path, triggers: str, offered: bool) -> None:
    path = tmp_path / "store.yaml"
    path.write_text(STORE.format(id=uuid4().hex, triggers=triggers), encoding="utf-8")
    report = await import_store(database, path)
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
    with serving(settings) as running:
        said = replies(running.base_url, secret)
    offers = [[block["amount"] for block in each["blocks"] if block["type"] == "offer"] for each in said]
    assert [bool(amounts) for amounts in offers] == [False, False, offered]
    if offered:
        assert 7920 <= offers[-1][0] < 9900
        assert "instead of $99.00" in said[-1]["content"]
