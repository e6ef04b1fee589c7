"""Are the settings of the payment providers complete? Asked before anything is started."""

from __future__ import annotations

from importlib.util import find_spec

from pydantic import SecretStr

from agentpay.errors import StartupError
from agentpay.settings import Settings


def check_providers(settings: Settings) -> None:
    """Raises StartupError where a provider has a key but not all it needs: its webhook secret, its product, its SDK.

    Without the webhook secret nobody could tell the provider's webhooks from forged ones.
    """
    if settings.stripe_api_key is not None:
        _need("stripe", STRIPE_WEBHOOK_SECRET=settings.stripe_webhook_secret)
    if settings.polar_access_token is not None:
        _need(
            "polar",
            POLAR_WEBHOOK_SECRET=settings.polar_webhook_secret,
            POLAR_PRODUCT_ID=settings.polar_product_id,
        )


def _need(extra: str, **values: SecretStr | str | None) -> None:
    """`extra` is the name of the SDK's module too."""
    for name, value in values.items():
        given = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not given or not given.strip():
            raise StartupError(
                f"AGENTPAY_{name} is missing, which payments by {extra.title()} need (docs/payments.md)."
            )
    if find_spec(extra) is None:
        raise StartupError(f"Payments by {extra.title()} need an extra: pip install 'agentpay[{extra}]'.")
