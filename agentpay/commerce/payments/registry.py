"""The payment providers of this process, by name; an organization chooses one (`organizations.payment_provider`)."""

from __future__ import annotations

from agentpay.commerce.payments.protocol import PaymentProvider
from agentpay.commerce.payments.sandbox.provider import SandboxProvider
from agentpay.errors import Problem
from agentpay.settings import Settings
from agentpay.store.session import Database


class Providers:
    """Made once a process. `sandbox` is reachable by itself, for its hosted page and its tests."""

    def __init__(self, database: Database, settings: Settings) -> None:
        secret = settings.sandbox_webhook_secret
        self.sandbox = SandboxProvider(
            database,
            settle_seconds=settings.sandbox_settle_seconds,
            webhook_secret=secret.get_secret_value() if secret else None,
        )
        self._by_name: dict[str, PaymentProvider] = {self.sandbox.name: self.sandbox}

    def get(self, name: str) -> PaymentProvider:
        """Raises Problem `payment_provider_unknown` (404) where this service has no such provider."""
        provider = self._by_name.get(name)
        if provider is None:
            raise Problem("payment_provider_unknown", "This service has no such payment provider.", status=404)
        return provider

    def add(self, provider: PaymentProvider) -> None:
        """Make a further provider known under its name."""
        self._by_name[provider.name] = provider
