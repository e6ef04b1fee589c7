"""Vectors of products and articles: one protocol, kept in PostgreSQL (pgvector) or in Pinecone (`store/pinecone.py`)."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import text

from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx

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
"""Vectors of an organization that are compared one by one: exact, and as fast as a graph that knows other shops too."""
EF_SEARCH = 120
MAX_SCAN_TUPLES = 40_000
_COUNTED_SECONDS = 60.0
_MODEL = re.compile(r"[\w.:/@+-]{1,200}")


class PgVectors:
    """halfvec in `embeddings`; an HNSW index for each model once there are many, searched iteratively under filters."""

    def __init__(self) -> None:
        self._big: dict[tuple[UUID, str], tuple[float, bool]] = {}

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
        parameters: dict[str, Any] = {
            **narrowing.parameters,
            "org": tx.organization_id,
            "vector": literal(vector),
            "passages": limit * 2,  # an owner may have several
            "limit": limit,
        }
        chosen = ""
        if only is not None:
            chosen = f" AND e.{kind}_id = ANY(:only)"
            parameters["only"] = list(only)
        by_graph = only is None and await self._is_big(tx, model)
        if by_graph:
            await tx.session.execute(
                text(
                    f"SELECT set_config('hnsw.ef_search', '{max(EF_SEARCH, min(limit, 1000))}', true),"
                    " set_config('hnsw.iterative_scan', 'relaxed_order', true),"
                    f" set_config('hnsw.max_scan_tuples', '{MAX_SCAN_TUPLES}', true),"
                    " set_config('enable_sort', 'off', true), set_config('enable_hashjoin', 'off', true),"
                    " set_config('enable_mergejoin', 'off', true)"
                )
            )
        distance = f"(e.embedding::halfvec({len(vector)}) <=> CAST(:vector AS halfvec({len(vector)})))"
        joined = (
            f"JOIN {kind}s p ON p.organization_id = e.organization_id AND p.id = e.{kind}_id AND p.status = 'active'"
        )
        own = f"e.organization_id = :org AND e.model = '{_checked(model)}' AND e.{kind}_id IS NOT NULL{chosen}"
        if by_graph or narrowing.sql:
            found = f"""
                SELECT e.{kind}_id AS owner, e.chunk, {distance} AS distance, e.content FROM embeddings e {joined}
                WHERE {own}{narrowing.sql} ORDER BY {distance}{"" if by_graph else " + 0"} LIMIT :passages
            """
        else:  # few are archived: their names are looked up only of what is near
            found = f"""
                SELECT e.{kind}_id AS owner, e.chunk, e.distance, e.content FROM (
                    SELECT e.*, {distance} AS distance FROM embeddings e WHERE {own}
                    ORDER BY {distance} + 0 LIMIT :passages
                ) e {joined}
            """
        statement = f"""
            WITH found AS MATERIALIZED ({found})
            SELECT * FROM (SELECT DISTINCT ON (owner) owner, chunk, distance, content FROM found ORDER BY owner, distance) u
            ORDER BY distance LIMIT :limit
        """
        rows = (await tx.session.execute(text(statement), parameters)).all()
        if by_graph:
            await tx.session.execute(
                text(
                    "SELECT set_config(n, 'on', true) FROM unnest(ARRAY['enable_sort', 'enable_hashjoin', 'enable_mergejoin']) n"
                )
            )
        return [Near(row.owner, 1.0 - float(row.distance), row.chunk, row.content) for row in rows]

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
                        "SELECT dimension, count(*) AS n FROM embeddings WHERE model = :model"
                        " GROUP BY organization_id, dimension ORDER BY n DESC LIMIT 1"
                    ),
                    {"model": model},
                )
            ).one_or_none()
        self._big.clear()
        if row is None or row.n <= EXACT_UP_TO:
            return
        async with database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("SET maintenance_work_mem = '1GB'"))
            await connection.execute(
                text(
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index_name(model)} ON embeddings"
                    f" USING hnsw ((embedding::halfvec({row.dimension})) halfvec_cosine_ops)"
                    f" WHERE model = '{_checked(model)}'"
                )
            )
            await connection.execute(text("RESET maintenance_work_mem"))

    async def _is_big(self, tx: Tx, model: str) -> bool:
        """Whether the organization's vectors are searched by the graph; asked once a minute."""
        key = (tx.organization_id, model)
        asked, big = self._big.get(key, (0.0, False))
        if not asked or time.monotonic() - asked > _COUNTED_SECONDS:
            found = await tx.session.scalar(
                text(
                    "SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:index) AND indisvalid) AND"
                    " (SELECT count(*) FROM (SELECT 1 FROM embeddings WHERE organization_id = :org AND model = :model"
                    " LIMIT :many) e) >= :many"
                ),
                {"index": index_name(model), "org": tx.organization_id, "model": model, "many": EXACT_UP_TO + 1},
            )
            big = bool(found)
            self._big[key] = (time.monotonic(), big)
        return big


def literal(vector: Vector) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.5g}" for value in vector.tolist()) + "]"


def index_name(model: str) -> str:
    return f"ix_embeddings_hnsw_{hashlib.sha256(model.encode()).hexdigest()[:12]}"


def _checked(model: str) -> str:
    """The model's name as it may stand in a statement: a partial index is used only where its literal is seen."""
    if not _MODEL.fullmatch(model):
        raise ValueError(f"not a model's name: {model!r}")
    return model.replace(":", "\\:")
