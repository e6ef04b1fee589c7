"""`DIR/report.html`: one file that loads nothing, runs no script, and reads well on a phone, dark or light."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from agentpay.evals.html import charts
from agentpay.evals.html.conversations import failing, text
from agentpay.evals.html.figures import confusion, scalars, tables
from agentpay.evals.html.reading import Report, ReportCase, ReportSuite, read_report
from agentpay.evals.html.statistics import Spread, measures, rate, spreads, turns_of
from agentpay.evals.html.traffic import Drawing, draw, graph_edges

RANKING = ("ndcg@10", "condensed@10", "recall@10", "recall@100", "typo_ratio", "refused", "kept")
"""Figures of a search that are shares, in the order in which they are shown."""
_A_SEARCH = "ndcg@10"
"""What no other suite measures: negotiation keeps, too."""
_WORST = 10
_FIRST_TIMES = ("first_text_p50", "first_text_p95", "turn_p50", "turn_p95", "whole")

_TOKENS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))
_COST = (("cost_usd",),)
_TOKENS_CHART = "Tokens"
_COST_CHART = "Cost, in cents of a dollar"


def write_html(folder: Path) -> Path:
    """Writes `folder`/report.html from `folder`/report.json; the same report gives the same bytes. Answers where it is.

    Raises OSError and ValueError where report.json is not there, or no report.
    """
    path = folder / "report.html"
    path.write_text(render(read_report(folder)), encoding="utf-8")
    return path


def render(report: Report) -> str:
    compared = report.comparison or {}
    broken = {(suite["name"], case) for suite in compared.get("suites") or () for case in suite.get("broken") or ()}
    shown, more = failing(report, broken)
    cost_charts = _cost_charts(report)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            run=report.run,
            suites=[(suite, rate(suite.passed, suite.held)) for suite in report.suites],
            pass_chart=_pass_chart(report),
            comparison=report.comparison,
            anchors={(case.suite, case.id): case.anchor for case in shown},
            matrices=[
                (suite.name, confusion(suite.figures["confusion"])) for suite in report.suites if _confused(suite)
            ],
            searches=[search for suite in report.suites for search in _searches(suite)],
            latencies=_latencies(report),
            measures=[(suite.name, found) for suite in report.suites if (found := measures(suite))],
            cost_charts=cost_charts,
            cost_note=_cost_note(report, [title for title, _ in cost_charts]),
            traffic=_traffic(report),
            pass_k=_pass_k(report),
            causes=_causes(report),
            figures=[(suite.name, scalars(suite.figures), tables(suite.figures)) for suite in report.suites],
            shown=shown,
            more=more,
        )
    )


def _pass_chart(report: Report) -> Markup | None:
    rates = [(suite.name, found, suite.good) for suite in report.suites if (found := rate(suite.passed, suite.held))]
    return charts.pass_rates(rates) if rates else None


def _confused(suite: ReportSuite) -> bool:
    return isinstance(suite.figures.get("confusion"), dict) and bool(suite.figures["confusion"])


def _searches(suite: ReportSuite) -> Iterator[dict[str, Any]]:
    """One a shop (`figures` by its name, thresholds `shop.figure`, cases `shop/…`), or one where shops are not told apart."""
    shops = [name for name, of in suite.figures.items() if isinstance(of, dict) and _A_SEARCH in of]
    for shop in shops:
        cases = [case for case in suite.results if case.id.startswith(f"{shop}/")]
        yield _search(f"{suite.name}, {shop}", suite, suite.figures[shop], cases, f"{shop}.")
    if not shops and _A_SEARCH in suite.figures:
        yield _search(suite.name, suite, suite.figures, suite.results, "")


def _search(
    title: str, suite: ReportSuite, figures: Mapping[str, Any], cases: Sequence[ReportCase], prefix: str
) -> dict[str, Any]:
    wanted = {each["name"]: each["wanted"] for each in suite.thresholds if each.get("bound", "least") == "least"}
    rows = [
        (name, float(figures[name]), wanted.get(prefix + name))
        for name in RANKING
        if isinstance(figures.get(name), int | float)
    ]
    rated = sorted((case.measures["ndcg@10"], case.id) for case in cases if "ndcg@10" in case.measures)
    worst = [row for row in figures.get("worst") or () if isinstance(row, list) and len(row) >= 2]
    return {
        "title": title,
        "chart": charts.against_targets(rows),
        "queries": charts.histogram([value for value, _ in rated], "Queries by nDCG@10") if rated else None,
        "worst": [(str(row[0]), float(row[1])) for row in worst]
        or [(id.removeprefix(f"{prefix.rstrip('.')}/query/"), value) for value, id in rated[:_WORST]],
    }


def _latencies(report: Report) -> dict[str, Any]:
    found = spreads(report)
    names = sorted({each.name for each in found}, key=lambda name: (*_rank(name, _FIRST_TIMES), name))
    by_name: list[tuple[str, list[Spread]]] = [(name, [each for each in found if each.name == name]) for name in names]
    return {
        "charts": [(name, charts.latencies(of, f"{name}, milliseconds")) for name, of in by_name[:4]],
        "table": [each for _, of in by_name for each in of],
    }


def _rank(name: str, order: tuple[str, ...]) -> tuple[int]:
    return (order.index(name) if name in order else len(order),)


def _cost_charts(report: Report) -> list[tuple[str, Markup]]:
    drawn = []
    for title, names, factor in ((_TOKENS_CHART, _TOKENS, 1), (_COST_CHART, _COST, 100)):
        rows = [(suite.name, factor * _first_total(suite, names)) for suite in report.suites]
        if rows := [(name, total) for name, total in rows if total]:
            drawn.append((title, charts.bars(rows, f"{title}, by suite")))
    return drawn


def _cost_note(report: Report, drawn: Sequence[str]) -> str | None:
    """Why there is no chart of tokens or of cost."""
    model = str(report.run.get("model", "the agent"))
    if _COST_CHART in drawn:
        return None
    if _TOKENS_CHART in drawn:
        return f"No chart of cost: what {model} charges is not in graders/prices.toml."
    if model == "house":
        return "No tokens, no cost: the house model played the agent, and it asks no chat model. There is nothing to chart."
    return f"No chart: {model} told of no tokens."


def _first_total(suite: ReportSuite, names: tuple[tuple[str, ...], ...]) -> float:
    """Of the first of several ways to say the same that the suite's cases use."""
    totals = {each.name: each.total for each in measures(suite)}
    return next((total for group in names if (total := sum(totals.get(name, 0.0) for name in group))), 0.0)


