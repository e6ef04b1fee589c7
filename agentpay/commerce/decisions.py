"""Each decision on money is stored with the rule that allowed or refused it (CONTRACT §4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import insert

from agentpay.store.session import Tx
from agentpay.store.tables import MoneyDecision


async def record(
    tx: Tx,
    kind: str,
    allowed: bool,
    rule: str,
    *,
    conversation_id: UUID | None = None,
    turn_id: UUID | None = None,
    amount: int | None = None,
    currency: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Stores a decision. `rule` is a path in the agent's rules or the catalogue (`strategies.repeat_customer`, `floor`).

    `details` are identifiers and figures for the merchant; never card data, never a customer's words.
    """
    await tx.session.execute(
        insert(MoneyDecision).values(
            organization_id=tx.organization_id,
            conversation_id=conversation_id,
            turn_id=turn_id,
            kind=kind,
            allowed=allowed,
            rule=rule,
            amount=amount,
            currency=currency,
            details=details or {},
        )
    )
