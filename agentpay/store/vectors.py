"""Vectors of products and articles: one protocol, kept in PostgreSQL (pgvector) or in Pinecone (`store/pinecone.py`)."""

from __future__ import annotations

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
from agentpay.store.vector_graph import build, index_name
from agentpay.store.vector_query import NearestQuery, literal

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
    outline: str = ""
    """The part of the condition that rows of `embedding_facets f` answer (starting with AND), or nothing."""


class VectorStore(Protocol):
    """All calls are about `tx`'s organization alone, whatever else they name or leave out."""

    keeps_facets: bool
    """Whether it filters by the facets that passages bring, and is told when they change."""

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
        also: Sequence[UUID] = (),
    ) -> list[Near]:
        """The `limit` active owners nearest to `vector`, each once, best first; then those of `also`, however far they are
        and whatever the narrowing says."""
        ...

    async def keep_only(self, tx: Tx, model: str) -> None:
        """Forget the vectors of every other model."""
        ...

    async def optimise(self, database: Database, model: str) -> None:
        """Called after a bulk load."""
        ...


EXACT_UP_TO = 5_000
"""Vectors that are compared one by one: exact, and as fast as a graph that knows other shops too."""
SIGNS_UP_TO = 200_000
"""Vectors whose signs are compared, some .3 µs each: a graph finds more of what is nearer the query than the filters leave."""
LEAST_PART = 0.02
"""Of the graph that an organization's vectors must be: among a million of others', few of its own are met."""
FEW = 10
"""Where a search by graph or signs finds fewer than so many, all that fits is compared one by one."""
SPARE = 1.25
"""So many more passages than owners are asked for: some owners have two."""
PASSAGES = 4
"""The same for articles."""
_COUNTED_SECONDS = 60.0

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

    keeps_facets = False

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
        also: Sequence[UUID] = (),
    ) -> list[Near]:
        narrowing = narrowing or Narrowing()
        passages = int(limit * SPARE) + 1 if kind == "product" else limit * PASSAGES
        query = NearestQuery(tx.organization_id, model, kind, vector, narrowing, passages)
        beside = [query.of(also)] if also else []
        graph = await self._graph(tx, model) if kind == "product" and self._by_graph else 0
        way = await self._way(tx, model, narrowing) if graph else "one by one"
        if way == "one by one":
            found, *rest = await statements.several(tx, query.one_by_one(), *beside)
        else:
            planned = query.by_signs() if way == "signs" else query.walked(graph)
            _, found, _, *rest = await statements.several(tx, *planned, *beside)
            if len(found) < min(FEW, limit):
                found = await statements.rows(tx, *query.one_by_one())
        near = _once(found, limit)
        known = {one.owner_id for one in near}
        return near + [one for one in _once(rest[0] if rest else [], len(also)) if one.owner_id not in known]

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

    async def _way(self, tx: Tx, model: str, narrowing: Narrowing) -> Literal["one by one", "signs", "graph"]:
        """How what fits is found: the fewer the filters leave, and the farther that may lie from the query.

        Few are counted. How many many are the planner knows well enough, at a hundredth of what counting costs.
        """
        if not narrowing.outline:
            return "graph"
        told = "SELECT FROM embedding_facets f WHERE f.organization_id = :org AND f.model = :model" + narrowing.outline
        values = {**narrowing.parameters, "org": tx.organization_id, "model": model, "many": EXACT_UP_TO + 1}
        ((counted,),) = await statements.rows(tx, f"SELECT count(*) FROM ({told} LIMIT :many) q", values)
        if counted <= EXACT_UP_TO:
            return "one by one"
        ((plan,),) = await statements.rows(tx, f"EXPLAIN (FORMAT JSON) {told}", values)
        return "signs" if plan[0]["Plan"]["Plan Rows"] <= SIGNS_UP_TO else "graph"


def _once(found: Sequence[tuple[Any, ...]], limit: int) -> list[Near]:
    """Each owner once, by its nearest passage, the nearest first."""
    ordered = sorted(found, key=itemgetter(2))
    best = {row[0]: row for row in reversed(ordered)}  # the last one given, the nearest, stays
    kept = ordered if len(best) == len(ordered) else [row for row in ordered if best[row[0]] is row]
    return [Near(owner, 1.0 - distance, chunk, content) for owner, chunk, distance, content in kept[:limit]]
