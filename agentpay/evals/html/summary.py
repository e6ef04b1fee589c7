"""`DIR/summary.md`: the report in a screenful, fit for a pull request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agentpay.evals.html.conversations import reason, text
from agentpay.evals.html.page import RANKING, number
from agentpay.evals.html.reading import Report, ReportCase, ReportSuite, read_report
from agentpay.evals.html.statistics import rate, spreads

NAMED = 20
"""Cases that are named at most, of those that broke, of those that were fixed, and of those that fail."""
HEADLINES = (
    *RANKING,
    "in_scope_accuracy",
    "oos_recall",
    "goal_reached",
    "violations",
    "deal_rate_could_afford",
    "below_floor",
)
"""Figures that are named in the summary where a suite has them and no threshold shows them."""


def write_summary(folder: Path) -> Path:
    """Writes `folder`/summary.md from `folder`/report.json. Answers where it is.

    Raises OSError and ValueError where report.json is not there, or no report.
    """
    path = folder / "summary.md"
    path.write_text(render(read_report(folder)), encoding="utf-8")
    return path


def render(report: Report) -> str:
    parts = [_head(report), _suites(report)]
    if report.comparison is not None:
        parts.append(_compared(report, report.comparison))
    else:
        # A suite that holds allows for some that fail; the page has them
        failed = [case for suite in report.suites if not suite.good for case in suite.results if case.passed is False]
        parts.append(_named("Failing", [(case.suite, case.id, case) for case in failed]))
    parts += [_figures(report), _times(report)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Report) -> str:
    bad = sum(not suite.good for suite in report.suites)
    outcome = (
        f"❌ {bad} of {len(report.suites)} suites do not hold" if bad or not report.suites else "✅ all suites hold"
    )
    run = report.run
    facts = [
        f"{name} {code(run[name])}"
        for name in ("size", "seed", "model", "agent_version", "repeat", "revision")
        if run.get(name)
    ]
    return f"### AgentPay evaluation: {outcome}" + (f"\n\n{', '.join(facts)}" if facts else "")


def _suites(report: Report) -> str:
    lines = ["| suite | passed | rate | 95 % interval | |", "|---|--:|--:|--:|---|"]
    for suite in report.suites:
        found = rate(suite.passed, suite.held)
        share, interval = ("–", "–") if found is None else (f"{found.value:.1%}", f"{found.low:.1%} – {found.high:.1%}")
        mark = "✅" if suite.good else "❌"
        lines.append(
            f"| {mark} {plain(suite.name)} | {suite.passed}/{suite.held} | {share} | {interval} | {_why(suite)} |"
        )
    return "\n".join(lines)


def _why(suite: ReportSuite) -> str:
    """Why it does not hold."""
    said = [plain(suite.problem)] if suite.problem else []
    said += [
        f"{plain(each['name'])} {number(each['got'])}, wanted at {each['bound']} {number(each['wanted'])}"
        for each in suite.unmet
    ]
    return "; ".join(said)


def _compared(report: Report, comparison: dict[str, Any]) -> str:
    known = {(case.suite, case.id): case for case in report.cases()}
    p = comparison.get("p")
    said = f"Against {code(comparison['against'])}: **{comparison['fixed']} fixed, {comparison['broken']} broken**"
    parts = [said + ("" if p is None else f" (p = {p:.3g}, paired)") + "."]
    for title, kind in (("Broken", "broken"), ("Fixed", "fixed")):
        found = [(suite["name"], case) for suite in comparison["suites"] for case in suite.get(kind) or ()]
        parts.append(_named(title, [(*one, known.get(one) if kind == "broken" else None) for one in found]))
    return "\n\n".join(part for part in parts if part)


def _named(title: str, found: list[tuple[str, str, ReportCase | None]]) -> str:
    if not found:
        return ""
    lines = [f"**{title}**", ""]
    for suite, case_id, case in found[:NAMED]:
        why = reason(case) if case is not None else ""
        lines.append(f"- {code(f'{suite}/{case_id}')}" + (f": {code(why)}" if why else ""))
    if len(found) > NAMED:
        lines.append(f"- and {len(found) - NAMED} more")
    return "\n".join(lines)


def _figures(report: Report) -> str:
    rows = []
    for suite in report.suites:
        held = {each["name"] for each in suite.thresholds}
        for each in suite.thresholds:
            sign = "≥" if each["bound"] == "least" else "≤"
            mark = "" if each["met"] else " ❌"
            rows.append(
                f"| {plain(suite.name)} | {plain(each['name'])} | {number(each['got'])}{mark} | {sign} {number(each['wanted'])} |"
            )
        for name in HEADLINES:
            value = suite.figures.get(name)
            if name not in held and isinstance(value, int | float):
                rows.append(f"| {plain(suite.name)} | {plain(name)} | {number(value)} | |")
        if isinstance(shares := suite.figures.get("pass^k"), dict):
            said = ", ".join(f"k = {k}: {share:.1%}" for k, share in shares.items())
            rows.append(f"| {plain(suite.name)} | pass^k | {said} | |")
    if not rows:
        return ""
    return "\n".join(
        [
            "<details><summary>Figures</summary>",
            "",
            "| suite | figure | | wanted |",
            "|---|---|--:|--:|",
            *rows,
            "",
            "</details>",
        ]
    )


def _times(report: Report) -> str:
    found = [each for each in spreads(report) if each.name in ("turn_p50", "turn_p95", "first_text_p95", "whole")]
    if not found:
        return ""
    rows = [f"| {plain(each.suite)} | {plain(each.name)} | {each.p50:,.0f} | {each.p95:,.0f} |" for each in found]
    return "\n".join(
        [
            "<details><summary>Times, ms</summary>",
            "",
            "| suite | time | median case | p95 case |",
            "|---|---|--:|--:|",
            *rows,
            "",
            "</details>",
        ]
    )


def code(value: Any) -> str:
    """As code: nothing in it is markup, a mention or a link."""
    said = " ".join(text(value).split()).replace("`", "'")
    return f"`{said}`" if said else ""


def plain(value: Any) -> str:
    """A name or a sentence, with what is markup made harmless."""
    said = " ".join(text(value).split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|~@#])", r"\\\1", said)
