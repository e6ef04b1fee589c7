"""Simulated customers in a real shop: a few with the grammar, one played by a model, and a thousand (slow)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from agentpay.cli import app
from agentpay.commerce.importing import import_store
from agentpay.evals.comparing import differences
from agentpay.evals.data import SCENARIO_FILES
from agentpay.evals.report import timeless
from agentpay.evals.service import RunningService
from agentpay.evals.simulated import invariants
from agentpay.evals.simulated.figures import figures
from agentpay.evals.simulated.goals import Customer, cast
from agentpay.evals.simulated.model_customer import ModelCustomer, model_of
from agentpay.evals.simulated.running import Run, case, play_all
from agentpay.evals.simulated.world import World
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.fakellm import FakeModel, running_fake_model
from tests.serving import serving

SHOP = SCENARIO_FILES / "stores" / "nursery.yaml"
PLAYED = (
    "buy",
    "buy-several",
    "cancel",
    "return",
    "refund",
    "shipping",
    "stock",
    "human",
    "others-order",
    "cancel-late",
)


_STOCK = "UPDATE inventory SET on_hand = on_hand {} 1 WHERE id = (SELECT min(id::text)::uuid FROM inventory)"
_PAID = "UPDATE payments SET amount = amount {} 1 WHERE order_id IN (SELECT id FROM orders WHERE number = %s)"


@dataclass
class Shop:
    """A shop with the crowd's orders in it, served in this process."""

    world: World
    crowd: list[Customer]
    service: RunningService
    begun: invariants.Stock

    async def violations(self) -> list[str]:
        shop = UUID(self.service.organization_id)
        return await invariants.check(self.service.database_url, shop, self.world, self.begun)


@pytest.fixture(scope="module")
async def shop(
    database: Database, database_url: str, servers: Embedded, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    world = World(SHOP)
    crowd = cast(world, 150, 1)
    report = await import_store(database, world.write(tmp_path_factory.mktemp("store")))
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
    settings = Settings(_env_file=None, database_url=database_url, redis_url=servers.redis_url)  # type: ignore[call-arg]
    begun = await invariants.stock(database_url, report.organization_id)
    with serving(settings) as running:
        service = RunningService(
            running.base_url, str(report.organization_id), secret, "", database_url, servers.redis_url, 0, Path()
        )
        yield Shop(world, crowd, service, begun)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeModel]:
    with running_fake_model() as model:
        yield model


def first_of(crowd: list[Customer], *wanted: str) -> list[Customer]:
    return [next(each for each in crowd if each.goal.kind == kind) for kind in wanted]


@pytest.fixture(scope="module")
async def result(shop: Shop) -> Run:
    return await play_all(shop.world, first_of(shop.crowd, *PLAYED), shop.service, parallel=3)


async def test_customers_get_what_they_came_for(result: Run) -> None:
    cases = [case(played, who) for played, who in zip(result.played, result.people, strict=True)]
    told = figures(cases)
    assert [played.error for played in result.played] == [None] * len(PLAYED)
    assert sum(each.passed is True for each in cases) >= 8, [each.detail for each in cases if not each.passed]
    assert (told["violations"], result.violations) == (0, [])
    assert all(each.detail["transcript"][0].startswith("customer: ") for each in cases)
    assert all(each.times["turn_p50"] > 0 for each in cases)


async def test_a_piece_that_is_gone_is_missed(shop: Shop, result: Run) -> None:
    assert await shop.violations() == []
    with closing(psycopg.connect(shop.service.database_url, autocommit=True)) as connection:
        one = connection.execute(_STOCK.format("-").encode())
        assert one.rowcount == 1
        assert [each.partition(":")[0] for each in await shop.violations()] == ["stock"]
        connection.execute(_STOCK.format("+").encode())


async def test_money_that_was_not_paid_is_missed(shop: Shop, result: Run) -> None:
    sold = next(played for played in result.played if played.goal.kind == "buy")
    assert sold.reached
    with closing(psycopg.connect(shop.service.database_url, autocommit=True)) as connection:
        connection.execute(_PAID.format("-").encode(), sold.numbers)
        assert [each.partition(":")[0] for each in await shop.violations()] == ["money"]
        connection.execute(_PAID.format("+").encode(), sold.numbers)


async def test_a_model_plays_the_customer(shop: Shop, fake: FakeModel) -> None:
    fake.script(
        {"role": "user", "matches": "How can I help", "text": "I would like to talk to a real person, please."},
        {"role": "user", "text": "Thanks. [DONE]"},
    )
    settings = Settings(_env_file=None, openai_base_url=fake.url, openai_api_key="none")  # type: ignore[call-arg, arg-type]
    model = model_of("openai:fake", settings)
    customer = [each for each in shop.crowd if each.goal.kind == "human"][1:2]
    found = await play_all(shop.world, customer, shop.service, make_speaker=lambda talk: ModelCustomer(model, talk))
    assert found.played[0].reached, found.played[0].transcript
    assert found.played[0].transcript[0] == "customer: I would like to talk to a real person, please."
    told = fake.requests()[0]["messages"][0]["content"]
    assert customer[0].voice.person.email in told
    assert customer[0].goal.brief in told


async def test_a_model_that_fails_is_an_error_of_that_conversation(shop: Shop, fake: FakeModel) -> None:
    fake.script({"role": "user", "fault": 503, "times": 20})
    settings = Settings(_env_file=None, openai_base_url=fake.url, openai_api_key="none", model_max_retries=0)  # type: ignore[call-arg, arg-type]
    model = model_of("openai:fake", settings)
    customer = first_of(shop.crowd, "topic")
    found = await play_all(shop.world, customer, shop.service, make_speaker=lambda talk: ModelCustomer(model, talk))
    assert found.played[0].error is not None
    assert "model failed" in found.played[0].error


def test_what_cannot_be_played_is_said(tmp_path: Path) -> None:
    for arguments, said in (
        (["--customer-model", "house"], "house model sells"),
        (["--store", str(tmp_path / "none.yaml")], "none.yaml"),
    ):
        result = CliRunner().invoke(app, ["eval", "simulated", "--conversations", "1", "--json", *arguments])
        suite = json.loads(result.stdout)["suites"][0]
        assert (result.exit_code, suite["cases"]) == (1, 0)
        assert said in suite["problem"]


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_a_thousand_customers_of_the_demo_shop(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "simulated", "--conversations", "1000", "--out", str(tmp_path), "--json"])
    told = json.loads((tmp_path / "report.json").read_text())["suites"][0]["figures"]
    assert (told["conversations"], told["errors"], told["violations"]) == (1000, 0, 0), told["causes"]
    assert told["reached"] >= 0.95, told["causes"]
    assert result.exit_code == 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_same_seed_gives_the_same_report_but_for_times_and_another_one_other_talks(tmp_path: Path) -> None:
    reports = []
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        command = ["eval", "simulated", "--conversations", "60", "--seed", str(seed), "--out", str(tmp_path / name)]
        CliRunner().invoke(app, [*command, "--json"])
        reports.append(timeless(json.loads((tmp_path / name / "report.json").read_text())))
    first, again, other = reports
    assert len(first["suites"][0]["results"]) == 61
    assert json.dumps(first) == json.dumps(again), differences(first, again)
    talks = [[each["detail"].get("transcript") for each in run["suites"][0]["results"]] for run in (first, other)]
    assert sum(one != two for one, two in zip(*talks, strict=True)) > 50
