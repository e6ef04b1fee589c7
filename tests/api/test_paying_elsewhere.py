"""The hosted page of a shop that is paid through Stripe: it sends the buyer on, and takes them back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio.to_thread
import httpx
import pytest
from sqlalchemy import update

from agentpay.settings import Settings
from agentpay.store.session import Database
from agentpay.store.tables import Organization
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.payments import stripe_stub
from tests.commerce.payments.serving import served
from tests.commerce.payments.stripe_stub import StripeStub
from tests.commerce.till import until
from tests.serving import serving, stub_engine


@dataclass
class Shop:
    stub: StripeStub
    api: httpx.AsyncClient
    variant_id: UUID

    async def checkout(self) -> dict[str, Any]:
        answer = await self.api.post(
            "/v1/checkouts", json={"items": [{"variant_id": str(self.variant_id), "quantity": 1}]}
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def status(self, checkout: dict[str, Any]) -> str:
        return str((await self.api.get(f"/v1/checkouts/{checkout['id']}")).json()["status"])

    async def form(self, checkout: dict[str, Any], **fields: str) -> httpx.Response:
        return await self.api.post(checkout["url"], data=fields)

    def session_at(self, url: str) -> str:
        return next(key for key, session in self.stub.sessions.items() if session["url"] == url)


@pytest.fixture(scope="module")
async def elsewhere(settings: Settings, database: Database) -> AsyncIterator[Shop]:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await tx.session.execute(
            update(Organization).where(Organization.id == organization_id).values(payment_provider="stripe")
        )
        variant_id = await shop.variant(tx, "jacket", price=18900, stock=50, requires_shipping=False)
    stub = StripeStub()
    async with served(stub.routes()) as stripe_url:
        keys = {
            "stripe_api_key": stripe_stub.API_KEY,
            "stripe_webhook_secret": stripe_stub.WEBHOOK_SECRET,
            "stripe_api_base": stripe_url,
        }
        chosen = Settings.model_validate(settings.model_dump() | keys | {"worker_in_process": True})
        manager = serving(chosen, stub_engine)
        running = await anyio.to_thread.run_sync(manager.__enter__)
        headers = {"authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(base_url=running.base_url, headers=headers, timeout=30, trust_env=False) as api:
            yield Shop(stub, api, variant_id)
        await anyio.to_thread.run_sync(lambda: manager.__exit__(None, None, None))


async def test_the_page_sends_the_buyer_to_stripe_and_shows_the_order_afterwards(elsewhere: Shop) -> None:
    made = await elsewhere.checkout()
    page = await elsewhere.api.get(made["url"])
    assert "Pay with Stripe" in page.text
    assert "card_number" not in page.text
    assert "form-action 'self' https:" in page.headers["content-security-policy"]
    assert await elsewhere.status(made) == "open", "looking at a link starts nothing"
    went = await elsewhere.form(made, step="go", total=str(made["total"]))
    assert went.status_code == 303
    session_id = elsewhere.session_at(went.headers["location"])
    session = elsewhere.stub.sessions[session_id]
    assert (session["amount_total"], session["metadata"]["checkout_id"]) == (18900, made["id"])
    assert await elsewhere.status(made) == "confirming"
    again = await elsewhere.form(made, step="go", total=str(made["total"]))
    assert again.headers["location"] == went.headers["location"], "who comes back is sent to the same payment"
    headers, body = elsewhere.stub.signed(elsewhere.stub.pay(session_id))
    back = await elsewhere.api.get(made["url"], params={"paid": "1"})
    assert "being processed" in back.text
    assert (await elsewhere.api.post("/v1/webhooks/stripe", content=body, headers=headers)).status_code == 202

    async def paid() -> bool:
        return await elsewhere.status(made) == "succeeded"

    await until(paid)
    assert "Paid. Thank you!" in (await elsewhere.api.get(made["url"])).text


async def test_a_buyer_who_comes_back_may_change_the_order(elsewhere: Shop) -> None:
    made = await elsewhere.checkout()
    went = await elsewhere.form(made, step="go", total=str(made["total"]))
    session_id = elsewhere.session_at(went.headers["location"])
    assert "I want to change something" in (await elsewhere.api.get(made["url"])).text
    assert (await elsewhere.form(made, step="give_up")).status_code == 303
    assert elsewhere.stub.sessions[session_id]["status"] == "expired"
    assert await elsewhere.status(made) == "open"
    changed = {"items": [{"variant_id": str(elsewhere.variant_id), "quantity": 2}]}
    assert (await elsewhere.api.patch(f"/v1/checkouts/{made['id']}", json=changed)).json()["total"] == 37800
    moved = await elsewhere.form(made, step="go", total=str(made["total"]))
    assert moved.status_code == 409
    assert "has changed" in moved.text


async def test_giving_up_what_was_paid_keeps_the_payment(elsewhere: Shop) -> None:
    made = await elsewhere.checkout()
    went = await elsewhere.form(made, step="go", total=str(made["total"]))
    elsewhere.stub.pay(elsewhere.session_at(went.headers["location"]))
    assert (await elsewhere.form(made, step="give_up")).status_code == 303
    assert await elsewhere.status(made) == "succeeded"


async def test_no_card_is_taken_on_our_page(elsewhere: Shop) -> None:
    made = await elsewhere.checkout()
    answer = await elsewhere.form(made, card_number="4242 4242 4242 4242", expiry="12/40", cvc="123")
    assert answer.status_code == 409
    assert await elsewhere.status(made) == "open"
    buyer = await elsewhere.api.post("/v1/sandbox/pay", json={"url": made["url"], "card": "success"})
    assert (buyer.status_code, buyer.json()["code"]) == (409, "not_sandbox")
