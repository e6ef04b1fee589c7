"""Stripe's SDK, loaded when it is needed, and its errors in the protocol's words."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from agentpay.commerce.payments.protocol import Failure, ProviderError, ProviderRefused
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20.0
RETRIES = 2
"""Within one call, by the SDK, under the same idempotency key; afterwards it is the job that tries again."""


def sdk() -> ModuleType:
    """The SDK. Raises StartupError where the extra is not installed."""
    try:
        import stripe
    except ImportError:
        raise StartupError("Payments by Stripe need the extra `stripe`: pip install 'agentpay[stripe]'.") from None
    logging.getLogger("stripe").setLevel(logging.WARNING)  # at DEBUG it writes what buyers gave
    return stripe


def connect(api_key: str, api_base: str | None) -> tuple[StripeClient, HTTPXClient]:
    """An asynchronous client, and its transport, to be closed."""
    import stripe

    transport = stripe.HTTPXClient(timeout=TIMEOUT_SECONDS)
    client = stripe.StripeClient(
        api_key,
        base_addresses={"api": api_base.rstrip("/")} if api_base else {},
        http_client=transport,
        max_network_retries=RETRIES,
    )
    return client, transport


@asynccontextmanager
async def errors(*, final: bool = True) -> AsyncIterator[None]:
    """Raises ProviderRefused for what Stripe will never do, ProviderError for anything that may pass.

    `final=False`: a question, not a request; whatever goes wrong may be asked again.
    """
    import stripe

    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError):
        log.error("Stripe refuses the API key of this service.")
        raise ProviderError("Stripe refuses the API key of this service.") from None
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        if not final or error.http_status in (409, 429):
            raise ProviderError("Stripe asks to try again.") from None
        log.warning("Stripe refused a request: %s %s", error.code, error.param)
        raise ProviderRefused(
            Failure(error.code or "payment_refused", "The payment provider does not take this payment.")
        ) from None
    except stripe.StripeError as error:
        raise ProviderError(f"Stripe did not answer: {type(error).__name__}.") from None
