"""A conversation that has ended, as graders see it: what was said and done, and what it came to, all from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agentpay.evals.scenarios.models import Expect
from agentpay.evals.scenarios.store import StoreFacts


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: dict[str, Any]
    ok: bool
    result: dict[str, Any]


@dataclass(slots=True)
class Turn:
    """One input worked through. `kind`: `message`, or what no customer wrote (`approval`, `payment`, `human`, `system`)."""

    id: str
    kind: str
    status: str
    said: str | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)
    """`role` (`assistant` or `human`), `agent`, `intent`, `content`, `blocks`."""
    calls: list[ToolCall] = field(default_factory=list)
    """In the order in which they were begun."""
    nodes: list[str] = field(default_factory=list)
    """Nodes of the graph that ran, in order; [] where no graph did."""
    usage: dict[str, int] = field(default_factory=dict)
    """Tokens by kind; {} where no model was asked."""
    milliseconds: float | None = None
    """From its start to its stored end, as the service has it."""


@dataclass(slots=True)
class FinalState:
    """Rows as the database has them, external ids in the place of ids; times are RFC 3339 texts."""

    conversation: dict[str, Any]
    """`status, stage, active_agent, created_at`."""
    cart: dict[str, Any]
    """`items` (variant_external_id, quantity), `discount_code`."""
    checkouts: list[dict[str, Any]]
    """Of this conversation, oldest first, in the shape of CONTRACT §3 as far as rows tell it, and `purpose`."""
    orders: list[dict[str, Any]]
    """Placed in this conversation, oldest first; likewise. Lines also have their `discount` and `floor`."""
    known_orders: list[dict[str, Any]]
    """Past orders of the conversation's customer."""
    refunds: list[dict[str, Any]]
    """Of any of these orders: `order` (number), `amount, status, automatic, adjustment, during`: made in this conversation's time."""
    returns: list[dict[str, Any]]
    """Asked for in this conversation: `order` (number), `kind, status, created_at, products` [{external_id, category}]."""
    offers: list[dict[str, Any]]
    """`variant, quantity, list_price, floor, amount, rule, status`."""
    approvals: list[dict[str, Any]]
    """`kind, status`."""
    stock: dict[str, dict[str, int]]
    """Of every variant that the conversation bought or holds: `on_hand`, `reserved`, and `held`: what reservations say."""

    def order(self, external_id: str) -> dict[str, Any] | None:
        return next((row for row in [*self.known_orders, *self.orders] if row["external_id"] == external_id), None)


@dataclass(frozen=True, slots=True)
class Shop:
    """What the merchant has laid down."""

    currency: str
    support_email: str | None
    policies: dict[str, Any]
    rules: dict[str, Any]
    """The agent's (CONTRACT §4, agent rules)."""
    model: str | None = None
    """The agent's own; None: the service's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the author of a conversation expects of it; each part may be empty."""

    turns: Sequence[tuple[str | None, Expect]] = ()
    """(turn id, expectation); the id is None where the step was no turn of the graph, or has none."""
    finally_: Expect = field(default_factory=Expect)
    facts: StoreFacts = field(default_factory=lambda: StoreFacts({}, {}))


@dataclass(slots=True)
class Record:
    conversation_id: str
    shop: Shop
    turns: list[Turn]
    state: FinalState
    wanted: Wanted = field(default_factory=Wanted)

    def turn(self, turn_id: str) -> Turn | None:
        return next((turn for turn in self.turns if turn.id == turn_id), None)
