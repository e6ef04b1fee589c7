"""
What is searchable and what is still to be indexed.

Every write that changes a product or an article clears its `indexed_at`. Its words are indexed by the database in the same
transaction (the generated `search` columns, `product_terms`); what follows in the background are its vectors. A row is
marked once everything that search uses of it is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import func, select, text, update

from agentpay.knowledge import passages
from agentpay.knowledge.semantic import Semantic
from agentpay.llm.embedder import Embedder
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Article, Organization, Product
from agentpay.store.vectors import Kind, Passage

BATCH = 500
EMBEDDED_BATCH = 128
"""With vectors a batch takes one to two seconds: that is how long a change waits behind a bulk load."""
MANY = 2_000
"""From so many rows on, a run is a bulk load, after which the database's figures and graphs are brought up to date."""

Progress = Callable[[int, int], None]
"""Called with how many rows are done and how many there are."""
Indexed = Callable[[Tx, Sequence[UUID]], Awaitable[object]]
"""Called with the products of a batch, in the transaction that marks them."""

_PRODUCTS = """
    SELECT p.id, p.modified_at, p.title, p.brand, p.category, p.description, p.conversational_description,
        p.voice_description, v.price_min, v.price_max
    FROM products p LEFT JOIN LATERAL (
        SELECT min(price) AS price_min, max(price) AS price_max FROM variants v
        WHERE v.organization_id = p.organization_id AND v.product_id = p.id AND NOT v.archived) v ON true
"""
_ARTICLES = "SELECT p.id, p.modified_at, p.title, p.body FROM articles p"
_ROWS: dict[Kind, str] = {"product": _PRODUCTS, "article": _ARTICLES}


class IndexStatus(TypedDict):
    """`agentpay index --status` (CONTRACT §1)."""

    complete: bool
    indexed: int
    pending: int
    failed: int


async def status(tx: Tx) -> IndexStatus:
    """How many active products and articles are indexed. Nothing can fail here: an error keeps rows pending and is raised."""
    indexed = pending = 0
    for table in (Product, Article):
        row = (
            await tx.session.execute(
                select(func.count(table.indexed_at), func.count()).where(
                    table.organization_id == tx.organization_id, table.status == "active"
                )
            )
        ).one()
        indexed += row[0]
        pending += row[1] - row[0]
    return IndexStatus(complete=pending == 0, indexed=indexed, pending=pending, failed=0)


async def index_pending(
    database: Database,
    organization_id: UUID,
    progress: Progress | None = None,
    *,
    on_products: Indexed | None = None,
    semantic: Semantic | None = None,
) -> IndexStatus:
    """
    Index what is pending, the last changed first, a batch a transaction: a stop in between loses one batch at most.

    Answers the status after it. Raises EmbeddingsUnavailable, with the rows still pending; words find them all the same.
    """
    async with database.tx(organization_id) as tx:
        if semantic is not None:
            await _take_up(tx, semantic)
        todo = (await status(tx))["pending"]
    done = 0
    for kind in _ROWS:
        while True:
            marked = await _batch(database, organization_id, kind, semantic, on_products)
            if marked is None:
                break
            done += marked
            if progress is not None:
                progress(min(done, todo), todo)
    if done >= MANY:
        await _after_many(database, semantic)
    async with database.tx(organization_id) as tx:
        found = await status(tx)
        if found["complete"] and semantic is not None and semantic.current is not None:
            await _hand_over(tx, semantic, semantic.current)
    return found


async def organizations_behind(database: Database, semantic: Semantic) -> list[UUID]:
    """The shops with something to index, or whose vectors are another model's."""
    model = semantic.current.model if semantic.current is not None else None
    async with database.session() as session:
        rows = await session.execute(
            text(
                "SELECT o.id FROM organizations o WHERE (CAST(:model AS text) IS NOT NULL AND"
                " o.embedding_model IS DISTINCT FROM :model AND EXISTS (SELECT 1 FROM products p WHERE"
                " p.organization_id = o.id AND p.status = 'active')) OR EXISTS (SELECT 1 FROM products p"
                " WHERE p.organization_id = o.id AND p.status = 'active' AND p.indexed_at IS NULL)"
                " OR EXISTS (SELECT 1 FROM articles a"
                " WHERE a.organization_id = o.id AND a.status = 'active' AND a.indexed_at IS NULL)"
            ),
            {"model": model},
        )
        return [row.id for row in rows]


async def _take_up(tx: Tx, semantic: Semantic) -> None:
    """A model that is new to the shop has everything to do; until it is done, the one before answers."""
    if semantic.current is None:
        return
    model = semantic.current.model
    serving = await tx.session.scalar(select(Organization.embedding_model).where(Organization.id == tx.organization_id))
    if serving == model:
        return
    if serving is None:
        await _serve(tx, model)
    for kind in _ROWS:
        await tx.session.execute(
            text(
                f"UPDATE {kind}s p SET indexed_at = NULL WHERE organization_id = :org AND status = 'active'"
                " AND indexed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM embeddings e WHERE"
                f" e.organization_id = :org AND e.model = :model AND e.{kind}_id = p.id)"
            ),
            {"org": tx.organization_id, "model": model},
        )


