"""The shared example scenarios over the shared example shop, through real HTTP, in JSON and in SSE mode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentpay.evals.scenarios import Scenario, ScenarioRunner, load_facts, load_scenarios
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.service import RunningService, own_service
from agentpay.store.embedded import Embedded

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SCENARIOS = SHARED / "scenarios" / "example.yaml"
STORE = SHARED / "stores" / "example.yaml"
MISSING = [path for path in (SCENARIOS, STORE) if not path.exists()]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not beside this checkout: {', '.join(map(str, MISSING))}")


def cases() -> list[Any]:
    return [pytest.param(scenario, id=scenario.id) for scenario in load_scenarios(SCENARIOS)] if not MISSING else []


@pytest.fixture(scope="module", params=["json", "sse"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def service(mode: str, servers: Embedded, make_database: Callable[[], str]) -> Iterator[RunningService]:
    """A fresh shop a mode: codes, stock and orders get used up."""
    urls = {"AGENTPAY_DATABASE_URL": make_database(), "AGENTPAY_REDIS_URL": servers.redis_url}
    with own_service(STORE, environment=urls) as running:
        yield running


@pytest.fixture(scope="module")
async def runner(service: RunningService, mode: str) -> AsyncIterator[ScenarioRunner]:
    async with ServiceClient(service.base_url, service.secret_key, mode=mode) as client:  # type: ignore[arg-type]
        yield ScenarioRunner(client, load_facts(STORE))


@pytest.mark.parametrize("scenario", cases())
async def test_example(runner: ScenarioRunner, scenario: Scenario) -> None:
    result = await runner.run(scenario)
    assert result.passed, "\n".join([*map(str, result.failures), "", *result.transcript])
