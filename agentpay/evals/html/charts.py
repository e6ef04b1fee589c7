"""The page's charts: pygal's SVG without its styles, scripts and date, so that the page themes it (report.css) and the same
figures give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pygal
from markupsafe import Markup
from pygal.style import Style

from agentpay.evals.html.statistics import Rate, Spread

WIDTH = 420
"""Of the drawing, in units that are CSS pixels or a little less on a phone: text stays readable at 350 px."""
_TEXT = 13
_ROW = 30
_MOST_TICKS = 5
_LEGEND_COLUMNS = 2
_LEGEND_LINE = 20
_STYLE = Style(
    label_font_size=_TEXT,
    major_label_font_size=_TEXT,
    legend_font_size=_TEXT,
    value_font_size=_TEXT,
    font_family="sans-serif",
)
_PERCENT = (0.0, 0.25, 0.5, 0.75, 1.0)


def pass_rates(rates: Sequence[tuple[str, Rate, bool]]) -> Markup:
    """Bars with their intervals. `rates`: name, rate, and whether the suite holds."""
    chart = pygal.HorizontalBar(**_options(rows=len(rates), legend=0), range=(0, 1), value_formatter=percent)
    chart.y_labels = list(_PERCENT)
    chart.x_labels = [name for name, _, _ in reversed(rates)]
    bars = [
        {
            "value": rate.value,
            "ci": {"low": rate.low, "high": rate.high},
            "label": f"{name}: {percent(rate.value)} ({rate.passed} of {rate.of}), {percent(rate.low)} to {percent(rate.high)}",
            "color": "var(--good)" if good else "var(--bad)",
        }
        for name, rate, good in reversed(rates)
    ]
    chart.add("passed", bars)
    return _drawn(chart, "Share of cases that passed, by suite, with 95 % intervals")


def against_targets(rows: Sequence[tuple[str, float, float | None]]) -> Markup:
    """Shares from 0 to 1 beside what they should be at least."""
    chart = pygal.HorizontalBar(**_options(rows=2 * len(rows), legend=2), range=(0, 1), value_formatter=percent)
    chart.y_labels = list(_PERCENT)
    chart.x_labels = [name for name, _, _ in reversed(rows)]
    # pygal draws a group from below: the legend and the bars then read alike
    chart.add("measured", [_bar(name, value, "measured") for name, value, _ in reversed(rows)])
    chart.add(
        "wanted", [None if target is None else _bar(name, target, "wanted") for name, _, target in reversed(rows)]
    )
    return _drawn(chart, "Measures beside their targets")


def _bar(name: str, value: float, what: str) -> dict[str, Any]:
    return {"value": value, "label": f"{name}, {what}: {value:.3f}"}


def histogram(values: Sequence[float], title: str) -> Markup:
    """How many of `values`, from 0 to 1, lie in each tenth."""
    counts = [0] * 10
    for value in values:
        counts[min(9, max(0, int(value * 10)))] += 1
    chart = pygal.Bar(**_options(rows=6, legend=0), value_formatter=count)
    chart.x_labels = [f".{tenth}" for tenth in range(10)]
    chart.add(title, [{"value": n, "label": f"{t / 10:.1f} to {(t + 1) / 10:.1f}: {n}"} for t, n in enumerate(counts)])
    return _drawn(chart, title)


def latencies(spreads: Sequence[Spread], title: str) -> Markup:
    """A range bar each: 5th to 95th percentile in light, the middle half in strong colour, divided at the median."""
    chart = pygal.HorizontalStackedBar(**_options(rows=len(spreads), legend=0), value_formatter=milliseconds)
    chart.x_labels = [spread.suite for spread in reversed(spreads)]
    quantiles = [(0.0, each.p5, each.p25, each.p50, each.p75, each.p95) for each in reversed(spreads)]
    labels = [
        f"{each.suite}: half of {each.count} within {milliseconds(each.p50)}, 95 % within {milliseconds(each.p95)}"
        for each in reversed(spreads)
    ]
    for part, (start, end) in enumerate(zip(range(5), range(1, 6), strict=True)):
        bars = [{"value": of[end] - of[start], "label": label} for of, label in zip(quantiles, labels, strict=True)]
        chart.add(f"part {part}", bars)
    return _drawn(chart, title, kind="latency")


def bars(rows: Sequence[tuple[str, float]], title: str) -> Markup:
    """Counts by name, in the order given."""
    chart = pygal.HorizontalBar(**_options(rows=len(rows), legend=0), value_formatter=count)
    chart.x_labels = [name for name, _ in reversed(rows)]
    values = [value for _, value in rows]
    chart.y_labels = _ticks(max(values), whole=all(float(value).is_integer() for value in values))
    chart.add(title, [{"value": value, "label": f"{name}: {value:g}"} for name, value in reversed(rows)])
    return _drawn(chart, title)


def pass_hat_k(suites: Mapping[str, Mapping[str, float]]) -> Markup:
    """A line a suite: the share of cases of which each of k tries passes."""
    ks = sorted({int(k) for shares in suites.values() for k in shares})
    lowest = max(0.0, math.floor(10 * min(share for shares in suites.values() for share in shares.values()) - 0.5) / 10)
    chart = pygal.Line(**_options(rows=6, legend=len(suites)), range=(lowest, 1), value_formatter=percent)
    chart.x_labels = [f"k = {k}" for k in ks]
    for name, shares in suites.items():
        points = [
            {"value": shares[str(k)], "label": f"{name}, k = {k}: {percent(shares[str(k)])}"}
            if str(k) in shares
            else None
            for k in ks
        ]
        chart.add(name, points)
    return _drawn(chart, "Share of cases of which each of k tries passes")


def _ticks(most: float, *, whole: bool) -> list[float]:
    """From 0 to `most` in steps of 1, 2 or 5 times a power of ten, five steps at most; of counts in whole ones."""
    steps = (size * 10.0**power for power in range(0 if whole else -6, 18) for size in (1, 2, 5))
    step = next(step for step in steps if most / step <= _MOST_TICKS)
    return [round(n * step, 6) for n in range(int(most / step) + 1)]


def percent(share: float) -> str:
    """With a tenth where there is one. What is less than everything never reads 100 %, nor what is something 0 %."""
    tenths = round(1000 * share)
    tenths = min(tenths, 999) if share < 1 else tenths
    tenths = max(tenths, 1) if share > 0 else tenths
    return f"{tenths / 10:.0f} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"


def milliseconds(value: float) -> str:
    return f"{value / 1000:g} s" if value >= 1000 and (value / 100).is_integer() else f"{value:.0f} ms"


def count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def _options(*, rows: int, legend: int) -> dict[str, Any]:
    """`legend`: how many entries it has, 0 for none."""
    lines = math.ceil(legend / _LEGEND_COLUMNS)
    return {
        "width": WIDTH,
        "height": 46 + _ROW * rows + (10 + _LEGEND_LINE * lines if legend else 0),
        "margin": 6,
        # pygal rounds down and leaves no room for a last line that is not full
        "margin_bottom": 6 + _LEGEND_LINE * (lines - legend // _LEGEND_COLUMNS),
        "margin_right": 18,
        "style": _STYLE,
        "show_legend": legend > 0,
        "legend_at_bottom": legend > 0,
        "legend_at_bottom_columns": _LEGEND_COLUMNS,
        "legend_box_size": 12,
        "truncate_legend": -1,
        "truncate_label": -1,
        "no_prefix": True,
        "js": (),
        "dots_size": 4,
        "max_scale": 5,
    }


_DROPPED = {"defs", "desc", "title"}
"""Styles, scripts, what a script would show, and titles that name no value."""


def _drawn(chart: Any, title: str, kind: str = "") -> Markup:
    root = fromstring(chart.render())
    for element in list(root.iter()):
        element.tag = _local(element)
        label = next(
            (child.text for child in element if _local(child) == "desc" and child.get("class") == "label"), None
        )
        for child in [child for child in element if _local(child) in _DROPPED]:
            element.remove(child)
        if label:
            SubElement(element, "title").text = label  # a tooltip without a script
    root.attrib.update({"class": f"chart {kind}".strip(), "role": "img", "aria-label": title})
    return Markup(tostring(root, encoding="unicode"))  # ElementTree has escaped what it holds


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
