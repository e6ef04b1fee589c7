"""What langgraph.json exports: the same graph for LangGraph Studio, `langgraph dev` and LangGraph Server.

They bring their own checkpointer and know nothing of our services: each node is given its context here, from the thread,
over the servers that the settings name (embedded ones by default; a database without a shop gets the demo shop).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from langgraph.config import get_config
from langgraph.runtime import Runtime
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce.importing import import_store
from agentpay.demo import STORE
from agentpay.errors import StartupError
from agentpay.graphs.commerce import build_graph
from agentpay.graphs.context import load_context
from agentpay.graphs.services import build_services
from agentpay.nodes.remember import remember
from agentpay.nodes.state import State
from agentpay.settings import get_settings
from agentpay.store import embedded
from agentpay.store.migrate import migrate
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Conversation, Customer, Organization
from agentpay.tools.context import Context, Services


@dataclass
class StudioContext:
    """What a run in Studio may choose."""

    shop: str | None = None
    """Slug of the organization; default: the only one, or the first."""
    customer_email: str | None = None
    """The customer that the conversation is vouched for; default: nobody."""


class StudioSink:
    """Our events as LangGraph's custom stream."""

    def __init__(self, writer: Callable[[Any], None]) -> None:
        self._writer = writer

    def emit(self, type: str, data: dict[str, Any]) -> None:
        self._writer({"type": type, "data": data})


class _Process:
    """The services of this process, opened at the first run."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._services: Services | None = None
        self._servers: embedded.Embedded | None = None

    async def services(self) -> Services:
        async with self._lock:
            if self._services is None:
                self._services = await asyncio.to_thread(self._open)
            return self._services

    def _open(self) -> Services:
        settings = get_settings()
        self._servers = embedded.resolve(settings)
        migrate(self._servers.database_url)
        asyncio.run(_stock(self._servers.database_url))
        return build_services(settings, Database(self._servers.database_url, pool_size=settings.db_pool_size))


async def _stock(database_url: str) -> None:
    """A database without a shop gets the demo shop."""
    database = Database(database_url, pool_size=1)
    try:
        async with database.session() as session:
            found = await session.scalar(select(Organization.id).limit(1))
        if found is None:
            await import_store(database, STORE)
    finally:
        await database.close()


_process = _Process()


def _in_studio(node: Callable[[State, Runtime[Any]], Any]) -> Callable[..., Any]:
    """A node that gets its context from the thread instead of from the turn engine."""

    @wraps(node)
    async def run(state: State, runtime: Runtime[Any]) -> Any:
        services = await _process.services()
        thread_id = str(get_config().get("configurable", {}).get("thread_id") or "studio")
        wishes = runtime.context if isinstance(runtime.context, StudioContext) else StudioContext()
        context = await _context(services, thread_id, wishes, StudioSink(runtime.stream_writer))
        result = await node(state, runtime.override(context=context))
        if node is remember:
            await _remember(services, context, {**state, **result})
        return result

    return run


async def _context(services: Services, thread_id: str, wishes: StudioContext, sink: StudioSink) -> Context:
    conversation_id, organization_id = await _conversation(services, thread_id, wishes)
    base_url = (services.settings.public_url or f"http://127.0.0.1:{services.settings.port}").rstrip("/")
    return await load_context(
        services, sink, organization_id=organization_id, conversation_id=conversation_id, base_url=base_url
    )


async def _conversation(services: Services, thread_id: str, wishes: StudioContext) -> tuple[UUID, UUID]:
    """The thread's conversation, opened at its first run."""
    try:
        conversation_id = UUID(thread_id)
    except ValueError:
        conversation_id = uuid5(NAMESPACE_URL, f"agentpay:studio:{thread_id}")
    async with services.database.session() as session:
        known = await session.scalar(select(Conversation.organization_id).where(Conversation.id == conversation_id))
        if known is not None:
            return conversation_id, known
        shops = select(Organization.id, Agent.id).join(Agent, Agent.organization_id == Organization.id)
        shops = shops.where(Agent.is_default).order_by(Organization.created_at).limit(1)
        if wishes.shop:
            shops = shops.where(Organization.slug == wishes.shop)
        row = (await session.execute(shops)).one_or_none()
        if row is None:
            raise StartupError(f"There is no shop {wishes.shop or ''} in the database.")
        organization_id, agent_id = row
        customer_id = await session.scalar(
            select(Customer.id).where(
                Customer.organization_id == organization_id, Customer.email == (wishes.customer_email or "").lower()
            )
        )
        await session.execute(
            insert(Conversation)
            .values(
                id=conversation_id,
                organization_id=organization_id,
                agent_id=agent_id,
                customer_id=customer_id,
                vouched=customer_id is not None,
                channel="studio",
            )
            .on_conflict_do_nothing()
        )
        return conversation_id, organization_id


async def _remember(services: Services, context: Context, state: State | dict[str, Any]) -> None:
    """What the turn engine stores at the end of a turn, for a run that has no turn."""
    async with services.database.tx(context.organization.id) as tx:
        await tx.session.execute(
            update(Conversation)
            .where(Conversation.organization_id == tx.organization_id, Conversation.id == context.conversation)
            .values(
                stage=state["stage"],
                active_agent=state["active_agent"],
                hesitation_signals=state["hesitation"],
                failed_turns=state["failed_turns"],
            )
        )


graph = build_graph(context_schema=StudioContext, wrap=_in_studio)
