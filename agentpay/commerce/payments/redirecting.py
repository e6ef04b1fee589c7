"""Paying on a provider's own page: where a buyer is sent, and how one who comes back changes their mind."""

from __future__ import annotations

from uuid import UUID

from agentpay.commerce import checkout_rows
from agentpay.commerce.payments import settle
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.protocol import PaymentChanged, ProviderError
from agentpay.commerce.payments.registry import Providers
from agentpay.errors import Problem
from agentpay.store.session import Database

_UNREACHABLE = "The payment provider does not answer; please try again in a moment."


async def page_of(
    database: Database,
    providers: Providers,
    paying: Paying,
    *,
    organization_id: UUID,
    checkout_id: UUID,
    seen_total: int | None,
) -> str | None:
    """The provider's page for this checkout: that of the payment under way, else of a new one; None: it is paid already.

    Problems: those of `Paying.start`.
    """
    async with database.tx(organization_id) as tx:
        checkout = await checkout_rows.find(tx, checkout_id)
    if checkout.status != "confirming" or checkout.provider_reference is None:
        attempt = await paying.start(organization_id, checkout_id, seen_total=seen_total)
        return attempt.payment.redirect_url
    try:
        payment = await providers.get(checkout.provider).retrieve(organization_id, checkout.provider_reference)
    except ProviderError:
        raise Problem("payment_provider_unavailable", _UNREACHABLE, status=503) from None
    return payment.redirect_url


async def give_up(database: Database, providers: Providers, *, organization_id: UUID, checkout_id: UUID) -> bool:
    """Close the payment under way, so that the checkout is open again; False where there is none, or it cannot be closed.

    A payment that was made meanwhile counts. Problem 503 `payment_provider_unavailable`.
    """
    async with database.tx(organization_id) as tx:
        checkout = await checkout_rows.find(tx, checkout_id)
    provider = providers.get(checkout.provider)
    if checkout.status != "confirming" or checkout.provider_reference is None or not provider.capabilities().expires:
        return False
    try:
        payment = await provider.expire(organization_id, checkout.provider_reference)
    except ProviderError:
        raise Problem("payment_provider_unavailable", _UNREACHABLE, status=503) from None
    async with database.tx(organization_id) as tx:
        await settle.apply(tx, provider.name, PaymentChanged(checkout_id, payment))
    return payment.status == "cancelled"
