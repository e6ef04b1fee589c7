"""A copy of a shop in a database of its own, as one conversation found it, so that nothing done there reaches the shop.

Copied: the catalogue, its prices, stock, rules, articles and vectors as they are now; of people the conversation's customer
alone, with what they had ordered, and what was known of them, before it began. No key, no webhook endpoint, no other talk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import sql

from agentpay.commerce.reserve import SECRET_NAME
from agentpay.commerce.rules import AgentRules
from agentpay.store import facts
from agentpay.store.tables import Base

_ORDERS = "customer_id = %(customer)s AND placed_at < %(began)s"
_OF_ORDERS = f"order_id IN (SELECT id FROM orders WHERE {_ORDERS})"
_OF_RETURNS = f"return_id IN (SELECT id FROM returns WHERE {_OF_ORDERS})"
_ONLY = {
    "customers": "id = %(customer)s",
    "addresses": "customer_id = %(customer)s",
    "payment_methods": "customer_id = %(customer)s",
    "discount_uses": "customer_id = %(customer)s",
    "orders": _ORDERS,
    "order_lines": _OF_ORDERS,
    "payments": _OF_ORDERS,
    "refunds": _OF_ORDERS,
    "returns": _OF_ORDERS,
    "return_lines": _OF_RETURNS,
}
"""Which rows of the tables that are about people."""
_TALK = ("conversations", "turns", "messages", "tool_executions", "approvals", "snapshot_labels", "feedback")
_BUYING = (
    *("carts", "cart_lines", "checkouts", "checkout_lines", "reservations", "discount_redemptions", "price_offers"),
    *("money_decisions", "order_changes"),
)
_OUTSIDE = (
    *("api_keys", "client_tokens", "idempotency_keys", "inbound_events", "webhook_endpoints", "webhook_events"),
    *("webhook_deliveries", "sandbox_payments", "sandbox_faults"),
)
_NOT = frozenset((*_TALK, *_BUYING, *_OUTSIDE))


@dataclass(frozen=True, slots=True)
class Start:
    """A conversation as it was before its first message."""

    id: UUID
    organization_id: UUID
    agent_id: UUID
    customer_id: UUID | None
    """The one it was vouched for; one who was verified later is verified again."""
    owner_id: UUID | None
    """The customer it turned out to be, whose orders a verification needs."""
    vouched: bool
    contact: dict[str, Any]
    channel: str
    metadata: dict[str, Any]
    began: datetime


def copy_shop(source_url: str, scratch_url: str, start: Start) -> None:
    """Fill the scratch database, which is migrated and empty. Reads one snapshot of the source and locks nothing."""
    values = {"organization": start.organization_id, "customer": start.owner_id, "began": start.began}
    with psycopg.connect(source_url) as source, psycopg.connect(scratch_url) as scratch:
        source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        source.read_only = True
        scratch.execute("SET session_replication_role = replica")  # rows refer to some that stay behind
        for table in Base.metadata.sorted_tables:
            if table.name in _NOT or (table.name != "organizations" and "organization_id" not in table.columns):
                continue
            columns = [column.name for column in table.columns if column.computed is None]
            mine = "id" if table.name == "organizations" else "organization_id"
            where = f"{mine} = %(organization)s AND ({_ONLY.get(table.name, 'true')})"
            _copy(source, scratch, table.name, columns, where, values)
        if start.owner_id is not None:
            known = "prefix = %(prefix)s AND created_at < %(began)s"
            prefix = {"prefix": facts.prefix(start.organization_id, start.owner_id)}
            _copy(source, scratch, "store", ["prefix", "key", "value"], known, {**values, **prefix})
        # Haggling comes to the same prices with the same secret
        _copy(source, scratch, "service_secrets", ["name", "value"], "name = %(name)s", {"name": SECRET_NAME})
        scratch.execute("UPDATE organizations SET payment_provider = 'sandbox'")
        scratch.execute(
            "INSERT INTO conversations (id, organization_id, agent_id, agent_version, customer_id, vouched, contact, channel,"
            " metadata) SELECT %s, organization_id, id, version, %s, %s, %s, %s, %s FROM agents WHERE id = %s",
            [
                start.id,
                start.customer_id,
                start.vouched,
                orjson.dumps(start.contact).decode(),
                start.channel,
                orjson.dumps(start.metadata).decode(),
                start.agent_id,
            ],
        )


def _copy(
    source: psycopg.Connection,
    scratch: psycopg.Connection,
    table: str,
    columns: list[str],
    where: str,
    values: dict[str, Any],
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    # psycopg binds no parameters in COPY: literals are quoted by it instead
    quoted = {key: sql.Literal(value).as_string(source) for key, value in values.items()}
    select = f"SELECT {names.as_string(source)} FROM {table} WHERE {where % quoted}"
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(sql.SQL(select))
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)
    with source.cursor().copy(out) as rows, scratch.cursor().copy(into) as copied:
        for data in rows:
            copied.write(data)


_AS_IT_WAS = """
UPDATE agents a SET version = v.version, name = v.settings->>'name', personality = v.settings->'personality',
  rules = v.settings->'rules', model = v.settings->>'model', templates = v.settings->'templates',
  tools = nullif(v.settings->'tools', 'null')
FROM agent_versions v WHERE a.id = %(agent)s AND v.agent_id = a.id AND v.version = %(version)s
"""


def set_agent(
    scratch_url: str, agent_id: UUID, *, version: int | None, model: str | None, rules: AgentRules | None
) -> None:
    """Hold the conversation with a version of the agent's settings, and another model or other rules on top of it."""
    with psycopg.connect(scratch_url) as scratch:
        scratch.execute("SET session_replication_role = replica")  # the version that is set has its row
        if version is not None:
            scratch.execute(_AS_IT_WAS, {"agent": agent_id, "version": version})
        if model is not None:
            scratch.execute("UPDATE agents SET model = %s WHERE id = %s", [model, agent_id])
        if rules is not None:
            scratch.execute("UPDATE agents SET rules = %s WHERE id = %s", [rules.model_dump_json(), agent_id])