def _traffic(report: Report) -> Drawing | None:
    turns = turns_of(report)
    return draw(turns, graph_edges()) if turns else None


def _pass_k(report: Report) -> dict[str, Any] | None:
    found = {
        suite.name: suite.figures["pass^k"]
        for suite in report.suites
        if isinstance(suite.figures.get("pass^k"), dict) and suite.figures["pass^k"]
    }
    if not found:
        return None
    ks = sorted({int(k) for shares in found.values() for k in shares})
    return {"chart": charts.pass_hat_k(found) if len(ks) > 1 else None, "ks": [str(k) for k in ks], "suites": found}


def _causes(report: Report) -> list[tuple[str, Markup, list[dict[str, Any]]]]:
    """Of simulated customers: why the rest missed their goals (simulated/figures.py, `causes`)."""
    found = []
    for suite in report.suites:
        causes = suite.figures.get("causes")
        if isinstance(causes, list) and causes:
            steps: Counter[str] = Counter()
            for cause in causes:
                steps[f"{cause['goal']}: {cause['step']}"] += cause["count"]
            rows = [(name, float(count)) for name, count in steps.most_common(12)]
            found.append(
                (suite.name, charts.bars(rows, "Conversations that missed their goal, by goal and step"), causes)
            )
    return found


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("agentpay.evals.html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(percent=charts.percent, milliseconds=charts.milliseconds, text=text, number=number)
    environment.globals["style"] = Markup(Path(__file__).with_name("report.css").read_text(encoding="utf-8"))
    return environment


def number(value: Any) -> str:
    """At most four digits after the point, and separators between thousands."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")
