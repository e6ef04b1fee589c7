"""Vectors of products and articles: one protocol, kept in PostgreSQL (pgvector) or in Pinecone (`store/pinecone.py`)."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import text

from agentpay.store import statements
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.vector_graph import build, checked, index_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]

Kind = Literal["product", "article"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a product or an article with its vector of length 1. `facets` are what a store outside may filter by."""

    owner_id: UUID
    chunk: int
    content_hash: str
    content: str
    vector: Vector
    facets: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Near:
    """The passage of an owner nearest to a query. `score` is the cosine, -1..1."""

    owner_id: UUID
    score: float
    chunk: int
    content: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What owners must hold: a SQL condition over `products p` (starting with AND) for one's own database, and the same as
    far as Pinecone's metadata can say it. What the latter cannot say is checked afterwards in PostgreSQL."""

    sql: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    facets: dict[str, Any] = field(default_factory=dict)
    probes: tuple[str, ...] = ()
    """Parts of the condition as queries that an index answers: where one has few rows, the whole has no more."""


class VectorStore(Protocol):
    """All calls are about `tx`'s organization alone, whatever else they name or leave out."""

    async def hashes(self, tx: Tx, model: str, kind: Kind, owners: Sequence[UUID]) -> dict[UUID, list[str]]:
        """The content hashes of the passages kept, in order of chunk; owners may be missing where a look-up is dear."""
        ...

    async def replace(
        self, tx: Tx, model: str, kind: Kind, owners: Sequence[UUID], passages: Sequence[Passage]
    ) -> None:
        """These are all passages of these owners now."""
        ...

    async def nearest(
        self,
        tx: Tx,
        model: str,
        kind: Kind,
        vector: Vector,
        *,
        limit: int,
        narrowing: Narrowing | None = None,
        only: Sequence[UUID] | None = None,
    ) -> list[Near]:
        """The active owners nearest to `vector`, each once, best first; of `only` these where given."""
        ...

    async def keep_only(self, tx: Tx, model: str) -> None:
        """Forget the vectors of every other model."""
        ...

    async def optimise(self, database: Database, model: str) -> None:
        """Called after a bulk load."""
        ...


EXACT_UP_TO = 5_000
"""Vectors that are compared one by one: exact, and as fast as a graph that knows other shops too."""
LEAST_PART = 0.02
"""Of the graph that an organization's vectors must be: among a million of others', few of its own are met."""
EF_SEARCH = 120
"""How wide the graph of `EF_AT` vectors is walked; `EF_GROWTH` is by what power of its size a bigger one asks for more:
at a million a width of 400 finds .975 of the ten nearest (docs/search.md)."""
EF_AT, EF_GROWTH, EF_MOST = 20_000, 0.3, 1000
EF_FILTERED = 2
"""Times as wide under filters: what they leave may lie far from the query, where a narrow walk finds less."""
MAX_SCAN_TUPLES = 2_500
"""Vectors that the graph is walked for at most where filters leave few; some 20 µs each."""
FEW = 10
"""Where the walk finds fewer than so many, the filters are so narrow that what they leave is compared one by one."""
SPARE = 1.25
"""So many more passages than owners are asked for: some owners have two."""
PASSAGES = 4
"""The same for articles, and where owners are named."""
_COUNTED_SECONDS = 60.0
_WALK = (
    "SELECT set_config('hnsw.ef_search', '{ef}', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),"
    " set_config('hnsw.max_scan_tuples', '{most}', true), set_config('enable_sort', 'off', true),"
    " set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
)
"""The planner takes a graph for dearer than it is."""
_REST = "SELECT set_config(n, 'on', true) FROM unnest(ARRAY['enable_sort', 'enable_hashjoin', 'enable_mergejoin']) n"


_GRAPH = """
    WITH graph AS MATERIALIZED (
        SELECT greatest(:many, c.reltuples * :part)::bigint AS enough, greatest(:many, c.reltuples)::bigint AS size
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indexrelid = to_regclass(:index) AND i.indisvalid
    )
    SELECT coalesce((SELECT size FROM graph WHERE enough = (SELECT count(*) FROM (
        SELECT FROM embeddings WHERE organization_id = :org AND model = :model AND product_id IS NOT NULL
        LIMIT (SELECT coalesce(max(enough), 0) FROM graph)) e)), 0)
"""


