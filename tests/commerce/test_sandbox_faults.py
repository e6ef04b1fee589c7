"""The sandbox's faults: which event suffers is settled by seed and id; what was lost is found by asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from agentpay.commerce.payments.sandbox import faults
from agentpay.commerce.payments.sandbox.faults import Shares, hit
from agentpay.errors import Problem
from agentpay.store.session import Database
from agentpay.store.tables import InboundEvent, Organization
from tests.commerce.test_payments import GOOD, item_of
from tests.commerce.till import Till, open_till, until


@pytest.fixture(scope="module")
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        yield opened


async def put(till: Till, organization_id: UUID, **shares: float) -> None:
    async with till.database.tx(organization_id) as tx:
        await faults.put(tx, Shares(**shares))  # type: ignore[arg-type]


def test_shares_are_kept_and_told_by_the_seed() -> None:
    ids = [f"evt_{n}" for n in range(4000)]
    for share in (0, 30, 100):
        hits = [hit(Shares(duplicate=share), "duplicate", event_id) for event_id in ids]
        assert abs(sum(hits) - share * 40) <= 120
        assert hits == [hit(Shares(duplicate=share), "duplicate", event_id) for event_id in ids]
    first, second = ([hit(Shares(drop=50, seed=seed), "drop", e) for e in ids] for seed in ("a", "b"))
    assert first != second


async def test_a_dropped_event_is_found_by_the_reconciler(till: Till, organization_id: UUID) -> None:
    await put(till, organization_id, drop=100)
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    await till.paying.pay_by_card(organization_id, made.id, GOOD)

    async def delivered() -> bool:
        query = text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'sandbox.deliver_webhook'"
            " AND args->>'organization_id' = :id AND status IN ('todo', 'doing')"
        )
        async with till.database.tx(organization_id) as tx:
            return await tx.session.scalar(query, {"id": str(organization_id)}) == 0

    await until(delivered)
    assert (await till.checkout(organization_id, made.id)).status == "confirmed"
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    await till.paying.reconcile(organization_id, made.id, 1, long_ago)
    assert (await till.checkout(organization_id, made.id)).status == "succeeded"


async def test_reordered_events_arrive_after_later_ones(till: Till, organization_id: UUID) -> None:
    """Half of the events are kept back: each arrives, and some after one that was made later."""
    await put(till, organization_id, reorder=50, delay_seconds=20)
    item = await item_of(till, organization_id, stock=100)
    for _ in range(12):
        made = await till.buy(organization_id, {item: 1})
        await till.paying.pay_by_card(organization_id, made.id, GOOD)
    await put(till, organization_id)

    async def arrived() -> list[InboundEvent]:
        async with till.database.tx(organization_id) as tx:
            rows = await tx.session.scalars(
                select(InboundEvent)
                .where(InboundEvent.organization_id == organization_id)
                .order_by(InboundEvent.created_at)
            )
            found = list(rows)
        return found if len(found) == 12 and all(row.handled_at for row in found) else []

    rows = await until(arrived)
    made_at = [row.external_id for row in rows]  # ids are made in time order
    assert made_at != sorted(made_at)
    assert await till.stock(organization_id, item) == (88, 0)


async def test_only_the_sandbox_has_faults(till: Till, organization_id: UUID) -> None:
    async with till.database.tx(organization_id) as tx:
        await tx.session.execute(
            update(Organization).where(Organization.id == organization_id).values(payment_provider="stripe")
        )
        with pytest.raises(Problem) as caught:
            await faults.put(tx, Shares(drop=1))
        assert caught.value.code == "not_sandbox"
