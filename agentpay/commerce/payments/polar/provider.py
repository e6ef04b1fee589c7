"""Polar as a payment provider: a checkout on Polar's page, at our price, over one product kept there for the purpose.

Polar knows no idempotency keys. What was asked for before is found again by its metadata, so a repeated request answers
what there is; two at the very same moment may open two checkouts, of which the buyer gets to see one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic import SecretStr

from agentpay.commerce.payments.minor_units import to_processor
from agentpay.commerce.payments.polar import events
from agentpay.commerce.payments.polar.client import connect, errors, require_sdk
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
    SignatureError,
    UnrelatedEvent,
)

if TYPE_CHECKING:
    from polar.v2026_10 import PolarAsync
    from polar.v2026_10.inputs import ProductPriceFixedCreate
    from polar.v2026_10.literals import PresentmentCurrency

ID_HEADER = "webhook-id"
_CLOCKS = timedelta(minutes=2)
"""How far Polar's clock and ours may be apart."""
_PAGE = 100
TOO_MUCH = Failure("refund_refused", "The payment has not that much left to refund.")


class PolarProvider:
    """Implements `PaymentProvider`. Raises StartupError where the SDK is not installed.

    `product_id`: the product at Polar under which checkouts are sold; its tax category is what Polar taxes by.
    """

    name = "polar"

    def __init__(
        self, *, access_token: SecretStr, webhook_secret: SecretStr, product_id: str, server: str = "production"
    ) -> None:
        require_sdk()
        self._access_token = access_token
        self._webhook_secret = webhook_secret
        self._product_id = product_id
        self._server = server

    def capabilities(self) -> Capabilities:
        return Capabilities(hosted_form=False, delayed_settlement=True, expires=False, exact_partial_refunds=False)

    async def create_checkout(self, request: CheckoutRequest) -> ProviderPayment:
        found = await self._find(request)
        if found is not None:
            return await self._now(found)
        currency = cast("PresentmentCurrency", request.currency.lower())
        price: ProductPriceFixedCreate = {
            "amount_type": "fixed",
            "price_amount": to_processor(request.amount, request.currency),
            "price_currency": currency,
            "tax_behavior": "inclusive",  # the total is ours: nothing comes on top of it
        }
        async with errors():
            made = await self._client.checkouts.create(
                products=[self._product_id],
                prices={self._product_id: [price]},
                currency=currency,
                allow_discount_codes=False,
                customer_email=request.email,
                success_url=f"{request.return_url}?paid=1",
                return_url=request.return_url,
                metadata={
                    "organization_id": str(request.organization_id),
                    "checkout_id": str(request.checkout_id),
                    "key": request.idempotency_key,
                },
            )
        return events.checkout_payment(dataclasses.asdict(made))

    async def retrieve(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        async with errors(final=False):
            checkout = await self._client.checkouts.get(payment_id)
        if checkout.metadata.get("organization_id") != str(organization_id):
            raise ProviderError("Polar has no such payment of this organization.")
        return await self._now(dataclasses.asdict(checkout))

    async def expire(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        """Polar has no way to close a checkout before its time; answers it as it is."""
        return await self.retrieve(organization_id, payment_id)

    async def refund(self, request: RefundRequest) -> ProviderRefund:
        refund_id = str(request.refund_id)
        client = self._client
        async with errors(final=False):
            async for earlier in client.refunds.iter_list(order_id=request.charge_id, limit=_PAGE):
                if earlier.metadata.get("refund_id") == refund_id:
                    return events.refund_of(dataclasses.asdict(earlier))
            order = await client.orders.get(request.charge_id)
        try:
            amount = events.net_of(
                to_processor(request.amount, request.currency),
                net=order.net_amount,
                tax=order.tax_amount,
                refundable_net=order.refundable_amount,
                refundable_tax=order.refundable_tax_amount,
            )
            if amount is None:
                raise ProviderRefused(TOO_MUCH)
            async with errors():
                made = await client.refunds.create(
                    order_id=request.charge_id,
                    reason="customer_request",
                    amount=amount,
                    revoke_benefits=False,
                    metadata={"organization_id": str(request.organization_id), "refund_id": refund_id},
                )
        except ProviderRefused as refused:
            return ProviderRefund(id="", status="failed", amount=request.amount, failure=refused.failure)
        return events.refund_of(dataclasses.asdict(made))

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> InboundWebhook:
        # the SDK's verifier, with the raw payload: its typed one takes seconds to build, and refuses what is newer than it
        from polar.webhooks import (
            PolarWebhookError,
            PolarWebhookUnknownTypeError,
            PolarWebhookVerificationError,
            validate_event,
        )

        try:
            payload = validate_event(
                body, dict(headers), self._webhook_secret.get_secret_value(), events.KNOWN, lambda data: data
            )
        except PolarWebhookVerificationError:
            raise SignatureError("The webhook is not signed by Polar for this endpoint.") from None
        except PolarWebhookUnknownTypeError:
            raise UnrelatedEvent from None
        except PolarWebhookError:
            if _undecodable(body):  # then its signature was not looked at
                raise SignatureError("The webhook is not signed by Polar for this endpoint.") from None
            raise ValueError("The body is not an event of Polar.") from None
        try:
            kind, metadata = str(payload["type"]), payload["data"].get("metadata") or {}
            if kind in events.REFUND_EVENTS and "organization_id" not in metadata:
                metadata = await self._metadata_of(str(payload["data"]["order_id"]))  # made in Polar's dashboard
            organization_id = UUID(metadata["organization_id"]) if "organization_id" in metadata else None
        except (KeyError, TypeError, AttributeError, ValueError):
            raise ValueError("The body is not an event of Polar.") from None
        if organization_id is None:
            raise UnrelatedEvent
        return InboundWebhook(id=headers[ID_HEADER], type=kind, organization_id=organization_id, payload=payload)

    def parse_event(self, payload: Mapping[str, Any]) -> ProviderEvent | None:
        return events.parse(payload)

    async def close(self) -> None:
        """Close the connections to Polar, if any were opened."""
        if "_client" in self.__dict__:
            await self._client.__aexit__()

    async def _metadata_of(self, order_id: str) -> Mapping[str, Any]:
        try:
            async with errors():
                return (await self._client.orders.get(order_id)).metadata
        except ProviderRefused:
            return {}

    async def _find(self, request: CheckoutRequest) -> dict[str, Any] | None:
        """The checkout opened under this key, looked for among those that are no older than the attempt."""
        async with errors(final=False):
            async for checkout in self._client.checkouts.iter_list(product_id=self._product_id, limit=_PAGE):
                if checkout.metadata.get("key") == request.idempotency_key:
                    return dataclasses.asdict(checkout)
                if request.began is None or datetime.fromisoformat(checkout.created_at) < request.began - _CLOCKS:
                    break
        return None

    async def _now(self, checkout: Mapping[str, Any]) -> ProviderPayment:
        """With the order it has become, where it has."""
        if checkout["status"] == "succeeded":
            async with errors(final=False):
                found = await self._client.orders.list(checkout_id=checkout["id"], limit=1)
            for order in found.items:
                if order.paid:
                    return events.order_payment(dataclasses.asdict(order))
        return events.checkout_payment(checkout)

    @cached_property
    def _client(self) -> PolarAsync:
        return connect(self._access_token.get_secret_value(), self._server)


def _undecodable(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False
