"""`kill -9` of API and worker while payments are under way: after a restart the books are right, and nobody helped."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from agentpay.commerce import checkouts
from agentpay.commerce.checkout_inputs import CheckoutInput
from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.proofs.killable import Processes, Role
from tests.proofs.market import figures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

AT_ONCE = 6
"""Payments begun around each kill."""
PRICE = 18900
STOCK = 1000
SETTLED_SECONDS = 60.0
CARDS = ("success", "success", "success", "three_d_secure", "delayed", "decline")
UNDER_WAY = ("confirming", "confirmed")
CODE = "TRAIL10"


@dataclass
class Buyer:
    """Pays one checkout. `insists`: comes back to the page after a crash and pays again, where it lets them."""

    checkout_id: UUID
    url: str
    card: str
    insists: bool
    answer: str = "none"


@dataclass
class Shop:
    database: Database
    processes: Processes
    organization_id: UUID
    secret: str
    client: httpx.AsyncClient
    variant_id: UUID
    chance: random.Random
    buyers: list[Buyer] = field(default_factory=list)
    insisting: list[asyncio.Task[None]] = field(default_factory=list)
    """Those who came back to the page; the next kill may hit them too."""

    async def arrive(self) -> list[Buyer]:
        """Buyers with open checkouts that hold their stock; every second one has a code."""
        arrived = []
        for number in range(AT_ONCE):
            order = {
                "items": [{"variant_id": str(self.variant_id), "quantity": 1}],
                "customer": {"email": f"buyer{len(self.buyers) + number}@shopper.example"},
                "discount_code": CODE if number % 2 else None,
            }
            async with self.database.tx(self.organization_id) as tx:
                made = await checkouts.create(tx, CheckoutInput.model_validate(order), base_url=self.processes.base_url)
            arrived.append(Buyer(made.id, made.url, CARDS[number], self.chance.random() < 0.5))
        self.buyers += arrived
        return arrived

    async def pay(self, buyer: Buyer, after: float = 0.0) -> None:
        await asyncio.sleep(after)
        try:
            answer = await self.client.post("/v1/sandbox/pay", json={"url": buyer.url, "card": buyer.card})
        except httpx.TransportError:
            buyer.answer = "none"  # it died
            return
        told = answer.json()
        buyer.answer = told["status"] if answer.status_code == 200 else f"{answer.status_code} {told['code']}"
        # 503: the payment may be under way; 409: another press of the button was first
        assert answer.status_code in (200, 409, 503), answer.text

    async def came_back(self, buyer: Buyer) -> None:
        """What a person at the page does: a step the bank asks for is approved; a card is given where one is asked for."""
        try:
            page = await self.client.get(buyer.url)
            if 'value="three_d_secure"' in page.text:
                await self.client.post(buyer.url, data={"step": "three_d_secure", "action": "approve"})
                return
        except httpx.TransportError:
            return  # it died again
        assert page.status_code == 200, page.text
        if 'name="card_number"' in page.text:
            await self.pay(buyer)

    async def statuses(self) -> dict[UUID, str]:
        async with self.database.session() as session:
            rows = await session.execute(
                text("SELECT id, status FROM checkouts WHERE organization_id = :shop"), {"shop": self.organization_id}
            )
            return {row.id: row.status for row in rows}

    async def settled(self) -> float:
        """Wait until no payment is under way and no job is left that is due; seconds it took. Nobody helps.

        A payment that waits for its buyer's approval (3-D Secure) waits for its buyer: those come back to the page.
        """
        began = time.monotonic()
        query = text(
            "SELECT (SELECT count(*) FROM checkouts WHERE status IN ('confirming', 'confirmed')) AS paying,"
            " (SELECT count(*) FROM inbound_events WHERE handled_at IS NULL) AS events,"
            " (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            "  AND task_name ~ '^(payments|sandbox|conversation)[.]' AND task_name <> 'payments.reconcile') AS jobs"
        )
        while True:
            async with self.database.session() as session:
                left = (await session.execute(query)).one()
                asked = set(
                    await session.scalars(
                        text(
                            "SELECT reference FROM sandbox_payments JOIN checkouts ON checkouts.id::text = reference"
                            " WHERE sandbox_payments.status = 'requires_action' AND checkouts.status = 'confirming'"
                            " AND provider_reference IS NOT NULL"
                        )
                    )
                )
            if not any(left):
                return time.monotonic() - began
            assert time.monotonic() - began < SETTLED_SECONDS, f"it does not settle: {left}, {await self.open_jobs()}"
            for buyer in self.buyers:
                if str(buyer.checkout_id) in asked:
                    await self.came_back(buyer)
            await asyncio.sleep(0.2)

    async def open_jobs(self) -> list[Any]:
        async with self.database.session() as session:
            rows = await session.execute(
                text("SELECT task_name, status, attempts, scheduled_at, args FROM procrastinate_jobs LIMIT 20")
            )
            return [tuple(row) for row in rows]


async def under_way(opened: Shop, arrived: list[Buyer]) -> int:
    statuses = await opened.statuses()
    return sum(statuses[buyer.checkout_id] in UNDER_WAY for buyer in arrived)


async def one_kill(opened: Shop, role: Role, pause: float, span: float) -> tuple[int, int]:
    """Payments begin, staggered over `span` seconds; `pause` after the first is confirmed a process dies, at the first look
    that finds one of them confirmed but not ended, and is started again.

    Answers how many buyers were waiting for their answer then, and how many payments were confirmed but not ended: 0
    where the last one ended between the look and the kill.
    """
    arrived = await opened.arrive()
    chance = opened.chance
    paying = [asyncio.create_task(opened.pay(buyer, chance.uniform(0, span))) for buyer in arrived]
    for wait in (pause, 0):
        while not await under_way(opened, arrived) and not all(task.done() for task in paying):
            await asyncio.sleep(0.005)
        await asyncio.sleep(wait)
    opened.processes.kill(role)
    waiting = sum(not task.done() for task in paying)
    unfinished = await under_way(opened, arrived)
    opened.processes.start(role)
    if role == "serve":
        await asyncio.gather(*paying)
        await opened.processes.ready(opened.client)
        opened.insisting += [asyncio.create_task(opened.came_back(buyer)) for buyer in arrived if buyer.insists]
    else:
        await asyncio.gather(*paying)
    return waiting, unfinished


@pytest.mark.parametrize(("worker_apart", "kills"), [(False, 13), (True, 12)], ids=["one process", "worker apart"])
async def test_killed_at_random_points_of_a_payment(
    servers: Embedded, make_database: Callable[[], str], tmp_path: Path, worker_apart: bool, kills: int
) -> None:
    chance = random.Random(20260301 + worker_apart)
    database_url = make_database()
    processes = Processes(database_url, servers.redis_url, tmp_path, worker_apart=worker_apart)
    database = Database(database_url)
    began = time.monotonic()
    try:
        organization_id, secret, _ = await make_organization(database)
        async with database.tx(organization_id) as tx:
            variant_id = await shop.variant(tx, "jacket", price=PRICE, stock=STOCK, requires_shipping=False)
            await shop.discount(tx, CODE)
        headers = {"authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(
            base_url=processes.base_url, headers=headers, timeout=60, trust_env=False
        ) as client:
            opened = Shop(database, processes, organization_id, secret, client, variant_id, chance)
            for role in processes.roles:
                processes.start(role)
            await opened.processes.ready(opened.client)
            span = await how_long_a_payment_takes(opened)
            points: list[tuple[Role, int, int]] = []
            missed = 0
            while len(points) < kills:
                role = processes.roles[len(points) % len(processes.roles)]
                waiting, unfinished = await one_kill(opened, role, chance.uniform(0, 1) * span, span)
                figures(f"{role}, {waiting} waiting, {unfinished} confirming, {time.monotonic() - began:.0f} s")
                if unfinished:
                    points.append((role, waiting, unfinished))
                else:
                    missed += 1
                    assert missed <= kills, "the kills miss the payments"
            await asyncio.gather(*opened.insisting)
            took = await opened.settled()
            figures(
                f"{kills} kills inside a payment, {missed} beside; payments"
                f" of {span:.2f} s, {AT_ONCE} at a time; at the kills (process, buyers waiting,"
                f" payments confirming): {points}; settled {took:.1f} s after the last"
                f" restart; {time.monotonic() - began:.0f} s in all"
            )
            await books_are_right(opened)
    finally:
        processes.stop()
        await database.close()


async def how_long_a_payment_takes(opened: Shop) -> float:
    """The second time, when the process has warmed up, with as many under way as there will be."""
    for _ in range(2):
        buyers = await opened.arrive()
        began = time.monotonic()
        await asyncio.gather(*(opened.pay(buyer) for buyer in buyers))
        span = time.monotonic() - began
    return span


async def books_are_right(opened: Shop) -> None:
    shop_id = {"shop": opened.organization_id}
    async with opened.database.session() as session:
        charged = {
            row.reference: (row.times, row.amount)
            for row in await session.execute(
                text(
                    "SELECT reference, count(*) AS times, sum(amount - refunded)::bigint AS amount FROM sandbox_payments"
                    " WHERE organization_id = :shop AND status = 'succeeded' GROUP BY reference"
                ),
                shop_id,
            )
        }
        open_ones = await session.scalar(
            text("SELECT count(*) FROM sandbox_payments WHERE status IN ('processing', 'requires_action')")
        )
        ledger = [
            (row.reference, row.amount)
            for row in await session.execute(
                text(
                    "SELECT checkout_id::text AS reference, amount FROM payments"
                    " WHERE organization_id = :shop AND status = 'succeeded'"
                ),
                shop_id,
            )
        ]
        orders = [
            (row.reference, row.total)
            for row in await session.execute(
                text(
                    "SELECT checkout_id::text AS reference, total FROM orders"
                    " WHERE organization_id = :shop AND status = 'paid'"
                ),
                shop_id,
            )
        ]
        counts = (
            await session.execute(
                text(
                    "SELECT (SELECT count(*) FROM refunds) AS refunds,"
                    " (SELECT array_agg(task_name) FROM procrastinate_jobs WHERE status = 'failed') AS failed,"
                    " (SELECT sum(on_hand) FROM inventory) AS on_hand, (SELECT sum(reserved) FROM inventory) AS reserved,"
                    " (SELECT coalesce(sum(quantity), 0) FROM reservations WHERE state = 'held') AS held,"
                    " (SELECT redeemed FROM discounts) AS redeemed,"
                    " (SELECT count(*) FROM discount_redemptions WHERE state = 'held') AS codes_held,"
                    " (SELECT count(*) FROM discount_redemptions WHERE state = 'committed') AS codes_kept"
                )
            )
        ).one()
    statuses = await opened.statuses()
    bought = {str(checkout_id) for checkout_id, status in statuses.items() if status == "succeeded"}
    figures(f"{Counter(statuses.values())}; the buyers heard {Counter(buyer.answer for buyer in opened.buyers)}")
    assert set(statuses.values()) <= {"open", "succeeded"}
    assert {times for times, _ in charged.values()} == {1}, "somebody was charged twice"
    assert sorted(ledger) == sorted(orders) == sorted((checkout, amount) for checkout, (_, amount) in charged.items())
    assert bought == set(charged)
    for buyer in opened.buyers:
        if buyer.answer == "succeeded":
            assert str(buyer.checkout_id) in bought, "what a buyer was told stands"
    assert (counts.refunds, counts.failed, open_ones) == (0, None, 0)
    assert counts.on_hand == STOCK - len(bought)
    assert counts.reserved == counts.held == len(statuses) - len(bought)  # those who may still pay
    async with opened.database.session() as session:
        coded = await session.scalar(
            text("SELECT count(*) FROM checkouts WHERE status = 'succeeded' AND discount_id IS NOT NULL")
        )
    assert (counts.redeemed, counts.codes_kept, counts.codes_held) == (coded, coded, 0)
