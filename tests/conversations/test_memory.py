"""What a conversation keeps of itself, through real HTTP: its summary, and what waits for a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agentpay.conversations.service import MAX_INTERRUPTS
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Approval
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.conversations.test_erasure import Shop
from tests.serving import BASE, serving


@pytest.fixture(scope="module")
async def store(servers: Embedded, database_url: str, database: Database) -> AsyncIterator[Shop]:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await shop.variant(tx, "kettle", price=4900, stock=10)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=False,
        window_messages=6,
    )
    with serving(settings) as running:
        yield Shop(running, organization_id, secret, database)


def test_what_left_the_window_is_in_the_summary(store: Shop) -> None:
    conversation = str(store.made(BASE, {})["id"])

    def summary() -> str:
        return str(store.api.get(f"{BASE}/{conversation}").json()["summary"])

    store.say(conversation, "add two kettles to my cart")
    store.say(conversation, "my email is ann@mail.example")
    assert summary() == "", "all of it is in the window"
    for _ in range(3):
        store.say(conversation, "what is in my cart?")
    assert "Cart: added Kettle" in summary()
    assert "Given: e-mail address" in summary()
    assert "ann@mail.example" not in summary()
    before = summary()
    store.say(conversation, "do you have a teapot?")
    assert summary().startswith(before[: before.index(".")]), "it grows and forgets nothing"


async def test_open_approvals_are_shown_up_to_a_bound(store: Shop) -> None:
    conversation = str(store.made(BASE, {})["id"])
    turn = store.say(conversation, "hello")["turn_id"]
    made = [new_id() for _ in range(MAX_INTERRUPTS + 3)]
    async with store.database.tx(store.organization_id) as tx:
        for identifier in made:
            tx.session.add(
                Approval(
                    id=identifier,
                    organization_id=tx.organization_id,
                    conversation_id=UUID(conversation),
                    turn_id=UUID(turn),
                    kind="refund",
                    summary="a refund",
                    tool_call={},
                    expires_at=datetime.now(UTC) + timedelta(hours=1),
                )
            )
    shown = store.api.get(f"{BASE}/{conversation}").json()["interrupts"]
    assert [item["id"] for item in shown] == [str(one) for one in made[:MAX_INTERRUPTS]]
    listed = store.api.get("/v1/approvals", params={"limit": 100}).json()["items"]
    assert len(listed) == len(made)
    assert store.say(conversation, "hello again")["status"] == "completed", "the talk goes on meanwhile"
