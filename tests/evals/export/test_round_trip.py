"""Conversations with the demo shop, exported, pass on the shop's own store file, and hold nobody's data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentpay.demo import STORE
from agentpay.evals.scenarios import Scenario, ScenarioRunner, load_facts, load_scenarios
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.service import RunningService, own_service
from agentpay.store.embedded import Embedded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CONVERSATIONS = load_scenarios(Path(__file__).with_name("conversations.yaml"))
PERSONAL = (
    *("ines", "baptista", "posteo", "folsom", "94110", "5550163", "555-0163", "mei.", "tanaka", "noor", "haddad"),
    *(
        "birch rd",
        "nampa",
        "83651",
        "ruth",
        "alvarez",
        "mail.example",
        "salmon",
        "97214",
        "ls-1015",
        "ls-1009",
        "c-ruth",
        "c-mei",
    ),
)


@pytest.fixture(scope="module")
def service(servers: Embedded, make_database: Callable[[], str]) -> Iterator[RunningService]:
    urls = {"AGENTPAY_DATABASE_URL": make_database(), "AGENTPAY_REDIS_URL": servers.redis_url}
    with own_service(STORE, environment=urls) as running:
        yield running


class _Noting(ServiceClient):
    opened = ""

    async def open(self, customer: dict[str, str] | None) -> str:
        self.opened = await super().open(customer)
        return self.opened


async def _held(service: RunningService, scenario: Scenario) -> str:
    """The id of the conversation, which went as it was meant to."""
    async with _Noting(service.base_url, service.secret_key) as client:
        result = await ScenarioRunner(client, load_facts(STORE)).run(scenario)
        assert result.passed, "\n".join([*map(str, result.failures), "", *result.transcript])
        return client.opened


def _agentpay(*arguments: str, **urls: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agentpay", *arguments]
    return subprocess.run(command, env=os.environ | urls, capture_output=True, text=True, timeout=600)


async def test_round_trip(service: RunningService, tmp_path: Path) -> None:
    """In one file, as a merchant collects them: people of several conversations do not get into each other's way."""
    urls = {"AGENTPAY_DATABASE_URL": service.database_url, "AGENTPAY_REDIS_URL": service.redis_url}
    file, written = tmp_path / "exported.yaml", ""
    for conversation in CONVERSATIONS:
        conversation_id = await _held(service, conversation)
        export = _agentpay("conversations", "export", conversation_id, "--scenario", "--store", str(STORE), **urls)
        assert export.returncode == 0, export.stderr
        assert export.stderr == ""
        written += export.stdout
    assert [value for value in PERSONAL if value in written.casefold()] == []
    file.write_text(written)
    assert [len(one.turns) for one in load_scenarios(file)] == [len(one.turns) for one in CONVERSATIONS]
    run = _agentpay("eval", "scenarios", str(file), "--store", str(STORE), "--json")
    (suite,) = json.loads(run.stdout)["suites"]
    assert (suite["failures"], suite["passed"]) == ([], len(CONVERSATIONS)), run.stderr
