"""The shop's agents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StrictBool, StringConstraints, model_validator

from agentpay.api import pagination, problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Body, Page, View
from agentpay.commerce.rules import AgentRules, Personality
from agentpay.conversations import agents

router = ApiRouter(prefix="/v1/agents", tags=["agents"])

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ModelName = Annotated[str, StringConstraints(pattern=r"^(house|openai:\S+)$", max_length=200)]
Template = Annotated[str, StringConstraints(max_length=4_000)]


class AgentIn(Body):
    """What is left out has the safe default: nothing is given away."""

    external_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    name: Name
    personality: Personality = Field(default_factory=Personality)
    rules: AgentRules = Field(default_factory=AgentRules)
    model: ModelName | None = Field(None, description="`house` or `openai:<model>`; none: the service's.")
    templates: dict[str, Template] = Field(default_factory=dict, max_length=100)
    is_default: StrictBool = False


class AgentPatch(Body):
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    name: Name | None = None
    personality: Personality | None = None
    rules: AgentRules | None = None
    model: ModelName | None = None
    templates: Annotated[dict[str, Template], Field(max_length=100)] | None = None
    is_default: StrictBool | None = None

    @model_validator(mode="after")
    def _nothing_is_emptied(self) -> AgentPatch:
        for name in ("name", "personality", "rules", "templates", "is_default"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AgentView(View):
    id: UUID
    external_id: str | None
    name: str
    personality: Personality
    rules: AgentRules
    model: str | None
    templates: dict[str, Any]
    version: int
    is_default: bool
    created_at: datetime


@router.post("", status_code=201, summary="Create an agent", responses=problems.responses(409))
async def create(body: AgentIn, tx: TxDep) -> AgentView:
    return AgentView.model_validate(await agents.create(tx, _values(body)))


@router.get("", summary="List agents", responses=problems.responses())
async def list_agents(
    tx: TxDep, limit: Limit = 20, cursor: Cursor = None, external_id: Annotated[str | None, Query()] = None
) -> Page[AgentView]:
    after = pagination.id_behind(cursor)
    rows = await agents.page(tx, limit=limit, after=after, external_id=external_id)
    more = pagination.next_of(rows, limit)
    return Page(items=[AgentView.model_validate(row) for row in rows[:limit]], next_cursor=more)


@router.get("/{agent_id}", summary="Show an agent", responses=problems.responses(404))
async def show(agent_id: UUID, tx: TxDep) -> AgentView:
    return AgentView.model_validate(await agents.get(tx, agent_id))


@router.patch("/{agent_id}", summary="Change an agent", responses=problems.responses(404, 409))
async def change(agent_id: UUID, body: AgentPatch, tx: TxDep) -> AgentView:
    """Given fields replace the stored ones whole (`rules`, too); the version counts up where something changed."""
    return AgentView.model_validate(await agents.change(tx, agent_id, _values(body)))


@router.delete("/{agent_id}", status_code=204, summary="Delete an agent", responses=problems.responses(404, 409))
async def delete(agent_id: UUID, tx: TxDep) -> None:
    await agents.delete(tx, agent_id)


def _values(body: AgentIn | AgentPatch) -> dict[str, Any]:
    values = {name: getattr(body, name) for name in body.model_fields_set}
    for name in ("personality", "rules"):
        if name in values:
            values[name] = values[name].model_dump(exclude_unset=True)
    return values