async def _hand_over(tx: Tx, semantic: Semantic, current: Embedder) -> None:
    """Everything has the model's vectors: it answers from now on, and others' are forgotten."""
    serving = await tx.session.scalar(select(Organization.embedding_model).where(Organization.id == tx.organization_id))
    if serving != current.model:
        await _serve(tx, current.model)
        await semantic.store.keep_only(tx, current.model)


async def _serve(tx: Tx, model: str) -> None:
    await tx.session.execute(
        update(Organization).where(Organization.id == tx.organization_id).values(embedding_model=model)
    )


async def _batch(
    database: Database, organization_id: UUID, kind: Kind, semantic: Semantic | None, on_products: Indexed | None
) -> int | None:
    """Index a batch; answers how many rows were marked, None where none was pending.

    Rows are not locked while their vectors are computed: one that changed meanwhile is not marked, and comes again.
    """
    embedder = semantic.current if semantic is not None else None
    async with database.tx(organization_id) as tx:
        rows = await _pending(tx, kind, EMBEDDED_BATCH if embedder is not None else BATCH)
        if not rows:
            return None
        kept: dict[UUID, list[str]] = {}
        if semantic is not None and embedder is not None:
            kept = await semantic.store.hashes(tx, embedder.model, kind, [row.id for row in rows])
    made: list[Passage] = []
    stale: set[UUID] = set()
    if embedder is not None:
        beside = semantic is not None and semantic.store.keeps_facets
        pieces = {row.id: _pieces(kind, row, facets=beside) for row in rows}
        stale = {id for id, own in pieces.items() if kept.get(id) != [piece.content_hash for piece in own]}
        wanted = [piece for id in stale for piece in pieces[id]]
        if wanted:
            vectors = await embedder.aencode([piece.text for piece in wanted])
            made = [
                Passage(piece.owner_id, piece.chunk, piece.content_hash, piece.shown, vector, piece.facets)
                for piece, vector in zip(wanted, vectors, strict=True)
            ]
    async with database.tx(organization_id) as tx:
        marked = await _mark(tx, kind, rows)
        if semantic is not None and embedder is not None:
            owners = [id for id in marked if id in stale]
            if owners:
                own = set(owners)
                fresh = [passage for passage in made if passage.owner_id in own]
                await semantic.store.replace(tx, embedder.model, kind, owners, fresh)
        known = [id for id in marked if id not in stale]
        if known and kind == "product":
            # A price that changed while the vector was being written was seen by neither trigger; it comes by here again
            await tx.session.execute(text("SELECT write_embedding_facets(:ids)"), {"ids": known})
        if marked and on_products is not None and kind == "product":
            await on_products(tx, marked)
    return len(marked)


def _pieces(kind: Kind, row: Any, *, facets: bool) -> list[passages.Piece]:
    if kind == "article":
        return passages.of_article(row)
    return passages.of_product(row, _facets(row) if facets else None)


def _facets(row: Any) -> dict[str, Any]:
    facets = {"price_min": row.price_min, "price_max": row.price_max}
    if row.brand:
        facets["brand"] = row.brand.lower()
    if row.category:
        facets["categories"] = [step.strip().lower() for step in row.category.split(">")]
    return {name: value for name, value in facets.items() if value is not None}


async def _pending(tx: Tx, kind: Kind, limit: int) -> list[Any]:
    result = await tx.session.execute(
        text(
            f"{_ROWS[kind]} WHERE p.organization_id = :org AND p.status = 'active' AND p.indexed_at IS NULL"
            " ORDER BY p.modified_at DESC, p.id LIMIT :limit"
        ),
        {"org": tx.organization_id, "limit": limit},
    )
    return list(result)


async def _mark(tx: Tx, kind: Kind, rows: Sequence[Any]) -> list[UUID]:
    """Mark those that nobody changed or marked since they were read; answers which."""
    result = await tx.session.execute(
        text(
            f"UPDATE {kind}s p SET indexed_at = now() FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[]))"
            " AS r(id, modified_at) WHERE p.organization_id = :org AND p.id = r.id AND p.modified_at = r.modified_at"
            " AND p.indexed_at IS NULL RETURNING p.id"
        ),
        {"org": tx.organization_id, "ids": [row.id for row in rows], "times": [row.modified_at for row in rows]},
    )
    return [row.id for row in result]


async def _after_many(database: Database, semantic: Semantic | None) -> None:
    """Figures for the planner and pages known to be visible, then the graph of the vectors."""
    async with database.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM (ANALYZE, SKIP_LOCKED) product_terms, embeddings, products"))
    if semantic is not None and semantic.current is not None:
        await semantic.store.optimise(database, semantic.current.model)
