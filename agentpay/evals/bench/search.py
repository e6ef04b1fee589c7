"""Search in shops of 20 thousand to a million products: how fast, how right, and what the indexes cost."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agentpay.evals.bench.profile import Bench, Results
from agentpay.evals.bench.services import create_database

if TYPE_CHECKING:
    from agentpay.knowledge.filters import SearchFilters
    from agentpay.knowledge.semantic import Semantic
    from agentpay.store.session import Database

SIZES = (20_000, 200_000, 1_000_000)
QUERIES = 60
EXACT = 10
"""Neighbours of which the recall is told."""
_SERVED = Path(__file__).parents[1] / "data" / "electronics_served.csv"
_ELECTRONICS = "chorus-electronics"


_VECTORS = ("products", "vectors_p50", "vectors_p95", "vectors_cpu_ms", "recall_10")
_HYBRID = ("hybrid_p50", "hybrid_p95", "hybrid_cpu_ms", "words_mb")
_BUILT = ("load_s", "build_s", "graph_mb", "database_mb", "postgres_mb", "process_mb")


@dataclass(frozen=True, slots=True)
class SearchBench:
    """
    A row a size: the filtered vector part and the whole hybrid, in milliseconds, one after the other, warm; recall@10 of
    the former against comparing all vectors one by one; and what was built. `_cpu_ms` is this process's and PostgreSQL's
    processor time a query, which other load on the machine hardly changes.

    Without `words` only the vector part, in a shop that is loaded in a fifth of the time.
    """

    name: str = "search"
    help: str = "search over 20k, 200k and 1M products (variations of the shop's own)"
    words: bool = True

    @property
    def figures(self) -> tuple[str, ...]:
        return (*_VECTORS, *(_HYBRID if self.words else ()), *_BUILT)

    def run(self, bench: Bench) -> Results:
        from agentpay.store import embedded
        from agentpay.store.migrate import migrate

        with tempfile.TemporaryDirectory(prefix="agentpay-bench-", ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o755)  # as root the embedded servers run as an account that a private folder keeps out
            data = bench.data / "search" if bench.data is not None else Path(folder) / "data"
            with embedded.start(data) as running:
                migrate(running.database_url)
                store = _shop(bench, Path(folder))
                organization, slug = asyncio.run(_open(running.database_url, store, bench))
                rows = []
                for size in bench.sizes or SIZES:
                    url = create_database(running.database_url, f"bench_{size}", template="agentpay")
                    rows.append(asyncio.run(_measure(url, organization, slug, size, bench, words=self.words)))
                    _drop(running.database_url, f"bench_{size}")
        return Results({"agentpay": rows}, {})


def _shop(bench: Bench, folder: Path) -> Path:
    """The shop to grow: the one given, else the electronics shop of the shared data, else the demo's."""
    maker = bench.folder.parent / "data" / "chorus_electronics" / "make_store.py"
    if bench.store_given or not maker.is_file():
        return bench.store
    subprocess.run([sys.executable, str(maker), str(folder / "store")], check=True, stdout=subprocess.DEVNULL)
    return folder / "store" / "store.yaml"


def _drop(url: str, name: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))


async def _open(url: str, store: Path, bench: Bench) -> tuple[UUID, str]:
    """The real shop, imported and indexed unless it is already there."""
    from sqlalchemy import select

    from agentpay.commerce.importing import file_digest, import_store
    from agentpay.knowledge.indexing import index_pending
    from agentpay.knowledge.semantic import Semantic
    from agentpay.settings import get_settings
    from agentpay.store.session import Database
    from agentpay.store.tables import Organization

    database = Database(url)
    try:
        digest = await asyncio.to_thread(file_digest, store)
        async with database.session() as session:
            known = await session.scalar(select(Organization.id).where(Organization.import_digest == digest))
        organization = known or (await import_store(database, store, progress=bench.advance)).organization_id
        semantic = Semantic(get_settings().model_copy(update={"embeddings": "local", "vectors": "postgres"}))
        await index_pending(
            database, organization, lambda done, of: bench.advance("Indexing the shop", done, of), semantic=semantic
        )
        async with database.session() as session:
            slug = await session.scalar(select(Organization.slug).where(Organization.id == organization))
        assert slug is not None, "it was imported"
        return organization, slug
    finally:
        await database.close()


