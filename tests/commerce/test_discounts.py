"""Codes and their caps on a real PostgreSQL, with real parallel connections."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from agentpay.commerce import discounts
from agentpay.commerce.pricing import OfferPrice, PricingLine
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Discount, DiscountRedemption, DiscountUse
from tests.commerce import shop

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SHOE = UUID(int=1)
LINES = [
    PricingLine(SHOE, "shoe", "Footwear > Trail", 2, 13900, 11900),
    PricingLine(UUID(int=2), "socks", "Clothing > Socks", 1, 2900),
]


async def counts(tx: Tx, discount_id: UUID) -> tuple[int, list[int]]:
    redeemed = await tx.session.scalar(select(Discount.redeemed).where(Discount.id == discount_id))
    uses = await tx.session.scalars(
        select(DiscountUse.redeemed).where(DiscountUse.discount_id == discount_id).order_by(DiscountUse.redeemed)
    )
    return redeemed or 0, list(uses)


async def state(tx: Tx, checkout_id: UUID) -> str | None:
    return await tx.session.scalar(
        select(DiscountRedemption.state).where(DiscountRedemption.checkout_id == checkout_id)
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "ok"),
        ({"active": False}, "inactive"),
        ({"starts_at": NOW + DAY}, "not_started"),
        ({"starts_at": NOW}, "ok"),
        ({"ends_at": NOW}, "expired"),
        ({"ends_at": NOW + DAY}, "ok"),
        ({"max_redemptions": 3, "redeemed": 3}, "used_up"),
        ({"max_redemptions": 3, "redeemed": 2}, "ok"),
        ({"min_subtotal": 30701}, "min_subtotal"),
        ({"min_subtotal": 30700}, "ok"),
        ({"products": ["kayak"]}, "no_eligible_item"),
        ({"products": ["kayak"], "categories": ["clothing"]}, "ok"),
    ],
)
async def test_a_code_says_why_it_does_not_apply(
    database: Database, organization_id: UUID, fields: dict[str, Any], reason: str
) -> None:
    async with database.tx(organization_id) as tx:
        await shop.discount(tx, "CODE", **fields)
        decision = await discounts.evaluate(tx, "code", LINES, now=NOW)
        assert (decision.reason, decision.ok) == (reason, reason == "ok")
        assert "CODE" in decision.detail
        assert (decision.amount > 0) is decision.ok
        assert (await discounts.evaluate(tx, "other", LINES, now=NOW)).reason == "unknown"


async def test_the_amount_comes_after_the_offer_and_stops_at_the_floor(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        await shop.discount(tx, "TEN")
        await shop.discount(tx, "SOCKS5", amount=500, products=["socks"])
        decision = await discounts.evaluate(tx, "ten", LINES, now=NOW)
        assert (decision.amount, decision.capped) == (3070, False)
        decision = await discounts.evaluate(tx, "ten", LINES, now=NOW, offer=OfferPrice(SHOE, 2, 12000))
        assert (decision.amount, decision.capped) == (200 + 290, True)
        assert (await discounts.evaluate(tx, "socks5", LINES, now=NOW)).amount == 500
        without_lines = await discounts.evaluate(tx, "ten", [], now=NOW)
        assert (without_lines.ok, without_lines.amount) == (True, 0)


async def test_a_code_limited_per_customer_says_that_it_needs_one(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        code = await shop.discount(tx, "ONCE", max_redemptions_per_customer=1)
        assert (await discounts.evaluate(tx, "once", LINES, now=NOW)).needs_customer is True
        assert (await discounts.evaluate(tx, "once", LINES, now=NOW, email="a@b.example")).needs_customer is False
        with pytest.raises(Problem) as refused:
            await discounts.hold(tx, await shop.checkout(tx), discount_id=code, customer_id=None)
        assert refused.value.code == "customer_required"
        assert await counts(tx, code) == (0, [])


async def test_a_redemption_is_held_kept_and_given_back_once(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        code = await shop.discount(tx, "ONCE", max_redemptions=1, max_redemptions_per_customer=1)
        dana = await shop.customer(tx, "dana@shopper.example")
        first, second = await shop.checkout(tx), await shop.checkout(tx)
        for _ in range(2):
            await discounts.hold(tx, first, discount_id=code, customer_id=dana)
            assert await counts(tx, code) == (1, [1])
        with pytest.raises(Problem) as refused:
            await discounts.hold(tx, second, discount_id=code, customer_id=dana)
        assert (refused.value.code, refused.value.status) == ("discount_used_up", 409)
        assert [await discounts.release(tx, first) for _ in range(2)] == [True, False]
        assert (await counts(tx, code), await state(tx, first)) == ((0, [0]), "released")
        assert await discounts.commit(tx, first) is False
        await discounts.hold(tx, first, discount_id=code, customer_id=dana)
        assert [await discounts.commit(tx, first) for _ in range(2)] == [True, False]
        assert await discounts.release(tx, first) is False
        assert (await counts(tx, code), await state(tx, first)) == ((1, [1]), "committed")
        assert (await state(tx, second)) is None


async def test_one_use_per_customer_leaves_the_global_counter_alone_when_refused(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        code = await shop.discount(tx, "ONCE", max_redemptions_per_customer=1)
        dana, kai = await shop.customer(tx, "dana@shopper.example"), await shop.customer(tx, "kai@shopper.example")
        await discounts.hold(tx, await shop.checkout(tx), discount_id=code, customer_id=dana)
        with pytest.raises(Problem) as refused:
            await discounts.hold(tx, await shop.checkout(tx), discount_id=code, customer_id=dana)
        assert refused.value.code == "discount_used_up_for_customer"
        assert await counts(tx, code) == (1, [1])
        decision = await discounts.evaluate(tx, "once", LINES, customer_id=dana)
        assert decision.reason == "used_up_for_customer"
        await discounts.hold(tx, await shop.checkout(tx), discount_id=code, customer_id=kai)
        assert await counts(tx, code) == (2, [1, 1])


async def test_another_code_or_customer_gives_the_first_one_back(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        one, two = await shop.discount(tx, "ONE"), await shop.discount(tx, "TWO")
        dana, kai = await shop.customer(tx, "dana@shopper.example"), await shop.customer(tx, "kai@shopper.example")
        checkout_id = await shop.checkout(tx)
        await discounts.hold(tx, checkout_id, discount_id=one, customer_id=dana)
        await discounts.hold(tx, checkout_id, discount_id=two, customer_id=dana)
        assert [await counts(tx, one), await counts(tx, two)] == [(0, [0]), (1, [1])]
        await discounts.hold(tx, checkout_id, discount_id=two, customer_id=kai)
        assert await counts(tx, two) == (1, [0, 1])
        await discounts.commit(tx, checkout_id)
        with pytest.raises(Problem):
            await discounts.hold(tx, checkout_id, discount_id=one, customer_id=kai)
        assert await counts(tx, one) == (0, [0])


async def test_a_code_that_ended_meanwhile_is_not_held(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        code = await shop.discount(tx, "OLD", ends_at=NOW)
        checkout_id = await shop.checkout(tx)
        with pytest.raises(Problem) as refused:
            await discounts.hold(tx, checkout_id, discount_id=code, customer_id=None, now=NOW)
        assert (refused.value.code, refused.value.extra["reason"]) == ("discount_invalid", "expired")
        with pytest.raises(Problem):
            await discounts.hold(tx, checkout_id, discount_id=new_id(), customer_id=None, now=NOW)


async def test_ten_redemptions_one_a_customer_under_forty_parallel_holds(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        code = await shop.discount(tx, "TEN", max_redemptions=10, max_redemptions_per_customer=1)
        customers = [await shop.customer(tx, f"c{n}@shopper.example") for n in range(20)]
        checkouts = [(await shop.checkout(tx), customers[n % 20]) for n in range(40)]

    async def hold(checkout_id: UUID, customer_id: UUID) -> str:
        try:
            async with database.tx(organization_id) as tx:
                await discounts.hold(tx, checkout_id, discount_id=code, customer_id=customer_id)
        except Problem as problem:
            return problem.code
        return "held"

    results = await asyncio.gather(*(hold(*pair) for pair in checkouts))
    assert results.count("held") == 10
    assert set(results) <= {"held", "discount_used_up", "discount_used_up_for_customer"}
    async with database.tx(organization_id) as tx:
        assert await counts(tx, code) == (10, [1] * 10)

    async def release(checkout_id: UUID) -> bool:
        async with database.tx(organization_id) as tx:
            return await discounts.release(tx, checkout_id)

    released = await asyncio.gather(*(release(checkout_id) for checkout_id, _ in checkouts for _ in range(2)))
    assert sum(released) == 10
    async with database.tx(organization_id) as tx:
        assert await counts(tx, code) == (0, [0] * 10)


async def test_one_checkout_held_by_many_at_once_counts_once(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        code = await shop.discount(tx, "TEN", max_redemptions=10, max_redemptions_per_customer=1)
        dana = await shop.customer(tx, "dana@shopper.example")
        checkout_id = await shop.checkout(tx)

    async def hold() -> None:
        async with database.tx(organization_id) as tx:
            await discounts.hold(tx, checkout_id, discount_id=code, customer_id=dana)

    await asyncio.gather(*(hold() for _ in range(10)))
    async with database.tx(organization_id) as tx:
        assert await counts(tx, code) == (1, [1])


async def test_checkouts_that_swap_codes_do_not_wait_for_each_other_for_ever(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        one, two = await shop.discount(tx, "ONE"), await shop.discount(tx, "TWO")
        dana = await shop.customer(tx, "dana@shopper.example")
        checkouts = [await shop.checkout(tx) for _ in range(8)]
        for n, checkout_id in enumerate(checkouts):
            await discounts.hold(tx, checkout_id, discount_id=(one, two)[n % 2], customer_id=dana)

    async def swap(n: int, checkout_id: UUID) -> None:
        async with database.tx(organization_id) as tx:
            await discounts.hold(tx, checkout_id, discount_id=(two, one)[n % 2], customer_id=dana)

    await asyncio.gather(*(swap(n, checkout_id) for n, checkout_id in enumerate(checkouts)))
    async with database.tx(organization_id) as tx:
        assert [await counts(tx, one), await counts(tx, two)] == [(4, [4]), (4, [4])]
