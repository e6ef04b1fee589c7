"""Stripe as a payment provider: the buyer pays on Stripe's own page, in a Checkout Session over the checkout's total.

Nothing is kept here: Stripe's idempotency keys and metadata say what was asked for before.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import SecretStr

from agentpay.commerce.payments.minor_units import to_processor
from agentpay.commerce.payments.ownership import organization_of
from agentpay.commerce.payments.protocol import (
    Capabilities,
    CheckoutRequest,
    Failure,
    InboundWebhook,
    ProviderError,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    ProviderRefused,
    RefundRequest,
    SavedMethod,
    SignatureError,
    UnrelatedEvent,
)
from agentpay.commerce.payments.stripe import events
from agentpay.commerce.payments.stripe.client import connect, errors, sdk
from agentpay.store.session import Database

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient
    from stripe.params import PaymentIntentCreateParams
    from stripe.params.checkout import SessionCreateParams

log = logging.getLogger(__name__)

SIGNATURE_HEADER = "stripe-signature"
SESSION_LIFE = timedelta(hours=23)
"""Of the 24 h that Stripe allows at most. It is counted from the attempt's beginning, so that a repeated request is the
same request; the reconciler closes the session of a buyer who went away long before."""
NOT_PRESENT = Failure("authentication_required", "The bank wants the buyer to confirm this payment.")


class StripeProvider:
    """Implements `PaymentProvider` and `ChargesSavedMethods`. Raises StartupError where the SDK is not installed."""

    name = "stripe"

    def __init__(
        self, database: Database, *, api_key: SecretStr, webhook_secret: SecretStr, api_base: str | None = None
    ) -> None:
        self._stripe = sdk()
        self._database = database
        self._api_key = api_key
        self._webhook_secret = webhook_secret
        self._api_base = api_base

    def capabilities(self) -> Capabilities:
        return Capabilities(hosted_form=False, delayed_settlement=True, disputes=True, saved_methods=True)

    async def create_checkout(self, request: CheckoutRequest) -> ProviderPayment:
        metadata = _metadata(request)
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": request.currency.lower(),
                        "unit_amount": to_processor(request.amount, request.currency),
                        "product_data": {"name": request.description or "Your order"},
                    },
                }
            ],
            "adaptive_pricing": {"enabled": False},  # our total, in our currency
            "client_reference_id": str(request.checkout_id),
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata | {events.VIA_SESSION: "true"}},
            "expires_at": int(((request.began or datetime.now(UTC)) + SESSION_LIFE).timestamp()),
            "success_url": f"{request.return_url}?paid=1",
            "cancel_url": request.return_url,
        }
        if request.email:
            params["customer_email"] = request.email
        async with errors():
            session = await self._client.v1.checkout.sessions.create_async(
                params, {"idempotency_key": request.idempotency_key}
            )
        return events.session_payment(session.to_dict())

    async def charge_saved(self, request: CheckoutRequest, method: SavedMethod) -> ProviderPayment:
        """A PaymentIntent, confirmed here. Where the bank asks for the buyer it is cancelled, and so has failed."""
        params: PaymentIntentCreateParams = {
            "amount": to_processor(request.amount, request.currency),
            "currency": request.currency.lower(),
            "payment_method": method.id,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},  # the buyer is in no browser
            "metadata": _metadata(request),
        }
        if method.customer:
            params["customer"] = method.customer
        intents = self._client.v1.payment_intents
        async with errors():
            intent = await intents.create_async(params, {"idempotency_key": request.idempotency_key})
            try:
                intent = await intents.confirm_async(
                    intent.id, options={"idempotency_key": f"{request.idempotency_key}:confirm"}
                )
            except self._stripe.CardError:
                intent = await intents.retrieve_async(intent.id)
        payment = events.intent_payment(intent.to_dict())
        if payment.status != "requires_action":
            return payment
        async with errors():
            intent = await intents.cancel_async(intent.id)
        return events.intent_payment(intent.to_dict(), "failed", NOT_PRESENT)

    async def retrieve(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        async with errors(final=False):
            if payment_id.startswith("pi_"):
                found = (await self._client.v1.payment_intents.retrieve_async(payment_id)).to_dict()
            else:
                sessions = self._client.v1.checkout.sessions
                found = (await sessions.retrieve_async(payment_id, {"expand": ["payment_intent"]})).to_dict()
        if (found.get("metadata") or {}).get("organization_id") != str(organization_id):
            raise ProviderError("Stripe has no such payment of this organization.")
        return events.intent_payment(found) if found["object"] == "payment_intent" else events.session_payment(found)

    async def expire(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        try:
            async with errors():
                if payment_id.startswith("pi_"):
                    await self._client.v1.payment_intents.cancel_async(payment_id)
                else:
                    await self._client.v1.checkout.sessions.expire_async(payment_id)
        except ProviderRefused:
            log.info("A payment at Stripe was over before it could be closed.")
        return await self.retrieve(organization_id, payment_id)

    async def refund(self, request: RefundRequest) -> ProviderRefund:
        refund_id = str(request.refund_id)
        refunds = self._client.v1.refunds
        try:
            async with errors():
                # a key is forgotten after a day, and this job may be repeated for longer
                earlier = await refunds.list_async({"payment_intent": request.charge_id, "limit": 100})
                for refund in (entry.to_dict() for entry in earlier.data):
                    if (refund.get("metadata") or {}).get("refund_id") == refund_id:
                        return events.refund_of(refund)
                made = await refunds.create_async(
                    {
                        "payment_intent": request.charge_id,
                        "amount": to_processor(request.amount, request.currency),
                        "metadata": {"organization_id": str(request.organization_id), "refund_id": refund_id},
                    },
                    {"idempotency_key": request.idempotency_key},
                )
        except ProviderRefused as refused:
            return ProviderRefund(id="", status="failed", amount=request.amount, failure=refused.failure)
        return events.refund_of(made.to_dict())

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> InboundWebhook:
        try:
            self._stripe.Webhook.construct_event(
                body, headers.get(SIGNATURE_HEADER), self._webhook_secret.get_secret_value()
            )
        except (self._stripe.SignatureVerificationError, UnicodeDecodeError):
            raise SignatureError("The webhook is not signed by Stripe for this endpoint.") from None
        except AttributeError:
            raise ValueError("The body is not an event of Stripe.") from None
        try:
            payload: dict[str, Any] = json.loads(body)
            identifier, kind, subject = str(payload["id"]), str(payload["type"]), payload["data"]["object"]
            organization_id = await self._organization_of(kind, subject)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise ValueError("The body is not an event of Stripe.") from None
        if organization_id is None:
            raise UnrelatedEvent
        return InboundWebhook(id=identifier, type=kind, organization_id=organization_id, payload=payload)

    def parse_event(self, payload: Mapping[str, Any]) -> ProviderEvent | None:
        return events.parse(payload)

    async def close(self) -> None:
        """Close the connections to Stripe, if any were opened."""
        if "_connection" in self.__dict__:
            await self._connection[1].close_async()  # type: ignore[no-untyped-call]

    async def _organization_of(self, kind: str, subject: Mapping[str, Any]) -> UUID | None:
        """By the metadata that our own requests wrote. What others began (disputes, refunds) has none: by its charge."""
        if kind not in events.KNOWN:
            return None
        named = (subject.get("metadata") or {}).get("organization_id")
        if named is not None:
            return UUID(named)
        charge = events.reference(subject.get("payment_intent"))
        if charge is None or kind not in events.BY_CHARGE:
            return None
        known = await organization_of(self._database, self.name, charge)
        if known is not None:
            return known
        try:
            async with errors():  # its payment's own event may still be on its way
                intent = await self._client.v1.payment_intents.retrieve_async(charge)
        except ProviderRefused:
            return None
        named = (intent.to_dict().get("metadata") or {}).get("organization_id")
        return UUID(named) if named is not None else None

    @property
    def _client(self) -> StripeClient:
        return self._connection[0]

    @cached_property
    def _connection(self) -> tuple[StripeClient, HTTPXClient]:
        return connect(self._api_key.get_secret_value(), self._api_base)


def _metadata(request: CheckoutRequest) -> dict[str, str]:
    return {
        "organization_id": str(request.organization_id),
        "checkout_id": str(request.checkout_id),
        "attempt": request.idempotency_key.rpartition(":")[2],
    }
