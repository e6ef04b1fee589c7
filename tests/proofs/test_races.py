"""Crowds at four processes of the service over one database: no unit is sold twice, no code redeemed once too often."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from agentpay.store.tables import (
    Checkout,
    Discount,
    DiscountRedemption,
    DiscountUse,
    OrderLine,
    Payment,
    Reservation,
    SandboxPayment,
)
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.commerce.till import ADDRESS
from tests.proofs.market import Market, figures, open_market
from tests.proofs.processes import api_processes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROCESSES = 4
BUYERS = 200
STOCK = 50
PRICE = 18900


@pytest.fixture(scope="module")
async def market(
    servers: Embedded, database_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Market]:
    folder: Path = tmp_path_factory.mktemp("races")
    with api_processes(PROCESSES, database_url, servers.redis_url, folder) as processes:
        async with open_market(database, processes) as opened:
            yield opened


async def new_shop(market: Market, stock: int) -> tuple[UUID, str, UUID]:
    """An organization that ships one thing: its id, its secret key, the thing."""
    organization_id, secret, _ = await make_organization(market.database)
    async with market.database.tx(organization_id) as tx:
        await zones(tx)
        return organization_id, secret, await shop.variant(tx, "jacket", price=PRICE, stock=stock)


async def order(market: Market, secret: str, variant_id: UUID, email: str, **fields: Any) -> httpx.Response:
    body = {
        "items": [{"variant_id": str(variant_id), "quantity": 1}],
        "customer": {"email": email},
        "shipping_address": ADDRESS,
        **fields,
    }
    return await market.post(secret, "/v1/checkouts", body)


async def pay(market: Market, secret: str, url: str, card: str = "success") -> httpx.Response:
    return await market.post(secret, "/v1/sandbox/pay", {"url": url, "card": card})


def outcome(answer: httpx.Response) -> str:
    """`paid`, `declined`, or the problem's `409 code`.

    On a busy machine the answer may come before the webhook's job: the money is taken then, the order under way.
    """
    told = answer.json()
    if answer.status_code != 200:
        return f"{answer.status_code} {told['code']}"
    if told["failure"]:
        return "declined"
    return "paid" if told["status"] in ("confirmed", "succeeded") else str(told["status"])


async def sold_exactly(market: Market, organization_id: UUID, variant_id: UUID) -> None:
    """Orders, stock, holds, ledger and processor all say: every unit once, and no unit more."""
    await market.quiet()
    assert await market.stock(organization_id, variant_id) == (0, 0)
    orders = await market.orders(organization_id)
    assert len(orders) == len({each.checkout_id for each in orders}) == len({each.number for each in orders}) == STOCK
    assert {(each.status, each.total) for each in orders} == {("paid", PRICE)}
    async with market.database.tx(organization_id) as tx:
        units = await tx.session.scalar(
            select(func.sum(OrderLine.quantity)).where(OrderLine.organization_id == organization_id)
        )
        ledger = await tx.session.scalars(
            select(Payment.amount).where(Payment.organization_id == organization_id, Payment.status == "succeeded")
        )
        taken = await tx.session.scalars(
            select(SandboxPayment.amount).where(
                SandboxPayment.organization_id == organization_id, SandboxPayment.status == "succeeded"
            )
        )
        held = await tx.session.scalar(
            select(func.count())
            .select_from(Reservation)
            .where(Reservation.organization_id == organization_id, Reservation.state == "held")
        )
        assert (units, held) == (STOCK, 0)
        assert list(ledger) == list(taken) == [PRICE] * STOCK


async def test_200_buyers_race_for_50_items(market: Market) -> None:
    organization_id, secret, jacket = await new_shop(market, STOCK)

    async def buyer(number: int) -> str:
        made = await order(market, secret, jacket, f"buyer{number}@shopper.example")
        if made.status_code != 201:
            [short] = made.json()["items"]
            assert (short["variant_id"], short["requested"], short["available"]) == (str(jacket), 1, 0)
            return outcome(made)
        return outcome(await pay(market, secret, made.json()["url"]))

    began = time.monotonic()
    became = Counter(await market.crowd([partial(buyer, number) for number in range(BUYERS)]))
    figures(
        f"{BUYERS} buyers, {STOCK} items, {PROCESSES} processes: {dict(became)} in {time.monotonic() - began:.1f} s; {market.took()}"
    )
    assert became == {"paid": STOCK, "409 out_of_stock": BUYERS - STOCK}
    await sold_exactly(market, organization_id, jacket)
    await market.no_trouble()


async def test_200_open_checkouts_whose_holds_ran_out_race_at_the_till(market: Market) -> None:
    """The stock went from hand to hand, so that all 200 have a checkout: who pays first gets the goods."""
    organization_id, secret, jacket = await new_shop(market, STOCK)

    async def open_one(number: int) -> str:
        made = await order(market, secret, jacket, f"buyer{number}@shopper.example")
        assert made.status_code == 201, made.text
        return str(made.json()["url"])

    urls: list[str] = []
    for first in range(0, BUYERS, STOCK):
        urls += await market.crowd([partial(open_one, number) for number in range(first, first + STOCK)])
        async with market.database.tx(organization_id) as tx:
            await tx.session.execute(
                update(Reservation)
                .where(Reservation.organization_id == organization_id)
                .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
            )
    assert len(set(urls)) == BUYERS

    async def buyer(url: str) -> str:
        return outcome(await pay(market, secret, url))

    began = time.monotonic()
    became = Counter(await market.crowd([partial(buyer, url) for url in urls]))
    figures(
        f"{BUYERS} open checkouts, {STOCK} items: {dict(became)} in {time.monotonic() - began:.1f} s; {market.took()}"
    )
    assert became == {"paid": STOCK, "409 out_of_stock": BUYERS - STOCK}
    await sold_exactly(market, organization_id, jacket)
    await market.no_trouble()


CAP = 10
CUSTOMERS = 80
CONFIRMS = 100
TWICE = CONFIRMS - CUSTOMERS
"""So many customers try twice, both times at once, and before the others."""


async def test_a_code_for_ten_under_100_confirms(market: Market) -> None:
    """Declined cards first: all that they held comes back. Then 100 good ones: exactly ten orders, ten customers."""
    organization_id, secret, jacket = await new_shop(market, 1000)
    async with market.database.tx(organization_id) as tx:
        code_id = await shop.discount(tx, "FIRSTTEN", max_redemptions=CAP, max_redemptions_per_customer=1)

    async def open_one(number: int) -> str:
        customer = number // 2 if number < TWICE * 2 else number - TWICE
        email = f"customer{customer}@shopper.example"
        made = await order(market, secret, jacket, email, discount_code="FIRSTTEN")
        assert made.status_code == 201, made.text
        assert made.json()["total"] == PRICE * 9 // 10
        return str(made.json()["url"])

    async def buyer(url: str, card: str) -> str:
        return outcome(await pay(market, secret, url, card))

    urls = await market.crowd([partial(open_one, number) for number in range(CONFIRMS)])
    began = time.monotonic()
    declined = Counter(await market.crowd([partial(buyer, url, "decline") for url in urls[: CAP * 4]]))
    await market.quiet()
    assert declined["declined"] >= CAP
    refused = {"409 discount_used_up", "409 discount_used_up_for_customer", "409 checkout_changed"}
    assert set(declined) <= {"declined"} | refused
    assert await redemptions(market, organization_id, code_id) == (0, {"released": declined["declined"]}, 0)
    assert await market.orders(organization_id) == []

    # Who was told of a new total meanwhile looks again: the code is there once more
    async with market.database.tx(organization_id) as tx:
        again = await tx.session.scalars(
            select(Checkout.id).where(Checkout.organization_id == organization_id, Checkout.discount == 0)
        )
    for checkout_id in again:
        headers = {"authorization": f"Bearer {secret}"}
        address = f"{market.processes[0].base_url}/v1/checkouts/{checkout_id}"
        shown = await market.client.patch(address, json={"discount_code": "FIRSTTEN"}, headers=headers)
        assert (shown.status_code, shown.json()["discount"]) == (200, PRICE // 10)

    became = Counter(await market.crowd([partial(buyer, url, "success") for url in urls], at_once=CONFIRMS))
    figures(
        f"a code for {CAP}: {dict(declined)} with declined cards, then {dict(became)} of {CONFIRMS} confirms"
        f" by {CUSTOMERS} customers in {time.monotonic() - began:.1f} s; {market.took()}"
    )
    assert became["paid"] == CAP
    assert set(became) <= {"paid"} | refused
    assert became.total() == CONFIRMS
    await market.quiet()
    orders = await market.orders(organization_id)
    assert len(orders) == CAP
    assert {(each.discount_code, each.discount, each.total) for each in orders} == {
        ("FIRSTTEN", PRICE // 10, PRICE * 9 // 10)
    }
    assert len({each.customer_id for each in orders}) == len({each.email for each in orders}) == CAP
    taken, states, most = await redemptions(market, organization_id, code_id)
    assert (taken, states["committed"], most) == (CAP, CAP, 1)
    assert "held" not in states

    # The losers may still buy, at the full price
    waiting = [url for url in urls if url.rsplit("/", 1)[1] not in await tokens_of_orders(market, organization_id)]
    for url in waiting[:5]:
        answer = await pay(market, secret, url)
        if answer.status_code == 409:
            assert (answer.json()["code"], answer.json()["total"]) == ("checkout_changed", PRICE)
            answer = await pay(market, secret, url)
        assert outcome(answer) == "paid"
    await market.quiet()
    late = [each for each in await market.orders(organization_id) if each.discount == 0]
    assert [(each.total, each.discount_code) for each in late] == [(PRICE, None)] * 5
    assert (await redemptions(market, organization_id, code_id))[0] == CAP
    await market.no_trouble()


async def redemptions(market: Market, organization_id: UUID, code_id: UUID) -> tuple[int, Counter[str], int]:
    """The code's own counter, its redemptions by state, and the most that one customer has."""
    async with market.database.tx(organization_id) as tx:
        taken = await tx.session.scalar(
            select(Discount.redeemed).where(Discount.organization_id == organization_id, Discount.id == code_id)
        )
        states = await tx.session.scalars(
            select(DiscountRedemption.state).where(
                DiscountRedemption.organization_id == organization_id, DiscountRedemption.discount_id == code_id
            )
        )
        most = await tx.session.scalar(
            select(func.coalesce(func.max(DiscountUse.redeemed), 0)).where(
                DiscountUse.organization_id == organization_id, DiscountUse.discount_id == code_id
            )
        )
        return int(taken or 0), Counter(states), int(most or 0)


async def tokens_of_orders(market: Market, organization_id: UUID) -> set[str]:
    bought = {each.checkout_id for each in await market.orders(organization_id)}
    async with market.database.tx(organization_id) as tx:
        return set(await tx.session.scalars(select(Checkout.token).where(Checkout.id.in_(bought))))
