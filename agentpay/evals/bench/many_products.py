"""A shop grown to many products: variations of its real ones, loaded in bulk as a restored backup would be."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from agentpay.store.vector_graph import graph, index_name

Advance = Callable[[str, int, int], None]

TABLES = ("products", "variants", "inventory", "product_terms", "embeddings", "embedding_facets")
STEP = 0.5
"""How far a varied vector goes from the real one, whose length is 1: to a cosine of about .9, as between products that
differ in a few words."""
_SAME = 0.995
"""Cosine from which on two products differ in nothing that could be put onto a third."""
_WITHIN = (
    "(left({0}::text, 24) || lpad(to_hex(('x' || substr({0}::text, 25, 4))::bit(16)::int # n), 4, '0')"
    " || right({0}::text, 8))::uuid"
)
"""The id of a row's nth variation: 16 of its random bits are changed by n, its time stays, as in a shop that grew."""

_FACETS = """
    INSERT INTO embedding_facets (embedding_id, organization_id, model, product_id, brand, price, signs)
    SELECT DISTINCT e.id, e.organization_id, e.model, e.product_id, lower(p.brand), v.price,
        binary_quantize(e.embedding)::varbit
    FROM embeddings e JOIN products p ON p.organization_id = e.organization_id AND p.id = e.product_id
    LEFT JOIN variants v ON v.organization_id = p.organization_id AND v.product_id = p.id AND NOT v.archived
    WHERE e.organization_id = %(org)s AND e.model = %(model)s
"""
"""What the trigger on embeddings writes, which rests meanwhile."""


def grow(url: str, organization: UUID, model: str, size: int, advance: Advance, *, words: bool = True) -> int:
    """
    Fill the organization up to about `size` products, a whole multiple of its own; answers how many it has then.

    Copies differ in id, title, price, what words weigh in them (± 10 %) and vector. Triggers and indexes rest meanwhile,
    generated columns are copied: what is measured is search in a big shop, not the import of one. Without `words` the copies
    are only found by their vectors, which loads in a fifth of the time.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        (real,) = _row(connection, "SELECT count(*) FROM products WHERE organization_id = %s", organization)
        copies = max(0, round(size / real) - 1) if real else 0
        if not copies:
            return int(real)
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute(f"DROP INDEX IF EXISTS {index_name(model)}".encode())
        for table in ("products", "variants"):
            connection.execute(f"ALTER TABLE {table} ALTER COLUMN search DROP EXPRESSION".encode())
        resting = _rest(connection)
        for table in ("product_terms", "products", "variants", "inventory")[0 if words else 1 :]:

            def copied(done: int, table: str = table) -> None:
                advance(f"Loading {table}", done, copies)

            _copy(connection, table, organization, copies, copied, words=words)
        _vary_vectors(connection, organization, model, copies, lambda done: advance("Loading vectors", done, copies))
        connection.execute("TRUNCATE embedding_facets")
        connection.execute(_FACETS, {"org": organization, "model": model})
        for done, definition in enumerate(resting):
            advance("Building indexes", done, len(resting))
            connection.execute(definition.encode())
        connection.execute("VACUUM ANALYZE products, variants, inventory, product_terms, embeddings, embedding_facets")
        connection.execute(
            "UPDATE organizations SET catalog_version = catalog_version + 1 WHERE id = %s", (organization,)
        )
        return int(real * (copies + 1))


def build_graph(url: str, model: str, dimension: int, many: int) -> None:
    """The vectors' graph on both cores, with memory for all of it. (`PgVectors.optimise` builds it in a running shop.)"""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET maintenance_work_mem = '{64 + many * (dimension * 2 + 1200) // 2**20}MB'".encode())
        connection.execute(f"SET max_parallel_maintenance_workers = {2 if many > 50_000 else 0}".encode())
        connection.execute(f"DROP INDEX IF EXISTS {index_name(model)}".encode())
        connection.execute(graph(model, dimension).replace("\\:", ":").replace("CONCURRENTLY ", "").encode())
        connection.execute("VACUUM ANALYZE embeddings")


def _row(connection: psycopg.Connection, query: str, *values: Any) -> Any:
    return connection.execute(query.encode(), values).fetchone()


def _rest(connection: psycopg.Connection) -> list[str]:
    """Drop the indexes that no constraint needs; answers how to make them again."""
    found = connection.execute(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY(%s) AND i.schemaname = 'public'"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
        (list(TABLES),),
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}".encode())
    return [definition for _, definition in found]


def _copy(
    connection: psycopg.Connection,
    table: str,
    organization: UUID,
    copies: int,
    advance: Callable[[int], None],
    *,
    words: bool,
) -> None:
    columns = [
        row[0]
        for row in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum",
            (table,),
        )
    ]
    varied = {
        "id": _WITHIN.format("id"),
        "product_id": _WITHIN.format("product_id"),
        "variant_id": _WITHIN.format("variant_id"),
        "external_id": "external_id || '-' || n",
        "sku": "sku || '-' || n",
        "title": "title || ' ' || n",
        "price": "(price * (0.6 + 0.8 * random()))::bigint",
        "floor": "NULL::bigint",
        "impact": "(impact * (0.9 + 0.2 * random()))::real",
    }
    if not words:
        varied |= {"search": "''::tsvector", "attributes": "'{}'::jsonb", "description": "''"}
    chosen = ", ".join(varied.get(name, name) for name in columns)
    real = f"(SELECT * FROM {table} WHERE organization_id = '{organization}') r"
    # The copies are made of what was there first, not of each other
    connection.execute(f"CREATE TEMP TABLE real_rows AS SELECT * FROM {real}".encode())
    for n in range(1, copies + 1):
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM (SELECT *, {n} AS n FROM real_rows) r".encode()
        )
        advance(n)
    connection.execute("DROP TABLE real_rows")


