"""report.html in a real browser, and summary.md."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from agentpay.evals.html import write_html, write_summary
from agentpay.evals.html.charts import pass_hat_k, percent
from agentpay.evals.html.reading import read_report
from agentpay.evals.html.statistics import rate
from agentpay.evals.html.traffic import draw, graph_edges
from agentpay.evals.report import Case, Suite, write_report
from tests.evals.report_example import HOSTILE, write_example

CHROMIUM = Path(os.environ.get("AGENTPAY_CHROMIUM", "/usr/bin/chromium"))
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
needs_browser = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no chromium at {CHROMIUM} (AGENTPAY_CHROMIUM names another)"
)

CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true}), known = {};
  const numbers = colour => known[colour] ??= (() => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  })();
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return numbers('Canvas');
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.tagName === 'STYLE' || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const text = numbers(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(text), light(ground(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([element.tagName, element.textContent.trim().slice(0, 40), ratio.toFixed(2)]);
  }
  return poor;
}"""
"""Elements whose text has less contrast than WCAG AA asks."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_example(tmp_path_factory.mktemp("report"))
    write_html(folder)
    write_summary(folder)
    return folder


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield launched
        await launched.close()


EACH = pytest.mark.parametrize(
    "page", [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")], indirect=True, ids=str
)
PHONE = pytest.mark.parametrize("page", [(390, "dark")], indirect=True, ids=str)


@pytest.fixture
async def page(browser: Browser, folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """The report, open; the test fails for whatever the browser complained about or asked for beside it."""
    width, scheme = request.param
    context = await browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    opened = await context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda sent: asked.append(sent.url))
    address = (folder / "report.html").as_uri()
    await opened.goto(address)
    yield opened
    await context.close()
    assert complaints == []
    assert asked == [address]


async def open_everything(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


@needs_browser
@pytest.mark.browser
@EACH
async def test_reads_well_at_each_size_and_in_each_scheme(page: Page) -> None:
    await open_everything(page)
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over == 0
    assert await page.evaluate(CONTRAST) == []
    small = await page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter(each => each.textContent && each.checkVisibility())
             .map(each => parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a).filter(size => size < 10)"""
    )
    assert small == [], "letters of a chart smaller than ten pixels"
    # Labels stay inside their drawing
    cut = await page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter(each => each.textContent && each.checkVisibility())
             .filter(each => { const [a, b] = [each.getBoundingClientRect(), each.ownerSVGElement.getBoundingClientRect()];
                               return a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 1 })
             .map(each => each.textContent)"""
    )
    assert cut == []


@pytest.mark.parametrize("count", range(1, 9))
def test_a_legend_has_room_for_every_suite(count: int) -> None:
    drawn = fromstring(pass_hat_k({f"suite {n}": {"1": 0.9, "2": 0.8} for n in range(count)}))
    height = float(drawn.attrib["viewBox"].split()[3])
    legend = next(each for each in drawn.iter() if each.get("class") == "legends")
    top = float(re.findall(r"[\d.]+", legend.attrib["transform"])[1])
    lines = {text.text: top + float(text.attrib["y"]) for text in legend.iter() if text.tag.endswith("text")}
    assert len(lines) == count
    assert max(lines.values()) < height - 4, "letters go below their line"


@pytest.mark.parametrize(
    ("model", "measures", "told"),
    [
        ("house", {}, "No tokens, no cost: the house model"),
        ("openai:unknown", {"input_tokens": 812.0}, "what openai:unknown charges is not in"),
        ("openai:quiet", {"turns": 2.0}, "openai:quiet told of no tokens"),
    ],
)
def test_why_there_is_no_chart_of_cost_is_said(
    tmp_path: Path, model: str, measures: dict[str, float], told: str
) -> None:
    suite = Suite("scenarios", 1, 1, results=[Case("one", True, measures=measures)])
    (tmp_path / "report.json").write_text(json.dumps({"run": {"model": model}, "suites": [asdict(suite)]}))
    assert told in write_html(tmp_path).read_text()


def test_what_a_shop_keeps_in_haggling_is_no_search(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(
        json.dumps({"suites": [asdict(Suite("negotiation", 1, 1, figures={"kept": 0.2}))]})
    )
    assert 'id="search"' not in write_html(tmp_path).read_text()


@needs_browser
@pytest.mark.browser
@PHONE
async def test_words_of_conversations_stay_words(page: Page) -> None:
    await open_everything(page)
    assert (await page.title()).endswith("AgentPay evaluation")
    assert await page.locator("script, img, iframe, link").count() == 0
    await expect(page.locator(".line.customer", has_text=HOSTILE).first).to_be_visible()


@needs_browser
@pytest.mark.browser
@PHONE
async def test_a_failing_conversation_is_found_and_read(page: Page) -> None:
    await page.get_by_role("link", name="nursery-020").click()
    case = page.locator(".case:target")
    await expect(case.locator("summary").first).to_contain_text(
        'turn 2: tools, expected ["request_refund"], got ["order_status"]'
    )
    await case.locator("summary").first.click()
    await expect(case.locator("li.wrong .line.customer")).to_contain_text("refund it")
    await expect(case.locator("li.wrong .failures")).to_contain_text("request_refund")
    await case.get_by_text("Grades").click()
    await expect(case.locator("tr", has_text="grounded_claims")).to_contain_text("No order says so.")
    await case.get_by_text("State at the end").click()
    await expect(case.locator("pre", has_text='"stage": "after_sales"')).to_be_visible()

    await page.locator("#failing .choice").get_by_text("intents").click()
    await expect(page.locator(".case:visible")).to_have_count(16)
    await expect(page.locator(".case:visible .suite").first).to_have_text("intents")


@needs_browser
@pytest.mark.browser
@PHONE
async def test_the_reader_chooses_dark_or_light(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    await page.get_by_text("dark", exact=True).click()
    dark = await page.evaluate(ground)
    await page.get_by_text("light", exact=True).click()
    assert await page.evaluate(ground) != dark


def test_holds_everything_and_names_no_address(folder: Path) -> None:
    html = (folder / "report.html").read_text()
    for section in (
        "suites",
        "comparison",
        "intents",
        "search",
        "latency",
        "cost",
        "graph",
        "pass-k",
        "causes",
        "figures",
        "failing",
    ):
        assert f'<section id="{section}"' in html
    # The one that a customer wrote, and which is only text there
    assert set(re.findall(r"https?://[\w./-]+", html)) == {"http://evil.example/x.png"}
    assert not re.search(
        r"<(script|link|img|iframe|object|embed|base)\b|\son\w+=\"|@import|url\(", html.replace("url(#arrow)", "")
    )


def test_each_shops_search_has_its_targets_and_its_queries(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "<h3>search, demo</h3>" in page
    assert "<h3>search, electronics</h3>" in page
    assert "ndcg@10, wanted: 0.760" in page
    assert "Queries by nDCG@10" in page
    assert "left handed scissors" in page


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = write_example(tmp_path / "one"), write_example(tmp_path / "other")
    assert write_html(one).read_bytes() == write_html(other).read_bytes()
    assert write_summary(one).read_bytes() == write_summary(other).read_bytes()


def test_a_plain_report_will_do(tmp_path: Path) -> None:
    """What `agentpay eval scenarios --out` writes: failures alone, and no run."""
    failure = {
        "id": "tea",
        "turn": 1,
        "check": "says",
        "expected": "tea",
        "got": "coffee",
        "transcript": ["customer: Tea?"],
    }
    write_report(tmp_path, [Suite("scenarios", 2, 1, 1, 0, [failure]), Suite("search", problem="No judgements.")])
    html = write_html(tmp_path).read_text()
    assert "2 of 2 suites do not hold" in html
    assert "turn 1: says, expected tea, got coffee" in html
    assert "- `scenarios/tea`: `turn 1: says, expected tea, got coffee`" in write_summary(tmp_path).read_text()


def test_many_failures_are_cut_and_counted(tmp_path: Path) -> None:
    failures = [{"id": f"case-{n}", "check": "says", "expected": "a", "got": "b"} for n in range(400)]
    write_report(tmp_path, [Suite("tau2", 400, 0, 400, 0, failures)])
    html = write_html(tmp_path).read_text()
    assert "250 more of tau2 are in report.json." in html
    assert "- and 380 more" in write_summary(tmp_path).read_text()


@pytest.mark.parametrize("content", ["[]", "{}", "no JSON"])
def test_what_is_no_report_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(ValueError):
        write_html(tmp_path)


def test_summary(folder: Path) -> None:
    summary = (folder / "summary.md").read_text()
    lines = summary.splitlines()
    assert lines[0] == "### AgentPay evaluation: ❌ 3 of 6 suites do not hold"
    assert "| ✅ scenarios | 113/120 | 94.2% | 88.4% – 97.1% |  |" in lines
    assert "| ❌ search | 90/90 | 100.0% | 95.9% – 100.0% | demo.typo\\_ratio 0.83, wanted at least 0.85 |" in lines
    assert "Against `before`: **1 fixed, 1 broken** (p = 1, paired)." in lines
    assert '- `scenarios/nursery-020`: `turn 2: tools, expected ["request_refund"], got ["order_status"]`' in lines
    assert "- `scenarios/nursery-004`" in lines
    assert len(summary) < 5000


def test_summary_without_a_comparison_names_what_fails_where_a_suite_does_not_hold(tmp_path: Path) -> None:
    summary = write_summary(write_example(tmp_path, compared=False)).read_text()
    assert "**Failing**" in summary
    assert "`simulated/nursery-507`" in summary
    assert "`scenarios/nursery-003`" not in summary, "that suite holds"
    # Nothing that a customer wrote is markup, a mention or a link outside of code
    assert "<script" not in re.sub(r"`[^`]*`", "", summary)


def test_wilsons_interval() -> None:
    found = rate(9, 10)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.5958, 0.9821)  # Wilson 1927, z = 1.96
    assert rate(0, 0) is None
    assert [percent(share) for share in (1.0, 0.5, 0.954, 0.9999, 0.0001)] == [
        "100 %",
        "50 %",
        "95.4 %",
        "99.9 %",
        "0.1 %",
    ]


def test_traffic_is_that_of_the_real_graph() -> None:
    edges = graph_edges()
    turns = [["understand", "supervisor", "sales", "payment", "remember"], ["understand", "sales", "remember"]]
    drawing = draw(turns, edges)
    counts = {(edge.source, edge.target): edge.count for edge in drawing.edges}
    assert counts["start", "understand"] == counts["remember", "end"] == 2
    assert counts["supervisor", "sales"] == counts["sales", "payment"] == 1
    assert counts["supervisor", "support"] == 0
    assert [(edge.source, edge.target) for edge in drawing.strays] == [("understand", "sales")]
    # A turn that waits for a person ends in a specialist, and goes on there
    waiting = draw([["understand", "supervisor", "support"], ["support", "remember"]], edges)
    assert waiting.strays == []


def test_figures_of_a_suite_are_never_lost(tmp_path: Path) -> None:
    figures = {
        "plain": 3,
        "by_group": {"a": {"n": 1}, "b": {"m": 2.5}},
        "pairs": [["x", 1]],
        "names": ["y"],
        "deep": {"a": {"b": {"c": 1}}},
    }
    report = {"suites": [asdict(Suite("new", 1, 1, figures=figures))]}
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert read_report(tmp_path).suites[0].good
    html = write_html(tmp_path).read_text()
    for word in ("plain", "by group", "2.5", ">x<", ">y<", "{&#34;c&#34;: 1}"):
        assert word in html
