"""Changes of orders that have not left: items, address, payment method; links, refunds, races (CONTRACT §4)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from agentpay.commerce import checkouts, exchanges, order_changes, orders, refunds, returns
from agentpay.commerce.after_sale_shapes import (
    ExchangeItemInput,
    ItemChangeInput,
    OrderChangeView,
    ReturnItemInput,
    VariantInput,
)
from agentpay.commerce.checkout_inputs import CheckoutPatch
from agentpay.commerce.shapes import AddressShape
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Order, Refund, TaxRate, Variant
from tests.commerce import after, shop
from tests.commerce.after import BASE, NOW
from tests.commerce.test_checkouts import zones
from tests.commerce.test_payments import GOOD
from tests.commerce.till import ADDRESS, Till, open_till, until


@pytest.fixture(scope="module")
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        yield opened


def to(
    old: UUID, new: UUID | None = None, quantity: int | None = None, to_quantity: int | None = None
) -> ItemChangeInput:
    target = VariantInput(variant_id=new) if new else None
    return ItemChangeInput(variant_id=old, quantity=quantity, to=target, to_quantity=to_quantity)


async def changed(tx: Tx, order_id: UUID, *changes: ItemChangeInput, **fields: Any) -> OrderChangeView:
    return await order_changes.change_items(tx, order_id, changes, base_url=BASE, **fields)


async def code_of(awaitable: Any) -> str:
    try:
        await awaitable
    except Problem as problem:
        return problem.code
    return "done"


async def test_a_cheaper_item_pays_back_and_an_equal_one_moves_no_money(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "l": 1000, "s": 700})
        order_id = await after.order(tx, [(sizes["m"], 2, 1000)], shipping=500)
        same = await changed(tx, order_id, to(sizes["m"], sizes["l"], 1))
        assert (same.difference, same.refunds, same.payment, same.checkout) == (0, [], None, None)
        less = await changed(tx, order_id, to(sizes["l"], sizes["s"]))
        assert (less.difference, [r.amount for r in less.refunds]) == (-300, [300])
        assert (less.order.total, less.order.refunded, less.order.status) == (2200, 0, "paid")
        assert [(i.variant_external_id, i.quantity) for i in less.order.items] == [("shirt-m", 1), ("shirt-s", 1)]
        assert [await after.on_hand(tx, sizes[s]) for s in "mls"] == [11, 10, 9]
        await after.balances(tx, order_id)
        cancelled = await orders.cancel(tx, order_id)
        assert (cancelled.status, cancelled.refunded) == ("cancelled", 2200)
        assert await after.ledger(tx, order_id) == (2500, 2500)
        assert [await after.on_hand(tx, sizes[s]) for s in "mls"] == [12, 10, 10]


async def test_quantities_and_the_code_that_was_used(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "s": 600})
        order_id = await after.order(tx, [(sizes["m"], 3, 1000)], discount=301)
        fewer = await changed(tx, order_id, to(sizes["m"], None, 3, 1))
        assert (fewer.difference, fewer.order.discount, fewer.order.total) == (-1799, 100, 900)
        await after.balances(tx, order_id)
        swapped = await changed(tx, order_id, to(sizes["m"], sizes["s"]))
        assert (swapped.difference, swapped.order.discount, swapped.order.total) == (-400, 100, 500)
        await after.balances(tx, order_id)
        empty = changed(tx, order_id, to(sizes["s"], None, None, 0))
        assert await code_of(empty) == "order_would_be_empty"
        assert await code_of(changed(tx, order_id, to(sizes["s"]))) == "nothing_to_change"


async def test_tax_follows_the_goods(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        tx.session.add(TaxRate(organization_id=organization_id, country="US", region="OR", basis_points=725))
        sizes = await after.product(tx, "shirt", {"m": 1000, "s": 600})
        taxed = await after.order(tx, [(sizes["m"], 1, 1000)], tax=73)
        less = await changed(tx, taxed, to(sizes["m"], sizes["s"]))
        assert (less.order.tax, less.order.total, less.difference) == (44, 644, -429)
        untaxed = await after.order(tx, [(sizes["m"], 1, 1000)])
        assert (await changed(tx, untaxed, to(sizes["m"], sizes["s"]))).order.tax == 0
        await after.balances(tx, taxed)


async def test_a_stored_method_is_charged_only_where_the_policy_says_so(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        customer = await shop.customer(tx, "stored@b.example")
        await after.method(tx, customer, "visa")
        await after.method(tx, customer, "gift", "gift_card", 250)
        sizes = await after.product(tx, "shirt", {"m": 1000, "l": 1300})
        paid = {"type": "card", "reference": "visa"}
        order_id = await after.order(tx, [(sizes["m"], 2, 1000)], customer_id=customer, paid_with=paid)
        linked = await changed(tx, order_id, to(sizes["m"], sizes["l"], 1), method="visa")
        assert linked.payment is None
        assert linked.checkout is not None
        assert (linked.checkout.total, linked.order.total) == (300, 2000)
        await after.policies(tx, charge_saved_methods=True)
        short = changed(tx, order_id, to(sizes["m"], sizes["l"], 1), method="gift")
        assert await code_of(short) == "gift_card_insufficient"
    async with database.tx(organization_id) as tx:
        more = await changed(tx, order_id, to(sizes["m"], sizes["l"], 1), method="visa")
        assert more.payment is not None
        assert (more.payment.amount, more.payment.method["reference"], more.checkout) == (300, "visa", None)
        assert more.order.total == 2300
        await after.balances(tx, order_id)
        back = await changed(tx, order_id, to(sizes["l"], sizes["m"]), method="gift")
        assert ([r.amount for r in back.refunds], await after.balance(tx, "gift")) == ([300], 550)
        await after.balances(tx, order_id)


async def test_the_payment_moves_to_another_method(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        customer = await shop.customer(tx, "move@b.example")
        await after.method(tx, customer, "visa")
        await after.method(tx, customer, "gift", "gift_card", 2400)
        await after.method(tx, customer, "small", "gift_card", 2399)
        sizes = await after.product(tx, "shirt", {"m": 1000})
        paid = {"type": "card", "reference": "visa"}
        order_id = await after.order(tx, [(sizes["m"], 2, 1000)], shipping=400, customer_id=customer, paid_with=paid)
        assert await code_of(order_changes.change_payment(tx, order_id, "gift")) == "saved_methods_not_charged"
        await after.policies(tx, charge_saved_methods=True)
        assert await code_of(order_changes.change_payment(tx, order_id, "visa")) == "payment_method_same"
        assert await code_of(order_changes.change_payment(tx, order_id, "small")) == "gift_card_insufficient"
        moved = await order_changes.change_payment(tx, order_id, "gift")
        assert moved.payment is not None
        assert (moved.payment.amount, [r.amount for r in moved.refunds], moved.order.refunded) == (2400, [2400], 0)
        assert await after.balance(tx, "gift") == 0
        assert await code_of(order_changes.change_payment(tx, order_id, "gift")) == "payment_method_same"
        await after.balances(tx, order_id)
        cancelled = await orders.cancel(tx, order_id)
        assert (cancelled.refunded, await after.balance(tx, "gift")) == (2400, 2400)
        assert await after.ledger(tx, order_id) == (4800, 4800)


@pytest.mark.parametrize(
    "fields",
    [
        {"fulfillment_status": "shipped"},
        {"fulfillment_status": "delivered"},
        {"status": "cancelled"},
        {"status": "refunded"},
    ],
)
async def test_too_late_to_change(database: Database, organization_id: UUID, fields: dict[str, str]) -> None:
    async with database.tx(organization_id) as tx:
        await after.policies(tx, charge_saved_methods=True)
        customer = await shop.customer(tx, "late@b.example")
        await after.method(tx, customer, "visa")
        sizes = await after.product(tx, "shirt", {"m": 1000, "s": 900})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], customer_id=customer, **fields)
        elsewhere = AddressShape.model_validate(after.ADDRESS | {"line1": "1 Oak St"})
        for attempt in (
            changed(tx, order_id, to(sizes["m"], sizes["s"])),
            order_changes.change_address(tx, order_id, elsewhere, base_url=BASE),
            order_changes.change_payment(tx, order_id, "visa"),
        ):
            assert await code_of(attempt) == "order_not_changeable"


async def test_what_cannot_be_changed(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "s": 900})
        none = await after.product(tx, "sock", {"m": 900, "none": 900}, stock=0)
        order_id = await after.order(tx, [(sizes["m"], 1, 1000), (none["m"], 1, 900)])
        for change, code in (
            (to(sizes["m"], none["m"]), "variant_mismatch"),
            (to(none["m"], none["none"]), "out_of_stock"),
            (to(sizes["m"], sizes["s"], 2), "line_unknown"),
            (to(sizes["s"], sizes["m"]), "line_unknown"),
            (to(sizes["m"], UUID(int=1)), "variant_unknown"),
        ):
            assert await code_of(changed(tx, order_id, change)) == code
        await refunds.create(tx, order_id, 10)
        assert await code_of(changed(tx, order_id, to(sizes["m"], sizes["s"]))) == "order_not_changeable"
        await after.balances(tx, order_id)


async def test_an_address_is_changed_and_recomputed_where_that_matters(till: Till, organization_id: UUID) -> None:
    async with till.database.tx(organization_id) as tx:
        await zones(tx)
        item = await shop.variant(tx, "item", price=2000, stock=5)
    made = await till.buy(organization_id, {item: 1}, shipping_address=ADDRESS, customer={"email": "x@b.example"})
    order = None
    await till.pay(organization_id, made)
    order = await till.order_of(organization_id, made.id)
    assert (order.total, order.tax) == (2700, 0)
    async with till.database.tx(organization_id) as tx:
        near = AddressShape.model_validate(ADDRESS | {"line1": "9 Oak St"})
        moved = await order_changes.change_address(tx, order.id, near, base_url=till.base_url)
        assert moved.order.shipping_address == near
        assert moved.difference == 0
        again = order_changes.change_address(tx, order.id, near, base_url=till.base_url)
        assert await code_of(again) == "nothing_to_change"
        abroad = AddressShape.model_validate(ADDRESS | {"country": "BR", "region": None})
        unserved = order_changes.change_address(tx, order.id, abroad, base_url=till.base_url)
        assert await code_of(unserved) == "country_not_served"
        taxed = AddressShape.model_validate(ADDRESS | {"region": "CA", "city": "Oakland", "postal_code": "94601"})
        dearer = await order_changes.change_address(tx, order.id, taxed, base_url=till.base_url)
        assert dearer.checkout is not None
        assert (dearer.difference, dearer.checkout.total, dearer.order.shipping_address) == (145, 145, near)
    assert (await till.pay(organization_id, dearer.checkout)).status == "succeeded"
    async with till.database.tx(organization_id) as tx:
        shown = await orders.get(tx, order.id)
        assert (shown.total, shown.tax, shown.shipping_address) == (2845, 145, taxed)
        await after.balances(tx, order.id)


async def bought(till: Till, organization_id: UUID, sizes: dict[str, UUID], quantity: int = 1) -> UUID:
    made = await till.buy(organization_id, {sizes["m"]: quantity})
    await till.pay(organization_id, made)
    return (await till.order_of(organization_id, made.id)).id


async def digital(till: Till, organization_id: UUID, prices: dict[str, int], stock: int = 10) -> dict[str, UUID]:
    async with till.database.tx(organization_id) as tx:
        sizes = await after.product(tx, "course", prices, stock=stock)
        for variant in await tx.session.scalars(select(Variant).where(Variant.id.in_(sizes.values()))):
            variant.requires_shipping = False
    return sizes


async def test_a_link_over_the_difference_changes_the_order_when_it_is_paid(till: Till, organization_id: UUID) -> None:
    sizes = await digital(till, organization_id, {"m": 1000, "l": 1400})
    order_id = await bought(till, organization_id, sizes, 2)
    async with till.database.tx(organization_id) as tx:
        first = await changed(tx, order_id, to(sizes["m"], sizes["l"], 2))
        second = await changed(tx, order_id, to(sizes["m"], sizes["l"], 1))
        assert first.checkout is not None
        assert second.checkout is not None
        assert (second.checkout.subtotal, second.checkout.discount, second.checkout.total) == (1400, 1000, 400)
        patch = CheckoutPatch.model_validate({"items": [{"variant_id": str(sizes["m"]), "quantity": 1}]})
        assert await code_of(checkouts.update(tx, second.checkout.id, patch, base_url=BASE)) == "checkout_fixed"
    with pytest.raises(Problem) as caught:
        await till.pay(organization_id, first.checkout)
    assert caught.value.code == "order_change_over", "the latest wish counts"
    assert (await till.pay(organization_id, second.checkout, "decline")).status == "open"
    result = await till.pay(organization_id, second.checkout)
    assert (result.status, (await till.checkout(organization_id, second.checkout.id)).order_id) == (
        "succeeded",
        order_id,
    )
    async with till.database.tx(organization_id) as tx:
        shown = await orders.get(tx, order_id)
        assert [(i.variant_external_id, i.quantity) for i in shown.items] == [("course-m", 1), ("course-l", 1)]
        assert (shown.total, shown.status, shown.refunded) == (2400, "paid", 0)
        await after.balances(tx, order_id)
        assert len(await order_changes.payments_of(tx, order_id)) == 2
        (row,) = await refunds.create(tx, order_id, 2000)
        assert row.amount == 2000, "one payment holds all of it"
        assert [r.amount for r in await refunds.create(tx, order_id)] == [400]

    async def given_back() -> bool:
        return sorted(row.refunded for row in await till.books(organization_id)) == [0, 400, 2000]

    await until(given_back)
    assert await till.stock(organization_id, sizes["m"]) == (9, 0)
    on_hand, _ = await till.stock(organization_id, sizes["l"])
    assert on_hand == 9


async def test_a_link_that_is_paid_too_late_is_refunded(till: Till, organization_id: UUID) -> None:
    sizes = await digital(till, organization_id, {"m": 1000, "l": 1400})
    order_id = await bought(till, organization_id, sizes)
    async with till.database.tx(organization_id) as tx:
        wish = await changed(tx, order_id, to(sizes["m"], sizes["l"]))
    assert wish.checkout is not None
    started = await till.paying.start(organization_id, wish.checkout.id)
    async with till.database.tx(organization_id) as tx:
        assert (await orders.cancel(tx, order_id)).refunded == 1000
    await till.providers.sandbox.submit_card(organization_id, started.payment.id, GOOD)

    async def given_back() -> bool:
        return sorted(row.refunded for row in await till.books(organization_id)) == [400, 1000]

    await until(given_back)
    shown = await till.checkout(organization_id, wish.checkout.id)
    assert shown.failure is not None
    assert shown.failure["code"] == "payment_refunded"
    async with till.database.tx(organization_id) as tx:
        assert (await orders.get(tx, order_id)).total == 1000


async def test_an_exchange_by_link_is_done_when_it_is_paid_and_received(till: Till, organization_id: UUID) -> None:
    sizes = await digital(till, organization_id, {"m": 1000, "l": 1400})
    order_id = await bought(till, organization_id, sizes)
    async with till.database.tx(organization_id) as tx:
        await orders.fulfil(tx, order_id, "delivered")
        swap = ExchangeItemInput(variant_id=sizes["m"], quantity=1, to=VariantInput(variant_id=sizes["l"]))
        row = await exchanges.request(tx, order_id, [swap], base_url=till.base_url)
    assert row.checkout is not None
    assert (await till.pay(organization_id, row.checkout)).status == "succeeded"
    async with till.database.tx(organization_id) as tx:
        await refunds.create(tx, order_id, 100)
        row_now = (await tx.session.scalars(select(Refund).where(Refund.order_id == order_id))).one()
        assert not row_now.adjustment, "what was paid for the exchange is no money to give away"
        done = await returns.receive(tx, row.id, base_url=till.base_url)
        assert (done.status, done.refunds) == ("received", [])
        shown = await orders.get(tx, order_id)
        assert (shown.total, shown.refunded, shown.items[0].variant_external_id) == (1400, 100, "course-l")
        await after.balances(tx, order_id)


async def test_a_paid_exchange_that_is_refused_gives_its_payment_back(till: Till, organization_id: UUID) -> None:
    sizes = await digital(till, organization_id, {"m": 1000, "l": 1400})
    order_id = await bought(till, organization_id, sizes)
    async with till.database.tx(organization_id) as tx:
        await orders.fulfil(tx, order_id, "delivered")
        swap = ExchangeItemInput(variant_id=sizes["m"], quantity=1, to=VariantInput(variant_id=sizes["l"]))
        row = await exchanges.request(tx, order_id, [swap], base_url=till.base_url)
    assert row.checkout is not None
    await till.pay(organization_id, row.checkout)
    async with till.database.tx(organization_id) as tx:
        refused = await returns.refuse(tx, row.id, base_url=till.base_url)
        assert [r.amount for r in refused.refunds] == [400]
        await after.balances(tx, order_id)
        assert (await orders.get(tx, order_id)).refunded == 0
    assert await till.stock(organization_id, sizes["l"]) == (10, 0)


async def test_cancel_against_change_against_shipment(database: Database, organization_id: UUID) -> None:
    """Whoever comes first: the money that moved is what the order says, and the goods are where it says."""
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "s": 600}, stock=100)
        ids = [await after.order(tx, [(sizes["m"], 2, 1000)]) for _ in range(8)]

    async def do(order_id: UUID, what: str) -> str:
        await asyncio.sleep(random.random() / 50)
        try:
            async with database.tx(organization_id) as tx:
                if what == "cancel":
                    await orders.cancel(tx, order_id)
                elif what == "change":
                    await changed(tx, order_id, to(sizes["m"], sizes["s"], 1))
                else:
                    await orders.fulfil(tx, order_id, "shipped")
        except Problem as problem:
            return problem.code
        return what

    actions = [(order_id, what) for order_id in ids for what in ("cancel", "change", "change", "ship")]
    answers = await asyncio.gather(*(do(*each) for each in actions))
    held = {"m": 0, "s": 0}
    for number, order_id in enumerate(ids):
        async with database.tx(organization_id) as tx:
            await after.balances(tx, order_id)
            row = await tx.session.get_one(Order, order_id)
            answer = answers[number * 4 : number * 4 + 4]
            assert ("cancel" in answer) != ("ship" in answer)
            charged, given_back = await after.ledger(tx, order_id)
            assert charged == 2000
            assert given_back == (2000 if row.status == "cancelled" else 400 * answer.count("change"))
            if row.status != "cancelled":
                held["s"] += answer.count("change")
                held["m"] += -answer.count("change")
            else:
                held["m"] += -2  # imported: their goods were never taken from this stock
    async with database.tx(organization_id) as tx:
        assert await after.on_hand(tx, sizes["s"]) == 100 - held["s"]
        assert await after.on_hand(tx, sizes["m"]) == 100 - held["m"]


async def test_cancel_against_return(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000})
        ids = [await after.order(tx, [(sizes["m"], 1, 1000)], placed_at=NOW - timedelta(days=1)) for _ in range(6)]

    async def cancel(order_id: UUID) -> str:
        async with database.tx(organization_id) as tx:
            return await code_of(orders.cancel(tx, order_id))

    async def send_back(order_id: UUID) -> str:
        async def all_of_it() -> None:
            async with database.tx(organization_id) as tx:
                await orders.fulfil(tx, order_id, "delivered")
                item = ReturnItemInput(variant_id=sizes["m"], quantity=1)
                row = await returns.request(tx, order_id, [item], base_url=BASE)
                await returns.receive(tx, row.id, base_url=BASE)

        return await code_of(all_of_it())

    for order_id in ids:
        answers = await asyncio.gather(cancel(order_id), send_back(order_id), cancel(order_id), send_back(order_id))
        assert answers.count("done") in (1, 2)
        async with database.tx(organization_id) as tx:
            assert await after.ledger(tx, order_id) == (1000, 1000)
    async with database.tx(organization_id) as tx:
        assert await after.on_hand(tx, sizes["m"]) == 16, "the unit of each order came back once"


Step = tuple[str, int]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["refund", "swap", "fewer", "deliver", "return", "exchange", "fail", "cancel"]),
            st.integers(0, 9),
        ),
        max_size=10,
    ),
    discount=st.integers(0, 900),
    tax=st.integers(0, 300),
    parts=st.integers(1, 3),
)
async def test_whatever_happens_refunds_stay_below_what_was_paid(
    database: Database, organization_id: UUID, steps: list[Step], discount: int, tax: int, parts: int
) -> None:
    """After each step the ledger and the order agree, and the lines add up; refusals leave them as they were."""
    async with database.tx(organization_id) as tx:
        name = f"thing-{new_id().hex}"
        sizes = await after.product(tx, name, {"m": 700, "s": 450, "xs": 449}, stock=50)
        total = 4 * 700 - discount + tax
        paid = [total // parts] * (parts - 1)
        order_id = await after.order(
            tx, [(sizes["m"], 4, 700)], discount=discount, tax=tax, payments=[*paid, total - sum(paid)]
        )
    failed = False
    for what, number in steps:
        try:
            async with database.tx(organization_id) as tx:
                await _step(tx, order_id, sizes, what, number)
        except Problem:
            pass  # refused: nothing may have changed
        async with database.tx(organization_id) as tx:
            failed = failed or what == "fail"
            await after.balances(tx, order_id, owing=failed)


async def _step(tx: Tx, order_id: UUID, sizes: dict[str, UUID], what: str, number: int) -> None:
    held = list((await orders.get(tx, order_id)).items)
    line = held[number % len(held)]
    smaller = sizes["xs" if line.variant_id == sizes["s"] else "s"]
    match what:
        case "refund":
            await refunds.create(tx, order_id, number * 37 + 1)
        case "swap":
            await changed(tx, order_id, to(line.variant_id, smaller, 1))
        case "fewer":
            await changed(tx, order_id, to(line.variant_id, None, 1, 0))
        case "deliver":
            await orders.fulfil(tx, order_id, "delivered")
        case "fail":
            mine = select(Refund).where(Refund.order_id == order_id, Refund.status == "succeeded")
            refund = await tx.session.scalar(mine.order_by(Refund.id.desc()).limit(1))
            if refund is not None:  # as if its processor had thought about it first
                refund.status = "pending"
                await tx.session.flush()
                await refunds.finish(tx, refund.id, succeeded=False, processor_id=None)
        case "cancel":
            await orders.cancel(tx, order_id)
            assert await refunds.refundable(tx, await tx.session.get_one(Order, order_id)) == 0
        case "return":
            item = ReturnItemInput(variant_id=line.variant_id, quantity=1)
            row = await returns.request(tx, order_id, [item], base_url=BASE)
            await (returns.refuse if number == 0 else returns.receive)(tx, row.id, base_url=BASE)
        case "exchange":
            swap = ExchangeItemInput(variant_id=line.variant_id, quantity=1, to=VariantInput(variant_id=smaller))
            row = await exchanges.request(tx, order_id, [swap], base_url=BASE)
            await (returns.refuse if number == 0 else returns.receive)(tx, row.id, base_url=BASE)
