"""Jobs that speak into conversations, and those that clean up behind requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agentpay.commerce.payments.registry import Providers
from agentpay.conversations.messages import history
from agentpay.conversations.turns.broker_memory import MemoryBroker
from agentpay.jobs.context import JobContext
from agentpay.jobs.conversations import expire_approvals
from agentpay.jobs.maintenance import delete_expired_keys
from agentpay.settings import Settings
from agentpay.store.keys import create_client_token
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Approval, ClientToken, Conversation, Turn


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
