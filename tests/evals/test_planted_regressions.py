"""A regression of each kind is planted, and each is caught by at least one suite: by what broke, or by a threshold.

What needs a service runs in a copy of the package, as somebody's change would (planting.py), and is slow. The others run
a suite's own code in this process.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from agentpay.evals.comparing import Comparison, compare
from agentpay.evals.data import SCENARIO_FILES, store_of
from agentpay.evals.report import report_data
from agentpay.evals.search_cost import search_cost
from agentpay.evals.suites.folding import fold
from agentpay.evals.suites.intents import Intents
from agentpay.evals.suites.protocol import Terms
from agentpay.evals.suites.thresholds import bounds
from agentpay.intents import patterns, rules
from agentpay.intents.types import Dialogue
from agentpay.knowledge import search as searching
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Organization
from tests.evals.planting import Run, evaluate, plant
from tests.knowledge.conftest import stock_the_shop

PLANTS = {
    "a rule removed": (
        "commerce/refunds.py",
        """
async def given_automatically(tx, order_id):  # what an agent may give alone has no limit any more
    return -(10**15)
""",
        "books_support.yaml",
        "bs-refund-above-limit",
        {"interrupts", "orders", "policy_refunds"},
    ),
    "a prompt that lies": (
        "llm/house/wording.py",
        'WORDINGS["out_of_stock"] = ["Good news: {what} is in stock, and it leaves our warehouse today."]\n',
        "books.yaml",
        "bk-out-of-stock-alternative",
        {"reply_matches", "grounded"},
    ),
    "a tool that ignores its filter": (
        "tools/product_search.py",
        """
import dataclasses

async def _at_any_price(context, tx, arguments):
    return await run(context, tx, arguments.model_copy(update={"price_min": None, "price_max": None}))

TOOL = dataclasses.replace(TOOL, run=_at_any_price)
""",
        "demo.yaml",
        "kettle-within-a-budget",
        {"not_shows"},
    ),
    "a supervisor that routes refunds to sales": (
        "nodes/supervisor.py",
        """
_routed = route

def route(understanding, previous, **more):
    if any(act["intent"] == "refund" for act in understanding["acts"]):
        return "sales", "refund"
    return _routed(understanding, previous, **more)
""",
        "books_support.yaml",
        "bs-refund-above-limit",
        {"nodes"},
    ),
}
"""Kind → module, what is put at its end, the case that breaks and its file, checks of which at least one says so."""
SLOWER = """
_once = search_products

async def search_products(*arguments, **more):
    for _ in range(3):
        found = await _once(*arguments, **more)
    return found
"""


# In services of their own


def run_scenario(file: str, case: str, out: Path, package: Path | None = None) -> Run:
    path = SCENARIO_FILES / file
    return evaluate(out, "scenarios", str(path), "--store", str(store_of(path)), "--only", case, package=package)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Run]:
    """A case as it is, run once for all plants that break it."""

    @cache
    def run(file: str, case: str) -> Run:
        found = run_scenario(file, case, tmp_path_factory.mktemp("before"))
        assert found.code == 0, found.said
        return found

    return run


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", PLANTS)
def test_what_is_planted_breaks_a_scenario(kind: str, before: Callable[[str, str], Run], tmp_path: Path) -> None:
    module, lines, file, case, checks = PLANTS[kind]
    control = before(file, case)
    after = run_scenario(file, case, tmp_path / "after", plant(tmp_path / "package", module, lines))
    assert after.code == 1, "the suite fails"
    [suite] = compare(control.report, after.report, against="before").suites
    assert suite.broken == [case], after.said
    failures = [each["check"] for each in after.suite("scenarios")["failures"]]
    assert any(check.partition(".")[0] in checks for check in failures), failures


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_slower_search_fails_the_search_suite(tmp_path: Path) -> None:
    fast = ("all", "--fast", "--only", "search")
    assert not _of_cost(evaluate(tmp_path / "before", *fast))
    package = plant(tmp_path / "package", "knowledge/product_search.py", SLOWER)
    after = evaluate(tmp_path / "after", *fast, package=package)
    assert after.code == 1
    assert _of_cost(after)


def _of_cost(run: Run) -> list[str]:
    """Thresholds on what a search costs that are not met."""
    return [name for name in run.unmet("search") if name.startswith("times.")]


# In this process


def _intents() -> dict[str, Any]:
    for each in vars(patterns).values():
        if hasattr(each, "cache_clear"):  # verdicts on clauses are kept
            each.cache_clear()
    kind, terms = Intents(), Terms(size="fast")
    units = kind.units(terms)
    outcomes = {unit.id: kind.run(unit, terms, lambda _: None) for unit in units}
    report: dict[str, Any] = json.loads(
        json.dumps(report_data([fold(kind, units, [outcomes], bounds(kind.name, terms.size))]), default=str)
    )
    return report


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    patterns.match_rules.cache_clear()


def test_rules_that_were_removed_break_sentences(planted: pytest.MonkeyPatch) -> None:
    """
    Of single rules the trained head makes up for the loss, and it gets better: all of them are gone, with those that know
    what was asked before. Of that no head is told.
    """
    before = _intents()
    decide, tidy = rules.decide, rules.tidy
    planted.setattr(patterns, "RULES", ())
    planted.setattr(rules, "decide", lambda *given: decide(*(_strange(each) for each in given)))
    planted.setattr(rules, "tidy", lambda *given: tidy(*(_strange(each) for each in given)))
    found: Comparison = compare(before, _intents(), against="before")
    assert found.broken > found.fixed
    assert found.suites[0].broken


def _strange(given: Any) -> Any:
    """A conversation as if nothing had been said in it; anything else as it is."""
    return Dialogue() if isinstance(given, Dialogue) else given


@pytest.fixture(scope="module")
async def shop(database: Database) -> UUID:
    identifier = new_id()
    async with database.session() as session:
        session.add(Organization(id=identifier, slug=f"shop-{identifier}", name="Trail", currency="USD"))
    async with database.tx(identifier) as tx:
        await stock_the_shop(tx)
    return identifier


async def test_a_search_that_does_more_costs_more(
    database: Database, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the search suite's thresholds are held against: figures of one run, whatever else the machine does."""

    async def ask(query: str) -> Sequence[object]:
        async with database.tx(shop) as tx:
            return await searching.search(tx, query, kinds=("product",))

    queries = ["trail shoe", "ridge runner", "waterproof jacket", "headlamp", "socks"]
    await asyncio.gather(*(ask(query) for query in queries))  # connections besides, that have read nothing yet
    plain = await search_cost(database, ask, queries)
    once = searching.search_products

    async def slower(*arguments: Any, **more: Any) -> Any:
        for _ in range(8):  # far more than processor time goes up and down by on a busy machine
            await once(*arguments, **more)
        return await once(*arguments, **more)

    monkeypatch.setattr(searching, "search_products", slower)
    planted = await search_cost(database, ask, queries)
    assert planted["rows_read"] > 2 * plain["rows_read"] > 0
    assert planted["pages_read"] > 2 * plain["pages_read"] > 0
    assert planted["cpu_ratio"] > 1.5 * plain["cpu_ratio"] > 0
