"""A bad network between processor and shop: 1,000 payment events, many twice, many out of order, some forged.

The sandbox's own deliveries are taken out of the queue, so that this test is the network and nobody else: it sends the same
bodies, signed alike, in an order of its own, to the processes of the service. Nor may anybody ask the sandbox meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from sqlalchemy import select, text

from agentpay.commerce import inventory
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.registry import Providers
from agentpay.commerce.payments.sandbox import cards, events
from agentpay.commerce.payments.signatures import sign
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from agentpay.store.tables import Checkout, InboundEvent, Payment, Refund, SandboxPayment
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.commerce.till import ADDRESS
from tests.proofs.market import Market, figures, open_market
from tests.proofs.processes import api_processes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

DELIVERIES = 1000
DUPLICATED = 300
REORDERED = 100
FORGED = 50
EVENTS = DELIVERIES - DUPLICATED - FORGED
STOCK = 1000
SECRET = "whsec_of_this_test"
SEED = 20240607

HELD_BACK = (
    """
    CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.queue_name = 'held'; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER held_back BEFORE INSERT ON procrastinate_jobs FOR EACH ROW
    WHEN (NEW.task_name IN ('sandbox.deliver_webhook', 'sandbox.settle', 'payments.reconcile'))
    EXECUTE FUNCTION hold_back()
    """,
)
"""No worker takes jobs from a queue of this name."""
LET_GO = (
    "DROP TRIGGER held_back ON procrastinate_jobs",
    """
    UPDATE procrastinate_jobs SET args = args || jsonb_build_object('began', now() - interval '1 hour')
    WHERE task_name = 'payments.reconcile'
    """,
    "UPDATE procrastinate_jobs SET queue_name = 'default', scheduled_at = now() WHERE queue_name = 'held'",
)

Card = Literal["success", "decline", "three_d_secure", "delayed", "fail_authentication"]
Ending = Literal["paid", "given_up", "waiting", "expired", "cancelled"]


@dataclass
class Story:
    """One buyer: failed tries, then how it ends. `expired`, `cancelled`: it is paid, but the checkout ended meanwhile."""

    number: int
    tries: list[Card]
    ending: Ending
    checkout_id: UUID | None = None
    total: int = 0

    @property
    def events(self) -> int:
        """How many the sandbox will send: one a try, two for money that comes later."""
        return sum(2 if card == "delayed" else 1 for card in self.tries)


@dataclass
class Delivery:
    headers: dict[str, str]
    body: bytes
    genuine: bool
    at: float
    """Where it comes in the order of all."""


@dataclass
class Told:
    new: int = 0
    again: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def stories(chance: random.Random) -> list[Story]:
    """Buyers whose payments make exactly EVENTS events, and ten whose payment never came about."""
    made: list[Story] = []
    left = EVENTS
    while left:
        failing: list[Card] = [chance.choice(("decline", "fail_authentication")) for _ in range(chance.randint(0, 5))]
        ending: Ending = chance.choices(("paid", "given_up", "expired", "cancelled"), (85, 8, 4, 3))[0]
        last: list[Card] = []
        if ending == "paid":
            last = [chance.choice(("success", "delayed", "three_d_secure"))]
        elif ending != "given_up":
            last = ["success"]
        told = Story(len(made), failing + last, ending)
        if told.events > left:
            told = Story(len(made), ["decline"] * left, "given_up")
        if told.events:
            made.append(told)
            left -= told.events
    return made + [Story(len(made) + n, [], "waiting") for n in range(10)]


@pytest.fixture(scope="module")
async def market(
    servers: Embedded, database_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Market]:
    folder: Path = tmp_path_factory.mktemp("events")
    secret = {"AGENTPAY_SANDBOX_WEBHOOK_SECRET": SECRET}
    with api_processes(2, database_url, servers.redis_url, folder, **secret) as processes:
        async with open_market(database, processes) as opened:
            yield opened


class Buyers:
    """They pay, in this process; what the sandbox would tell of it is kept from the queue."""

    def __init__(self, market: Market, providers: Providers, organization_id: UUID, secret: str) -> None:
        self.market, self.providers = market, providers
        self.organization_id, self.secret = organization_id, secret
        self.paying = Paying(market.database, providers, base_url=market.processes[0].base_url)

    async def play(self, story: Story, variant_id: UUID) -> None:
        body = {
            "items": [{"variant_id": str(variant_id), "quantity": 1 + story.number % 3}],
            "customer": {"email": f"buyer{story.number}@shopper.example"},
            "shipping_address": ADDRESS,
        }
        answer = await self.market.post(self.secret, "/v1/checkouts", body)
        assert answer.status_code == 201, answer.text
        story.checkout_id, story.total = UUID(answer.json()["id"]), answer.json()["total"]
        if story.ending == "waiting":
            await self.paying.start(self.organization_id, story.checkout_id)
            return
        for card in story.tries[:-1]:
            await self.attempt(story.checkout_id, card)
        if story.ending in ("paid", "given_up"):
            await self.attempt(story.checkout_id, story.tries[-1])
            return
        # the money comes when the checkout has ended: it expired with its hold, or was cancelled
        started = await self.paying.start(self.organization_id, story.checkout_id)
        async with self.market.database.tx(self.organization_id) as tx:
            checkout = await tx.session.get_one(Checkout, story.checkout_id, with_for_update=True)
            checkout.status = story.ending
            await inventory.release(tx, story.checkout_id)
        good = cards.parse(cards.CARD_OF["success"], "12/40", "123")
        await self.providers.sandbox.submit_card(self.organization_id, started.payment.id, good)

    async def attempt(self, checkout_id: UUID, card: Card) -> None:
        number = cards.CARD_OF["three_d_secure" if card == "fail_authentication" else card]
        made = await self.paying.pay_by_card(self.organization_id, checkout_id, cards.parse(number, "12/40", "123"))
        if card in ("three_d_secure", "fail_authentication"):
            await self.paying.authenticate(self.organization_id, checkout_id, approved=card == "three_d_secure")
        elif card == "delayed":
            await self.providers.sandbox.settle(self.organization_id, made.payment.id)


async def intercept(database: Database, providers: Providers, organization_id: UUID) -> list[bytes]:
    """The bodies of the sandbox's events, in the order in which it made them; their deliveries leave the queue."""
    query = text(
        "DELETE FROM procrastinate_jobs"
        " WHERE task_name = 'sandbox.deliver_webhook' AND args->>'organization_id' = :id RETURNING args"
    )
    async with database.session() as session:
        found = [dict(args) for args in await session.scalars(query, {"id": str(organization_id)})]
    bodies = []
    for args in sorted(found, key=lambda each: each["created"]):
        body, _ = await providers.sandbox.webhook(
            organization_id,
            args["payment_id"],
            args["event_id"],
            args["event_type"],
            datetime.fromisoformat(args["created"]),
            args["refund_id"],
        )
        bodies.append(body)
    return bodies


