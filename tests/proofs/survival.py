"""A shop at two replicas, customers whose turns read, write and touch money, and the books that say what was done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import text, update

from agentpay.store.session import Database
from agentpay.store.tables import Agent
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.proofs.customers import Customer, Seen, plan
from tests.proofs.replicas import Replica, fickle_model, replicas

STOCK = 100_000
VARIANTS = 3
ADDED = (2, 1, 3)
"""How many of each thing a customer's three turns put into the cart."""
EMAIL = "buyer@shopper.example"


def add(number: int) -> list[object]:
    arguments = {"action": "add", "product": f"thing{number}", "quantity": ADDED[number]}
    return ["update_cart", arguments]


def turns(pace: int) -> list[str]:
    """A conversation: each turn has reads, writes or money; together they end at a checkout."""
    search = ["product_search", {"query": "thing"}]
    return [
        plan([search], [add(0)], [["product_details", {"product": "thing0"}]], pace=pace),
        plan([add(1), ["make_offer", {"action": "propose", "product": "thing1"}]], [search], pace=pace),
        plan(
            [search],
            [add(2)],
            [["transfer_to_payment", {}]],
            [["set_customer_details", {"email": EMAIL}]],
            [["view_cart", {}]],
            [["create_payment_link", {}]],
            pace=pace,
        ),
    ]


@dataclass
class Shop:
    database: Database
    organization_id: UUID
    client: httpx.AsyncClient
    replicas: list[Replica]
    customers: list[Customer] = field(default_factory=list)
    followed: list[dict[str, Seen]] = field(default_factory=list)
    following: list[asyncio.Task[None]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def arrive(self, count: int) -> list[Customer]:
        urls = [replica.url for replica in self.replicas]
        arrived = []
        for number in range(count):
            customer = Customer(self.client, urls, asked=number)
            await customer.open()
            seen: dict[str, Seen] = {}
            self.followed.append(seen)
            self.following.append(asyncio.create_task(customer.follow(seen, self.closed)))
            arrived.append(customer)
        async with asyncio.timeout(60):
            for customer in arrived:
                await customer.following.wait()
        self.customers += arrived
        return arrived

    async def leave(self) -> None:
        """Those who follow a whole conversation see the end of its last turn, then go."""
        async with asyncio.timeout(30):
            for customer, followed, task in zip(self.customers, self.followed, self.following, strict=True):
                while not all(turn in followed and followed[turn].status for turn in customer.to_follow(followed)):
                    assert not task.done() or task.result() is None
                    await asyncio.sleep(0.05)
        self.closed.set()
        for task in self.following:
            task.cancel()
        for result in await asyncio.gather(*self.following, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError | None), result

    async def at_work(self) -> Replica | None:
        """The replica that runs most turns just now."""
        async with self.database.session() as session:
            owner = await session.scalar(
                text("SELECT lease_owner FROM turns WHERE status = 'running' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
            )
        return next((replica for replica in self.replicas if owner and f":{replica.pid}:" in owner), None)

    async def check(self) -> dict[str, int]:
        """Nothing lost, nothing twice; answers what there was."""
        await self.leave()
        for customer, followed in zip(self.customers, self.followed, strict=True):
            await customer.check()
            assert list(followed) == customer.to_follow(followed), "turns are followed in their order"
            for turn, other in followed.items():
                seen = customer.turns[turn]
                assert (other.last, other.said, other.status) == (seen.last, seen.said, seen.status)
        seen = [turn for customer in self.customers for turn in customer.turns.values()]
        assert {turn.status for turn in seen} <= {"completed", "failed"}
        counts = {
            "turns": len(seen),
            "failed": sum(turn.status == "failed" for turn in seen),
            "discarded": sum(turn.discarded for turn in seen),
            "reconnects": sum(customer.reconnects for customer in self.customers),
        }
        async with self.database.session() as session:
            rows = await session.execute(
                text(
                    "SELECT c.conversation_id, p.external_id, l.quantity FROM cart_lines l"
                    " JOIN carts c ON c.id = l.cart_id JOIN variants v ON v.id = l.variant_id"
                    " JOIN products p ON p.id = v.product_id"
                )
            )
            carts = {(str(row[0]), row[1]): row[2] for row in rows}
            offers = dict(
                (
                    await session.execute(text("SELECT conversation_id::text, count(*) FROM price_offers GROUP BY 1"))
                ).all()
            )
            checkouts = dict(
                (
                    await session.execute(text("SELECT c.conversation_id::text, count(*) FROM checkouts c GROUP BY 1"))
                ).all()
            )
            held = dict(
                (
                    await session.execute(
                        text(
                            "SELECT c.conversation_id::text, sum(r.quantity) FROM reservations r"
                            " JOIN checkouts c ON c.id = r.checkout_id WHERE r.state = 'held' GROUP BY 1"
                        )
                    )
                ).all()
            )
            reserved = await session.scalar(text("SELECT sum(reserved) FROM inventory"))
            counts["taken over"] = await session.scalar(text("SELECT count(*) FROM turns WHERE attempt > 1")) or 0
            counts["attempts"] = await session.scalar(text("SELECT max(attempt) FROM turns")) or 0
        for customer in self.customers:
            for number, turn in enumerate(customer.turns.values()):
                quantity = carts.get((customer.id, f"thing{number}"), 0)
                assert quantity in [ADDED[number] * times for times in turn.effects("update_cart")], (
                    customer,
                    quantity,
                )
                if number == 1:
                    assert offers.get(customer.id, 0) in turn.effects("make_offer"), "an offer was made twice"
                if number == 2:
                    assert checkouts.get(customer.id, 0) in turn.effects("create_payment_link"), "two checkouts"
            if customer.id in checkouts:
                assert held[customer.id] == sum(carts.get((customer.id, f"thing{n}"), 0) for n in range(VARIANTS))
        assert (reserved or 0) == sum(held.values())
        return counts


@asynccontextmanager
async def open_shop(
    database_url: str, redis_url: str, folder: Path, count: int = 2, **settings: str
) -> AsyncIterator[Shop]:
    database = Database(database_url)
    try:
        organization_id, secret, _ = await make_organization(database)
        async with database.tx(organization_id) as tx:
            for number in range(VARIANTS):
                await shop.variant(
                    tx, f"thing{number}", price=5000, stock=STOCK, requires_shipping=False, dynamic=True, floor=3000
                )
            rules = {"allow_dynamic_pricing": True, "max_discount_percent": 20}
            await tx.session.execute(update(Agent).where(Agent.organization_id == organization_id).values(rules=rules))
        async with (
            fickle_model(folder) as model_url,
            replicas(database_url, redis_url, folder, model_url, count, **settings) as started,
            httpx.AsyncClient(
                headers={"authorization": f"Bearer {secret}"},
                timeout=httpx.Timeout(40, connect=2),
                trust_env=False,
                limits=httpx.Limits(max_connections=None),
            ) as client,
        ):
            opened = Shop(database, organization_id, client, started)
            try:
                yield opened
            finally:
                for task in opened.following:
                    task.cancel()
    finally:
        await database.close()