async def _measure(url: str, organization: UUID, slug: str, size: int, bench: Bench, *, words: bool) -> dict[str, Any]:
    import psutil  # type: ignore[import-untyped]

    from agentpay.evals.bench import many_products
    from agentpay.knowledge.search import search
    from agentpay.knowledge.semantic import Semantic
    from agentpay.llm.minilm import DIMENSION, MODEL
    from agentpay.settings import get_settings
    from agentpay.store.session import Database

    def advance(stage: str, done: int, total: int) -> None:
        bench.advance(f"{size:,}: {stage}", done, total)

    started = time.perf_counter()
    products = await asyncio.to_thread(many_products.grow, url, organization, MODEL, size, advance, words=words)
    loaded = time.perf_counter()
    advance("Building the graph of vectors", 0, 0)
    await asyncio.to_thread(many_products.build_graph, url, MODEL, DIMENSION, products)
    built = time.perf_counter()
    database = Database(url, pool_size=1)
    try:
        semantic = Semantic(get_settings().model_copy(update={"embeddings": "local", "vectors": "postgres"}))
        queries = await _queries(database, organization, slug)
        cases = await _filters(database, organization, queries)
        vectors = await _vector_part(database, organization, semantic, cases, advance)

        async def ask(query: str) -> None:
            async with database.tx(organization) as tx:
                await search(tx, query, kinds=("product",), semantic=semantic)

        hybrid: dict[str, Any] = {}
        if words:
            times, cpu = await _timed(database, "Hybrid", [(ask, query) for query in queries], advance)
            hybrid = {"hybrid_p50": _quantile(times, 0.5), "hybrid_p95": _quantile(times, 0.95), "hybrid_cpu_ms": cpu}
        sizes = await _sizes(database)
        server = (await _backend(database)).parent()
        memory = sum(_own_memory(process) for process in [server, *server.children()])
    finally:
        await database.close()
    return {
        "label": f"{size:,} products",
        "products": products,
        **vectors,
        **hybrid,
        "load_s": round(loaded - started, 1),
        "build_s": round(built - loaded, 1),
        **sizes,
        "postgres_mb": round(memory / 2**20),
        "process_mb": round(psutil.Process().memory_info().rss / 2**20),
    }