def forgeries(bodies: list[bytes], waiting: list[SandboxPayment], chance: random.Random) -> list[Delivery]:
    """Lies about payments that were not made, and true events whose signature is none."""
    made = []
    for number in range(FORGED):
        body = chance.choice(bodies)
        match number % 5:
            case 0:  # who knows all but the secret says that an unpaid checkout was paid
                lie = chance.choice(waiting)
                event = events.build(lie, f"evt_forged{number}", "payment_intent.succeeded", datetime.now(UTC))
                body = json.dumps(event).encode()
                header = sign("whsec_guessed", body)
            case 1:  # another amount under the signature of the true one
                event = json.loads(body)
                event["id"], event["data"]["object"]["amount"] = f"evt_forged{number}", 1
                header, body = sign(SECRET, body), json.dumps(event).encode()
            case 2:
                header = ""
            case 3:  # recorded long ago, played again
                header = sign(SECRET, body, timestamp=int(time.time()) - 3600)
            case _:  # the time moved on without a new signature
                old = sign(SECRET, body, timestamp=int(time.time()) - 3600)
                header = f"t={int(time.time())},{old.partition(',')[2]}"
        headers = {"sandbox-signature": header} if header else {}
        made.append(Delivery(headers, body, False, chance.random() * len(bodies)))
    return made