def _vary_vectors(
    connection: psycopg.Connection, organization: UUID, model: str, copies: int, advance: Callable[[int], None]
) -> None:
    rows = connection.execute(
        "SELECT e.id, e.product_id, e.embedding::text FROM embeddings e WHERE e.organization_id = %s AND e.model = %s"
        " AND e.product_id IS NOT NULL AND e.chunk = 0",
        (organization, model),
    ).fetchall()
    vectors = np.array([np.fromstring(row[2][1:-1], np.float32, sep=",") for row in rows])
    ids, products = ([row[column] for row in rows] for column in (0, 1))
    random = np.random.default_rng(5)
    differences = _differences(vectors)
    for n in range(1, copies + 1):
        chosen = random.integers(0, len(differences), len(vectors))
        signs = random.choice(np.array([-STEP, STEP], np.float32), (len(vectors), 1))
        fresh = vectors + signs * differences[chosen]
        fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
        stream = _binary(organization, model, _varied(ids, n), _varied(products, n), fresh)
        with connection.cursor().copy(
            "COPY embeddings (id, organization_id, model, product_id, chunk, dimension, content_hash, content, embedding)"
            " FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.write(stream)
        advance(n)


def _differences(vectors: Any) -> Any:
    """
    Which way each product differs from the one nearest to it, at length 1: "red" for "blue", 3 m for 5 m.

    Put onto other products they make variations that lie where texts lie. Noise in all 384 directions would not: real
    differences take up about a hundred of them, and neighbours are harder to tell apart in more.
    """
    nearest = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), 2000):
        cosines = vectors[start : start + 2000] @ vectors.T
        cosines[cosines > _SAME] = -1.0  # itself and its doubles
        nearest[start : start + 2000] = cosines.argmax(axis=1)
    found = vectors[nearest] - vectors
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _varied(ids: Sequence[UUID], n: int) -> list[bytes]:
    """As `_WITHIN`."""
    return [UUID(int=id.int ^ (n << 32)).bytes for id in ids]


def _binary(organization: UUID, model: str, ids: list[bytes], products: list[bytes], vectors: Any) -> bytes:
    """Rows as COPY's binary format has them: each value after its length, halfvec as its dimension, 0 and the halves."""
    dimension = vectors.shape[1]
    name = model.encode()
    before = struct.pack("!i16si", 16, organization.bytes, len(name)) + name
    after = (
        struct.pack("!iiiii", 4, 0, 4, dimension, 8)
        + b"variatio"
        + struct.pack("!iihh", 0, 4 + 2 * dimension, dimension, 0)
    )
    halves = vectors.astype(">f2")
    rows = [
        struct.pack("!hi16s", 9, 16, id) + before + struct.pack("!i16s", 16, product) + after + half.tobytes()
        for id, product, half in zip(ids, products, halves, strict=True)
    ]
    return b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0) + b"".join(rows) + struct.pack("!h", -1)
