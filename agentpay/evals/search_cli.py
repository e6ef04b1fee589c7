"""`agentpay eval search`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.options import Against

if TYPE_CHECKING:
    from agentpay.evals.report import Suite
    from agentpay.evals.search import Advance, Judgements, Served
    from agentpay.settings import Settings

_SERVED = Path(__file__).parent / "data" / "electronics_served.csv"
_ELECTRONICS = "chorus-electronics"
_PART = "held"


def search(
    store: Annotated[Path, typer.Option("--store", metavar="FILE", help="The shop's file.")],
    judgements: Annotated[
        Path, typer.Option("--judgements", metavar="CSV", help="query,docid,rating; docid is a product's external id.")
    ],
    served: Annotated[
        Path | None,
        typer.Option(
            "--served",
            metavar="CSV",
            help="query,served,part: what the shop serves (1) or cannot (0).  [default: ours, for its electronics shop]",
        ),
    ] = None,
    part: Annotated[str, typer.Option("--part", help="The rows of --served that are asked.")] = _PART,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write DIR/report.json.")] = None,
    against: Against = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Keep the shop here: a second run indexes nothing.  [default: temporary]"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Import and index a shop, ask what people judged, and say how well it ranks, bears typos and refuses."""
    from agentpay.commerce.importing import ImportProblems
    from agentpay.evals.output import conclude
    from agentpay.evals.report import Suite
    from agentpay.evals.search import BadJudgements, read_judgements, read_served

    try:
        rated = read_judgements(judgements)
        asked = read_served(served) if served is not None else None
        with tempfile.TemporaryDirectory(prefix="agentpay-eval-", ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o755)  # as root the embedded servers run as an account that a private folder keeps out
            suite = _run(store, rated, asked, part, data or Path(folder) / "data", quiet=json)
    except (BadJudgements, ImportProblems) as error:
        suite = Suite("search", problem=str(error))
    conclude([suite], out, as_json=json, show=lambda: _print(suite), against=against)


def _run(
    store: Path, rated: Judgements, asked: Sequence[Served] | None, part: str, data: Path, *, quiet: bool
) -> Suite:
    from agentpay.evals.output import progress
    from agentpay.settings import get_settings
    from agentpay.store import embedded
    from agentpay.store.migrate import migrate

    with embedded.start(data) as running, progress("Opening the shop", quiet=quiet) as advance:
        migrate(running.database_url)
        urls = {"database_url": running.database_url, "redis_url": running.redis_url, "data_dir": data}
        settings = get_settings().model_copy(update=urls)
        return asyncio.run(_measure(settings, store, rated, asked, part, advance))


async def _measure(
    settings: Settings,
    store: Path,
    rated: Judgements,
    asked: Sequence[Served] | None,
    part: str,
    advance: Advance,
) -> Suite:
    import time

    from sqlalchemy import select

    from agentpay.commerce.importing import file_digest, import_store
    from agentpay.evals import search as measuring
    from agentpay.knowledge.indexing import index_pending
    from agentpay.knowledge.search import search as find
    from agentpay.knowledge.semantic import Semantic
    from agentpay.store.session import Database
    from agentpay.store.tables import Organization

    assert settings.database_url is not None, "the servers run"
    database = Database(settings.database_url)
    try:
        async with database.session() as session:
            known = await session.scalar(
                select(Organization.id).where(Organization.import_digest == file_digest(store))
            )
        organization = known or (await import_store(database, store, progress=advance)).organization_id
        # No cache in front of the model: what is timed contains the query's embedding
        semantic = Semantic(settings)
        started = time.monotonic()
        await index_pending(database, organization, lambda n, of: advance("Indexing", n, of), semantic=semantic)
        indexing = time.monotonic() - started
        async with database.session() as session:
            slug = await session.scalar(select(Organization.slug).where(Organization.id == organization))
        if asked is None and slug == _ELECTRONICS:
            asked = measuring.read_served(_SERVED)

        async def ask(query: str, limit: int) -> list[str]:
            async with database.tx(organization) as tx:
                hits = await find(tx, query, limit=limit, kinds=("product",), semantic=semantic)
            return [hit.external_id or str(hit.id) for hit in hits]

        await ask("warm up", 1)
        rankings, times = await measuring.rank_all(ask, {query: query for query in rated}, advance)
        found = measuring.figures(rated, rankings)
        slips = {query: measuring.misspelt(query) for query in rated}
        with_slips, _ = await measuring.rank_all(ask, slips, advance, "Searching with typos")
        typos = measuring.figures(rated, with_slips)
        measured = {
            "ndcg@10": found.ndcg,
            "condensed@10": found.condensed,
            "recall@10": found.recall_10,
            "recall@100": found.recall_100,
            "judged@10": found.judged,
            "typo_ndcg@10": typos.ndcg,
            "typo_ratio": typos.ndcg / found.ndcg if found.ndcg else 0.0,
        }
        irrelevant = [query for query, rows in rated.items() if not any(rows.values())]
        extra: dict[str, Any] = {
            "latency_p50_ms": round(statistics.median(times), 1),
            "latency_p95_ms": round(sorted(times)[int(len(times) * 0.95)], 1),
            "indexing_seconds": round(indexing, 1),
            "zero_relevance_queries": len(irrelevant),
            "zero_relevance_refused": sum(not rankings[query] for query in irrelevant),
            "answerable_lost": [query for query, rows in rated.items() if any(rows.values()) and not rankings[query]],
            "lost_with_typo": {slips[query]: query for query in rated if rankings[query] and not with_slips[query]},
        }
        if asked:
            rows = [row for row in asked if row.part == part]
            answers, _ = await measuring.rank_all(
                ask, {row.query: row.query for row in rows}, advance, "What is not sold"
            )
            not_served = [row.query for row in rows if not row.served]
            is_served = [row.query for row in rows if row.served]
            measured["refused"] = sum(not answers[query] for query in not_served) / max(1, len(not_served))
            measured["kept"] = sum(bool(answers[query]) for query in is_served) / max(1, len(is_served))
            extra["wrongly_answered"] = [query for query in not_served if answers[query]]
            extra["wrongly_refused"] = [query for query in is_served if not answers[query]]
        return measuring.suite_of(measured, found, extra)
    finally:
        await database.close()


def _print(suite: Suite) -> None:
    from rich.console import Console
    from rich.table import Table

    from agentpay.evals.search import TARGETS

    if suite.problem is not None:
        typer.echo(suite.problem, err=True)
        return
    table = Table("measure", "value", "target", header_style="bold")
    for name, value in (suite.figures or {}).items():
        if not isinstance(value, list | dict):
            table.add_row(name, str(value), f"≥ {TARGETS[name]}" if name in TARGETS else "")
    console = Console(markup=False, highlight=False)
    console.print(table)
    for name in ("wrongly_answered", "wrongly_refused", "answerable_lost"):
        listed = (suite.figures or {}).get(name)
        if listed:
            console.print(f"{name}: {', '.join(listed)}")
    console.print(f"{suite.passed} of {suite.cases} targets met.")
