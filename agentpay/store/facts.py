"""What is known of a customer across conversations, in LangGraph's Postgres store.

Written by the graph through `runtime.store`; read, shown and erased here within the caller's unit of work. The namespace
names organization and customer, so that no search of one meets another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import column, delete, select, table
from sqlalchemy.dialects.postgresql import JSONB

from agentpay.store.session import Tx

_ROOT = "customer_facts"
_STORE = table("store", column("prefix"), column("key"), column("value", JSONB), column("updated_at"))
"""LangGraph's table: a namespace is its parts joined by dots."""


class Fact(BaseModel):
    """`sizes`, `colors`, `brands`: lists of words; `address`: a postal address. `conversation_id`: where it was said."""

    key: str
    value: Any
    conversation_id: UUID | None
    modified_at: datetime


def namespace(organization_id: UUID, customer_id: UUID) -> tuple[str, ...]:
    """Where the store keeps the facts of a customer: key → {"value", "conversation_id"}."""
    return (_ROOT, str(organization_id), str(customer_id))


def prefix(organization_id: UUID, customer_id: UUID) -> str:
    return ".".join(namespace(organization_id, customer_id))


VALUES_OF = f"""(
    SELECT jsonb_object_agg(s.key, s.value -> 'value') FROM store s
    WHERE s.prefix = '{_ROOT}.' || {{organization}}::text || '.' || {{customer}}::text
)"""
"""The facts of a customer as one JSON object, key → value (null: none), for a statement that reads other things too."""


async def of_customers(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, list[Fact]]:
    prefixes = {prefix(tx.organization_id, customer_id): customer_id for customer_id in customer_ids}
    rows = await tx.session.execute(
        select(_STORE).where(_STORE.c.prefix.in_(prefixes)).order_by(_STORE.c.prefix, _STORE.c.key)
    )
    found: dict[UUID, list[Fact]] = {}
    for row in rows:
        fact = Fact(
            key=row.key,
            value=row.value["value"],
            conversation_id=row.value.get("conversation_id"),
            modified_at=row.updated_at,
        )
        found.setdefault(prefixes[row.prefix], []).append(fact)
    return found


async def forget(tx: Tx, customer_id: UUID, key: str | None = None) -> int:
    """Erase one fact of a customer, or all of them; answers how many there were."""
    statement = delete(_STORE).where(_STORE.c.prefix == prefix(tx.organization_id, customer_id))
    if key is not None:
        statement = statement.where(_STORE.c.key == key)
    return int((await tx.session.execute(statement)).rowcount)  # type: ignore[attr-defined]
