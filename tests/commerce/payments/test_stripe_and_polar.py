"""What is Stripe's or Polar's own: the requests they get, their currencies, disputes, taxes, and keys that are missing."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from agentpay.commerce.payments.credentials import check_providers
from agentpay.commerce.payments.minor_units import from_processor, to_processor
from agentpay.commerce.payments.polar.events import net_of
from agentpay.commerce.payments.polar.provider import PolarProvider
from agentpay.commerce.payments.protocol import PaymentChanged, ProviderError, ProviderRefused, RefundRequest
from agentpay.commerce.payments.stripe import events
from agentpay.commerce.payments.stripe.provider import StripeProvider
from agentpay.errors import StartupError
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.tables import Order
from tests.commerce.payments import polar_stub
from tests.commerce.payments.conftest import Counter
from tests.commerce.payments.polar_stub import PolarStub
from tests.commerce.payments.serving import served
from tests.commerce.payments.stripe_stub import StripeStub
from tests.commerce.payments.test_provider_contract import all_handled, becomes, request_for


async def test_what_stripe_is_asked_for(counters: dict[str, Counter], organization_id: UUID) -> None:
    stub = counters["stripe"].stub
    assert isinstance(stub, StripeStub)
    began = datetime.now(UTC) - timedelta(minutes=5)
    request = request_for(organization_id, amount=4999, began=began)
    await counters["stripe"].provider.create_checkout(request)
    method, path, headers, form = stub.seen[-1]
    assert (method, path) == ("POST", "/v1/checkout/sessions")
    assert headers["authorization"] == "Bearer sk_test_stub"
    assert headers["idempotency-key"] == request.idempotency_key
    checkout_id = str(request.checkout_id)
    assert form["line_items[0][price_data][unit_amount]"] == "4999"
    assert form["line_items[0][price_data][currency]"] == "usd"
    assert form["adaptive_pricing[enabled]"] == "false", "our total, in our currency"
    assert (form["client_reference_id"], form["metadata[checkout_id]"], form["metadata[attempt]"]) == (
        checkout_id,
        checkout_id,
        "1",
    )
    assert form["metadata[organization_id]"] == form["payment_intent_data[metadata][organization_id]"]
    assert form["success_url"] == "https://shop.example/pay/token?paid=1"
    assert form["cancel_url"] == "https://shop.example/pay/token"
    assert form["customer_email"] == "dana@shopper.example"
    assert int(form["expires_at"]) == int((began + timedelta(hours=23)).timestamp()), "the same at each repetition"


async def test_what_polar_is_asked_for(counters: dict[str, Counter], organization_id: UUID) -> None:
    stub = counters["polar"].stub
    assert isinstance(stub, PolarStub)
    request = request_for(organization_id, amount=4999)
    await counters["polar"].provider.create_checkout(request)
    method, path, headers, body = stub.seen[-1]
    assert (method, path, headers["authorization"]) == ("POST", "/v1/checkouts/", "Bearer polar_oat_stub")
    assert body["products"] == [polar_stub.PRODUCT_ID]
    assert body["prices"][polar_stub.PRODUCT_ID] == [
        {"amount_type": "fixed", "price_amount": 4999, "price_currency": "usd", "tax_behavior": "inclusive"}
    ]
    assert body["allow_discount_codes"] is False
    assert body["metadata"]["key"] == request.idempotency_key
    assert body["metadata"]["organization_id"] == str(organization_id)


async def test_a_wrong_key_is_an_error_that_names_no_secret(
    counters: dict[str, Counter], organization_id: UUID
) -> None:
    stripe, polar = StripeStub(), PolarStub()
    till = counters["stripe"].till
    async with served(stripe.routes()) as stripe_url, served(polar.routes()) as polar_url:
        wrong = SecretStr("sk_live_not_this_one")
        providers = (
            StripeProvider(till.database, api_key=wrong, webhook_secret=wrong, api_base=stripe_url),
            PolarProvider(access_token=wrong, webhook_secret=wrong, product_id="x", server=polar_url),
        )
        for provider in providers:
            with pytest.raises(ProviderError) as refused:
                await provider.create_checkout(request_for(organization_id))
            assert "not_this_one" not in f"{refused.value!r} {provider.__dict__!r}"
            await provider.close()


async def test_an_unreachable_provider_may_be_asked_again(counters: dict[str, Counter], organization_id: UUID) -> None:
    polar = PolarProvider(
        access_token=SecretStr("x"), webhook_secret=SecretStr("x"), product_id="x", server="http://127.0.0.1:9"
    )
    with pytest.raises(ProviderError, match="PolarNetworkError"):
        await polar.retrieve(organization_id, "x")
    await polar.close()


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("USD", 1999, 1999),
        ("JPY", 500, 500),
        ("KRW", 12000, 12000),
        ("UGX", 500, 50000),  # no minor unit, but written with two digits there
        ("MGA", 50000, 500),  # the other way round
        ("KWD", 12340, 12340),
        ("BHD", 5000, 5000),
    ],
)
def test_amounts_in_the_processors_units(currency: str, ours: int, theirs: int) -> None:
    assert to_processor(ours, currency) == theirs
    assert from_processor(theirs, currency.lower()) == ours


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 12345), ("TND", 1), ("MGA", 50001)])
def test_amounts_a_processor_cannot_take_exactly(currency: str, amount: int) -> None:
    with pytest.raises(ProviderRefused) as refused:
        to_processor(amount, currency)
    assert refused.value.failure.code == "amount_not_supported"


async def test_a_three_decimal_total_reaches_stripe_unchanged(
    counters: dict[str, Counter], organization_id: UUID
) -> None:
    for currency, amount in (("KWD", 12340), ("JPY", 1200)):
        payment = await counters["stripe"].provider.create_checkout(
            request_for(organization_id, amount=amount, currency=currency)
        )
        assert (payment.amount, payment.currency) == (amount, currency)


async def test_a_dispute_finds_its_order_without_metadata(counters: dict[str, Counter], organization_id: UUID) -> None:
    counter = counters["stripe"]
    assert isinstance(counter.stub, StripeStub)
    made = await counter.checkout(organization_id)
    attempt = await counter.till.paying.start(organization_id, made.id)
    await counter.buyer(organization_id, attempt.payment, "pay")
    await becomes(counter, organization_id, made.id, "succeeded")
    intent = counter.stub.sessions[attempt.payment.id]["payment_intent"]
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "amount": 1000,
        "currency": "usd",
        "reason": "fraudulent",
        "metadata": {},
    }
    for _ in range(2):
        event = counter.stub.event("charge.dispute.created", dispute | {"payment_intent": intent, "charge": "ch_1"})
        assert await counter.send(*counter.stub.signed(event)) == 202
    foreign = counter.stub.event("charge.dispute.created", dispute | {"payment_intent": "pi_of_somebody_else"})
    assert await counter.send(*counter.stub.signed(foreign)) == 202
    await all_handled(counter, organization_id, 3)
    order = await counter.till.order_of(organization_id, made.id)
    async with counter.till.database.tx(organization_id) as tx:
        row = await tx.session.get_one(Order, order.id)
    noted = [{name: value for name, value in each.items() if name != "payment_id"} for each in row.details["disputes"]]
    assert noted == [{"id": "dp_1", "amount": 1000, "currency": "USD", "reason": "fraudulent"}]
    assert (row.status, row.refunded) == ("paid", 0)


def test_a_sessions_own_events_speak_for_its_intent() -> None:
    metadata = {"organization_id": str(new_id()), "checkout_id": str(new_id())}
    intent = {"id": "pi_1", "object": "payment_intent", "amount": 5, "currency": "usd", "metadata": metadata}
    declined = intent | {"last_payment_error": {"code": "card_declined"}}
    alone = events.parse(StripeStub.event("payment_intent.payment_failed", declined))
    assert isinstance(alone, PaymentChanged)
    assert (alone.payment.status, alone.payment.failure) == ("failed", events.DECLINED)
    part = declined | {"metadata": metadata | {events.VIA_SESSION: "true"}}
    # the buyer is still on Stripe's page, and may try another card
    assert events.parse(StripeStub.event("payment_intent.payment_failed", part)) is None
    assert events.parse(StripeStub.event("payment_intent.succeeded", part)) is None


async def test_polar_gives_taxes_back_with_the_refund(counters: dict[str, Counter], organization_id: UUID) -> None:
    counter = counters["polar"]
    assert isinstance(counter.stub, PolarStub)
    counter.stub.tax_percent = 20
    try:
        payment = await counter.provider.create_checkout(request_for(organization_id, amount=1200))
        await counter.buyer(organization_id, payment, "pay", send=False)
    finally:
        counter.stub.tax_percent = 0
    paid = await counter.provider.retrieve(organization_id, payment.id)
    assert (paid.status, paid.amount) == ("succeeded", 1200)
    assert paid.charge_id is not None

    async def refund(amount: int) -> tuple[str, int]:
        identifier = new_id()
        answer = await counter.provider.refund(
            RefundRequest(organization_id, identifier, f"refund:{identifier}", str(paid.charge_id), amount, "USD")
        )
        return answer.status, answer.amount

    assert await refund(600) == ("succeeded", 600)
    assert counter.stub.seen[-1][3]["amount"] == 500, "Polar is asked for the part before tax"
    assert await refund(601) == ("failed", 601)
    assert await refund(600) == ("succeeded", 600)
    assert (await counter.provider.retrieve(organization_id, payment.id)).refunded == 1200


@given(net=some.integers(1, 10**7), rate=some.integers(0, 30), share=some.integers(1, 1000))
def test_a_refund_of_a_taxed_order_is_never_over_and_at_most_one_unit_short(net: int, rate: int, share: int) -> None:
    tax = int(Decimal(net * rate) / 100)
    gross = max(1, (net + tax) * share // 1000)
    asked = net_of(gross, net=net, tax=tax, refundable_net=net, refundable_tax=tax)
    assert asked is not None
    given_back = net + tax if asked == net else asked + round(asked * (tax / net))
    assert gross - 1 <= given_back <= gross
    assert net_of(net + tax + 1, net=net, tax=tax, refundable_net=net, refundable_tax=tax) is None


@pytest.mark.parametrize(
    ("given_settings", "missing"),
    [
        ({"stripe_api_key": "sk_test_x"}, "AGENTPAY_STRIPE_WEBHOOK_SECRET"),
        ({"stripe_api_key": "sk_test_x", "stripe_webhook_secret": " "}, "AGENTPAY_STRIPE_WEBHOOK_SECRET"),
        ({"polar_access_token": "x"}, "AGENTPAY_POLAR_WEBHOOK_SECRET"),
        ({"polar_access_token": "x", "polar_webhook_secret": "x"}, "AGENTPAY_POLAR_PRODUCT_ID"),
    ],
)
def test_incomplete_keys_are_named_before_anything_starts(given_settings: dict[str, str], missing: str) -> None:
    settings = Settings(_env_file=None, **given_settings)  # type: ignore[call-arg, arg-type]
    with pytest.raises(StartupError, match=missing):
        check_providers(settings)


def test_a_missing_sdk_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = Settings(_env_file=None, stripe_api_key="sk_test_x", stripe_webhook_secret="whsec_x")  # type: ignore[call-arg, arg-type]
    check_providers(complete)
    monkeypatch.setattr("agentpay.commerce.payments.credentials.find_spec", lambda name: None)
    assert importlib.util.find_spec("stripe") is not None
    with pytest.raises(StartupError, match=r"agentpay\[stripe\]"):
        check_providers(complete)
    assert "sk_test_x" not in repr(complete)