def deliveries(bodies: list[bytes], forged: list[Delivery], chance: random.Random) -> list[Delivery]:
    """In the order made, but REORDERED of them anywhere, DUPLICATED twice (at once or later), FORGED in between."""
    genuine = [Delivery({}, body, True, float(number)) for number, body in enumerate(bodies)]
    for moved in chance.sample(genuine, REORDERED):
        moved.at = chance.random() * len(bodies)
    for original in chance.sample(genuine, DUPLICATED):
        later = chance.choice((0.0, chance.random() * len(bodies)))
        genuine.append(Delivery({}, original.body, True, original.at + later))
    return sorted(genuine + forged, key=lambda each: each.at)


async def deliver(market: Market, delivery: Delivery, told: Told) -> None:
    process = market.processes[next(market.turns) % len(market.processes)]
    headers = {"sandbox-signature": sign(SECRET, delivery.body)} if delivery.genuine else delivery.headers
    answer = await market.client.post(f"{process.base_url}/v1/webhooks/sandbox", content=delivery.body, headers=headers)
    market.statuses[answer.status_code] += 1
    if not delivery.genuine:
        assert 400 <= answer.status_code < 500, answer.text
        told.refused[answer.json()["code"]] += 1
        return
    assert answer.status_code == 202, answer.text
    if answer.json()["duplicate"]:
        told.again += 1
    else:
        told.new += 1


async def books(market: Market, organization_id: UUID) -> list[SandboxPayment]:
    """The processor's side of it."""
    async with market.database.tx(organization_id) as tx:
        rows = await tx.session.scalars(select(SandboxPayment).where(SandboxPayment.organization_id == organization_id))
        return list(rows)


async def all_handled(market: Market, organization_id: UUID) -> None:
    """Every stored event has had its effects, at the first go."""
    of_shop = InboundEvent.organization_id == organization_id
    deadline = time.monotonic() + 120
    while True:
        async with market.database.tx(organization_id) as tx:
            rows = list(await tx.session.scalars(select(InboundEvent).where(of_shop)))
        if all(row.handled_at is not None for row in rows):
            break
        assert time.monotonic() < deadline, "events are left unhandled"
        await asyncio.sleep(0.2)
    assert len(rows) == EVENTS
    assert not [row.external_id for row in rows if "forged" in row.external_id]
    assert {(row.attempts, row.error) for row in rows} == {(1, None)}


async def one_order_a_checkout(market: Market, organization_id: UUID, told_of: list[Story]) -> None:
    """Who paid has one order over what was asked for; who did not has none."""
    orders = await market.orders(organization_id)
    bought = {story.checkout_id: story.total for story in told_of if story.ending in ("paid", "expired")}
    assert len(orders) == len(bought)
    assert {each.checkout_id: each.total for each in orders} == bought
    assert {each.status for each in orders} == {"paid"}