async def _queries(database: Database, organization: UUID, slug: str) -> list[str]:
    """What people would ask: our list for the electronics shop, else the beginnings of the shop's titles."""
    from sqlalchemy import text

    from agentpay.evals.search import read_served
    from agentpay.knowledge.terms import words

    if slug == _ELECTRONICS:
        asked = [row.query for row in read_served(_SERVED) if row.served]
        return asked[:: max(1, len(asked) // QUERIES)][:QUERIES]
    async with database.session() as session:
        titles = await session.scalars(
            text("SELECT title FROM products WHERE organization_id = :org ORDER BY md5(id::text) LIMIT :many"),
            {"org": organization, "many": QUERIES},
        )
        return [" ".join(words(title)[:3]) for title in titles]


async def _filters(
    database: Database, organization: UUID, queries: Sequence[str]
) -> list[tuple[str, str, SearchFilters]]:
    """(query, kind, filters): half of the prices, a tenth of them, a hundredth, a brand (a common one more often), in stock."""
    from sqlalchemy import text

    from agentpay.knowledge.filters import SearchFilters

    async with database.session() as session:
        prices = await session.scalar(
            text(
                "SELECT percentile_disc(ARRAY[.5, .45, .55, .495, .505]) WITHIN GROUP (ORDER BY price) FROM variants"
                " WHERE organization_id = :org"
            ),
            {"org": organization},
        )
        brands = list(
            await session.scalars(
                text(
                    "SELECT brand FROM products WHERE organization_id = :org AND brand IS NOT NULL"
                    " ORDER BY md5(id::text) LIMIT :many"
                ),
                {"org": organization, "many": len(queries)},
            )
        )
    half, tenth_from, tenth_to, hundredth_from, hundredth_to = prices
    kinds = [
        ("half of the prices", SearchFilters(price_max=half)),
        ("a tenth of the prices", SearchFilters(price_min=tenth_from, price_max=tenth_to)),
        ("a hundredth of the prices", SearchFilters(price_min=hundredth_from, price_max=hundredth_to)),
        ("in stock", SearchFilters(in_stock=True)),
    ]
    cases = []
    for n, query in enumerate(queries):
        kind, filters = (
            kinds[n % 5] if n % 5 < len(kinds) else ("a brand", SearchFilters(brand=brands[n % len(brands)]))
        )
        cases.append((query, kind, filters))
    return cases


async def _vector_part(
    database: Database,
    organization: UUID,
    semantic: Semantic,
    cases: Sequence[tuple[str, str, SearchFilters]],
    advance: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """As the hybrid asks it, without the query's embedding; recall of its first ten against all that fits compared exactly."""
    from agentpay.knowledge.filters import narrowing
    from agentpay.knowledge.product_search import NEAR
    from agentpay.llm.minilm import MODEL
    from agentpay.store.vectors import PgVectors

    embedder = semantic.current
    assert embedder is not None, "the local model needs no key"
    found: dict[int, list[UUID]] = {}
    vectors = [(await embedder.aencode([query], urgent=True))[0] for query, _, _ in cases]

    async def ask(n: int) -> None:
        async with database.tx(organization) as tx:
            near = await semantic.store.nearest(
                tx, MODEL, "product", vectors[n], limit=NEAR, narrowing=narrowing(cases[n][2])
            )
        found[n] = [one.owner_id for one in near[:EXACT]]

    times, cpu = await _timed(database, "Filtered vectors", [(ask, n) for n in range(len(cases))], advance)
    by_kind: dict[str, list[tuple[float, float]]] = {}
    exact = PgVectors(by_graph=False)
    for n, (_, kind, filters) in enumerate(cases):
        advance("Comparing one by one", n, len(cases))
        async with database.tx(organization) as tx:
            near = await exact.nearest(tx, MODEL, "product", vectors[n], limit=EXACT, narrowing=narrowing(filters))
        right = {one.owner_id for one in near}
        by_kind.setdefault(kind, []).append((times[n], len(right & set(found[n])) / len(right) if right else 1.0))
    recalls = [recall for rows in by_kind.values() for _, recall in rows]
    return {
        "vectors_p50": _quantile(times, 0.5),
        "vectors_p95": _quantile(times, 0.95),
        "vectors_cpu_ms": cpu,
        "recall_10": round(statistics.fmean(recalls), 4),
        "by_filter": {
            kind: {
                "p50": _quantile([t for t, _ in rows], 0.5),
                "max": _quantile([t for t, _ in rows], 1.0),
                "recall_10": round(statistics.fmean(recall for _, recall in rows), 4),
            }
            for kind, rows in by_kind.items()
        },
    }


async def _timed(
    database: Database,
    stage: str,
    calls: Sequence[tuple[Callable[[Any], Awaitable[None]], Any]],
    advance: Callable[[str, int, int], None],
) -> tuple[list[float], float]:
    """Each call's milliseconds in the second of two rounds, and the processor time a call in it, here and in PostgreSQL."""
    backend = await _backend(database)
    times: list[float] = []
    before = 0.0
    for round_ in range(2):
        times, before = [], _spent(backend)
        for n, (call, argument) in enumerate(calls):
            advance(f"{stage}, {'measured' if round_ else 'warming up'}", n, len(calls))
            started = time.perf_counter()
            await call(argument)
            times.append((time.perf_counter() - started) * 1000)
    return times, round((_spent(backend) - before) * 1000 / max(1, len(calls)), 1)


async def _backend(database: Database) -> Any:
    """PostgreSQL's process behind the only connection of `database`."""
    import psutil
    from sqlalchemy import text

    async with database.session() as session:
        return psutil.Process(await session.scalar(text("SELECT pg_backend_pid()")))


def _spent(backend: Any) -> float:
    used = backend.cpu_times()
    return time.process_time() + float(used.user) + float(used.system)


async def _sizes(database: Database) -> dict[str, Any]:
    from sqlalchemy import text

    from agentpay.llm.minilm import MODEL
    from agentpay.store.vector_graph import index_name

    async with database.session() as session:
        row = (
            await session.execute(
                text(
                    "SELECT pg_relation_size(to_regclass(:graph)) AS graph_mb, pg_total_relation_size('product_terms')"
                    " AS words_mb, pg_database_size(current_database()) AS database_mb"
                ),
                {"graph": index_name(MODEL)},
            )
        ).one()
    return {name: round((value or 0) / 2**20, 1) for name, value in row._mapping.items()}


def _own_memory(process: Any) -> int:
    """Bytes, what is shared with others counted by share."""
    import psutil

    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else 0.0
