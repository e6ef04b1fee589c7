"""One contract, three providers: what they promise, and that the shop is the same afterwards whoever took the money."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from agentpay.commerce import refunds
from agentpay.commerce.payments.protocol import CheckoutRequest, ProviderError, ProviderRefused, RefundRequest
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.tables import Checkout, InboundEvent, Order, Payment, Refund
from tests.commerce import shop
from tests.commerce.payments.conftest import Counter
from tests.commerce.till import until


def request_for(
    organization_id: UUID, *, attempt: int = 1, checkout_id: UUID | None = None, **fields: object
) -> CheckoutRequest:
    checkout_id = checkout_id or new_id()
    values = {
        "organization_id": organization_id,
        "checkout_id": checkout_id,
        "idempotency_key": f"checkout:{checkout_id}:{attempt}",
        "amount": 1000,
        "currency": "USD",
        "return_url": "https://shop.example/pay/token",
        "email": "dana@shopper.example",
        "began": datetime.now(UTC),
    }
    return CheckoutRequest(**(values | fields))  # type: ignore[arg-type]


async def status_of(counter: Counter, organization_id: UUID, checkout_id: UUID) -> str:
    return (await counter.till.checkout(organization_id, checkout_id)).status


async def becomes(counter: Counter, organization_id: UUID, checkout_id: UUID, status: str) -> None:
    async def there() -> bool:
        return await status_of(counter, organization_id, checkout_id) == status

    await until(there)


async def all_handled(counter: Counter, organization_id: UUID, events: int) -> None:
    async def there() -> bool:
        async with counter.till.database.tx(organization_id) as tx:
            rows = await tx.session.scalars(
                select(InboundEvent.handled_at).where(InboundEvent.organization_id == organization_id)
            )
            found = rows.all()
            return len(found) == events and all(found)

    await until(there)


async def count(counter: Counter, organization_id: UUID, table: type) -> int:
    async with counter.till.database.tx(organization_id) as tx:
        query = select(func.count()).select_from(table).where(table.organization_id == organization_id)  # type: ignore[attr-defined]
        return int(await tx.session.scalar(query) or 0)


async def test_a_payment_is_made_for_exactly_the_total(counter: Counter, organization_id: UUID) -> None:
    payment = await counter.provider.create_checkout(request_for(organization_id, amount=12345))
    assert (payment.status, payment.amount, payment.currency) == ("requires_payment", 12345, "USD")
    assert (payment.charge_id, payment.refunded, payment.failure) == (None, 0, None)
    assert (payment.redirect_url is None) == counter.provider.capabilities().hosted_form


async def test_the_same_key_is_the_same_payment(counter: Counter, organization_id: UUID) -> None:
    request = request_for(organization_id)
    first = await counter.provider.create_checkout(request)
    assert await counter.provider.create_checkout(request) == first
    again = request_for(organization_id, attempt=2, checkout_id=request.checkout_id)
    assert (await counter.provider.create_checkout(again)).id != first.id


async def test_a_payment_is_retrieved_by_its_organization_alone(
    counter: Counter, organization_id: UUID, other_id: UUID
) -> None:
    payment = await counter.provider.create_checkout(request_for(organization_id))
    assert await counter.provider.retrieve(organization_id, payment.id) == payment
    with pytest.raises(ProviderError):
        await counter.provider.retrieve(other_id, payment.id)
    unknown = {"sandbox": f"pi_{new_id().hex}", "stripe": "cs_test_unknown", "polar": str(new_id())}[counter.name]
    with pytest.raises(ProviderError):
        await counter.provider.retrieve(organization_id, unknown)


async def test_an_expired_payment_cannot_be_made(counter: Counter, organization_id: UUID) -> None:
    payment = await counter.provider.create_checkout(request_for(organization_id))
    closed = await counter.provider.expire(organization_id, payment.id)
    if counter.provider.capabilities().expires:
        assert closed.status == "cancelled"
        assert closed.redirect_url is None
    else:
        assert closed == payment, "a provider that cannot close a payment says so"
        await counter.buyer(organization_id, payment, "run_out", send=False)
    assert (await counter.provider.expire(organization_id, payment.id)).status == "cancelled"
    assert (await counter.provider.retrieve(organization_id, payment.id)).status == "cancelled"


async def test_expiring_what_was_paid_changes_nothing(counter: Counter, organization_id: UUID) -> None:
    payment = await counter.provider.create_checkout(request_for(organization_id))
    await counter.buyer(organization_id, payment, "pay", send=False)
    paid = await counter.provider.expire(organization_id, payment.id)
    assert (paid.status, paid.amount) == ("succeeded", 1000)
    assert paid.charge_id


async def test_a_success_is_one_order(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    assert await status_of(counter, organization_id, made.id) == "confirming"
    await counter.buyer(organization_id, attempt.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    order = await counter.till.order_of(organization_id, made.id)
    assert (order.status, order.total, order.currency) == ("paid", 1000, "USD")
    assert await counter.till.stock(organization_id, made.items[0].variant_id) == (9, 0)
    async with counter.till.database.tx(organization_id) as tx:
        entry = (await tx.session.scalars(select(Payment).where(Payment.organization_id == organization_id))).one()
    assert (entry.processor, entry.status, entry.amount, entry.order_id) == (counter.name, "succeeded", 1000, order.id)
    now = await counter.provider.retrieve(organization_id, attempt.payment.id)
    assert (now.status, now.charge_id) == ("succeeded", entry.processor_id)
    await counter.till.paying.reconcile(organization_id, made.id, 1, datetime.now(UTC))
    assert await count(counter, organization_id, Order) == 1


async def test_a_failure_opens_the_checkout_again(counter: Counter, organization_id: UUID) -> None:
    item = await counter.item(organization_id)
    async with counter.till.database.tx(organization_id) as tx:
        await shop.discount(tx, "ONCE", max_redemptions=1)
    buyer = {"email": "dana@shopper.example"}
    made = await counter.till.buy(organization_id, {item: 1}, discount_code="ONCE", customer=buyer)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "fail")
    await becomes(counter, organization_id, made.id, "open")
    shown = await counter.till.checkout(organization_id, made.id)
    assert shown.failure is not None
    assert shown.failure["code"] in ("card_declined", "payment_failed")
    assert shown.order_id is None
    assert await counter.till.stock(organization_id, item) == (10, 1)
    second = await counter.till.paying.start(organization_id, made.id)
    assert second.payment.id != attempt.payment.id
    await counter.buyer(organization_id, second.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    async with counter.till.database.tx(organization_id) as tx:
        rows = await tx.session.scalars(
            select(Payment.status).where(Payment.organization_id == organization_id).order_by(Payment.id)
        )
        assert rows.all() == ["failed", "succeeded"]


async def test_money_that_comes_later(counter: Counter, organization_id: UUID) -> None:
    assert counter.provider.capabilities().delayed_settlement
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "begin")
    await becomes(counter, organization_id, made.id, "confirmed")
    assert await count(counter, organization_id, Order) == 0
    await counter.buyer(organization_id, attempt.payment, "settle")
    await becomes(counter, organization_id, made.id, "succeeded")
    assert await count(counter, organization_id, Order) == 1


async def test_a_buyer_who_never_pays(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    if not counter.provider.capabilities().expires:
        await counter.buyer(organization_id, attempt.payment, "run_out", send=False)
    long_ago = datetime.now(UTC) - timedelta(minutes=20)
    await counter.till.paying.reconcile(organization_id, made.id, 1, long_ago)
    shown = await counter.till.checkout(organization_id, made.id)
    assert shown.status == "open"
    assert shown.failure is not None
    assert shown.failure["code"] == "payment_not_completed"


async def test_a_lost_webhook_is_made_up_for(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay", send=False)
    assert await status_of(counter, organization_id, made.id) == "confirming"
    await counter.till.paying.reconcile(organization_id, made.id, 1, datetime.now(UTC))
    assert await status_of(counter, organization_id, made.id) == "succeeded"
    assert await count(counter, organization_id, Payment) == 1


async def test_an_answer_that_got_lost_is_no_second_payment(counter: Counter, organization_id: UUID) -> None:
    if counter.stub is None:
        pytest.skip("the sandbox is in this process: its answers do not get lost")
    made = await counter.checkout(organization_id)
    counter.stub.down = True
    try:
        with pytest.raises(Problem) as unreachable:
            await counter.till.paying.start(organization_id, made.id)
    finally:
        counter.stub.down = False
    assert (unreachable.value.code, unreachable.value.status) == ("payment_provider_unavailable", 503)
    assert await status_of(counter, organization_id, made.id) == "confirming"

    pages = counter.stub.sessions if counter.name == "stripe" else counter.stub.checkouts  # type: ignore[union-attr]
    began = await _began(counter, organization_id, made.id)
    await counter.till.paying.reconcile(organization_id, made.id, 1, began)
    (ours,) = [key for key, page in pages.items() if page["metadata"]["checkout_id"] == str(made.id)]
    async with counter.till.database.tx(organization_id) as tx:
        assert (await tx.session.get_one(Checkout, made.id)).provider_reference == ours
    assert await status_of(counter, organization_id, made.id) == "confirming"


async def _began(counter: Counter, organization_id: UUID, checkout_id: UUID) -> datetime:
    """When the attempt began, as the reconciler's job was told."""
    query = text(
        "SELECT args->>'began' FROM procrastinate_jobs"
        " WHERE task_name = 'payments.reconcile' AND args->>'checkout_id' = :id ORDER BY id LIMIT 1"
    )
    async with counter.till.database.tx(organization_id) as tx:
        return datetime.fromisoformat(str(await tx.session.scalar(query, {"id": str(checkout_id)})))


