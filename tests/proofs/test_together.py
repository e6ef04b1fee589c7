"""Many writers in one conversation, cancels from elsewhere, and a replica that is told to end."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from agentpay.store.embedded import Embedded
from tests.proofs.crowd import ONE, crowd
from tests.proofs.customers import Customer, Seen, plan
from tests.proofs.market import figures
from tests.proofs.survival import Shop, open_shop, turns

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CHANGES = ("update_cart", "make_offer", "set_customer_details", "create_payment_link")


@pytest.fixture(scope="module")
async def shop(
    servers: Embedded, make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("together")
    settings = {"AGENTPAY_TURN_DRAIN_SECONDS": "0.5"}
    async with open_shop(make_database(), servers.redis_url, folder, **settings) as opened:
        yield opened


@pytest.mark.parametrize("policy", ["enqueue", "reject", "interrupt"])
async def test_thirty_two_clients_write_at_once(shop: Shop, policy: str) -> None:
    await crowd(shop, 32, policy)


async def begun(customer: Customer, ready: Callable[[Seen], bool]) -> tuple[str, Seen]:
    async with asyncio.timeout(30):
        while True:
            for turn_id, seen in customer.turns.items():
                if not seen.status and ready(seen):
                    return turn_id, seen
            await asyncio.sleep(0.002)


async def test_cancelled_from_another_replica(shop: Shop) -> None:
    took = []
    for number in range(12):
        customer = Customer(shop.client, [shop.replicas[number % 2].url])
        other = shop.replicas[1 - number % 2].url
        await customer.open()
        saying = asyncio.create_task(customer.say(plan(pace=80)))
        turn_id, seen = await begun(customer, lambda seen: len(seen.text) > 20)
        began = time.monotonic()
        await customer.cancel(turn_id, other)
        await saying
        took.append(time.monotonic() - began)
        assert seen.status == "cancelled"
        assert seen.said == seen.text != "", "what was streamed is kept"
        await customer.check()
    took.sort()
    figures(f"cancel from another replica: half within {took[6] * 1000:.0f} ms, all within {took[-1] * 1000:.0f} ms")
    assert took[-1] < 5


async def test_a_cancel_leaves_no_change_half_done_and_no_call_open(shop: Shop) -> None:
    chance = random.Random(5)
    statuses: Counter[str] = Counter()
    for number in range(30):
        customer = Customer(shop.client, [shop.replicas[number % 2].url])
        other = shop.replicas[1 - number % 2].url
        await customer.open()
        saying = asyncio.create_task(customer.say(turns(5)[number % 3]))
        turn_id, seen = await begun(customer, lambda seen: seen.last > 0)
        await asyncio.sleep(chance.uniform(0, 0.6))
        await customer.cancel(turn_id, other)
        await saying
        statuses[seen.status] += 1
        async with shop.database.session() as session:
            done = await session.execute(
                text("SELECT tool FROM tool_executions WHERE turn_id = :id AND status = 'done'"), {"id": turn_id}
            )
            told = [seen.tools[call] for call, status in seen.calls.items() if status == "ok"]
            changes = sorted(name for name in told if name in CHANGES)
            assert sorted(done.scalars()) == changes, "what was done was told, and nothing else"
        again = await customer.say(plan([["view_cart", {}]], pace=1))
        assert (again.status, again.degraded) == ("completed", False), "a call without a result reached the model"
        await customer.check()
    figures(f"cancelled at random points: {dict(statuses)}")
    assert statuses["cancelled"] > 5


async def test_a_replica_told_to_end_hands_its_turns_over(shop: Shop) -> None:
    ends, stays = shop.replicas
    owner = f":{ends.pid}:"
    customers = [Customer(shop.client, [ends.url, stays.url], asked=1) for _ in range(6)]
    for customer in customers:
        await customer.open()
        customer.asked = 1  # the next call goes to the one that will end
    saying = [asyncio.create_task(customer.say(plan([ONE], pace=120))) for customer in customers]
    for customer in customers:
        await begun(customer, lambda seen: len(seen.text) > 10)
    async with shop.database.session() as session:
        owners = set(await session.scalars(text("SELECT lease_owner FROM turns WHERE status = 'running'")))
    assert len(owners) == 1
    assert owner in owners.pop()
    told = time.monotonic()
    ends.signal(signal.SIGTERM)
    await asyncio.sleep(0.05)
    late = Customer(shop.client, [stays.url])
    await late.open()
    later = await late.say(plan([ONE], pace=1))
    seen = await asyncio.gather(*saying)
    finished = time.monotonic() - told
    assert await asyncio.to_thread(ends.ended, 30) == 0
    gone = time.monotonic() - told
    assert {one.status for one in [*seen, later]} == {"completed"}
    async with shop.database.session() as session:
        rows = (
            await session.execute(
                text("SELECT attempt, lease_owner FROM turns WHERE id = ANY(:ids)"),
                {"ids": [turn for customer in customers for turn in customer.turns]},
            )
        ).all()
    assert all(row.attempt == 2 and owner not in row.lease_owner for row in rows)
    for customer in [*customers, late]:
        customer.urls = [stays.url]
        await customer.check()
    figures(f"told to end with 6 turns under way: gone after {gone:.1f} s, the last turn ended after {finished:.1f} s")
    ends.start()
    await ends.ready()
