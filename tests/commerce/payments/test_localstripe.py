"""Stripe's PaymentIntents, refunds and webhooks against localstripe, a server of somebody else's making.

It knows neither idempotency keys nor Checkout Sessions, and does not count refunds: those are in the provider contract.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from aiohttp import web
from localstripe import resources
from localstripe.server import app
from multidict import MultiDict, MultiDictProxy
from pydantic import SecretStr
from sqlalchemy import select

from agentpay.commerce import refunds
from agentpay.commerce.payments.protocol import ChargesSavedMethods, PaymentChanged, ProviderError, SavedMethod
from agentpay.commerce.payments.protocol import RefundRequest as Wanted
from agentpay.commerce.payments.stripe.provider import StripeProvider
from agentpay.commerce.shapes import CheckoutView
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import InboundEvent, Payment
from tests.commerce.payments.conftest import Counter
from tests.commerce.payments.test_provider_contract import becomes, request_for
from tests.commerce.till import Till, until

SECRET = "whsec_localstripe"
VISA, DECLINED = SavedMethod("pm_card_visa"), SavedMethod("pm_card_chargeCustomerFail")
NEWER = ("automatic_payment_methods",)
"""Parameters that Stripe wants and this version of localstripe does not know."""


@web.middleware
async def _without_newer(request: web.Request, handler: object) -> web.StreamResponse:
    form = await request.post()
    kept = MultiDict((key, value) for key, value in form.items() if not key.startswith(NEWER))
    request._post = MultiDictProxy(kept)
    return await handler(request)  # type: ignore[operator, no-any-return]


@dataclass
class Local:
    counter: Counter
    provider: StripeProvider
    base: str

    async def buy(self, organization_id: UUID, method: SavedMethod) -> tuple[CheckoutView, str]:
        """A checkout that is confirmed and charged to a stored method; its id at Stripe."""
        made = await self.counter.checkout(organization_id)
        request, _ = await self.counter.till.paying._confirm(organization_id, made.id, None)
        payment = await self.provider.charge_saved(request, method)
        await self.counter.till.paying._refer(organization_id, made.id, request.idempotency_key, payment)
        return made, payment.id


@pytest.fixture(scope="module")
async def local(database: Database, till: Till, monkeypatch_module: pytest.MonkeyPatch) -> AsyncIterator[Local]:
    monkeypatch_module.setattr(resources.Store, "dump_to_disk", lambda self: None)  # it would write to a fixed path
    app.middlewares.insert(0, _without_newer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with httpx.AsyncClient(trust_env=False) as client:
        hook = {"url": f"{till.base_url}/v1/webhooks/stripe", "secret": SECRET}
        assert (await client.post(f"{base}/_config/webhooks/agentpay", json=hook)).status_code == 200
    provider = StripeProvider(
        database, api_key=SecretStr("sk_test_12345"), webhook_secret=SecretStr(SECRET), api_base=base
    )
    till.providers.add(provider)
    yield Local(Counter(till, provider), provider, base)
    await provider.close()
    await runner.cleanup()


@pytest.fixture(scope="module")
def monkeypatch_module() -> AsyncIterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch  # type: ignore[misc]


async def test_a_stored_method_is_charged_and_its_webhook_makes_the_order(local: Local, organization_id: UUID) -> None:
    assert isinstance(local.provider, ChargesSavedMethods)
    made, intent = await local.buy(organization_id, VISA)
    await becomes(local.counter, organization_id, made.id, "succeeded")
    async with local.counter.till.database.tx(organization_id) as tx:
        (entry,) = (await tx.session.scalars(select(Payment).where(Payment.organization_id == organization_id))).all()
        (event,) = (
            await tx.session.scalars(select(InboundEvent).where(InboundEvent.organization_id == organization_id))
        ).all()
    assert (entry.processor_id, entry.amount, entry.status) == (intent, 1000, "succeeded")
    assert event.type == "payment_intent.succeeded"
    now = await local.provider.retrieve(organization_id, intent)
    assert (now.status, now.amount, now.currency, now.charge_id) == ("succeeded", 1000, "USD", intent)


async def test_a_declined_method_opens_the_checkout_again(local: Local, organization_id: UUID) -> None:
    made, intent = await local.buy(organization_id, DECLINED)
    await becomes(local.counter, organization_id, made.id, "open")
    shown = await local.counter.till.checkout(organization_id, made.id)
    assert shown.failure is not None
    assert shown.failure["code"] == "card_declined"
    now = await local.provider.retrieve(organization_id, intent)
    assert (now.status, now.charge_id) == ("failed", None)


async def test_refunds_go_back_once_each(local: Local, organization_id: UUID) -> None:
    made, intent = await local.buy(organization_id, VISA)
    await becomes(local.counter, organization_id, made.id, "succeeded")
    order = await local.counter.till.order_of(organization_id, made.id)
    async with local.counter.till.database.tx(organization_id) as tx:
        (first,) = await refunds.create(tx, order.id, 400)

    async def done() -> bool:
        async with local.counter.till.database.tx(organization_id) as tx:
            return (await refunds.get(tx, first.id)).status == "succeeded"

    await until(done)
    again = Wanted(organization_id, first.id, f"refund:{first.id}", intent, 400, "USD")
    answer = await local.provider.refund(again)
    assert (answer.status, answer.amount) == ("succeeded", 400)
    listed = await local.provider._client.v1.refunds.list_async({"payment_intent": intent})
    assert [refund.amount for refund in listed.data] == [400], "it was found by its metadata and not given again"


async def test_an_intent_nobody_confirmed_is_cancelled(local: Local, organization_id: UUID) -> None:
    client = local.provider._client.v1.payment_intents
    metadata = {"organization_id": str(organization_id), "checkout_id": str(new_id())}
    intent = await client.create_async({"amount": 1000, "currency": "usd", "metadata": metadata})
    assert (await local.provider.retrieve(organization_id, intent.id)).status == "requires_payment"
    assert (await local.provider.expire(organization_id, intent.id)).status == "cancelled"
    assert (await local.provider.expire(organization_id, intent.id)).status == "cancelled"
    paid = await local.provider.charge_saved(request_for(organization_id), VISA)
    assert (await local.provider.expire(organization_id, paid.id)).status == "succeeded"
    with pytest.raises(ProviderError):
        await local.provider.retrieve(new_id(), paid.id)


async def test_a_bank_that_asks_for_the_buyer_ends_the_charge(local: Local, organization_id: UUID) -> None:
    card = {"number": "4000002500003155", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    async with httpx.AsyncClient(trust_env=False, auth=("sk_test_12345", "")) as client:
        form = {"type": "card", **{f"card[{key}]": value for key, value in card.items()}}
        method = (await client.post(f"{local.base}/v1/payment_methods", data=form)).json()["id"]
    payment = await local.provider.charge_saved(request_for(organization_id), SavedMethod(method))
    assert payment.status == "failed"
    assert payment.failure is not None
    assert payment.failure.code == "authentication_required"
    assert (await local.provider.retrieve(organization_id, payment.id)).status == "cancelled"


async def test_its_events_are_read_as_ours(local: Local, organization_id: UUID) -> None:
    request = request_for(organization_id)
    payment = await local.provider.charge_saved(request, VISA)
    listed = await local.provider._client.v1.events.list_async({"type": "payment_intent.succeeded"})
    event = next(e.to_dict() for e in listed.data if e.to_dict()["data"]["object"]["id"] == payment.id)
    news = local.provider.parse_event(event)
    assert isinstance(news, PaymentChanged)
    assert (news.checkout_id, news.payment.charge_id, news.payment.amount) == (request.checkout_id, payment.id, 1000)
    assert datetime.fromtimestamp(event["created"], UTC).year >= 2024
