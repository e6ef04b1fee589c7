"""Redis or Postgres goes away in the middle of turns, now and then together with a replica: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from redis.asyncio import Redis

from agentpay.store.embedded import Embedded, start
from agentpay.store.migrate import migrate
from tests.proofs.market import busy, figures
from tests.proofs.replicas import away
from tests.proofs.survival import Shop, open_shop, turns

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

AT_ONCE = 6
AWAY_SECONDS = 5.0
ENDED_SECONDS = 15.0
PACE = 60


@pytest.fixture
def own_servers() -> Iterator[Embedded]:
    """Servers that may be stopped: nobody else uses them."""
    with tempfile.TemporaryDirectory(prefix="agentpay-tests-") as folder:
        os.chmod(folder, 0o755)
        with start(Path(folder) / "data") as embedded:
            migrate(embedded.database_url)
            yield embedded


class Faults:
    def __init__(self, shop: Shop, servers: Embedded, chance: random.Random) -> None:
        self.shop = shop
        self.postgres, self.valkey = servers._servers
        self.redis_url = servers.redis_url
        self.chance = chance
        self.kills = 0

    async def redis_stopped(self) -> None:
        await away(self.valkey, AWAY_SECONDS)

    async def redis_flushed(self) -> None:
        async with Redis.from_url(self.redis_url) as redis:
            await redis.flushall()
            await redis.script_flush()

    async def postgres_restarted(self) -> None:
        await away(self.postgres, 0.5)

    async def killed(self) -> None:
        replica = self.shop.replicas[self.kills % len(self.shop.replicas)]
        self.kills += 1
        replica.kill()
        await asyncio.sleep(0.2)
        while True:  # a process whose servers are away does not start: whoever runs it starts it again
            replica.start()
            try:
                await replica.ready()
            except AssertionError:
                await asyncio.sleep(0.5)
            else:
                return

    async def killed_while_redis_is_stopped(self) -> None:
        await asyncio.gather(self.redis_stopped(), self._later(self.killed, 1.5))

    async def killed_after_a_flush(self) -> None:
        """Not at once: what Redis alone had is sent to it again within a quarter of a second (WATCH_SECONDS)."""
        await self.redis_flushed()
        await asyncio.sleep(0.5)
        await self._later(self.killed, 1.0)

    async def killed_as_postgres_restarts(self) -> None:
        await asyncio.gather(self.postgres_restarted(), self._later(self.killed, 0.3))

    async def _later(self, fault: Callable[[], Awaitable[None]], most: float) -> None:
        await asyncio.sleep(self.chance.uniform(0.1, most))
        await fault()


REDIS = ("redis_stopped", "redis_flushed", "killed_while_redis_is_stopped", "killed_after_a_flush")
POSTGRES = ("postgres_restarted", "killed_as_postgres_restarts")


@pytest.mark.parametrize(("names", "times"), [(REDIS, 3), (POSTGRES, 4)], ids=["redis", "postgres"])
async def test_servers_that_go_away(own_servers: Embedded, tmp_path: Path, names: tuple[str, ...], times: int) -> None:
    chance = random.Random(20260402)
    async with open_shop(own_servers.database_url, own_servers.redis_url, tmp_path) as shop:
        faults = Faults(shop, own_servers, chance)
        slowest = 0.0
        for name in names * times:
            fault = getattr(faults, name)
            customers = await shop.arrive(AT_ONCE)
            saying = [
                asyncio.create_task(customer.say(chance.choice(turns(PACE)[:1]), after=chance.uniform(0, 0.5)))
                for customer in customers
            ]
            await asyncio.sleep(chance.uniform(0.3, 3.0))
            under_way = sum(not task.done() for task in saying)
            await fault()
            over = time.monotonic()
            await asyncio.gather(*saying)
            took = time.monotonic() - over
            slowest = max(slowest, took)
            figures(f"{name}: {under_way} turns under way, all ended {took:.1f} s after it")
            assert took < ENDED_SECONDS or busy()
            for replica in shop.replicas:
                await replica.ready()
        counts = await shop.check()
        figures(f"slowest end after a fault {slowest:.1f} s; {counts}")
    with psycopg.connect(own_servers.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM turns WHERE status IN ('queued', 'running')").fetchone()
    assert row == (0,)