async def to_the_cent(market: Market, organization_id: UUID, told_of: list[Story]) -> None:
    """The shop's ledger is the processor's books, payment by payment, and both are what the orders say."""
    theirs = await books(market, organization_id)
    orders = await market.orders(organization_id)
    async with market.database.tx(organization_id) as tx:
        ledger = list(await tx.session.scalars(select(Payment).where(Payment.organization_id == organization_id)))
        refunds = list(await tx.session.scalars(select(Refund).where(Refund.organization_id == organization_id)))
        statuses = Counter(
            await tx.session.scalars(select(Checkout.status).where(Checkout.organization_id == organization_id))
        )
    charged = {events.charge_id(row.id): (row.reference, row.amount) for row in theirs if row.status == "succeeded"}
    entered = {row.processor_id: (str(row.checkout_id), row.amount) for row in ledger if row.status == "succeeded"}
    assert entered == charged
    failed = {events.payment_id(row.id): row.amount for row in theirs if row.status == "failed"}
    assert {row.processor_id: row.amount for row in ledger if row.status == "failed"} == failed
    assert len(ledger) == len(entered) + len(failed)

    given_back = {entry["id"]: entry["amount"] for row in theirs for entry in row.refunds}
    assert {row.processor_id: row.amount for row in refunds} == given_back
    assert {row.status for row in refunds} == {"succeeded"}
    kept = sum(row.amount - row.refunded for row in theirs if row.status == "succeeded")
    assert sum(amount for _, amount in entered.values()) - sum(given_back.values()) == kept
    assert sum(each.total - each.refunded for each in orders) == kept

    endings = Counter(story.ending for story in told_of)
    assert statuses == {
        "succeeded": endings["paid"] + endings["expired"],
        "open": endings["given_up"] + endings["waiting"],
        "cancelled": endings["cancelled"],
    }
    figures(
        f"{len(entered)} charges, {len(failed)} failed tries, {len(given_back)} given back; processor = ledger ="
        f" {len(orders)} orders = {kept / 100:.2f} USD"
    )


async def test_1000_events_twice_out_of_order_and_forged(market: Market, database: Database) -> None:
    chance = random.Random(SEED)
    organization_id, key, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        sock = await shop.variant(tx, "sock", price=1337, stock=STOCK)
        # Until all is told: no reconciler, no delivery and no clock but those of this test
        for statement in HELD_BACK:
            await tx.session.execute(text(statement))
    settings = Settings(_env_file=None, sandbox_webhook_secret=SECRET)  # type: ignore[call-arg, arg-type]
    async with aclosing(Providers(database, settings)) as providers:
        told_of = stories(chance)
        buyers = Buyers(market, providers, organization_id, key)
        began = time.monotonic()
        await market.crowd([partial(buyers.play, story, sock) for story in told_of], at_once=8)
        prepared = time.monotonic() - began
        bodies = await intercept(database, providers, organization_id)
    assert len(bodies) == EVENTS
    assert await market.orders(organization_id) == []  # nothing is sold before the processor says so

    waiting_ids = {str(story.checkout_id) for story in told_of if story.ending == "waiting"}
    waiting = [row for row in await books(market, organization_id) if row.reference in waiting_ids]
    sent = deliveries(bodies, forgeries(bodies, waiting, chance), chance)
    assert len(sent) == DELIVERIES
    told = Told()
    began = time.monotonic()
    await market.crowd([partial(deliver, market, each, told) for each in sent], at_once=16)
    delivered = time.monotonic() - began
    assert (told.new, told.again, told.refused) == (EVENTS, DUPLICATED, {"signature_invalid": FORGED})
    await all_handled(market, organization_id)
    figures(
        f"{len(told_of)} checkouts {dict(Counter(story.ending for story in told_of))} made {EVENTS} events"
        f" in {prepared:.0f} s; {DELIVERIES} deliveries in {delivered:.0f} s, handled after"
        f" {time.monotonic() - began:.0f} s: {told.new} new, {told.again} again, {REORDERED} out of order,"
        f" {sum(told.refused.values())} forged and refused"
    )
    await one_order_a_checkout(market, organization_id, told_of)

    # Now everybody may look: payments that never came about end, what came too late goes back, nothing else changes
    async with database.session() as session:
        for statement in LET_GO:
            await session.execute(text(statement))
    await market.quiet()
    await one_order_a_checkout(market, organization_id, told_of)
    await to_the_cent(market, organization_id, told_of)
    sold = sum(1 + s.number % 3 for s in told_of if s.ending in ("paid", "expired"))
    held = sum(1 + s.number % 3 for s in told_of if s.ending in ("given_up", "waiting"))
    assert await market.stock(organization_id, sock) == (STOCK - sold, held)
    await market.no_trouble()