class PgVectors:
    """halfvec in `embeddings`; an HNSW index for each model once there are many, searched iteratively under filters."""

    def __init__(self, *, by_graph: bool = True) -> None:
        """Without `by_graph` everything is compared one by one: exact, and slow in a big shop."""
        self._by_graph = by_graph
        self._graphs: dict[tuple[UUID, str], tuple[float, int]] = {}

    async def hashes(self, tx: Tx, model: str, kind: Kind, owners: Sequence[UUID]) -> dict[UUID, list[str]]:
        rows = await tx.session.execute(
            text(
                f"SELECT {kind}_id AS owner, array_agg(content_hash ORDER BY chunk) AS hashes FROM embeddings"
                f" WHERE organization_id = :org AND model = :model AND {kind}_id = ANY(:owners) GROUP BY {kind}_id"
            ),
            {"org": tx.organization_id, "model": model, "owners": list(owners)},
        )
        return {row.owner: list(row.hashes) for row in rows}

    async def replace(
        self, tx: Tx, model: str, kind: Kind, owners: Sequence[UUID], passages: Sequence[Passage]
    ) -> None:
        keys = {"org": tx.organization_id, "model": model}
        await tx.session.execute(
            text(
                f"DELETE FROM embeddings WHERE organization_id = :org AND model = :model AND {kind}_id = ANY(:owners)"
            ),
            {**keys, "owners": list(owners)},
        )
        if not passages:
            return
        statement = f"""
            INSERT INTO embeddings (id, organization_id, model, {kind}_id, chunk, dimension, content_hash, content, embedding)
            SELECT i, :org, :model, o, c, :dimension, h, t, CAST(v AS halfvec) FROM unnest(
                CAST(:ids AS uuid[]), CAST(:owners AS uuid[]), CAST(:chunks AS int[]), CAST(:hashes AS text[]),
                CAST(:contents AS text[]), CAST(:vectors AS text[])) AS x(i, o, c, h, t, v)
        """
        await tx.session.execute(
            text(statement),
            {
                **keys,
                "dimension": len(passages[0].vector),
                "ids": [new_id() for _ in passages],
                "owners": [passage.owner_id for passage in passages],
                "chunks": [passage.chunk for passage in passages],
                "hashes": [passage.content_hash for passage in passages],
                # A product's words stand in its own row
                "contents": [passage.content if kind == "article" else "" for passage in passages],
                "vectors": [literal(passage.vector) for passage in passages],
            },
        )

    async def nearest(
        self,
        tx: Tx,
        model: str,
        kind: Kind,
        vector: Vector,
        *,
        limit: int,
        narrowing: Narrowing | None = None,
        only: Sequence[UUID] | None = None,
    ) -> list[Near]:
        narrowing = narrowing or Narrowing()
        passages = int(limit * SPARE) + 1 if kind == "product" and only is None else limit * PASSAGES
        query = _Query(tx, model, kind, vector, narrowing, passages)
        if only is not None:
            return _once(await query.one_by_one(only=only), limit)
        graph = await self._graph(tx, model) if kind == "product" and self._by_graph else 0
        if not graph or await self._leaves_few(tx, narrowing):
            return _once(await query.one_by_one(), limit)
        found = await query.walked(graph)
        if len(found) < min(FEW, limit):
            found = await query.one_by_one()
        return _once(found, limit)

    async def keep_only(self, tx: Tx, model: str) -> None:
        await tx.session.execute(
            text("DELETE FROM embeddings WHERE organization_id = :org AND model <> :model"),
            {"org": tx.organization_id, "model": model},
        )

    async def optimise(self, database: Database, model: str) -> None:
        """Build the model's graph once some organization has more vectors than are compared one by one."""
        async with database.session() as session:
            row = (
                await session.execute(
                    text(
                        "SELECT dimension, count(*) AS n, sum(count(*)) OVER () AS whole FROM embeddings"
                        " WHERE model = :model AND product_id IS NOT NULL"
                        " GROUP BY organization_id, dimension ORDER BY n DESC LIMIT 1"
                    ),
                    {"model": model},
                )
            ).one_or_none()
        if row is not None and row.n > EXACT_UP_TO:
            async with database.engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
                await build(connection, model, row.dimension, int(row.whole))
        self._graphs.clear()

    async def _graph(self, tx: Tx, model: str) -> int:
        """How many vectors the graph has that the organization's products are searched by; asked once a minute.

        0 where they are few, and where they are so small a part of the graph that a walk meets too few of them.
        """
        key = (tx.organization_id, model)
        asked, size = self._graphs.get(key, (0.0, 0))
        if not asked or time.monotonic() - asked > _COUNTED_SECONDS:
            values = {
                "index": index_name(model),
                "org": tx.organization_id,
                "model": model,
                "many": EXACT_UP_TO + 1,
                "part": LEAST_PART,
            }
            ((size,),) = await statements.rows(tx, _GRAPH, values)
            self._graphs[key] = (time.monotonic(), size)
        return size

    async def _leaves_few(self, tx: Tx, narrowing: Narrowing) -> bool:
        """Whether the filters leave so little that it is compared one by one."""
        for probe in narrowing.probes:
            values = {**narrowing.parameters, "org": tx.organization_id, "many": EXACT_UP_TO}
            ((counted,),) = await statements.rows(tx, f"SELECT count(*) FROM ({probe} LIMIT :many) p", values)
            if counted < EXACT_UP_TO:
                return True
        return False


