"""Carts that were left. Where an agent's rules say after how long (`triggers.cart_abandonment_seconds`, CONTRACT §4), the
customer is reminded of theirs: once a conversation, and not while a person has it, a turn runs or a payment is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.conversations.turns.lease import lock_conversation
from agentpay.store.ids import first_id
from agentpay.store.session import Tx

OCCASION = "cart_left"
"""What the reminder's turn is known by (`once` in turns/announce.py)."""
STALE_SECONDS = 6 * 3600
"""So long after its time a reminder still makes sense: a service that was away catches up, older carts are left in peace."""
_OPENED_DAYS = 30
_AT_ONCE = 200

_DUE = text(
    """
SELECT c.organization_id, c.id, a.id AS agent_id
FROM agents AS a
JOIN conversations AS c ON c.organization_id = a.organization_id AND c.agent_id = a.id
CROSS JOIN LATERAL (
  SELECT make_interval(secs => (a.rules -> 'triggers' ->> 'cart_abandonment_seconds')::float) AS after
) AS rule
WHERE a.rules -> 'triggers' ->> 'cart_abandonment_seconds' IS NOT NULL
  AND c.id >= CAST(:opened_since AS uuid) AND (CAST(:one AS uuid) IS NULL OR c.id = CAST(:one AS uuid))
  AND c.status = 'active' AND c.stage IN ('greeting', 'discovery', 'considering', 'cart', 'checkout')
  AND c.modified_at <= now() - rule.after
  AND c.modified_at > now() - rule.after - make_interval(secs => :stale)
  AND EXISTS (
    SELECT FROM carts JOIN cart_lines AS l ON l.organization_id = carts.organization_id AND l.cart_id = carts.id
    WHERE carts.organization_id = c.organization_id AND carts.conversation_id = c.id
  )
  AND NOT EXISTS (
    SELECT FROM turns AS t
    WHERE t.organization_id = c.organization_id AND t.conversation_id = c.id
      AND (t.status IN ('queued', 'running', 'interrupted') OR t.input ->> 'once' = :occasion)
  )
  AND NOT EXISTS (
    SELECT FROM checkouts AS k
    WHERE k.organization_id = c.organization_id AND k.conversation_id = c.id AND k.status IN ('confirming', 'confirmed')
  )
LIMIT :most
"""
)


@dataclass(frozen=True, slots=True)
class LeftCart:
    organization_id: UUID
    conversation_id: UUID
    agent_id: UUID


async def due(session: AsyncSession, conversation_id: UUID | None = None) -> list[LeftCart]:
    """Conversations whose customer is to be reminded now; of all shops, or only the one that is named."""
    since = first_id(datetime.now(UTC) - timedelta(days=_OPENED_DAYS))
    given = {
        "opened_since": since,
        "one": conversation_id,
        "stale": STALE_SECONDS,
        "occasion": OCCASION,
        "most": _AT_ONCE,
    }
    return [LeftCart(*row) for row in await session.execute(_DUE, given)]


async def still_due(tx: Tx, left: LeftCart) -> bool:
    """The same once the conversation is locked: the customer may have written, or paid, in between."""
    await lock_conversation(tx.session, tx.organization_id, left.conversation_id)
    return bool(await due(tx.session, left.conversation_id))
