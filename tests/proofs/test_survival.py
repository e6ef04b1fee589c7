"""`kill -9` of a replica at random points of turns that read, write and touch money: every turn ends, nothing happens twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentpay.store.embedded import Embedded
from tests.proofs.crowd import crowd
from tests.proofs.customers import Customer
from tests.proofs.market import busy, figures
from tests.proofs.survival import Shop, open_shop, turns

AT_ONCE = 6
ENDED_SECONDS = 15.0


async def rounds(
    shop: Shop, chance: random.Random, kills: int, within: float, *, at_once: int = AT_ONCE, pace: int = 10
) -> float:
    """Turns begin, staggered; a replica dies under them and comes back. Answers the longest time to the last turn's end.

    That is at most `within`, where the machine has time to spare.
    """
    slowest, span = 0.0, 0.0
    talking: list[tuple[Customer, list[str]]] = []
    for number in range(kills + 1):
        if not talking or not talking[0][1]:
            talking = [(customer, turns(pace)) for customer in await shop.arrive(at_once)]
        began = time.monotonic()
        saying = [
            asyncio.create_task(customer.say(says.pop(0), after=chance.uniform(0, span / 2)))
            for customer, says in talking
        ]
        if number == 0:  # how long turns take here and now
            await asyncio.gather(*saying)
            span = time.monotonic() - began
            figures(f"undisturbed, {at_once} turns at once take {span:.1f} s")
            continue
        await asyncio.sleep(chance.uniform(0.05, 1) * span)
        dies = await shop.at_work() or shop.replicas[number % len(shop.replicas)]
        dies.kill()
        killed = time.monotonic()
        under_way = sum(not task.done() for task in saying)
        span *= 1 if under_way else 0.7  # the machine has more time to spare than at the beginning
        dies.start()
        await asyncio.gather(*saying)
        took = time.monotonic() - killed
        slowest = max(slowest, took)
        figures(f"kill {number}: {under_way} turns under way, all ended {took:.1f} s later")
        assert took < within or busy(), f"{took:.1f} s on a machine with time to spare"
        await dies.ready()
    return slowest


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_killed_at_fifty_points_of_turns(
    servers: Embedded, make_database: Callable[[], str], tmp_path: Path
) -> None:
    async with open_shop(make_database(), servers.redis_url, tmp_path) as shop:
        slowest = await rounds(shop, random.Random(20260401), 50, ENDED_SECONDS)
        counts = await shop.check()
        figures(f"50 kills, slowest end after one {slowest:.1f} s; {counts}")
        assert counts["taken over"] >= 50, "the kills hit turns"


@pytest.mark.timeout(180)
async def test_killed_at_a_few_points_of_turns(
    servers: Embedded, make_database: Callable[[], str], tmp_path: Path
) -> None:
    """The same in small, with a short lease; then a few clients write to one conversation at once."""
    lease = {"AGENTPAY_TURN_LEASE_SECONDS": "1", "AGENTPAY_TURN_HEARTBEAT_SECONDS": "0.25"}
    async with open_shop(make_database(), servers.redis_url, tmp_path, **lease) as shop:
        await rounds(shop, random.Random(7), 2, 60, at_once=4, pace=25)
        counts = await shop.check()
        figures(str(counts))
        assert counts["taken over"] > 0
        for policy in ("enqueue", "reject", "interrupt"):
            await crowd(shop, 6, policy)
