"""The shop's agents: their settings, and every version of them."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Response

from agentpay.api import pagination, problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.agents import AgentIn, AgentPatch, AgentVersionView, AgentView, SentenceView, values_of
from agentpay.api.schemas.base import Page
from agentpay.conversations import agents
from agentpay.errors import Problem
from agentpay.llm.house.templates import fields_of, sentences
from agentpay.store import cursors
from agentpay.store.tables import Agent, AgentVersion

router = ApiRouter(prefix="/v1/agents", tags=["agents"])

_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


async def _expected(
    if_match: Annotated[
        str | None, Header(description="The version you have seen, as in `ETag`: another one since is a 412.")
    ] = None,
) -> int | None:
    """The version that `If-Match` names. Raises Problem 412 `version_mismatch` for what was never one."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Problem("version_mismatch", 'If-Match names no version; write `If-Match: "3"`.', status=412)
    return int(match[1])


Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Expected = Annotated[int | None, Depends(_expected)]


@router.post("", status_code=201, summary="Create an agent", responses=problems.responses(409))
async def create(body: AgentIn, tx: TxDep, state: StateDep, response: Response) -> AgentView:
    values = values_of(body)
    agents.check(values, state.settings)
    return _view(await agents.create(tx, values), response)


@router.get("", summary="List agents", responses=problems.responses())
async def list_agents(
    tx: TxDep, limit: Limit = 20, cursor: Cursor = None, external_id: Annotated[str | None, Query()] = None
) -> Page[AgentView]:
    after = pagination.id_behind(cursor)
    rows = await agents.page(tx, limit=limit, after=after, external_id=external_id)
    more = pagination.next_of(rows, limit)
    return Page(items=[AgentView.model_validate(row) for row in rows[:limit]], next_cursor=more)


@router.get("/templates", summary="The sentences that templates can put in other words", responses=problems.responses())
async def list_sentences(limit: Limit = 100, cursor: Cursor = None) -> Page[SentenceView]:
    keys = sorted(sentences())
    first = cursors.decode_int(cursor) if cursor is not None else 0
    if not 0 <= first <= len(keys):
        raise cursors.not_ours()
    items = [
        SentenceView(key=key, wordings=list(sentences()[key]), placeholders=sorted(fields_of(key)))
        for key in keys[first : first + limit]
    ]
    more = cursors.encode([first + limit]) if first + limit < len(keys) else None
    return Page(items=items, next_cursor=more)


@router.get("/{agent_id}", summary="Show an agent", responses=problems.responses(404))
async def show(agent_id: UUID, tx: TxDep, response: Response) -> AgentView:
    return _view(await agents.get(tx, agent_id), response)


@router.patch("/{agent_id}", summary="Change an agent", responses=problems.responses(404, 409, 412))
async def change(
    agent_id: UUID, body: AgentPatch, tx: TxDep, state: StateDep, expected: Expected, response: Response
) -> AgentView:
    """Given fields replace the stored ones whole (`rules`, too), from the next turn on; each change is a new version.

    Writers that name different fields keep both; `If-Match` refuses what was written over a version not seen.
    """
    values = values_of(body)
    agents.check(values, state.settings)
    return _view(await agents.change(tx, agent_id, values, expected=expected), response)


@router.get("/{agent_id}/versions", summary="An agent's versions, the newest first", responses=problems.responses(404))
async def list_versions(agent_id: UUID, tx: TxDep, limit: Limit = 20, cursor: Cursor = None) -> Page[AgentVersionView]:
    before = cursors.decode_int(cursor) if cursor is not None else None
    rows = await agents.versions(tx, agent_id, limit=limit, before=before)
    more = cursors.encode([rows[limit - 1].version]) if len(rows) > limit else None
    return Page(items=[_version(row) for row in rows[:limit]], next_cursor=more)


@router.get("/{agent_id}/versions/{version}", summary="Show a version", responses=problems.responses(404))
async def show_version(agent_id: UUID, version: Number, tx: TxDep) -> AgentVersionView:
    return _version(await agents.version(tx, agent_id, version))


@router.post(
    "/{agent_id}/versions/{version}/restore",
    summary="Go back to a version",
    responses=problems.responses(404, 409, 412),
)
async def restore(
    agent_id: UUID, version: Number, tx: TxDep, state: StateDep, expected: Expected, response: Response
) -> AgentView:
    """Its settings become a new version; nothing of the history is lost. Refused where they cannot be used any more."""
    return _view(await agents.restore(tx, agent_id, version, state.settings, expected=expected), response)


@router.delete("/{agent_id}", status_code=204, summary="Delete an agent", responses=problems.responses(404, 409))
async def delete(agent_id: UUID, tx: TxDep) -> None:
    await agents.delete(tx, agent_id)


def _view(agent: Agent, response: Response) -> AgentView:
    response.headers["ETag"] = f'"{agent.version}"'
    return AgentView.model_validate(agent)


def _version(row: AgentVersion) -> AgentVersionView:
    return AgentVersionView(agent_id=row.agent_id, version=row.version, created_at=row.created_at, **row.settings)