class _Query:
    """The statements of one search for the nearest; each answers (owner, chunk, distance, content), the nearest first."""

    def __init__(self, tx: Tx, model: str, kind: Kind, vector: Vector, narrowing: Narrowing, passages: int) -> None:
        self._tx = tx
        self._narrowing = narrowing
        self._passages = passages
        self._values: dict[str, Any] = {
            **narrowing.parameters,
            "org": tx.organization_id,
            "vector": literal(vector),
            "passages": passages,
        }
        size = len(vector)
        self._distance = f"(e.embedding::halfvec({size}) <=> CAST(:vector AS halfvec({size})))"
        self._owner = f"e.{kind}_id"
        self._own = f"e.organization_id = :org AND e.model = '{checked(model)}' AND {self._owner} IS NOT NULL"
        self._joined = (
            f"JOIN {kind}s p ON p.organization_id = e.organization_id AND p.id = {self._owner} AND p.status = 'active'"
        )

    async def walked(self, size: int) -> list[tuple[Any, ...]]:
        """By the graph of `size` vectors: what it meets first, and under filters more of it, until there is enough."""
        width = _width(size, filtered=bool(self._narrowing.sql), least=self._passages)
        return await statements.rows(
            self._tx,
            f"SELECT {self._owner}, e.chunk, {self._distance}, e.content FROM embeddings e {self._joined}"
            f" WHERE {self._own}{self._narrowing.sql} ORDER BY {self._distance} LIMIT :passages",
            self._values,
            around=(_WALK.format(ef=width, most=MAX_SCAN_TUPLES), _REST),
        )

    async def one_by_one(self, only: Sequence[UUID] | None = None) -> list[tuple[Any, ...]]:
        """All of them, or of `only`, under the filters: exact. `+ 0` keeps the graph out of it."""
        own, values = self._own, self._values
        if only is not None:
            own, values = f"{own} AND {self._owner} = ANY(:only)", {**values, "only": list(only)}
        if self._narrowing.sql:
            statement = (
                f"SELECT {self._owner}, e.chunk, {self._distance} AS distance, e.content FROM embeddings e {self._joined}"
                f" WHERE {own}{self._narrowing.sql} ORDER BY {self._distance} + 0 LIMIT :passages"
            )
        else:  # few are archived: their names are looked up only of what is near
            statement = f"""
                SELECT {self._owner}, e.chunk, e.distance, e.content FROM (
                    SELECT e.*, {self._distance} AS distance FROM embeddings e WHERE {own}
                    ORDER BY {self._distance} + 0 LIMIT :passages
                ) e {self._joined}
            """
        return await statements.rows(self._tx, statement, values)


def _width(size: int, *, filtered: bool, least: int) -> int:
    """How many candidates a walk keeps before it (hnsw.ef_search)."""
    grown = EF_SEARCH * math.pow(max(1.0, size / EF_AT), EF_GROWTH) * (EF_FILTERED if filtered else 1)
    return min(EF_MOST, max(round(grown), least))


def _once(found: Sequence[tuple[Any, ...]], limit: int) -> list[Near]:
    """Each owner once, by its nearest passage, the nearest first."""
    ordered = sorted(found, key=itemgetter(2))
    best = {row[0]: row for row in reversed(ordered)}  # the last one given, the nearest, stays
    kept = ordered if len(best) == len(ordered) else [row for row in ordered if best[row[0]] is row]
    return [Near(owner, 1.0 - distance, chunk, content) for owner, chunk, distance, content in kept[:limit]]


def literal(vector: Vector) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.5g}" for value in vector.tolist()) + "]"
