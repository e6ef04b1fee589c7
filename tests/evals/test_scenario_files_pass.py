"""Every open scenario file over a fresh shop of its own; those that end in `_aside` are not looked at before a release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agentpay.evals.data import SCENARIO_FILES, store_of
from agentpay.evals.scenarios import load_facts, load_scenarios
from agentpay.evals.scenarios.given import furnished
from agentpay.evals.scenarios_cli import run_all
from agentpay.evals.service import own_service
from agentpay.store.embedded import Embedded

SEED = 1
FILES = [file for file in sorted(SCENARIO_FILES.glob("*.yaml")) if not file.stem.endswith("_aside")]


def test_every_file_has_its_shop() -> None:
    for file in sorted(SCENARIO_FILES.glob("*.yaml")):
        scenarios, facts = load_scenarios(file), load_facts(store_of(file))
        assert scenarios, file.name
        for scenario in scenarios:
            for expect in [*(step.expect for step in scenario.turns), scenario.finally_]:
                carts = expect.cart if isinstance(expect.cart, list) else [expect.cart or {}]
                named = {variant for cart in carts for variant in cart} | set(expect.stock or ())
                assert named <= set(facts.product_of), f"{file.name}: {scenario.id}"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in FILES])
def test_passes(file: Path, servers: Embedded, make_database: Callable[[], str]) -> None:
    scenarios, store = load_scenarios(file), store_of(file)
    urls = {"AGENTPAY_DATABASE_URL": make_database(), "AGENTPAY_REDIS_URL": servers.redis_url}

    with furnished(store, scenarios) as shop, own_service(shop, environment=urls, seed=SEED) as service:
        ended = asyncio.run(run_all(scenarios, load_facts(store), service, sse=True, advance=lambda *_: None))
    failed = [result for result in ended if not result.passed]
    told = ["\n".join([result.id, *map(str, result.failures), *result.transcript]) for result in failed]
    assert not failed, "\n\n".join(told)
