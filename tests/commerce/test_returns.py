"""Returns and exchanges: windows, shares, destinations, stock, and two who want the same at once (CONTRACT §4)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from agentpay.commerce import exchanges, inventory, orders, refunds, returns
from agentpay.commerce.after_sale_shapes import ExchangeItemInput, ReturnItemInput, ReturnView, VariantInput
from agentpay.errors import Problem
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Order, OrderLine, Refund, Return
from tests.commerce import after, shop
from tests.commerce.after import BASE, NOW

DAY = timedelta(days=1)


def item(variant_id: UUID, quantity: int = 1) -> ReturnItemInput:
    return ReturnItemInput(variant_id=variant_id, quantity=quantity)


def swap(old: UUID, new: UUID, quantity: int = 1) -> ExchangeItemInput:
    return ExchangeItemInput(variant_id=old, quantity=quantity, to=VariantInput(variant_id=new))


async def asked(tx: Tx, order_id: UUID, *items: ReturnItemInput, **fields: Any) -> ReturnView:
    return await returns.request(tx, order_id, items, base_url=BASE, now=NOW, **fields)


async def exchanged(tx: Tx, order_id: UUID, *items: ExchangeItemInput, **fields: Any) -> ReturnView:
    return await exchanges.request(tx, order_id, items, base_url=BASE, now=NOW, **fields)


async def code_of(awaitable: Any) -> str:
    try:
        answer = await awaitable
    except Problem as problem:
        return problem.code
    return str(answer.status)


@pytest.mark.parametrize(
    ("window", "placed", "delivered", "outcome"),
    [
        (30, 40 * DAY, 30 * DAY, "requested"),
        (30, 40 * DAY, 30 * DAY + timedelta(seconds=1), "window_over"),
        (None, 4000 * DAY, 3000 * DAY, "requested"),
        (0, 8 * DAY, timedelta(0), "requested"),
        (0, 8 * DAY, timedelta(seconds=1), "window_over"),
        (30, 37 * DAY, None, "requested"),
        (30, 37 * DAY + timedelta(seconds=1), None, "window_over"),
    ],
)
@pytest.mark.parametrize("kind", ["return", "exchange"])
async def test_windows_to_the_second(
    database: Database,
    organization_id: UUID,
    kind: str,
    window: int | None,
    placed: timedelta,
    delivered: timedelta | None,
    outcome: str,
) -> None:
    async with database.tx(organization_id) as tx:
        other = "exchange" if kind == "return" else "return"
        await after.policies(tx, **{f"{kind}_window_days": window, f"{other}_window_days": 1})
        sizes = await after.product(tx, "shirt", {"m": 1000, "l": 1000})
        order_id = await after.order(
            tx,
            [(sizes["m"], 1, 1000)],
            placed_at=NOW - placed,
            delivered=NOW - delivered if delivered is not None else None,
            fulfillment_status="delivered",
        )
        wanted = (
            asked(tx, order_id, item(sizes["m"]))
            if kind == "return"
            else exchanged(tx, order_id, swap(sizes["m"], sizes["l"]))
        )
        assert await code_of(wanted) == (outcome if outcome == "requested" else f"{kind}_window_over")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"fulfillment_status": "unfulfilled"}, "order_not_delivered"),
        ({"fulfillment_status": "shipped"}, "order_not_delivered"),
        ({"status": "cancelled"}, "order_not_returnable"),
        ({"status": "refunded"}, "order_not_returnable"),
        ({"status": "pending"}, "order_not_returnable"),
    ],
)
async def test_only_delivered_orders_come_back(
    database: Database, organization_id: UUID, fields: dict[str, str], code: str
) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "l": 1000})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], **({"fulfillment_status": "delivered"} | fields))
        assert await code_of(asked(tx, order_id, item(sizes["m"]))) == code
        assert await code_of(exchanged(tx, order_id, swap(sizes["m"], sizes["l"]))) == code


async def test_what_the_policy_excludes_stays(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await after.policies(tx, non_returnable=["card-50", "Food > Beans"])
        card = (await after.product(tx, "card-50", {"one": 5000}))["one"]
        beans = (await after.product(tx, "house", {"kg": 2000}, category="Food > beans > Espresso"))["kg"]
        fine = (await after.product(tx, "mug", {"one": 900}, category="Food"))["one"]
        bought = [(card, 1, 5000), (beans, 1, 2000), (fine, 1, 900)]
        order_id = await after.order(tx, bought, delivered=NOW - DAY)
        assert await code_of(asked(tx, order_id, item(card))) == "not_returnable"
        assert await code_of(asked(tx, order_id, item(fine), item(beans))) == "not_returnable"
        assert await code_of(asked(tx, order_id, item(fine))) == "requested"


async def test_the_share_of_discount_and_tax_goes_back_without_shipping(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000}, stock=0)
        order_id = await after.order(
            tx, [(sizes["m"], 3, 1000)], discount=100, tax=211, shipping=700, delivered=NOW - DAY
        )
        amounts = []
        for number in range(3):
            row = await asked(tx, order_id, item(sizes["m"]))
            amounts.append(row.amount)
            back = await returns.receive(tx, row.id, base_url=BASE)
            assert back.status == "refunded"
            assert [refund.amount for refund in back.refunds] == [row.amount]
            assert await after.on_hand(tx, sizes["m"]) == number + 1
            await after.balances(tx, order_id)
            again = await returns.receive(tx, row.id, base_url=BASE)
            assert again.refunds == back.refunds
        assert sum(amounts) == 3000 - 100 + 211
        assert await after.on_hand(tx, sizes["m"]) == 3
        shown = await orders.get(tx, order_id)
        assert (shown.refunded, shown.status, shown.total) == (3111, "partially_refunded", 3811)
        with pytest.raises(Problem) as caught:
            await asked(tx, order_id, item(sizes["m"]))
        assert (caught.value.code, caught.value.extra["returnable"]) == ("already_returned", 0)


async def test_a_refused_return_gives_its_units_free(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(tx, [(sizes["m"], 2, 1000)], delivered=NOW - DAY)
        row = await asked(tx, order_id, item(sizes["m"], 2))
        assert await code_of(asked(tx, order_id, item(sizes["m"]))) == "already_returned"
        refused = await returns.refuse(tx, row.id, base_url=BASE, reason="worn")
        assert (refused.status, refused.refusal, refused.refunds) == ("refused", "worn", [])
        assert await code_of(returns.receive(tx, row.id, base_url=BASE)) == "return_refused"
        again = await asked(tx, order_id, item(sizes["m"], 2))
        assert (await returns.receive(tx, again.id, base_url=BASE)).amount == 2000
        assert await code_of(returns.refuse(tx, again.id, base_url=BASE)) == "return_closed"
        assert (await orders.get(tx, order_id)).status == "refunded"


async def test_no_more_than_is_left_after_an_earlier_refund(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], delivered=NOW - DAY)
        await refunds.create(tx, order_id, 400)
        row = await asked(tx, order_id, item(sizes["m"]))
        back = await returns.receive(tx, row.id, base_url=BASE)
        assert [refund.amount for refund in back.refunds] == [600]
        await after.balances(tx, order_id)


async def test_the_money_goes_to_a_gift_card(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        customer = await shop.customer(tx, "gift@b.example")
        await after.method(tx, customer, "visa")
        await after.method(tx, customer, "other-visa")
        await after.method(tx, customer, "gift", "gift_card", 100)
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(
            tx,
            [(sizes["m"], 3, 1000)],
            customer_id=customer,
            paid_with={"type": "card", "reference": "visa"},
            delivered=NOW - DAY,
        )
        for method, code in (("other-visa", "destination_not_allowed"), ("nothing", "payment_method_unknown")):
            assert await code_of(asked(tx, order_id, item(sizes["m"]), method=method)) == code
        row = await asked(tx, order_id, item(sizes["m"]), method="gift")
        assert await after.balance(tx, "gift") == 100
        back = await returns.receive(tx, row.id, base_url=BASE)
        assert await after.balance(tx, "gift") == 1100
        assert back.refunds[0].destination == {"type": "gift_card", "reference": "gift"}
        original = await asked(tx, order_id, item(sizes["m"]), method="visa")
        back = await returns.receive(tx, original.id, base_url=BASE)
        assert back.refunds[0].destination == {"type": "card", "reference": "visa"}
        (own,) = await refunds.create(tx, order_id, 500, method="gift_card")
        assert (own.destination["reference"], await after.balance(tx, "gift")) == ("gift", 1600)
        await after.balances(tx, order_id)


async def test_a_gift_card_is_made_where_there_is_none(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        customer = await shop.customer(tx, "none@b.example")
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], customer_id=customer)
        (row,) = await refunds.create(tx, order_id, method="gift_card")
        assert await after.balance(tx, row.destination["reference"]) == 1000
        stranger = await after.order(tx, [(sizes["m"], 1, 1000)])
        with pytest.raises(Problem) as caught:
            await refunds.create(tx, stranger, method="gift_card")
        assert caught.value.code == "customer_unknown"


async def test_a_failed_refund_leaves_the_return_received_and_is_tried_again(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], delivered=NOW - DAY)
        row = await asked(tx, order_id, item(sizes["m"]))
        back = await returns.receive(tx, row.id, base_url=BASE)
        refund = await tx.session.get_one(Refund, back.refunds[0].id)
        refund.status = "pending"  # as with a processor that answers later
        await tx.session.flush()
        assert await refunds.finish(tx, refund.id, succeeded=False, processor_id=None)
        assert (await returns.get(tx, row.id, base_url=BASE)).status == "received"
        await after.balances(tx, order_id)
        again = await returns.receive(tx, row.id, base_url=BASE)
        assert (again.status, [r.status for r in again.refunds]) == ("refunded", ["failed", "succeeded"])
        assert await after.on_hand(tx, sizes["m"]) == 11, "the goods came back once"
        await after.balances(tx, order_id)


async def test_two_returns_of_the_same_unit_at_once(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(tx, [(sizes["m"], 2, 1000)], delivered=NOW - DAY)

    async def ask() -> str:
        async with database.tx(organization_id) as tx:
            return await code_of(asked(tx, order_id, item(sizes["m"])))

    answers = await asyncio.gather(*(ask() for _ in range(8)))
    assert sorted(answers) == ["already_returned"] * 6 + ["requested"] * 2
    async with database.tx(organization_id) as tx:
        ids = (await tx.session.scalars(select(Return.id).where(Return.order_id == order_id))).all()

    async def receive(return_id: UUID) -> str:
        async with database.tx(organization_id) as tx:
            return (await returns.receive(tx, return_id, base_url=BASE)).status

    assert set(await asyncio.gather(*(receive(i) for i in ids for _ in range(4)))) == {"refunded"}
    async with database.tx(organization_id) as tx:
        assert await after.ledger(tx, order_id) == (2000, 2000)
        assert await after.on_hand(tx, sizes["m"]) == 12


async def test_ten_parallel_refunds_never_exceed_what_was_paid(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], payments=[600, 400], delivered=NOW - DAY)
        row = await asked(tx, order_id, item(sizes["m"]))

    async def refund() -> str:
        async with database.tx(organization_id) as tx:
            try:
                return str(sum(r.amount for r in await refunds.create(tx, order_id, 300)))
            except Problem as problem:
                return problem.code

    async def receive() -> str:
        async with database.tx(organization_id) as tx:
            back = await returns.receive(tx, row.id, base_url=BASE)
            return str(sum(r.amount for r in back.refunds))

    answers = await asyncio.gather(*(refund() for _ in range(10)), receive())
    assert sum(int(answer) for answer in answers if answer.isdigit()) == 1000
    async with database.tx(organization_id) as tx:
        assert await after.ledger(tx, order_id) == (1000, 1000)
        assert (await orders.get(tx, order_id)).status == "refunded"
        await after.balances(tx, order_id)


async def test_a_cheaper_exchange_pays_back_and_swaps_the_goods(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "s": 700})
        order_id = await after.order(tx, [(sizes["m"], 3, 1000)], discount=300, delivered=NOW - DAY)
        row = await exchanged(tx, order_id, swap(sizes["m"], sizes["s"], 2))
        assert (row.kind, row.status, row.difference) == ("exchange", "requested", -600)
        assert await after.on_hand(tx, sizes["s"]) == 8, "set aside"
        assert (await orders.get(tx, order_id)).total == 2700, "nothing has changed yet"
        assert await code_of(asked(tx, order_id, item(sizes["m"], 2))) == "already_returned"
        done = await returns.receive(tx, row.id, base_url=BASE)
        assert (done.status, [r.amount for r in done.refunds]) == ("refunded", [600])
        shown = await orders.get(tx, order_id)
        assert [(line.variant_external_id, line.quantity) for line in shown.items] == [("shirt-m", 1), ("shirt-s", 2)]
        assert (shown.total, shown.refunded, shown.status) == (2100, 0, "paid")
        assert (await after.on_hand(tx, sizes["m"]), await after.on_hand(tx, sizes["s"])) == (12, 8)
        await after.balances(tx, order_id)
        assert await returns.receive(tx, row.id, base_url=BASE) == done
        whole = await asked(tx, order_id, item(sizes["m"]), item(sizes["s"], 2))
        assert whole.amount == 2100
        await returns.receive(tx, whole.id, base_url=BASE)
        assert (await orders.get(tx, order_id)).status == "refunded"
        assert await after.ledger(tx, order_id) == (2700, 2700)


async def test_a_dearer_exchange_is_charged_where_policy_and_customer_say_so(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        await after.policies(tx, charge_saved_methods=True)
        customer = await shop.customer(tx, "dear@b.example")
        await after.method(tx, customer, "gift", "gift_card", 500)
        sizes = await after.product(tx, "shirt", {"m": 1000, "l": 1300, "xl": 1501})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], customer_id=customer, delivered=NOW - DAY)
        too_much = exchanged(tx, order_id, swap(sizes["m"], sizes["xl"]), method="gift")
        assert await code_of(too_much) == "gift_card_insufficient"
        row = await exchanged(tx, order_id, swap(sizes["m"], sizes["l"]), method="gift")
        assert (row.difference, row.checkout, await after.balance(tx, "gift")) == (300, None, 500)
        done = await returns.receive(tx, row.id, base_url=BASE)
        assert (done.status, await after.balance(tx, "gift")) == ("received", 200)
        shown = await orders.get(tx, order_id)
        assert (shown.total, shown.items[0].variant_external_id) == (1300, "shirt-l")
        await after.balances(tx, order_id)
        lines = (await tx.session.scalars(select(OrderLine).where(OrderLine.order_id == order_id))).all()
        assert len(lines) == 1


@pytest.mark.parametrize("undo", ["link", "set aside"])
async def test_a_refused_exchange_leaves_all_as_it_was(database: Database, organization_id: UUID, undo: str) -> None:
    async with database.tx(organization_id) as tx:
        sizes = await after.product(tx, "shirt", {"m": 1000, "l": 1300, "s": 900})
        order_id = await after.order(tx, [(sizes["m"], 1, 1000)], delivered=NOW - DAY)
        row = await exchanged(tx, order_id, swap(sizes["m"], sizes["l" if undo == "link" else "s"]))
        if undo == "link":
            assert row.checkout is not None
            assert (row.checkout.total, row.checkout.status, row.checkout.order_id) == (300, "open", None)
            assert await code_of(returns.receive(tx, row.id, base_url=BASE)) == "exchange_unpaid"
    async with database.tx(organization_id) as tx:
        assert (await returns.refuse(tx, row.id, base_url=BASE)).status == "refused"
        assert await after.on_hand(tx, sizes["s"]) == 10
        shown = await orders.get(tx, order_id)
        assert (shown.total, shown.items[0].variant_external_id) == (1000, "shirt-m")
        await after.balances(tx, order_id)
        assert (await tx.session.get_one(Order, order_id)).status == "paid"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("m", "hat", "variant_mismatch"), ("m", "m", "nothing_to_change"), ("m", "none", "out_of_stock")],
)
async def test_what_cannot_be_had_in_exchange(
    database: Database, organization_id: UUID, old: str, new: str, code: str
) -> None:
    async with database.tx(organization_id) as tx:
        ids = await after.product(tx, "shirt", {"m": 1000, "none": 1000})
        ids["hat"] = (await after.product(tx, "hat", {"one": 1000}))["one"]
        order_id = await after.order(tx, [(ids["m"], 1, 1000)], delivered=NOW - DAY)
        await inventory.take(tx, {ids["none"]: 10})
        assert await code_of(exchanged(tx, order_id, swap(ids[old], ids[new]))) == code
