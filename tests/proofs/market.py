"""Crowds of buyers at several processes of one shop, and what the shop's books say afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from agentpay.store.session import Database
from agentpay.store.tables import Inventory, Order
from tests.proofs.processes import ApiProcess

T = TypeVar("T")

AT_ONCE = 40
"""Buyers whose requests are under way at the same time."""


@dataclass
class Market:
    """The shop of one organization as its callers reach it. Requests go to the processes in turn."""

    database: Database
    processes: list[ApiProcess]
    client: httpx.AsyncClient
    statuses: Counter[int] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds that requests took, by path."""
    turns: count[int] = field(default_factory=count)

    async def post(self, secret: str, path: str, body: dict[str, Any]) -> httpx.Response:
        process = self.processes[next(self.turns) % len(self.processes)]
        headers = {"authorization": f"Bearer {secret}", "idempotency-key": str(uuid4())}
        began = time.monotonic()
        answer = await self.client.post(process.base_url + path, json=body, headers=headers)
        self.times.setdefault(path, []).append(time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        assert answer.status_code < 500, answer.text
        return answer

    def took(self) -> str:
        """Half and 95 % of the requests since the last call, by path."""
        told = []
        for path, times in sorted(self.times.items()):
            at = sorted(times)
            told.append(f"{path} {at[len(at) // 2]:.2f} s, {at[len(at) * 95 // 100]:.2f} s")
        self.times.clear()
        return "; ".join(told)

    async def crowd(self, visits: Iterable[Callable[[], Awaitable[T]]], *, at_once: int = AT_ONCE) -> list[T]:
        """Let everybody in, so many at a time; answers what became of them, in order."""
        gate = asyncio.Semaphore(at_once)

        async def visit(one: Callable[[], Awaitable[T]]) -> T:
            async with gate:
                return await one()

        return list(await asyncio.gather(*(visit(one) for one in visits)))

    async def stock(self, organization_id: UUID, variant_id: UUID) -> tuple[int, int]:
        """On hand and reserved."""
        async with self.database.tx(organization_id) as tx:
            row = await tx.session.scalar(
                select(Inventory).where(
                    Inventory.organization_id == organization_id, Inventory.variant_id == variant_id
                )
            )
            assert row is not None
            return row.on_hand, row.reserved

    async def orders(self, organization_id: UUID) -> list[Order]:
        async with self.database.tx(organization_id) as tx:
            return list(await tx.session.scalars(select(Order).where(Order.organization_id == organization_id)))

    async def quiet(self, *, seconds: float = 60.0) -> None:
        """Wait until nobody is paying and no job of a payment is left to do now."""
        query = text(
            "SELECT (SELECT count(*) FROM checkouts WHERE status IN ('confirming', 'confirmed'))"
            " + (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            "    AND (scheduled_at IS NULL OR scheduled_at <= now())"
            "    AND (task_name LIKE 'payments.%' OR task_name LIKE 'sandbox.%'))"
        )
        deadline = time.monotonic() + seconds
        while True:
            async with self.database.session() as session:
                left = await session.scalar(query)
            if left == 0:
                return
            assert time.monotonic() < deadline, f"{left} payments and jobs do not come to an end"
            await asyncio.sleep(0.1)

    async def no_trouble(self) -> None:
        """No deadlock, not even one that was mended by trying again, no job given up, no 5xx."""
        async with self.database.session() as session:
            deadlocks = await session.scalar(
                text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            )
            given_up = await session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"))
        assert (deadlocks, given_up) == (0, 0)
        for process in self.processes:
            assert "deadlock" not in process.said().lower()
        assert not [status for status in self.statuses if status >= 500]


def figures(line: str) -> None:
    """For `pytest -s`."""
    sys.stdout.write(f"\n{line}\n")


def busy() -> bool:
    """Whether so much else runs on this machine that how long something takes says nothing."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


@asynccontextmanager
async def open_market(database: Database, processes: list[ApiProcess]) -> AsyncIterator[Market]:
    limits = httpx.Limits(max_connections=AT_ONCE * 2)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as client:
        yield Market(database, processes, client)
