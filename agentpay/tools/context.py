"""What a run knows: whose shop, whose conversation, and the services. Tools take organization and customer from here alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from agentpay.commerce.rules import AgentRules, Personality, Policies
from agentpay.errors import Problem
from agentpay.intents.types import Classifier, Vocabulary
from agentpay.knowledge.semantic import Semantic
from agentpay.llm.brain import Brain
from agentpay.settings import Settings
from agentpay.store.session import Database


class Sink(Protocol):
    """Where a run's events go. `emit` returns at once; who numbers and publishes them is no concern of the graph."""

    def emit(self, type: str, data: dict[str, Any]) -> None: ...


class Brains(Protocol):
    """Chooses the brain for an agent's model setting, and always has the house model to fall back to."""

    house: Brain

    def get(self, model: str) -> Brain: ...

    async def aclose(self) -> None: ...


class Vocabularies(Protocol):
    """The words of each shop, loaded again when its catalogue changed."""

    async def get(self, organization_id: UUID, catalog_version: int) -> Vocabulary: ...


@dataclass(frozen=True, slots=True)
class Services:
    """One a process."""

    settings: Settings
    database: Database
    classifier: Classifier
    brains: Brains
    vocabularies: Vocabularies
    semantic: Semantic | None = None
    """Search by meaning; without it words alone find products and articles."""


@dataclass(frozen=True, slots=True)
class OrganizationInfo:
    id: UUID
    slug: str
    name: str
    currency: str
    support_email: str | None
    policies: Policies
    catalog_version: int


@dataclass(frozen=True, slots=True)
class AgentInfo:
    id: UUID
    version: int
    name: str
    personality: Personality
    rules: AgentRules
    model: str
    templates: dict[str, Any]
    tools: frozenset[str] | None = None
    """Those its agents may use; None: all of them."""

    def may_use(self, tool: str) -> bool:
        return self.tools is None or tool in self.tools


@dataclass(slots=True)
class Context:
    """The run's context: LangGraph's `context_schema`. Nothing in it is checkpointed, so it is loaded anew for each run."""

    services: Services
    sink: Sink
    organization: OrganizationInfo
    agent: AgentInfo
    base_url: str
    conversation_id: UUID | None
    turn_id: UUID | None
    attempt: int = 1
    customer_id: UUID | None = None
    """Vouched for or verified; None: anonymous (CONTRACT §4, who is who)."""
    customer_name: str | None = None
    approval_id: UUID | None = None
    """Set while a call runs that a person of the shop was asked about, and approved."""
    vouched: bool = False
    stage: str = "greeting"
    active_agent: str = "sales"
    hesitation_signals: int = 0
    failed_turns: int = 0
    contact: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    """What is known of the customer from other conversations, for an identified one: sizes, colors, brands, address."""
    cart: dict[str, Any] = field(default_factory=dict)
    """The cart when the turn began, CONTRACT §3."""
    checkout: dict[str, Any] | None = None
    """The latest checkout when the turn began."""
    offer: dict[str, Any] | None = None
    """The offer that is open or accepted, when the turn began."""

    @property
    def agent_version(self) -> int:
        """Version of the settings that this run has."""
        return self.agent.version

    @property
    def conversation(self) -> UUID:
        """The conversation, for tools that need one. Raises Problem `conversation_required`."""
        if self.conversation_id is None:
            raise Problem("conversation_required", "This tool works inside a conversation: pass its conversation_id.")
        return self.conversation_id
