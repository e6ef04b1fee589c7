"""A till that takes payments through the sandbox, Stripe or Polar, each with a buyer who can be told what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from agentpay.commerce.payments.polar.provider import PolarProvider
from agentpay.commerce.payments.protocol import PaymentProvider, ProviderPayment
from agentpay.commerce.payments.sandbox import cards
from agentpay.commerce.payments.sandbox.provider import SandboxProvider
from agentpay.commerce.payments.signatures import sign
from agentpay.commerce.payments.stripe.provider import StripeProvider
from agentpay.commerce.shapes import CheckoutView
from agentpay.store.session import Database
from agentpay.store.tables import Organization
from tests.commerce import shop
from tests.commerce.payments import polar_stub, stripe_stub
from tests.commerce.payments.polar_stub import PolarStub
from tests.commerce.payments.serving import served
from tests.commerce.payments.stripe_stub import StripeStub
from tests.commerce.till import Till, open_till

SANDBOX_CARD = {"pay": "4242424242424242", "fail": "4000000000000002", "begin": "4000000000000077"}


@dataclass
class Counter:
    """A till with one provider, and its buyer. `stub` is the provider's server; the sandbox is its own."""

    till: Till
    provider: PaymentProvider
    stub: StripeStub | PolarStub | None = None
    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """The webhooks that were sent, newest last."""

    @property
    def name(self) -> str:
        return self.provider.name

    async def item(self, organization_id: UUID, **fields: Any) -> UUID:
        """An item for 10.00, of an organization that uses this provider."""
        async with self.till.database.tx(organization_id) as tx:
            await tx.session.execute(
                update(Organization).where(Organization.id == organization_id).values(payment_provider=self.name)
            )
            return await shop.variant(tx, "item", **({"price": 1000, "requires_shipping": False, "stock": 10} | fields))

    async def checkout(self, organization_id: UUID, **fields: Any) -> CheckoutView:
        item = await self.item(organization_id, **fields)
        made = await self.till.buy(organization_id, {item: 1}, customer={"email": "dana@shopper.example"})
        return made

    async def buyer(self, organization_id: UUID, payment: ProviderPayment, action: str, *, send: bool = True) -> None:
        """`pay`, `fail`, `begin` (money that comes later), `settle`, `run_out`. `send=False`: the webhook is lost."""
        if self.stub is not None:
            event = getattr(self.stub, action)(payment.id)
            if send:
                assert await self.send(*self.stub.signed(event)) == 202
            return
        sandbox = self.till.providers.sandbox
        self.till.deliver = send
        if action in SANDBOX_CARD:
            await sandbox.submit_card(organization_id, payment.id, cards.parse(SANDBOX_CARD[action], "12/40", "123"))
        elif action == "settle":
            await sandbox.settle(organization_id, payment.id)
        else:
            await sandbox.expire(organization_id, payment.id)

    async def refund_by_hand(self, organization_id: UUID, payment: ProviderPayment, amount: int) -> None:
        """The merchant gives money back in the provider's own dashboard."""
        if self.stub is not None:
            assert await self.send(*self.stub.signed(self.stub.refund_by_hand(payment.id, amount))) == 202
            return
        self.till.deliver = True
        charge = (await self.provider.retrieve(organization_id, payment.id)).charge_id
        assert await self.till.providers.sandbox.refund_by_hand(organization_id, str(charge), amount)

    async def send(self, headers: dict[str, str], body: bytes) -> int:
        self.sent.append((headers, body))
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"{self.till.base_url}/v1/webhooks/{self.name}"
            return (await client.post(url, content=body, headers=headers)).status_code

    async def last(self) -> tuple[dict[str, str], bytes]:
        """The webhook that came last, to be sent again."""
        if self.stub is not None:
            return self.sent[-1]
        _, body = self.till.received[-1]
        return {"sandbox-signature": sign(await self.till.providers.sandbox.secret(), body)}, body

    def forged(self, body: bytes) -> list[dict[str, str]]:
        """Headers of those who do not know the secret."""
        if isinstance(self.stub, PolarStub):
            good, _ = self.stub.signed({})
            wrong = polar_stub.WEBHOOK_SECRET[:-4] + "AAAA"
            other, _ = PolarStub.signed({"of": "another body"}, wrong)
            return [{}, {k: v for k, v in good.items() if k != "webhook-signature"}, good, other]
        name = "stripe-signature" if self.stub is not None else "sandbox-signature"
        old = sign("whsec_x", body, timestamp=1)
        return [{}, {name: ""}, {name: "t=1,v1=ab"}, {name: sign("whsec_wrong", body)}, {name: old}]


Make = Callable[[str], Awaitable[Counter]]


@pytest.fixture(scope="module")
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        yield opened


@pytest.fixture(scope="module")
async def counters(database: Database, till: Till) -> AsyncIterator[dict[str, Counter]]:
    async with AsyncExitStack() as stack:
        stripe, polar = StripeStub(), PolarStub()
        till.providers.add(
            StripeProvider(
                database,
                api_key=SecretStr(stripe_stub.API_KEY),
                webhook_secret=SecretStr(stripe_stub.WEBHOOK_SECRET),
                api_base=await stack.enter_async_context(served(stripe.routes())),
            )
        )
        till.providers.add(
            PolarProvider(
                access_token=SecretStr(polar_stub.ACCESS_TOKEN),
                webhook_secret=SecretStr(polar_stub.WEBHOOK_SECRET),
                product_id=polar_stub.PRODUCT_ID,
                server=await stack.enter_async_context(served(polar.routes())),
            )
        )
        sandbox: SandboxProvider = till.providers.sandbox
        yield {
            "sandbox": Counter(till, sandbox),
            "stripe": Counter(till, till.providers.get("stripe"), stripe),
            "polar": Counter(till, till.providers.get("polar"), polar),
        }
        await till.providers.aclose()


@pytest.fixture(params=["sandbox", "stripe", "polar"])
def counter(request: pytest.FixtureRequest, counters: dict[str, Counter]) -> Counter:
    """Each provider in turn."""
    found = counters[request.param]
    found.till.deliver = True
    return found
