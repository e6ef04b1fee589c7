"""The bodies of `/v1/agents`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints, model_validator

from agentpay.api.schemas.base import Body, View
from agentpay.commerce.rules import AgentRules, Personality

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ModelName = Annotated[str, StringConstraints(pattern=r"^(house|openai:\S+)$", max_length=200)]
Wording = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
Templates = Annotated[
    dict[str, Wording | Annotated[list[Wording], Field(min_length=1, max_length=20)]],
    Field(
        max_length=500,
        description="Wordings of your own by key, one or several; GET /v1/agents/templates has the keys.",
    ),
]
Tools = Annotated[
    list[Annotated[str, StringConstraints(max_length=100)]],
    Field(max_length=100, description="The tools its agents may use (GET /v1/agent/tools); null: all of them."),
]


class AgentIn(Body):
    """What is left out has the safe default: nothing is given away."""

    external_id: ExternalId | None = None
    name: Name
    personality: Personality = Field(default_factory=Personality)
    rules: AgentRules = Field(default_factory=AgentRules)
    model: ModelName | None = Field(None, description="`house` or `openai:<model>`; null: the service's.")
    templates: Templates = Field(default_factory=dict)
    tools: Tools | None = None
    is_default: StrictBool = False


class AgentPatch(Body):
    external_id: ExternalId | None = None
    name: Name | None = None
    personality: Personality | None = None
    rules: AgentRules | None = None
    model: ModelName | None = None
    templates: Templates | None = None
    tools: Tools | None = None
    is_default: StrictBool | None = None

    @model_validator(mode="after")
    def _nothing_is_emptied(self) -> AgentPatch:
        for name in ("name", "personality", "rules", "templates", "is_default"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AgentSettings(View):
    name: str
    personality: Personality
    rules: AgentRules
    model: str | None
    templates: dict[str, Any]
    tools: list[str] | None


class AgentView(AgentSettings):
    id: UUID
    external_id: str | None
    version: int
    is_default: bool
    created_at: datetime


class AgentVersionView(AgentSettings):
    """An agent's settings as they were."""

    agent_id: UUID
    version: int
    created_at: datetime


class SentenceView(View):
    """A sentence of the house model: our wordings, and what a wording of your own may name in braces."""

    key: str
    wordings: list[str]
    placeholders: list[str]


def values_of(body: AgentIn | AgentPatch) -> dict[str, Any]:
    """What was given, as it is stored."""
    values = {name: getattr(body, name) for name in body.model_fields_set}
    for name in ("personality", "rules"):
        if name in values:
            values[name] = values[name].model_dump(exclude_unset=True)
    return values
