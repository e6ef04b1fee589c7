"""What a task is given besides its arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from procrastinate import JobContext as QueueContext

from agentpay.commerce.payments.registry import Providers
from agentpay.settings import Settings
from agentpay.store.session import Database


@dataclass(slots=True)
class JobContext:
    """The services of a worker process. `base_url`: where links given to buyers lead, without a trailing slash."""

    database: Database
    settings: Settings
    base_url: str
    providers: Providers
    api_url: str | None = None
    """Where this service's own API is reached from the worker; None: at `base_url`. The sandbox's webhooks go there."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Services of higher layers, by name, that this module need not import (the turn runner, say)."""


def services(context: QueueContext) -> JobContext:
    """The services behind a running job."""
    found = context.additional_context["services"]
    assert isinstance(found, JobContext)
    return found
