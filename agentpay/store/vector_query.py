"""The statements by which pgvector is asked for the nearest: by the graph, by the signs of vectors, or one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import orjson

from agentpay.store.statements import Asked
from agentpay.store.vector_graph import checked

if TYPE_CHECKING:
    from agentpay.store.vectors import Kind, Narrowing, Vector

EF_SEARCH = 120
"""How wide the graph of `EF_AT` vectors is walked; `EF_GROWTH` is by what power of its size a bigger one asks for more:
at a million a width of 400 finds .975 of the ten nearest (docs/search.md)."""
EF_AT, EF_GROWTH, EF_MOST = 20_000, 0.3, 1000
EF_FILTERED = 1.5
"""Times as wide under filters: what they leave may lie far from the query, where a narrow walk finds less."""
MAX_SCAN_TUPLES = 2_500
"""Vectors that the graph is walked for at most where filters leave few; some 20 µs each."""
MET = 1.1
"""So many more of those that the outline lets through are asked for: not all of them fit the rest, or are active."""
BY_SIGNS = 1_200
"""Vectors whose signs are most like the query's, and which are then measured. Of 400 a foreign brand's ten nearest are
.85, of 800 .94, of 1,200 .97 (a million products, docs/search.md)."""
_NESTED = "set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
_WALK = (
    "SELECT set_config('hnsw.ef_search', '{ef}', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),"
    f" set_config('hnsw.max_scan_tuples', '{{most}}', true), set_config('enable_sort', 'off', true), {_NESTED}"
)
"""The planner takes a graph for dearer than it is."""
_SIGNS: Asked = f"SELECT {_NESTED}", {}
"""Rows are looked up one after the other, which keeps them in their order."""
_REST: Asked = (
    "SELECT set_config(n, 'on', true) FROM unnest(ARRAY['enable_sort', 'enable_hashjoin', 'enable_mergejoin']) n",
    {},
)
Planned: TypeAlias = tuple[Asked, Asked, Asked]
"""What the planner is told, the search, and that it was for this one alone."""


class NearestQuery:
    """The ways of one search for the nearest; each answers (owner, chunk, distance, content), roughly the nearest first."""

    def __init__(
        self, organization_id: UUID, model: str, kind: Kind, vector: Vector, narrowing: Narrowing, passages: int
    ) -> None:
        self._narrowing = narrowing
        self._passages = passages
        size = len(vector)
        self._values: dict[str, Any] = {
            **narrowing.parameters,
            "org": organization_id,
            "model": model,
            "vector": literal(vector),
            "passages": passages,
        }
        self._distance = f"(e.embedding::halfvec({size}) <=> CAST(:vector AS halfvec({size})))"
        self._owner = f"e.{kind}_id"
        # What a product's passage says is told from the product itself: it would be read in vain
        self._content = "e.content" if kind == "article" else "'' AS content"
        self._own = f"e.organization_id = :org AND e.model = '{checked(model)}' AND {self._owner} IS NOT NULL"
        self._joined = (
            f"JOIN {kind}s p ON p.organization_id = e.organization_id AND p.id = {self._owner} AND p.status = 'active'"
        )

    def walked(self, size: int) -> Planned:
        """By the graph of `size` vectors: what it meets first, and under filters more of it, until there is enough."""
        outline, sql = self._narrowing.outline, self._narrowing.sql
        width = _width(size, filtered=bool(sql), least=self._passages)
        nearest = f"ORDER BY {self._distance} LIMIT"
        if outline:  # narrow rows are asked on the way, products and variants only of what they let through
            statement = f"""
                SELECT {self._owner}, e.chunk, e.distance, e.content FROM (
                    SELECT e.organization_id, {self._owner}, e.chunk, {self._distance} AS distance, {self._content}
                    FROM embeddings e WHERE {self._own}
                    AND EXISTS (SELECT FROM embedding_facets f WHERE f.embedding_id = e.id{outline}) {nearest} :met
                ) e {self._joined} WHERE true{sql} LIMIT :passages
            """
        else:
            statement = (
                f"SELECT {self._owner}, e.chunk, {self._distance}, {self._content} FROM embeddings e {self._joined}"
                f" WHERE {self._own}{sql} {nearest} :passages"
            )
        values = {**self._values, "met": round(self._passages * MET)}
        return (_WALK.format(ef=width, most=MAX_SCAN_TUPLES), {}), (statement, values), _REST

    def by_signs(self) -> Planned:
        """The signs of all that the outline lets through are compared, and the best of them measured."""
        statement = f"""
            WITH alike AS MATERIALIZED (
                SELECT f.embedding_id FROM embedding_facets f
                WHERE f.organization_id = :org AND f.model = :model{self._narrowing.outline}
                ORDER BY f.signs <~> (SELECT binary_quantize(CAST(:vector AS halfvec))) LIMIT {BY_SIGNS}
            ),
            measured AS MATERIALIZED (
                SELECT e.organization_id, {self._owner}, e.chunk, {self._distance} AS distance, {self._content}
                FROM (SELECT DISTINCT embedding_id FROM alike) a JOIN embeddings e ON e.id = a.embedding_id
                ORDER BY distance
            )
            SELECT {self._owner}, e.chunk, e.distance, e.content FROM measured e {self._joined}
            WHERE true{self._narrowing.sql} LIMIT :passages
        """
        return _SIGNS, (statement, self._values), _REST

    def one_by_one(self) -> Asked:
        """All of them under the filters: exact. `+ 0` keeps the graph out of it."""
        if not self._narrowing.sql:
            return self._exactly(self._own), self._values
        statement = (
            f"SELECT {self._owner}, e.chunk, {self._distance} AS distance, {self._content}"
            f" FROM embeddings e {self._joined} WHERE {self._own}{self._narrowing.sql}"
            f" ORDER BY {self._distance} + 0 LIMIT :passages"
        )
        return statement, self._values

    def of(self, owners: Sequence[UUID]) -> Asked:
        """These owners, each passage of theirs."""
        values = {**self._values, "only": list(owners), "passages": None}
        return self._exactly(f"{self._own} AND {self._owner} = ANY(:only)"), values

    def _exactly(self, own: str) -> str:
        # Few are archived: their names are looked up only of what is near
        return f"""
            SELECT {self._owner}, e.chunk, e.distance, e.content FROM (
                SELECT e.organization_id, {self._owner}, e.chunk, {self._distance} AS distance, {self._content}
                FROM embeddings e WHERE {own}
                ORDER BY {self._distance} + 0 LIMIT :passages
            ) e {self._joined}
        """


def _width(size: int, *, filtered: bool, least: int) -> int:
    """How many candidates a walk keeps before it (hnsw.ef_search)."""
    grown = EF_SEARCH * math.pow(max(1.0, size / EF_AT), EF_GROWTH) * (EF_FILTERED if filtered else 1)
    return min(EF_MOST, max(round(grown), least))


def literal(vector: Vector) -> str:
    """A vector as pgvector reads it."""
    return orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()
