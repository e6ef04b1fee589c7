"""Conversations with the demo shop, in words that customers use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from agentpay.demo import STORE
from agentpay.evals.data import SCENARIO_FILES
from agentpay.evals.scenarios import Scenario, ScenarioRunner, load_facts, load_scenarios
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.service import RunningService, own_service
from agentpay.store.embedded import Embedded

FILE = SCENARIO_FILES / "demo.yaml"
SCENARIOS = load_scenarios(FILE)


def test_the_scenarios_name_what_the_shop_has() -> None:
    facts = load_facts(STORE)
    variants, products = set(facts.product_of), set(facts.product_of.values())
    for scenario in SCENARIOS:
        for expect in [*(step.expect for step in scenario.turns), scenario.finally_]:
            carts = expect.cart if isinstance(expect.cart, list) else [expect.cart or {}]
            held = {variant for cart in carts for variant in cart} | set(expect.stock or ())
            assert held <= variants, scenario.id
            assert {*(expect.shows or ()), *(expect.not_shows or ())} <= variants | products, scenario.id


@pytest.fixture(scope="module")
def service(servers: Embedded, make_database: Callable[[], str]) -> Iterator[RunningService]:
    urls = {"AGENTPAY_DATABASE_URL": make_database(), "AGENTPAY_REDIS_URL": servers.redis_url}
    with own_service(STORE, environment=urls) as running:
        yield running


@pytest.fixture(scope="module")
async def runner(service: RunningService) -> AsyncIterator[ScenarioRunner]:
    async with ServiceClient(service.base_url, service.secret_key, mode="sse") as client:
        yield ScenarioRunner(client, load_facts(STORE))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=scenario.id) for scenario in SCENARIOS])
async def test_demo(runner: ScenarioRunner, scenario: Scenario) -> None:
    result = await runner.run(scenario)
    assert result.passed, "\n".join([*map(str, result.failures), "", *result.transcript])