async def test_refunds_in_part_and_whole_but_not_over(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    order = await counter.till.order_of(organization_id, made.id)

    async def give(amount: int) -> None:
        async with counter.till.database.tx(organization_id) as tx:
            (refund,) = await refunds.create(tx, order.id, amount)

        async def done() -> bool:
            async with counter.till.database.tx(organization_id) as tx:
                return (await refunds.get(tx, refund.id)).status == "succeeded"

        await until(done)

    await give(300)
    assert (await counter.till.order_of(organization_id, made.id)).status == "partially_refunded"
    await give(700)
    after = await counter.till.order_of(organization_id, made.id)
    assert (after.status, after.refunded) == ("refunded", 1000)
    with pytest.raises(Problem, match="more than is left"):
        await give(1)
    async with counter.till.database.tx(organization_id) as tx:
        rows = (await tx.session.scalars(select(Refund).where(Refund.organization_id == organization_id))).all()
    assert sorted(row.amount for row in rows) == [300, 700]
    assert len({row.processor_id for row in rows}) == 2, "each is named as the provider names it"


async def test_a_refund_is_given_once_and_the_provider_itself_refuses_too_much(
    counter: Counter, organization_id: UUID
) -> None:
    payment = await counter.provider.create_checkout(request_for(organization_id))
    await counter.buyer(organization_id, payment, "pay", send=False)
    charge = (await counter.provider.retrieve(organization_id, payment.id)).charge_id
    assert charge is not None

    def refund(amount: int) -> RefundRequest:
        identifier = new_id()
        return RefundRequest(organization_id, identifier, f"refund:{identifier}", charge, amount, "USD")

    some = refund(600)
    given = await counter.provider.refund(some)
    assert (given.status, given.amount) == ("succeeded", 600)
    assert (await counter.provider.refund(some)).id == given.id
    over = await counter.provider.refund(refund(401))
    assert over.status == "failed"
    assert over.failure is not None
    assert (await counter.provider.refund(refund(400))).status == "succeeded"
    assert (await counter.provider.refund(refund(1))).status == "failed"


async def test_a_refund_in_the_providers_dashboard_reaches_the_order(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    order = await counter.till.order_of(organization_id, made.id)

    async def refunded(amount: int) -> None:
        async def there() -> bool:
            return (await counter.till.order_of(organization_id, made.id)).refunded == amount

        await until(there)

    await counter.refund_by_hand(organization_id, attempt.payment, 300)
    await refunded(300)
    headers, body = await counter.last()
    assert await asyncio.gather(*(counter.send(headers, body) for _ in range(5))) == [202] * 5
    assert (await counter.till.order_of(organization_id, made.id)).status == "partially_refunded"
    async with counter.till.database.tx(organization_id) as tx:
        with pytest.raises(Problem, match="more than is left"):
            await refunds.create(tx, order.id, 701)
    async with counter.till.database.tx(organization_id) as tx:
        await refunds.create(tx, order.id, 200)
    await counter.refund_by_hand(organization_id, attempt.payment, 500)
    await refunded(1000)

    async def settled() -> bool:
        async with counter.till.database.tx(organization_id) as tx:
            rows = (await tx.session.scalars(select(Refund).where(Refund.organization_id == organization_id))).all()
        return sorted((row.amount, row.status) for row in rows) == [
            (200, "succeeded"),
            (300, "succeeded"),
            (500, "succeeded"),
        ]

    await until(settled)
    now = await counter.provider.retrieve(organization_id, attempt.payment.id)
    assert counter.name == "stripe" or now.refunded == 1000
    assert (await counter.till.order_of(organization_id, made.id)).status == "refunded"


async def test_a_refund_by_hand_may_come_before_the_news_of_its_payment(
    counter: Counter, organization_id: UUID
) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay", send=False)
    await counter.refund_by_hand(organization_id, attempt.payment, 300)
    await counter.till.paying.reconcile(organization_id, made.id, 1, datetime.now(UTC))

    async def there() -> bool:
        return (await counter.till.order_of(organization_id, made.id)).refunded == 300

    await until(there)
    assert await count(counter, organization_id, Refund) == 1


async def test_forged_webhooks_are_refused(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    headers, body = await counter.last()
    for forged in counter.forged(body):
        assert await counter.send(forged, body) == 400
    assert await counter.send(headers, body + b" ") == 400
    assert await counter.send(headers, b"\xff\xfe") == 400
    assert await count(counter, organization_id, InboundEvent) == 1


async def test_a_webhook_that_comes_again_changes_nothing(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    headers, body = await counter.last()
    assert await asyncio.gather(*(counter.send(headers, body) for _ in range(10))) == [202] * 10
    await all_handled(counter, organization_id, 1)
    for table in (Order, Payment, InboundEvent):
        assert await count(counter, organization_id, table) == 1
    assert await count(counter, organization_id, Refund) == 0


async def test_a_session_paid_twice_over_two_attempts_keeps_one(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    first = await counter.till.paying.start(organization_id, made.id)
    await counter.till.change(organization_id, made.id, status="open")
    second = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, second.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    await counter.buyer(organization_id, first.payment, "pay")

    async def returned() -> bool:
        async with counter.till.database.tx(organization_id) as tx:
            rows = (await tx.session.scalars(select(Refund).where(Refund.organization_id == organization_id))).all()
            return [(row.amount, row.status, row.order_id) for row in rows] == [(1000, "succeeded", None)]

    await until(returned)
    assert (await counter.till.order_of(organization_id, made.id)).refunded == 0


async def test_what_a_provider_never_takes_is_said_at_once(counter: Counter, organization_id: UUID) -> None:
    if counter.stub is None:
        pytest.skip("the sandbox takes every amount")
    with pytest.raises(ProviderRefused):
        await counter.provider.create_checkout(request_for(organization_id, amount=49))
    made = await counter.checkout(organization_id, price=49)
    with pytest.raises(Problem) as refused:
        await counter.till.paying.start(organization_id, made.id)
    assert (refused.value.code, refused.value.status) == ("payment_refused", 422)
    shown = await counter.till.checkout(organization_id, made.id)
    assert (shown.status, shown.order_id) == ("open", None)
    assert shown.failure is not None


async def test_other_business_of_the_account_is_left_alone(counter: Counter, organization_id: UUID) -> None:
    if counter.stub is None:
        pytest.skip("the sandbox has no other business")
    kinds = (
        ("invoice.paid", "checkout.session.completed") if counter.name == "stripe" else ("member.created", "order.paid")
    )
    before = await _events(counter)
    for kind in kinds:
        assert await counter.send(*counter.stub.signed(counter.stub.event(kind, {"id": "x", "metadata": {}}))) == 202
    assert await _events(counter) == before


async def _events(counter: Counter) -> int:
    async with counter.till.database.session() as session:
        return int(await session.scalar(select(func.count()).select_from(InboundEvent)) or 0)


async def test_a_shop_whose_provider_has_no_keys_confirms_nothing(counter: Counter, organization_id: UUID) -> None:
    made = await counter.checkout(organization_id)
    await counter.till.change(organization_id, made.id, provider="nobody")
    with pytest.raises(Problem) as unknown:
        await counter.till.paying.start(organization_id, made.id)
    assert (unknown.value.code, unknown.value.status) == ("payment_provider_unknown", 404)
    assert await status_of(counter, organization_id, made.id) == "open"
