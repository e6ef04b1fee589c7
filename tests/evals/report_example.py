"""A report of a run with everything a report can hold, also words that would be markup if they were not escaped."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentpay.evals.report import Case, Suite

HOSTILE = (
    "<script>document.title='owned'</script>"
    '<img src="http://evil.example/x.png" onerror="document.title=1"></style></pre>{{ 7 * 7 }}'
)
INTENTS = ("greeting", "find_product", "compare_products", "add_to_cart", "checkout", "order_status", "request_refund")
TRANSCRIPT = [
    "customer: Hello, I am looking for a tent for two",
    "assistant (sales, find_product): These are for two.\n\n- Alp 2, 189.00 EUR [product_search] <product_list>",
    f"customer: refund it {HOSTILE}",
    "assistant (support, order_status): Order 1001 is on its way. [order_status] <order>",
]
TOOLS = [
    [{"name": "product_search", "arguments": {"query": "tent for two"}, "status": "ok", "result": {"total": 2}}],
    [{"name": "order_status", "arguments": {"number": "1001"}, "status": "error", "result": {"error": HOSTILE}}],
]
STATE = {"stage": "after_sales", "cart": {"items": [{"title": "Alp 2", "line_total": 18900}], "currency": "EUR"}}
WRONG = {"turn": 2, "said": "refund it", "check": "tools", "expected": ["request_refund"], "got": ["order_status"]}


def conversation(number: int, *, passed: bool, chance: random.Random) -> Case:
    agent = chance.choices(("sales", "support", "payment"), (6, 3, 2))[0]
    nodes = [["understand", "supervisor", "sales", "remember"], ["understand", "supervisor", agent, "remember"]]
    if chance.random() < 0.1:
        nodes.append(["understand", "supervisor", "sales", "payment", "remember"])
    grades = {"grounded_claims": {"score": 0.0, "comment": f"No order says so. {HOSTILE}"}}
    detail = {"transcript": TRANSCRIPT, "tools": TOOLS, "state": STATE, "nodes": nodes, "grades": grades}
    times = {"turn_p50": chance.gauss(24, 4), "turn_p95": chance.gauss(44, 9), "whole": chance.gauss(130, 30)}
    failures = [] if passed else [WRONG]
    return Case(f"nursery-{number:03}", passed, {**detail, "failures": failures}, {"turns": 2.0}, times, [True, passed])


def sentence(number: int) -> Case:
    wrong = number % 25 == 0
    detail = {"text": f"where is {HOSTILE}", "intents": ["order_status"], "found": ["greeting"]} if wrong else {}
    return Case(f"own/{number:05}", not wrong, detail)


def query(number: int, chance: random.Random) -> Case:
    return Case(
        f"demo/query/left handed scissors {number}", True, {}, {"ndcg@10": min(1.0, max(0.0, chance.gauss(0.8, 0.15)))}
    )


def poison(number: int, chance: random.Random) -> Case:
    measures = {"input_tokens": 812.0, "output_tokens": 64.0, "cost_usd": 0.0002}
    return Case(f"poison-{number}", True, {}, measures, {"turn_p50": chance.gauss(61, 9)})


def suite(
    name: str,
    results: Sequence[Case],
    figures: dict[str, Any] | None = None,
    least: dict[str, tuple[float, float]] | None = None,
    problem: str | None = None,
) -> dict[str, Any]:
    """As report.json has it. `least`: what is wanted and what was got, by figure."""
    passed, failed = (sum(case.passed is verdict for case in results) for verdict in (True, False))
    made = Suite(name, len(results), passed, failed, 0, [], problem, figures or {}, list(results))
    thresholds = [
        {"name": figure, "bound": "least", "wanted": wanted, "got": got, "met": got >= wanted}
        for figure, (wanted, got) in (least or {}).items()
    ]
    return {**asdict(made), "thresholds": thresholds}


def suites() -> list[dict[str, Any]]:
    chance = random.Random(1)
    confusion = {intent: {intent: chance.randrange(40, 90), chance.choice(INTENTS): 3} for intent in INTENTS}
    ranking = {"ndcg@10": 0.7712, "condensed@10": 0.8821, "recall@100": 0.9612, "typo_ratio": 0.83}
    search = {**ranking, "demo": ranking, "electronics": {**ranking, "worst": [[HOSTILE, 0.2, 0.2]]}}
    simulated = {
        "goal_reached": 0.975,
        "causes": [
            {"goal": "buy", "step": "address", "last": f"Where to? {HOSTILE}", "count": 4, "cases": ["nursery-507"]},
            {"goal": "return", "step": "identify", "last": "Which order?", "count": 1, "cases": ["nursery-547"]},
        ],
        "personas": {
            "hurried": {"conversations": 50, "reached": 0.98},
            "haggler": {"conversations": 48, "reached": 0.96},
        },
        "pass^k": {"1": 0.97, "2": 0.95, "3": 0.93},
    }
    return [
        suite(
            "scenarios",
            [conversation(n, passed=n % 17 != 3, chance=chance) for n in range(120)],
            {"pass^k": {"1": 0.97, "2": 0.94, "3": 0.92}},
            {"passed": (0.9, 0.942)},
        ),
        suite(
            "intents",
            [sentence(n) for n in range(400)],
            {"own_accuracy": 0.96, "confusion": confusion},
            {"own_accuracy": (0.92, 0.96)},
        ),
        suite(
            "search",
            [query(n, chance) for n in range(90)],
            search,
            {"demo.ndcg@10": (0.76, 0.7712), "demo.typo_ratio": (0.85, 0.83)},
        ),
        suite("simulated", [conversation(500 + n, passed=n % 40 != 7, chance=chance) for n in range(200)], simulated),
        suite("adversarial", [poison(n, chance) for n in range(40)], {"leaks": 0}, {"passed": (1.0, 1.0)}),
        suite("tau2", [], problem="The folder of the public data sets is not given (--datasets)."),
    ]


def comparison() -> dict[str, Any]:
    same: dict[str, Any] = {"fixed": [], "broken": [], "new": [], "gone": [], "changed": [], "p": None, "figures": {}}
    reworded = {"id": "nursery-001", "before": "assistant: Two tents.", "after": f"assistant: These two. {HOSTILE}"}
    scenarios = {"fixed": ["nursery-004"], "broken": ["nursery-020"], "changed": [reworded], "p": 1.0}
    return {
        "against": "before",
        "fixed": 1,
        "broken": 1,
        "p": 1.0,
        "suites": [
            {**same, "name": "scenarios", "same": 118, **scenarios},
            {**same, "name": "intents", "same": 400, "figures": {"own_accuracy": [0.95, 0.96]}},
        ],
    }


def write_example(folder: Path, *, compared: bool = True) -> Path:
    """`folder`/report.json as `agentpay eval all` writes it. Answers the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    run = {"seed": 1, "size": "sample", "model": "house", "agent_version": None, "repeat": 3, "seconds": 512.37}
    content = {"run": run, "suites": suites()} | ({"comparison": comparison()} if compared else {})
    (folder / "report.json").write_text(json.dumps(content, ensure_ascii=False))
    return folder
