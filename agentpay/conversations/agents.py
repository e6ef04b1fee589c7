"""The shop's agents: who they are, how they talk, what they may do and give away. Each change is a new version.

A version's row is written by the database (a trigger on `agents`), whoever changes the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError

from agentpay.errors import Problem, not_found
from agentpay.llm.choice import unusable
from agentpay.llm.house import templates
from agentpay.settings import Settings
from agentpay.store.session import Tx
from agentpay.store.tables import Agent, AgentVersion
from agentpay.tools.registry import ALWAYS_THERE, TOOLS

SETTINGS = ("name", "personality", "rules", "model", "templates", "tools")
"""What a version holds; `external_id` and `is_default` say which agent it is, not how it behaves."""


def check(values: Mapping[str, Any], settings: Settings) -> None:
    """Whether agents can work with these settings, as far as they are given.

    Raises Problem 422 `model_unavailable`, `unknown_tool`, `tool_required`, and those of `templates.check`.
    """
    if (model := values.get("model")) is not None and (reason := unusable(model, settings)) is not None:
        raise Problem("model_unavailable", reason, model=model)
    if (tools := values.get("tools")) is not None:
        if unknown := [name for name in tools if name not in TOOLS]:
            raise Problem("unknown_tool", f"There is no tool {unknown[0]!r}.", unknown=unknown)
        if missing := sorted(ALWAYS_THERE - set(tools)):
            raise Problem("tool_required", f"No agent works without {missing[0]}.", missing=missing)
    templates.check(values.get("templates") or {})


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
    agent = await tx.session.scalar(_one(tx, agent_id))
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


async def change(tx: Tx, agent_id: UUID, values: dict[str, Any], *, expected: int | None = None) -> Agent:
    """Set `values` and count the version up where one of them is new.

    `expected`: the version that the writer has seen. Raises Problem 404, 412 `version_mismatch` (extra `version`) where
    another one was written since, 409 `default_agent` for taking the default away.
    """
    await _lock(tx)
    # An import writes the same row without our lock
    agent = await tx.session.scalar(_one(tx, agent_id).with_for_update().execution_options(populate_existing=True))
    if agent is None:
        raise not_found("agent")
    if expected is not None and agent.version != expected:
        detail = f"Version {agent.version} has been written since version {expected}."
        raise Problem("version_mismatch", detail, status=412, version=agent.version)
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


async def versions(tx: Tx, agent_id: UUID, *, limit: int, before: int | None = None) -> list[AgentVersion]:
    """The newest first, those before version `before`; one more than `limit` where there are more. Raises Problem 404."""
    await get(tx, agent_id)
    statement = _versions(tx, agent_id).order_by(AgentVersion.version.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(AgentVersion.version < before)
    return list(await tx.session.scalars(statement))


async def version(tx: Tx, agent_id: UUID, number: int) -> AgentVersion:
    """Raises Problem 404 `not_found`."""
    row = await tx.session.scalar(_versions(tx, agent_id).where(AgentVersion.version == number))
    if row is None:
        raise not_found("version")
    return row


async def restore(tx: Tx, agent_id: UUID, number: int, settings: Settings, *, expected: int | None = None) -> Agent:
    """Go back to the settings of an earlier version, as a new one. Raises Problem as `change`, `version` and `check`."""
    then = (await version(tx, agent_id, number)).settings
    check(then, settings)
    return await change(tx, agent_id, {name: then[name] for name in SETTINGS}, expected=expected)


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


def _one(tx: Tx, agent_id: UUID) -> Select[Agent]:
    return select(Agent).where(Agent.organization_id == tx.organization_id, Agent.id == agent_id)


def _versions(tx: Tx, agent_id: UUID) -> Select[AgentVersion]:
    return select(AgentVersion).where(
        AgentVersion.organization_id == tx.organization_id, AgentVersion.agent_id == agent_id
    )


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
