"""Graders over real conversations: what the database of a running service tells, and what of it fails a scenario."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from langsmith import testing as langsmith

from agentpay.evals.data import SCENARIO_FILES, store_of
from agentpay.evals.graders import Graded, Grading, grading
from agentpay.evals.graders.reading import NoRecord
from agentpay.evals.report import Case
from agentpay.evals.scenarios import Scenario, ScenarioResult, ScenarioRunner, StoreFacts, load_facts
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.service import RunningService, own_service
from agentpay.store.embedded import Embedded
from agentpay.store.ids import new_id

STORE = store_of(SCENARIO_FILES / "nursery.yaml")
SALE = ["understand", "supervisor", "sales", "remember"]
PAYING = ["understand", "supervisor", "payment", "remember"]
BUYS: dict[str, Any] = {
    "id": "buys",
    "customer": {"email": "pat@buyer.example", "name": "Pat"},
    "turns": [
        {
            "say": "I'd like two golden pothos and a moss pole",
            "expect": {"nodes": SALE, "trajectory": {"mode": "superset", "tools": ["update_cart", "update_cart"]}},
        },
        {"say": "send it to 5 Orchard Close, Hereford HR1 2AB. How much would next day be?"},
        {"say": "standard will do. Payment link please", "expect": {"trajectory": {"tools": ["create_payment_link"]}}},
        {"pay": "success"},
    ],
    "finally": {
        "cart": {},
        "order": {"status": "paid", "total": 3095},
        "stock": {"pothos-1": 28, "pole-60": 32},
        "floor_kept": True,
        "trajectory": {"mode": "subset", "tools": [*["product_search"] * 4, *["update_cart"] * 4, *["quote_shipping"] * 3,
            *["set_customer_details"] * 3, *["view_cart"] * 3, "create_payment_link"]},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def service(servers: Embedded, make_database: Callable[[], str]) -> Iterator[RunningService]:
    urls = {"AGENTPAY_DATABASE_URL": make_database(), "AGENTPAY_REDIS_URL": servers.redis_url}
    with own_service(STORE, environment=urls, seed=1) as running:
        yield running


@pytest.fixture(scope="module")
async def graders(service: RunningService) -> AsyncIterator[Grading]:
    async with grading(service) as found:
        yield found


@pytest.fixture(scope="module")
async def runner(service: RunningService, graders: Grading) -> AsyncIterator[ScenarioRunner]:
    async with ServiceClient(service.base_url, service.secret_key, mode="sse") as client:
        yield ScenarioRunner(client, load_facts(STORE), graders)


@pytest.fixture(scope="module")
async def bought(runner: ScenarioRunner) -> ScenarioResult:
    return await runner.run(Scenario.model_validate(BUYS))


def graded(result: ScenarioResult) -> Graded:
    assert result.graded is not None
    return result.graded


@pytest.mark.langsmith
async def test_a_purchase_is_right_in_the_database(bought: ScenarioResult) -> None:
    """Tracked where LANGSMITH_API_KEY is set, and an ordinary test where it is not."""
    langsmith.log_inputs({"said": [turn.said for turn in bought.turns]})
    langsmith.log_outputs({"transcript": bought.transcript})
    grades = {grade.key: grade for grade in graded(bought).grades}
    for key, grade in grades.items():
        if grade.unit is None:
            langsmith.log_feedback(key=key, score=grade.score)
    assert bought.passed, [*map(str, bought.failures)]
    held = {key for key, grade in grades.items() if grade.score is True}
    assert held == {
        "state_sound", "state_wanted", "trajectory", "nodes", "graph_path", "grounded",
        "policy_refunds", "policy_returns", "policy_discounts",
    }  # fmt: skip
    assert grades["cost_usd"].score == 0.0
    assert grades["processor"].score is not None


async def test_a_record_holds_what_was_said_done_and_come_to(bought: ScenarioResult) -> None:
    record = graded(bought).record
    assert [turn.kind for turn in record.turns] == ["message", "message", "message", "payment"]
    assert [turn.nodes for turn in record.turns][::2] == [SALE, PAYING]
    assert record.turns[-1].nodes == []
    assert record.turns[0].said == "I'd like two golden pothos and a moss pole"
    assert "update_cart" in {call.name for call in record.turns[0].calls if call.ok}
    (order,) = record.state.orders
    assert (order["total"], order["status"]) == (3095, "paid")
    assert {line["variant_external_id"]: line["quantity"] for line in order["items"]} == {"pothos-1": 2, "pole-60": 1}
    assert record.state.checkouts[-1]["status"] == "succeeded"
    assert record.state.cart["items"] == []
    assert record.shop.currency == "GBP"


async def test_a_case_has_its_nodes_and_its_grades(bought: ScenarioResult) -> None:
    case = Case("buys", True)
    graded(bought).into(case)
    assert case.detail["nodes"][0] == SALE
    assert case.detail["grades"]["grounded"] == {"score": True, "comment": ""}
    assert case.measures["state_sound"] == 1.0
    assert case.measures["tool_calls"] >= 4
    assert case.times.keys() >= {"slowest_turn", "processor"}
    assert "processor" not in case.measures


async def test_what_is_expected_otherwise_fails_the_scenario(runner: ScenarioRunner) -> None:
    wrong = {
        "id": "asks",
        "turns": [
            {
                "say": "do you have golden pothos?",
                "expect": {"nodes": PAYING, "trajectory": {"mode": "strict", "tools": ["view_cart"]}},
            }
        ],
        "finally": {"cart": {"pothos-1": 1}, "nodes": [SALE, SALE]},
    }
    result = await runner.run(Scenario.model_validate(wrong))
    failed = {failure.mismatch.check for failure in result.failures}
    assert failed == {"cart", "state_wanted", "trajectory", "nodes"}


async def test_rows_that_were_changed_behind_the_service_are_seen(
    service: RunningService, graders: Grading, bought: ScenarioResult
) -> None:
    conversation = bought.state["id"]
    with psycopg.connect(service.database_url) as connection:
        connection.execute(
            "UPDATE inventory SET reserved = reserved + 1 FROM variants v WHERE v.id = variant_id AND v.external_id = 'pole-60'"
        )
        connection.execute(
            "UPDATE messages SET content = content || ' The moss pole is £1.23.' WHERE conversation_id = %s AND role = 'assistant'",
            [conversation],
        )
        connection.commit()
    again = await graders.grade(conversation)
    assert {grade.key for grade in again.failed} == {"state_sound", "grounded"}


async def test_no_conversation_has_no_record(graders: Grading) -> None:
    with pytest.raises(NoRecord):
        await graders.grade(str(new_id()))


async def test_a_scenario_with_a_trajectory_fails_where_nobody_can_look(service: RunningService) -> None:
    async with ServiceClient(service.base_url, service.secret_key) as client:
        runner = ScenarioRunner(client, StoreFacts({}, {}))
        scenario = {"id": "a", "turns": [{"say": "hello", "expect": {"nodes": SALE}}]}
        result = await runner.run(Scenario.model_validate(scenario))
    assert [failure.mismatch.check for failure in result.failures] == ["trajectory"]
