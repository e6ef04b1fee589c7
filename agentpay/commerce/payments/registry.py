"""The payment providers of this process, by name; an organization chooses one (`organizations.payment_provider`)."""

from __future__ import annotations

from agentpay.commerce.payments.credentials import check_providers
from agentpay.commerce.payments.polar.provider import PolarProvider
from agentpay.commerce.payments.protocol import PaymentProvider
from agentpay.commerce.payments.sandbox.provider import SandboxProvider
from agentpay.commerce.payments.stripe.provider import StripeProvider
from agentpay.errors import Problem
from agentpay.settings import Settings
from agentpay.store.session import Database


class Providers:
    """Made once a process. `sandbox` is reachable by itself, for its hosted page and its tests.

    Stripe and Polar are there where the settings hold their credentials. Raises StartupError where those are incomplete, or
    the extra with the SDK is not installed.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        secret = settings.sandbox_webhook_secret
        self.sandbox = SandboxProvider(
            database,
            settle_seconds=settings.sandbox_settle_seconds,
            webhook_secret=secret.get_secret_value() if secret else None,
        )
        self._by_name: dict[str, PaymentProvider] = {self.sandbox.name: self.sandbox}
        check_providers(settings)
        if settings.stripe_api_key and settings.stripe_webhook_secret:
            self.add(
                StripeProvider(
                    database,
                    api_key=settings.stripe_api_key,
                    webhook_secret=settings.stripe_webhook_secret,
                    api_base=settings.stripe_api_base,
                )
            )
        if settings.polar_access_token and settings.polar_webhook_secret and settings.polar_product_id:
            self.add(
                PolarProvider(
                    access_token=settings.polar_access_token,
                    webhook_secret=settings.polar_webhook_secret,
                    product_id=settings.polar_product_id,
                    server=settings.polar_server,
                )
            )

    def get(self, name: str) -> PaymentProvider:
        """Raises Problem `payment_provider_unknown` (404) where this service has no such provider, or no keys for it."""
        provider = self._by_name.get(name)
        if provider is None:
            raise Problem("payment_provider_unknown", "This service has no such payment provider.", status=404)
        return provider

    def add(self, provider: PaymentProvider) -> None:
        """Make a further provider known under its name."""
        self._by_name[provider.name] = provider

    async def aclose(self) -> None:
        """Close the connections to the providers."""
        for provider in self._by_name.values():
            await provider.close()
