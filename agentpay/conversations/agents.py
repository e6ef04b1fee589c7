"""The shop's agents: who they are, how they talk, what they may give away. Each change is a new version."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from agentpay.errors import Problem, not_found
from agentpay.store.session import Tx
from agentpay.store.tables import Agent


async def create(tx: Tx, values: dict[str, Any]) -> Agent:
    """The shop's first agent is its default. Raises Problem 409 `conflict` for an external id that is taken."""
    await _lock(tx)
    default = await tx.session.scalar(
        select(func.count()).select_from(Agent).where(Agent.organization_id == tx.organization_id, Agent.is_default)
    )
    wants_default = bool(values.pop("is_default", None)) or not default
    if wants_default:
        await _no_default(tx)
    agent = Agent(organization_id=tx.organization_id, is_default=wants_default, **values)
    tx.session.add(agent)
    await _flush(tx)
    await tx.session.refresh(agent)
    return agent


async def get(tx: Tx, agent_id: UUID) -> Agent:
    """Raises Problem 404 `not_found`."""
    agent = await tx.session.scalar(
        select(Agent).where(Agent.organization_id == tx.organization_id, Agent.id == agent_id)
    )
    if agent is None:
        raise not_found("agent")
    return agent


async def page(tx: Tx, *, limit: int, after: UUID | None, external_id: str | None = None) -> list[Agent]:
    """The oldest first; one more than `limit` where there are more."""
    statement = select(Agent).where(Agent.organization_id == tx.organization_id).order_by(Agent.id).limit(limit + 1)
    if after is not None:
        statement = statement.where(Agent.id > after)
    if external_id is not None:
        statement = statement.where(Agent.external_id == external_id)
    return list(await tx.session.scalars(statement))


async def change(tx: Tx, agent_id: UUID, values: dict[str, Any]) -> Agent:
    """Set `values` and count the version up. Raises Problem 404, 409 `default_agent` for taking the default away."""
    await _lock(tx)
    agent = await get(tx, agent_id)
    if values.get("is_default") is False and agent.is_default:
        raise Problem("default_agent", "Make another agent the default instead.", status=409)
    if values.get("is_default") and not agent.is_default:
        await _no_default(tx)
    changed = {key: value for key, value in values.items() if getattr(agent, key) != value}
    if changed:
        for key, value in changed.items():
            setattr(agent, key, value)
        agent.version += 1
        await _flush(tx)
        await tx.session.refresh(agent)
    return agent


async def delete(tx: Tx, agent_id: UUID) -> None:
    """Raises Problem 404, 409 `default_agent`, 409 `agent_in_use` where conversations were held with it."""
    await _lock(tx)
    agent = await get(tx, agent_id)
    if agent.is_default:
        raise Problem("default_agent", "The shop's default agent cannot be deleted.", status=409)
    await tx.session.delete(agent)
    try:
        await tx.session.flush()
    except IntegrityError:
        raise Problem("agent_in_use", "Conversations were held with this agent.", status=409) from None


async def _lock(tx: Tx) -> None:
    """One change of a shop's agents at a time: there is one default."""
    await tx.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"agents:{tx.organization_id}", 0)))
    )


async def _no_default(tx: Tx) -> None:
    await tx.session.execute(
        update(Agent).where(Agent.organization_id == tx.organization_id, Agent.is_default).values(is_default=False)
    )


async def _flush(tx: Tx) -> None:
    try:
        await tx.session.flush()
    except IntegrityError:
        raise Problem("conflict", "Another agent has this external_id.", status=409) from None
