"""One service with the demo shop for all tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from agentpay.demo import STORE
from agentpay.evals.service import RunningService, own_service
from agentpay.store.embedded import Embedded


@pytest.fixture(scope="package")
def demo_shop(servers: Embedded, make_database: Callable[[], str]) -> Iterator[RunningService]:
    urls = {"AGENTPAY_DATABASE_URL": make_database(), "AGENTPAY_REDIS_URL": servers.redis_url}
    with own_service(STORE, environment=urls) as running:
        yield running
