"""A bulk index under way, by a real `agentpay index`: killed it goes on where it was, and a change does not wait for its end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from agentpay.commerce import products
from agentpay.commerce.product_inputs import ProductPatch
from agentpay.knowledge.indexing import EMBEDDED_BATCH, status
from agentpay.knowledge.search import search
from agentpay.store.embedded import Embedded
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Organization, Product, Variant
from tests.proofs.market import busy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MANY = 12 * EMBEDDED_BATCH
FOUND_SECONDS = 5.0
_THINGS = ["kettle", "lamp", "tripod", "rucksack", "drill", "racket", "notebook", "cushion", "whistle", "compass"]
_KINDS = ["copper", "folding", "quiet", "winter", "garden", "pocket", "striped", "heavy", "wooden", "travel"]


@dataclass
class Shop:
    database: Database
    organization_id: UUID
    environment: dict[str, str]

    def index(self, folder: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "agentpay", "index", "--json", "--data", str(folder)]
        return subprocess.Popen(command, env=self.environment, cwd=folder, stdout=subprocess.PIPE)

    async def indexed(self) -> dict[UUID, UUID]:
        """The row of the vector of each product that is marked as indexed."""
        async with self.database.tx(self.organization_id) as tx:
            rows = await tx.session.execute(
                text(
                    "SELECT p.id, e.id AS row FROM products p JOIN embeddings e ON e.product_id = p.id AND e.chunk = 0"
                    " WHERE p.organization_id = :org AND p.indexed_at IS NOT NULL"
                ),
                {"org": self.organization_id},
            )
            return {row.id: row.row for row in rows}

    async def under_way(self, running: subprocess.Popen[bytes], batches: int) -> dict[UUID, UUID]:
        """Wait until so many batches are done and the rest is not."""
        while len(done := await self.indexed()) < batches * EMBEDDED_BATCH:
            assert running.poll() is None, "it ended before"
            await asyncio.sleep(0.05)
        assert len(done) < MANY
        return done


@pytest.fixture
async def shop(servers: Embedded, make_database: Callable[[], str]) -> AsyncIterator[Shop]:
    database = Database(make_database())
    organization_id = new_id()
    async with database.session() as session:
        session.add(Organization(id=organization_id, slug=f"s-{organization_id}", name="Shop", currency="USD"))
        await session.flush()
        for n in range(MANY):
            kind, thing = _KINDS[n % 10], _THINGS[n // 10 % 10]
            product = Product(id=new_id(), organization_id=organization_id, title=f"{kind} {thing} {n}".capitalize())
            product.description = f"A {kind} {thing} for every day, number {n}. " * 6
            session.add(product)
        await session.flush()
        ids = await session.scalars(text("SELECT id FROM products WHERE organization_id = :o"), {"o": organization_id})
        session.add_all(
            Variant(id=new_id(), organization_id=organization_id, product_id=id, price=900, currency="USD")
            for id in ids
        )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AGENTPAY_")}
    urls = {"AGENTPAY_DATABASE_URL": database.url, "AGENTPAY_REDIS_URL": servers.redis_url}
    yield Shop(database, organization_id, kept | urls)
    await database.close()


async def test_killed_in_the_middle_it_does_no_finished_batch_again(shop: Shop, tmp_path: Path) -> None:
    running = shop.index(tmp_path)
    await shop.under_way(running, batches=3)
    running.send_signal(signal.SIGKILL)
    assert running.wait(10) == -signal.SIGKILL
    finished = await shop.indexed()
    assert 3 * EMBEDDED_BATCH <= len(finished) < MANY
    assert len(finished) % EMBEDDED_BATCH == 0, "a batch is done, or nothing of it"
    again = await asyncio.to_thread(subprocess.run, shop.index(tmp_path).args, env=shop.environment, cwd=tmp_path)
    assert again.returncode == 0
    after = await shop.indexed()
    assert len(after) == MANY
    assert {id: after[id] for id in finished} == finished, "their vectors are the ones of before"
    async with shop.database.tx(shop.organization_id) as tx:
        kept = await tx.session.scalar(
            text("SELECT count(*) FROM embeddings WHERE organization_id = :o"), {"o": shop.organization_id}
        )
        assert kept == MANY
        assert await status(tx) == {"complete": True, "indexed": MANY, "pending": 0, "failed": 0}


async def test_a_change_is_found_while_a_bulk_index_runs(shop: Shop, tmp_path: Path) -> None:
    running = shop.index(tmp_path)
    try:
        done = await shop.under_way(running, batches=1)
        chosen = next(iter(done))  # one whose turn is over, so that it must be taken up again
        changed_at = time.monotonic()
        async with shop.database.tx(shop.organization_id) as tx:
            await products.update_product(tx, chosen, ProductPatch(title="Inflatable kayak", description="A red boat."))
        async with shop.database.tx(shop.organization_id) as tx:
            hits = await search(tx, "inflatable kayak", kinds=("product",))
        assert [hit.id for hit in hits] == [chosen], "its words are found as soon as the change is there"
        while (await shop.indexed()).get(chosen, done[chosen]) == done[chosen]:
            assert busy() or time.monotonic() - changed_at < FOUND_SECONDS, "its vector came late"
            await asyncio.sleep(0.05)
        assert len(await shop.indexed()) < MANY, "the bulk index was still running"
    finally:
        running.kill()
        running.wait(10)
