"""No oversell, and a reservation that leaves once (DESIGN §5), with real parallel connections."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from agentpay.commerce import inventory
from agentpay.errors import Problem
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Inventory
from tests.commerce import shop


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


async def counters(database: Database, organization_id: UUID, variant_id: UUID) -> tuple[int, int]:
    async with database.tx(organization_id) as tx:
        row = (await tx.session.execute(select(Inventory).where(Inventory.variant_id == variant_id))).scalar_one()
        return row.on_hand, row.reserved


async def test_twenty_race_for_five(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "rare", price=100, stock=5)
        other = await shop.variant(tx, "common", price=100, stock=100)
        buyers = [await shop.checkout(tx) for _ in range(20)]

    async def reserve(number: int, checkout_id: UUID) -> str:
        lines = {item: 1, other: 2} if number % 2 else {other: 2, item: 1}
        try:
            async with database.tx(organization_id) as tx:
                await inventory.reserve(tx, checkout_id, lines, soon())
        except Problem as problem:
            return f"{problem.code} {problem.status} {problem.extra['items'][0]['available']}"
        return "held"

    answers = await asyncio.gather(*(reserve(n, buyer) for n, buyer in enumerate(buyers)))
    assert sorted(answers) == ["held"] * 5 + ["out_of_stock 409 0"] * 15
    assert await counters(database, organization_id, item) == (5, 5)
    assert await counters(database, organization_id, other) == (100, 10)


async def test_what_is_held_follows_what_is_wanted(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        first = await shop.variant(tx, "a", price=100, stock=5)
        second = await shop.variant(tx, "b", price=100, stock=5)
        untracked = await shop.variant(tx, "c", price=100)
        buyer = await shop.checkout(tx)
        await inventory.reserve(tx, buyer, {first: 5, untracked: 999}, soon())
    async with database.tx(organization_id) as tx:
        await inventory.reserve(tx, buyer, {first: 2, second: 1}, soon())
        assert await inventory.available(tx, [first, second, untracked]) == {first: 3, second: 4, untracked: None}
    with pytest.raises(Problem) as refused:
        async with database.tx(organization_id) as tx:
            await inventory.reserve(tx, buyer, {first: 6}, soon())
    assert refused.value.extra["items"] == [
        {"variant_id": str(first), "variant_external_id": "a-v", "requested": 6, "available": 5}
    ]
    assert await counters(database, organization_id, first) == (5, 2)


async def test_a_hold_leaves_once_however_many_say_so(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, stock=5)
        buyer, other = await shop.checkout(tx), await shop.checkout(tx)
        await inventory.reserve(tx, buyer, {item: 2}, soon())
        await inventory.reserve(tx, other, {item: 1}, soon())

    async def leave(number: int) -> None:
        async with database.tx(organization_id) as tx:
            await (inventory.commit if number % 2 else inventory.release)(tx, buyer)

    await asyncio.gather(*(leave(n) for n in range(10)))
    on_hand, reserved = await counters(database, organization_id, item)
    assert (on_hand, reserved) in {(3, 1), (5, 1)}


async def test_holds_that_ran_out_are_swept_but_not_while_being_paid(database: Database, organization_id: UUID) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, stock=5)
        late, paying, fresh = [await shop.checkout(tx, status=s) for s in ("open", "confirming", "open")]
        await inventory.reserve(tx, late, {item: 1}, past)
        await inventory.reserve(tx, paying, {item: 1}, past)
        await inventory.reserve(tx, fresh, {item: 1}, soon())

    async def sweep() -> int:
        async with database.session() as session:
            return await inventory.expire_due(session)

    assert sum(await asyncio.gather(*(sweep() for _ in range(4)))) == 1
    assert await counters(database, organization_id, item) == (5, 2)


async def test_a_buyer_does_not_wait_for_the_sweep(database: Database, organization_id: UUID) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, stock=1)
        late, buyer, third = [await shop.checkout(tx) for _ in range(3)]
        await inventory.reserve(tx, late, {item: 1}, past)
    async with database.tx(organization_id) as tx:
        await inventory.reserve(tx, buyer, {item: 1}, soon())
    with pytest.raises(Problem):
        async with database.tx(organization_id) as tx:
            await inventory.reserve(tx, third, {item: 1}, soon())
    assert await counters(database, organization_id, item) == (1, 1)


async def test_the_counter_itself_refuses_to_oversell(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, stock=1)
    with pytest.raises(Problem):
        async with database.tx(organization_id) as tx:
            await inventory._move(tx.session, tx.organization_id, item, reserved=2)


async def test_restock_leaves_untracked_ones_alone(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, stock=1)
        untracked = await shop.variant(tx, "b", price=100)
        await inventory.restock(Tx(tx.session, organization_id), {item: 2, untracked: 2})
        assert await inventory.available(tx, [item, untracked]) == {item: 3, untracked: None}
