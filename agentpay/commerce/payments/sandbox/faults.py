"""Faults of the sandbox's webhooks, on purpose: events are dropped, sent twice, late, or after later ones.

Shares are per cent of an organization's events. Which event suffers is told by its id and the seed alone, so that a
delivery that is tried again meets the same fate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agentpay.errors import Problem
from agentpay.store.queue import enqueue
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Organization, SandboxFaults

TASK = "sandbox.deliver_webhook"
Stage = Literal["new", "held", "released"]
"""Where a delivery stands: not looked at yet, kept back until another event was sent, or to be sent whatever happens."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Per cent of the events; `delay_seconds` is how long one is delayed, and at most kept back."""

    drop: int = 0
    duplicate: int = 0
    delay: int = 0
    reorder: int = 0
    delay_seconds: float = 1.0
    seed: str = ""


def hit(shares: Shares, kind: Literal["drop", "duplicate", "delay", "reorder"], event_id: str) -> bool:
    """Whether this event suffers this fault."""
    digest = hashlib.sha256(f"{shares.seed}:{kind}:{event_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < int(getattr(shares, kind))


async def get(tx: Tx) -> Shares:
    """What is set; nothing goes wrong by default."""
    row = await tx.session.scalar(select(SandboxFaults).where(SandboxFaults.organization_id == tx.organization_id))
    return _shares(row) if row is not None else Shares()


async def put(tx: Tx, shares: Shares) -> Shares:
    """Set them; what was kept back until now is sent. Problem 409 `not_sandbox`."""
    await require_sandbox(tx)
    values = {name: getattr(shares, name) for name in Shares.__slots__}
    await tx.session.execute(
        insert(SandboxFaults)
        .values(organization_id=tx.organization_id, **values)
        .on_conflict_do_update(index_elements=["organization_id"], set_=values)
    )
    await _release(tx)
    return shares


async def require_sandbox(tx: Tx) -> None:
    """Problem 409 `not_sandbox` where the shop is paid through a real provider."""
    provider = await tx.session.scalar(
        select(Organization.payment_provider).where(Organization.id == tx.organization_id)
    )
    if provider != "sandbox":
        raise Problem("not_sandbox", "This shop is paid through a real payment provider.", status=409)


async def copies(database: Database, organization_id: UUID, delivery: dict[str, Any], stage: Stage) -> int:
    """How often a delivery is to be sent now: 0 where it was dropped or put off, 2 for a duplicate."""
    if stage == "released":
        return 1
    async with database.tx(organization_id) as tx:
        row = await _locked(tx)
        if row is None:
            return 1
        shares = _shares(row)
        later = datetime.now(UTC) + timedelta(seconds=shares.delay_seconds)
        event_id = delivery["event_id"]
        if stage == "held":  # nobody came after it
            if any(each["event_id"] == event_id for each in row.held):
                row.held = [each for each in row.held if each["event_id"] != event_id]
                await enqueue(tx, TASK, **delivery, stage="released")
            return 0
        if hit(shares, "drop", event_id):
            return 0
        if hit(shares, "delay", event_id):
            await enqueue(tx, TASK, schedule_at=later, **delivery, stage="released")
            return 0
        if hit(shares, "reorder", event_id):
            row.held = [*row.held, delivery]
            await enqueue(tx, TASK, schedule_at=later, **delivery, stage="held")
            return 0
        return 2 if hit(shares, "duplicate", event_id) else 1


async def sent(database: Database, organization_id: UUID) -> None:
    """An event went out: those that were kept back follow."""
    async with database.tx(organization_id) as tx:
        await _release(tx)


async def _release(tx: Tx) -> None:
    row = await _locked(tx)
    if row is None or not row.held:
        return
    held, row.held = row.held, []
    for delivery in held:
        await enqueue(tx, TASK, **delivery, stage="released")


async def _locked(tx: Tx) -> SandboxFaults | None:
    found: SandboxFaults | None = await tx.session.scalar(
        select(SandboxFaults)
        .where(SandboxFaults.organization_id == tx.organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


def _shares(row: SandboxFaults) -> Shares:
    return Shares(**{name: getattr(row, name) for name in Shares.__slots__})
