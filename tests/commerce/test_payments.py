"""From the card form to the order: the sandbox, its webhooks over real HTTP, and jobs (CONTRACT §4, Sandbox)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update

from agentpay.commerce import carts, checkouts, inventory, orders, refunds
from agentpay.commerce.payments import refunded, settle
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.protocol import PaymentChanged, ProviderRefund, RefundMade
from agentpay.commerce.payments.sandbox import cards
from agentpay.commerce.payments.signatures import sign
from agentpay.errors import Problem
from agentpay.store.session import Database
from agentpay.store.tables import (
    Conversation,
    Discount,
    DiscountRedemption,
    InboundEvent,
    Message,
    Order,
    Payment,
    PriceOffer,
    Refund,
    Variant,
)
from tests.commerce import shop
from tests.commerce.till import Till, open_till, until

GOOD = cards.parse("4242 4242 4242 4242", "12/40", "123")


@pytest.fixture(scope="module")
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        yield opened


async def item_of(till: Till, organization_id: UUID, **fields: object) -> UUID:
    async with till.database.tx(organization_id) as tx:
        return await shop.variant(tx, "item", **({"price": 1000, "requires_shipping": False, "stock": 10} | fields))  # type: ignore[arg-type]


async def count(till: Till, organization_id: UUID, table: type) -> int:
    async with till.database.tx(organization_id) as tx:
        return int(
            await tx.session.scalar(
                select(func.count()).select_from(table).where(table.organization_id == organization_id)
            )
            or 0
        )


async def test_a_paid_checkout_is_one_order_with_all_its_effects(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    async with till.database.tx(organization_id) as tx:
        talk = await shop.conversation(tx)
        cart = await carts.cart_id_of(tx, talk)
        await carts.add(tx, cart, item, 2)
        await shop.discount(tx, "TEN", max_redemptions=1, max_redemptions_per_customer=1)
        await carts.set_code(tx, cart, "ten")
        made = await checkouts.from_cart(tx, talk, base_url=till.base_url, email="dana@shopper.example", name="Dana")
    result = await till.pay(organization_id, made)
    assert (result.status, result.failure) == ("succeeded", None)
    order = await till.order_of(organization_id, made.id)
    assert result.order_id == order.id
    assert (order.status, order.number, order.subtotal, order.discount, order.total) == (
        "paid",
        "1001",
        2000,
        200,
        1800,
    )
    assert (order.external_id, order.conversation_id, order.items[0].quantity) == (None, talk, 2)
    assert await till.stock(organization_id, item) == (8, 0)
    async with till.database.tx(organization_id) as tx:
        assert (await carts.get(tx, cart)).items == []
        assert (await carts.get(tx, cart)).discount_code is None
        ledger = (await tx.session.scalars(select(Payment))).all()
        mine = [row for row in ledger if row.organization_id == organization_id]
        assert [(row.status, row.amount, row.order_id) for row in mine] == [("succeeded", 1800, order.id)]
        assert mine[0].method == {"type": "card", "brand": "visa", "last4": "4242"}
        code = await tx.session.scalar(select(Discount).where(Discount.organization_id == organization_id))
        assert code is not None
        assert code.redeemed == 1
        said = await tx.session.scalars(select(Message.role).where(Message.conversation_id == talk))
        assert said.all() == ["assistant"], "who pays and then reads the conversation finds the message there"
        placed = await tx.session.get_one(Order, order.id)
        assert placed.customer_id is not None


async def test_the_conversation_is_told_in_the_same_transaction(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    async with till.database.tx(organization_id) as tx:
        talk = await shop.conversation(tx)
    made = await till.buy(organization_id, {item: 1}, conversation_id=str(talk))
    till.deliver = False
    started = await till.paying.start(organization_id, made.id)
    answer = await till.providers.sandbox.submit_card(organization_id, started.payment.id, GOOD)
    told = text(
        "SELECT count(*) FROM procrastinate_jobs"
        " WHERE task_name = 'conversation.payment_update' AND args->>'checkout_id' = :id"
    )
    async with till.database.tx(organization_id) as tx:
        outcome = await settle.apply(tx, "sandbox", PaymentChanged(made.id, answer.payment))
        assert outcome is not None
        assert (outcome.status, outcome.conversation_id, outcome.failure) == ("succeeded", talk, None)
        assert await settle.apply(tx, "sandbox", PaymentChanged(made.id, answer.payment)) is None
        assert await tx.session.scalar(told, {"id": str(made.id)}) == 1
    till.deliver = True


async def test_declined_then_paid_gives_the_code_back_in_between(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    async with till.database.tx(organization_id) as tx:
        await shop.discount(tx, "ONCE", max_redemptions=1)
    made = await till.buy(organization_id, {item: 1}, discount_code="ONCE", customer={"email": "a@b.example"})
    declined = await till.pay(organization_id, made, "decline")
    assert (declined.status, declined.order_id) == ("open", None)
    assert declined.failure is not None
    assert declined.failure["code"] == "card_declined"
    async with till.database.tx(organization_id) as tx:
        assert (
            await tx.session.scalar(select(Discount.redeemed).where(Discount.organization_id == organization_id)) == 0
        )
    assert await till.stock(organization_id, item) == (10, 1)
    paid = await till.pay(organization_id, made)
    assert (paid.status, paid.failure) == ("succeeded", None)
    assert await count(till, organization_id, Order) == 1
    async with till.database.tx(organization_id) as tx:
        states = await tx.session.scalars(
            select(DiscountRedemption.state).where(DiscountRedemption.organization_id == organization_id)
        )
        assert states.all() == ["committed"]
    assert sorted(row.status for row in await till.books(organization_id)) == ["failed", "succeeded"]


async def test_three_d_secure_approved_and_refused(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    attempt = await till.paying.pay_by_card(organization_id, made.id, cards.parse("4000002500003155", "1240", "999"))
    assert attempt.payment.status == "requires_action"
    assert (await till.checkout(organization_id, made.id)).status == "confirming"
    await till.paying.authenticate(organization_id, made.id, approved=False)
    shown = await till.checkout(organization_id, made.id)
    assert shown.status == "open"
    assert shown.failure is not None
    assert shown.failure["code"] == "authentication_failed"
    with pytest.raises(Problem, match="nothing to confirm"):
        await till.paying.authenticate(organization_id, made.id, approved=True)
    assert (await till.pay(organization_id, made, "three_d_secure")).status == "succeeded"


async def test_a_delayed_payment_is_confirmed_and_settles_later(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    result = await till.pay(organization_id, made, "delayed")
    assert (result.status, result.order_id, result.failure) == ("confirmed", None, None)
    with pytest.raises(Problem, match="confirmed"):
        await till.pay(organization_id, made)

    async def succeeded() -> bool:
        return (await till.checkout(organization_id, made.id)).status == "succeeded"

    await until(succeeded)
    assert await count(till, organization_id, Order) == 1


async def test_paying_twice_at_once_charges_once(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})

    async def pay() -> str:
        try:
            return (await till.pay(organization_id, made)).status
        except Problem as problem:
            return problem.code

    answers = await asyncio.gather(*(pay() for _ in range(8)))
    assert sorted(answers) == ["checkout_not_open"] * 7 + ["succeeded"]
    assert [row.status for row in await till.books(organization_id)] == ["succeeded"]
    assert await count(till, organization_id, Payment) == 1
    assert await till.stock(organization_id, item) == (9, 0)


async def test_twenty_buyers_five_items_five_orders(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id, stock=5)

    async def buy() -> str:
        try:
            made = await till.buy(organization_id, {item: 1})
            return (await till.pay(organization_id, made)).status
        except Problem as problem:
            return f"{problem.status} {problem.code}"

    answers = await asyncio.gather(*(buy() for _ in range(20)))
    assert sorted(answers) == ["409 out_of_stock"] * 15 + ["succeeded"] * 5
    assert await till.stock(organization_id, item) == (0, 0)
    async with till.database.tx(organization_id) as tx:
        numbers = await tx.session.scalars(select(Order.number).where(Order.organization_id == organization_id))
        assert sorted(numbers.all()) == ["1001", "1002", "1003", "1004", "1005"]


async def test_an_event_that_comes_again_changes_nothing(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    till.received.clear()
    made = await till.buy(organization_id, {item: 1})
    await till.pay(organization_id, made)
    _, body = till.received[-1]
    secret = await till.providers.sandbox.secret()
    async with httpx.AsyncClient(trust_env=False) as client:

        async def send(payload: bytes) -> int:
            headers = {"sandbox-signature": sign(secret, payload)}
            return (
                await client.post(f"{till.base_url}/v1/webhooks/sandbox", content=payload, headers=headers)
            ).status_code

        assert await asyncio.gather(*(send(body) for _ in range(10))) == [202] * 10
        other = json.dumps(json.loads(body) | {"id": "evt_another_of_the_same_charge"}).encode()
        assert await send(other) == 202

    async def handled() -> bool:
        async with till.database.tx(organization_id) as tx:
            rows = await tx.session.scalars(
                select(InboundEvent.handled_at).where(InboundEvent.organization_id == organization_id)
            )
            return all(rows.all())

    await until(handled)
    assert await count(till, organization_id, InboundEvent) == 2
    assert await count(till, organization_id, Order) == 1
    assert await count(till, organization_id, Payment) == 1
    assert await count(till, organization_id, Refund) == 0
    assert await till.stock(organization_id, item) == (9, 0)


async def test_forged_old_and_foreign_events_are_refused(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    subject = {
        "id": "pi_" + "0" * 32,
        "status": "succeeded",
        "amount": 1000,
        "currency": "usd",
        "latest_charge": "ch_1",
        "metadata": {"organization_id": str(organization_id), "checkout_id": str(made.id)},
    }
    event = {"id": "evt_forged", "type": "payment_intent.succeeded", "data": {"object": subject}}
    body = json.dumps(event).encode()
    secret = await till.providers.sandbox.secret()
    now = int(datetime.now(UTC).timestamp())
    forged = (
        None,
        "",
        "t=1,v1=ab",
        sign("whsec_wrong", body),
        sign(secret, body + b" "),
        sign(secret, body, timestamp=now - 3600),
    )
    async with httpx.AsyncClient(trust_env=False) as client:
        for header in forged:
            headers = {} if header is None else {"sandbox-signature": header}
            answer = await client.post(f"{till.base_url}/v1/webhooks/sandbox", content=body, headers=headers)
            assert (answer.status_code, answer.text) == (400, "signature_invalid")
        for wrong in (b"[]", b"{", json.dumps(event | {"data": {}}).encode()):
            headers = {"sandbox-signature": sign(secret, wrong)}
            answer = await client.post(f"{till.base_url}/v1/webhooks/sandbox", content=wrong, headers=headers)
            assert answer.status_code == 422
        unknown = await client.post(f"{till.base_url}/v1/webhooks/nobody", content=body)
        assert unknown.status_code == 404
    assert await count(till, organization_id, InboundEvent) == 0
    assert (await till.checkout(organization_id, made.id)).status == "open"


async def expired(till: Till, organization_id: UUID, item: UUID, units: int = 1) -> tuple[UUID, UUID]:
    """A checkout whose delayed payment is still on its way when its time and its hold are over."""
    made = await till.buy(organization_id, {item: units})
    past = datetime.now(UTC) - timedelta(minutes=1)
    started = await till.paying.start(organization_id, made.id)
    await till.change(organization_id, made.id, status="expired", expires_at=past)
    async with till.database.tx(organization_id) as tx:
        await inventory.release(tx, made.id)
    answer = await till.providers.sandbox.submit_card(organization_id, started.payment.id, GOOD)
    assert answer.payment.status == "succeeded"
    return made.id, made.id


async def test_a_payment_after_expiry_is_honoured_where_stock_allows(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id, stock=1)
    checkout_id, _ = await expired(till, organization_id, item)

    async def succeeded() -> bool:
        return (await till.checkout(organization_id, checkout_id)).status == "succeeded"

    await until(succeeded)
    assert await till.stock(organization_id, item) == (0, 0)


async def test_a_payment_after_expiry_is_refunded_where_the_goods_are_gone(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id, stock=1)
    till.deliver = False
    try:
        checkout_id, _ = await expired(till, organization_id, item)
        quicker = await till.buy(organization_id, {item: 1})
    finally:
        till.deliver = True

    async def refunded() -> bool:
        return [row.refunded for row in await till.books(organization_id)] == [1000]

    await until(refunded)

    async def recorded() -> bool:
        async with till.database.tx(organization_id) as tx:
            rows = (await tx.session.scalars(select(Refund).where(Refund.organization_id == organization_id))).all()
            return [(row.status, row.amount, row.order_id) for row in rows] == [("succeeded", 1000, None)]

    await until(recorded)
    shown = await till.checkout(organization_id, checkout_id)
    assert (shown.status, shown.order_id) == ("expired", None)
    assert shown.failure is not None
    assert shown.failure["code"] == "out_of_stock"
    assert (await till.pay(organization_id, quicker)).status == "succeeded"


async def test_a_crash_before_the_processor_was_asked_opens_the_checkout_again(
    till: Till, organization_id: UUID
) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    await till.paying._confirm(organization_id, made.id, None)
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    assert (await till.checkout(organization_id, made.id)).status == "confirming"
    await till.paying.reconcile(organization_id, made.id, 1, long_ago)
    shown = await till.checkout(organization_id, made.id)
    assert shown.status == "open"
    assert shown.failure is not None
    assert shown.failure["code"] == "payment_not_completed"
    assert [row.status for row in await till.books(organization_id)] == ["cancelled"]
    assert (await till.pay(organization_id, made)).status == "succeeded"


async def test_a_charge_whose_answer_and_webhook_were_lost_is_found(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    till.deliver = False
    try:
        started = await till.paying.start(organization_id, made.id)
        await till.providers.sandbox.submit_card(organization_id, started.payment.id, GOOD)
        await asyncio.gather(*(till.paying.reconcile(organization_id, made.id, 1, datetime.now(UTC)) for _ in range(3)))
    finally:
        till.deliver = True
    assert (await till.checkout(organization_id, made.id)).status == "succeeded"
    assert await count(till, organization_id, Payment) == 1
    assert await count(till, organization_id, Order) == 1


async def test_a_second_charge_for_one_checkout_goes_back(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    started = await till.paying.start(organization_id, made.id)
    await till.change(organization_id, made.id, status="open")
    assert (await till.pay(organization_id, made)).status == "succeeded"
    await till.providers.sandbox.submit_card(organization_id, started.payment.id, GOOD)

    async def settled() -> bool:
        return [row.refunded for row in await till.books(organization_id)] == [1000, 0]

    await until(settled)
    assert await count(till, organization_id, Order) == 1
    assert (await till.order_of(organization_id, made.id)).refunded == 0


async def test_late_news_of_an_attempt_that_is_over_is_ignored(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    till.deliver = False
    try:
        bad = cards.parse("4000000000000002", "12/40", "123")
        await till.paying.pay_by_card(organization_id, made.id, bad)
        second = await till.paying.pay_by_card(
            organization_id, made.id, cards.parse("4000002500003155", "12/40", "123")
        )
    finally:
        till.deliver = True

    async def told() -> bool:
        async with till.database.tx(organization_id) as tx:
            rows = await tx.session.scalars(
                select(InboundEvent.handled_at).where(InboundEvent.organization_id == organization_id)
            )
            found = rows.all()
            return len(found) == 1 and all(found)

    await until(told)
    assert (await till.checkout(organization_id, made.id)).status == "confirming"
    assert second.payment.status == "requires_action"
    await till.paying.authenticate(organization_id, made.id, approved=True)


async def test_a_price_the_buyer_has_not_seen_is_not_charged(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    async with till.database.tx(organization_id) as tx:
        await tx.session.execute(update(Variant).where(Variant.id == item).values(price=1200))
    with pytest.raises(Problem) as changed:
        await till.pay(organization_id, made)
    assert (changed.value.code, changed.value.extra["total"]) == ("checkout_changed", 1200)
    assert (await till.checkout(organization_id, made.id)).total == 1200
    assert await till.books(organization_id) == []
    assert (await till.pay(organization_id, made)).status == "succeeded"
    assert (await till.order_of(organization_id, made.id)).total == 1200


async def test_what_is_missing_is_named(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id, requires_shipping=True)
    made = await till.buy(organization_id, {item: 1})
    with pytest.raises(Problem) as incomplete:
        await till.pay(organization_id, made)
    assert incomplete.value.code == "checkout_incomplete"
    assert incomplete.value.extra["missing"] == ["shipping_address", "shipping_option"]
    with pytest.raises(Problem, match="no such checkout"):
        await till.pay(organization_id, made.model_copy(update={"url": f"{till.base_url}/pay/unknown"}))


async def test_an_offer_pays_one_checkout_alone(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id, floor=800)
    async with till.database.tx(organization_id) as tx:
        talk = await shop.conversation(tx)
        offer = PriceOffer(
            organization_id=organization_id,
            conversation_id=talk,
            variant_id=item,
            quantity=1,
            list_price=1000,
            floor=800,
            amount=900,
            currency="USD",
            round=1,
            rule="max_discount_percent",
            status="accepted",
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
        tx.session.add(offer)
    two = [await till.buy(organization_id, {item: 1}, conversation_id=str(talk)) for _ in range(2)]
    for made in two:
        await till.change(organization_id, made.id, offer_id=offer.id, discount=100, total=900)

    async def start(checkout_id: UUID) -> str:
        try:
            await till.paying.start(organization_id, checkout_id)
        except Problem as problem:
            return problem.code
        return "started"

    assert sorted(await asyncio.gather(*(start(made.id) for made in two))) == ["offer_invalid", "started"]


async def test_ten_redemptions_under_thirty_confirms(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id, stock=None)
    async with till.database.tx(organization_id) as tx:
        await shop.discount(tx, "TENTIMES", max_redemptions=10, max_redemptions_per_customer=1)
    emails = [f"buyer{number // 2}@shopper.example" for number in range(30)]
    made = [await till.buy(organization_id, {item: 1}, discount_code="TENTIMES", customer={"email": e}) for e in emails]

    async def pay(number: int) -> str:
        try:
            return (await till.pay(organization_id, made[number])).status
        except Problem as problem:
            return problem.code

    answers = await asyncio.gather(*(pay(number) for number in range(30)))
    assert answers.count("succeeded") == 10
    assert set(answers) <= {"succeeded", "discount_used_up", "discount_used_up_for_customer", "checkout_changed"}
    async with till.database.tx(organization_id) as tx:
        buyers = await tx.session.scalars(select(Order.email).where(Order.organization_id == organization_id))
        assert len(set(buyers.all())) == 10


async def test_cancelling_refunds_whole_and_restocks(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 3})
    await till.pay(organization_id, made)
    order = await till.order_of(organization_id, made.id)

    async def cancel() -> str:
        async with till.database.tx(organization_id) as tx:
            return (await orders.cancel(tx, order.id)).status

    assert set(await asyncio.gather(*(cancel() for _ in range(5)))) == {"cancelled"}
    after = await till.order_of(organization_id, made.id)
    assert (after.status, after.refunded) == ("cancelled", 3000)
    assert await till.stock(organization_id, item) == (10, 0)

    async def returned() -> bool:
        return [row.refunded for row in await till.books(organization_id)] == [3000]

    await until(returned)
    assert await count(till, organization_id, Refund) == 1


async def test_refunds_never_exceed_what_was_paid(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    await till.pay(organization_id, made)
    order = await till.order_of(organization_id, made.id)

    async def refund(amount: int) -> str:
        try:
            async with till.database.tx(organization_id) as tx:
                await refunds.create(tx, order.id, amount)
        except Problem as problem:
            return f"{problem.status} {problem.code}"
        return "given"

    answers = await asyncio.gather(*(refund(300) for _ in range(6)))
    assert sorted(answers) == ["409 refund_exceeds_paid"] * 3 + ["given"] * 3
    assert (await till.order_of(organization_id, made.id)).status == "partially_refunded"
    assert await refund(100) == "given"
    after = await till.order_of(organization_id, made.id)
    assert (after.status, after.refunded) == ("refunded", 1000)

    async def returned() -> bool:
        return [row.refunded for row in await till.books(organization_id)] == [1000]

    await until(returned)


async def test_a_refund_by_hand_that_crosses_one_of_ours(till: Till, organization_id: UUID) -> None:
    """Both count at first; the provider refuses ours, and the books say what the provider did."""
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    await till.pay(organization_id, made)
    order = await till.order_of(organization_id, made.id)
    async with till.database.tx(organization_id) as tx:
        charge = str(await tx.session.scalar(select(Payment.processor_id).where(Payment.order_id == order.id)))
        (ours,) = await refunds.create(tx, order.id, 600)
        theirs = RefundMade(charge, ProviderRefund("re_by_hand", "succeeded", 700))
        assert await refunded.record(tx, "sandbox", theirs)
        assert not await refunded.record(tx, "sandbox", theirs)
        row = await tx.session.get_one(Order, order.id)
        assert (row.status, row.refunded) == ("refunded", 1000)
        assert await refunds.finish(tx, ours.id, succeeded=False, processor_id=None)
        assert (row.status, row.refunded) == ("partially_refunded", 700)
        # the customer's bank sends it back days later; what was said before may come once more
        back = RefundMade(charge, ProviderRefund("re_by_hand", "failed", 700))
        assert await refunded.record(tx, "sandbox", back)
        assert not await refunded.record(tx, "sandbox", theirs)
        assert (row.status, row.refunded) == ("paid", 0)
        await tx.session.rollback()  # the sandbox knows nothing of it


async def test_a_shipped_order_is_not_cancelled(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    await till.pay(organization_id, made)
    order = await till.order_of(organization_id, made.id)
    async with till.database.tx(organization_id) as tx:
        shipped = await orders.fulfil(tx, order.id, "shipped", tracking={"carrier": "UPS", "number": "1Z"})
        assert (shipped.fulfillment_status, shipped.tracking) == ("shipped", {"carrier": "UPS", "number": "1Z"})
        with pytest.raises(Problem, match="shipped"):
            await orders.cancel(tx, order.id)
        delivered = await orders.fulfil(tx, order.id, "delivered")
        assert delivered.delivered_at is not None
        with pytest.raises(Problem, match="delivered"):
            await orders.fulfil(tx, order.id, "shipped")
        for written in ("1001", "#1001", " # 10 01 "):
            found = await orders.find(tx, written)
            assert found is not None
            assert found.id == order.id
        assert await orders.find(tx, "#") is None
        assert await orders.find(tx, "1002") is None


async def test_a_second_purchase_is_a_second_checkout(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    async with till.database.tx(organization_id) as tx:
        talk = await shop.conversation(tx)
        cart = await carts.cart_id_of(tx, talk)
    seen = []
    for _ in range(2):
        async with till.database.tx(organization_id) as tx:
            await carts.add(tx, cart, item, 1)
            made = await checkouts.from_cart(tx, talk, base_url=till.base_url)
        assert (await till.pay(organization_id, made)).status == "succeeded"
        seen.append(made.id)
    assert len(set(seen)) == 2
    async with till.database.tx(organization_id) as tx:
        assert (await tx.session.get_one(Conversation, talk)).checkout_id == seen[1]
        assert len(await orders.for_conversation(tx, talk)) == 2


async def test_another_base_url_pays_too(till: Till, organization_id: UUID) -> None:
    item = await item_of(till, organization_id)
    made = await till.buy(organization_id, {item: 1})
    behind_proxy = Paying(till.database, till.providers, base_url="https://shop.example")
    attempt = await behind_proxy.pay_by_card(organization_id, made.id, GOOD)
    assert attempt.payment.status == "succeeded"
