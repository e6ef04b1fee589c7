"""Jobs that speak into conversations, and those that clean up behind requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from agentpay.commerce import carts
from agentpay.commerce.payments.registry import Providers
from agentpay.conversations.messages import history
from agentpay.conversations.turns.broker_memory import MemoryBroker
from agentpay.jobs.context import JobContext
from agentpay.jobs.conversations import expire_approvals, remind_of_carts
from agentpay.jobs.maintenance import delete_expired_keys
from agentpay.settings import Settings
from agentpay.store.keys import create_client_token
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Approval, ClientToken, Conversation, Product, Turn, Variant


def context(database: Database) -> Any:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    services = JobContext(database, settings, "http://shop.test", Providers(database, settings))
    services.extra["broker"] = MemoryBroker()
    return SimpleNamespace(additional_context={"services": services})


async def conversation_of(database: Database, organization_id: UUID) -> UUID:
    async with database.tx(organization_id) as tx:
        agent = await tx.session.scalar(select(Agent.id).where(Agent.organization_id == organization_id))
        row = Conversation(organization_id=organization_id, agent_id=agent)
        tx.session.add(row)
        await tx.session.flush()
        return row.id


async def test_an_approval_that_expires_is_told_once(database: Database, organization_id: UUID) -> None:
    conversation = await conversation_of(database, organization_id)
    async with database.tx(organization_id) as tx:
        turn = Turn(organization_id=organization_id, conversation_id=conversation, status="interrupted")
        tx.session.add(turn)
        await tx.session.flush()
        tx.session.add(
            Approval(
                organization_id=organization_id,
                conversation_id=conversation,
                turn_id=turn.id,
                kind="refund",
                summary="a refund of $20",
                tool_call={},
                expires_at=datetime.now(UTC) - timedelta(seconds=1),
            )
        )
    for _ in range(2):
        await expire_approvals(context(database), 0)
    async with database.tx(organization_id) as tx:
        items, _ = await history(tx, conversation, limit=10)
    assert ["a refund of $20" in item["content"] for item in items] == [True]


async def test_expired_tokens_are_forgotten(database: Database, organization_id: UUID) -> None:
    conversation = await conversation_of(database, organization_id)
    async with database.session() as session:
        row, _ = await create_client_token(session, organization_id, conversation)
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        await create_client_token(session, organization_id, conversation)
    await delete_expired_keys(context(database), 0)
    async with database.session() as session:
        left = await session.scalar(
            select(func.count()).select_from(ClientToken).filter_by(organization_id=organization_id)
        )
    assert left == 1


async def left_cart(
    database: Database, organization_id: UUID, *, minutes: int = 20, seconds: int | None = 900, **state: Any
) -> UUID:
    """A conversation with two mugs in its cart, whose last turn ended so many minutes ago."""
    conversation = await conversation_of(database, organization_id)
    async with database.tx(organization_id) as tx:
        product = Product(organization_id=organization_id, external_id=f"mug-{conversation}", title="Pebble mug")
        tx.session.add(product)
        await tx.session.flush()
        variant = Variant(
            organization_id=organization_id,
            product_id=product.id,
            external_id=f"m-{conversation}",
            currency="USD",
            options={"Colour": "oat"},
            price=1200,
        )
        tx.session.add(variant)
        await tx.session.flush()
        await carts.add(tx, await carts.cart_id_of(tx, conversation), variant.id, 2)
        triggers = {"triggers": {"cart_abandonment_seconds": seconds}} if seconds is not None else {}
        await tx.session.execute(update(Agent).where(Agent.organization_id == organization_id).values(rules=triggers))
        then = datetime.now(UTC) - timedelta(minutes=minutes)
        await tx.session.execute(
            update(Conversation)
            .where(Conversation.id == conversation)
            .values({"stage": "cart", **state, "modified_at": then})
        )
    return conversation


async def reminders_of(database: Database, organization_id: UUID, conversation: UUID) -> list[dict[str, Any]]:
    for _ in range(2):
        await remind_of_carts(context(database), 0)
    async with database.tx(organization_id) as tx:
        items, _ = await history(tx, conversation, limit=10)
    return items


async def test_who_left_a_cart_is_reminded_once(database: Database, organization_id: UUID) -> None:
    conversation = await left_cart(database, organization_id)
    said = await reminders_of(database, organization_id, conversation)
    assert len(said) == 1
    assert "2 × Pebble mug (oat), $24.00" in said[0]["content"]
    assert [block["type"] for block in said[0]["blocks"]] == ["cart"]


@pytest.mark.parametrize(
    "given",
    [
        {"minutes": 10},  # not yet
        {"minutes": 60 * 24},  # long ago
        {"seconds": None},  # the agent's rules ask for none
        {"status": "handed_off", "stage": "handed_off"},  # a person has it
        {"status": "closed"},
        {"stage": "paid"},
    ],
)
async def test_nobody_is_reminded_out_of_season(
    database: Database, organization_id: UUID, given: dict[str, Any]
) -> None:
    conversation = await left_cart(database, organization_id, **given)
    assert await reminders_of(database, organization_id, conversation) == []
