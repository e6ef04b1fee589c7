"""Polar's SDK, loaded when it is needed, and its errors in the protocol's words."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agentpay.commerce.payments.protocol import Failure, ProviderError, ProviderRefused
from agentpay.errors import StartupError

if TYPE_CHECKING:
    from polar.v2026_10 import PolarAsync

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20.0
_REFUSALS = frozenset({400, 403, 404, 409, 422})


def require_sdk() -> None:
    """Load the SDK, which takes seconds. Raises StartupError where the extra is not installed."""
    try:
        import polar.v2026_10
        import polar.webhooks  # noqa: F401
    except ImportError:
        raise StartupError("Payments by Polar need the extra `polar`: pip install 'agentpay[polar]'.") from None


def connect(access_token: str, server: str) -> PolarAsync:
    """An asynchronous client. `server`: `production`, `sandbox` or the address of an API."""
    from polar.v2026_10 import PolarAsync

    if server == "production":
        return PolarAsync(access_token, timeout=TIMEOUT_SECONDS)
    if server == "sandbox":
        return PolarAsync(access_token, environment="sandbox", timeout=TIMEOUT_SECONDS)
    return PolarAsync(access_token, base_url=server.rstrip("/"), timeout=TIMEOUT_SECONDS)


@asynccontextmanager
async def errors(*, final: bool = True) -> AsyncIterator[None]:
    """Raises ProviderRefused for what Polar will never do, ProviderError for anything that may pass.

    `final=False`: a question, not a request; whatever goes wrong may be asked again.
    """
    from polar import PolarClientError, PolarError

    try:
        yield
    except PolarClientError as error:
        if error.status_code == 401:
            log.error("Polar refuses the access token of this service.")
        if not final or error.status_code not in _REFUSALS:
            raise ProviderError(f"Polar answered {error.status_code}.") from None
        log.warning("Polar refused a request with %d.", error.status_code)
        raise ProviderRefused(Failure("payment_refused", "The payment provider does not take this payment.")) from None
    except PolarError as error:
        raise ProviderError(f"Polar did not answer: {type(error).__name__}.") from None
