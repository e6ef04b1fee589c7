"""Vectors: the nearest come first, within one organization, under filters, while one model takes over from another."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from agentpay.knowledge import indexing, passages
from agentpay.knowledge.filters import SearchFilters, narrowing
from agentpay.knowledge.indexing import index_pending, organizations_behind, status
from agentpay.knowledge.search import search
from agentpay.knowledge.semantic import Semantic
from agentpay.llm.embedder import Embedder, EmbeddingsUnavailable
from agentpay.settings import Settings
from agentpay.store import vector_query, vectors
from agentpay.store.ids import new_id
from agentpay.store.pinecone import PineconeVectors
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Organization, Product, Variant
from agentpay.store.vector_graph import build, index_name
from agentpay.store.vectors import Passage, PgVectors

if TYPE_CHECKING:
    from agentpay.llm.embedder import Vectors


def unit(*values: float) -> Any:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


async def other_shop(database: Database) -> tuple[UUID, UUID]:
    organization, product = new_id(), new_id()
    async with database.session() as session:
        session.add(Organization(id=organization, slug=f"o-{organization}", name="Other", currency="USD"))
        await session.flush()
        session.add(Product(id=product, organization_id=organization, title="Secret thing", external_id="secret"))
    return organization, product


async def product(tx: Tx, external_id: str) -> UUID:
    found = await tx.session.scalar(
        text("SELECT id FROM products WHERE organization_id = :org AND external_id = :name"),
        {"org": tx.organization_id, "name": external_id},
    )
    assert isinstance(found, UUID)
    return found


async def test_nearest_stays_in_its_organization_and_under_filters(database: Database, shop: UUID) -> None:
    store = PgVectors()
    organization, secret = await other_shop(database)
    query = unit(1, 0, 0)
    async with database.tx(organization) as tx:
        await store.replace(tx, "m", "product", [secret], [Passage(secret, 0, "h", "", query)])
    async with database.tx(shop) as tx:
        shoe, jacket = await product(tx, "shoe-ridge"), await product(tx, "jacket-squall")
        passages = [Passage(shoe, 0, "a", "", unit(1, 1, 0)), Passage(shoe, 1, "b", "", unit(9, 1, 0))]
        await store.replace(tx, "m", "product", [shoe, jacket], [*passages, Passage(jacket, 0, "c", "", unit(0, 1, 0))])
        near = await store.nearest(tx, "m", "product", query, limit=10)
        assert [(n.owner_id, n.chunk) for n in near] == [(shoe, 1), (jacket, 0)], "once each, by the best passage"
        assert near[0].score == pytest.approx(0.994, abs=0.01)
        assert await store.nearest(tx, "m", "product", query, limit=10, only=[secret]) == []
        assert await store.hashes(tx, "m", "product", [shoe, secret]) == {shoe: ["a", "b"]}
        dear = narrowing(SearchFilters(price_min=17000))
        assert [n.owner_id for n in await store.nearest(tx, "m", "product", query, limit=5, narrowing=dear)] == [jacket]
        assert await store.nearest(tx, "another", "product", query, limit=5) == []
    async with database.tx(organization) as tx:
        assert [n.owner_id for n in await store.nearest(tx, "m", "product", query, limit=10)] == [secret]


class Letters(Embedder):
    """A text is the counts of its letters."""

    dimension = 26

    def __init__(self, model: str) -> None:
        self.model = model
        self.asked = 0
        self.broken = False

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.broken:
            raise EmbeddingsUnavailable("gone")
        self.asked += len(texts)
        rows = np.array([[1 + t.lower().count(chr(97 + n)) for n in range(26)] for t in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def semantic_of(model: Letters, *others: Letters) -> Semantic:
    semantic = Semantic(Settings(embeddings="none"))
    semantic.current = model
    semantic._known = {m.model: m for m in (model, *others)}
    return semantic


async def test_a_run_resumes_and_a_new_model_takes_over_when_it_is_complete(
    database: Database, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "EMBEDDED_BATCH", 2)
    old, new = Letters("old"), Letters("new")

    async def models() -> tuple[str | None, set[str]]:
        async with database.tx(shop) as tx:
            serving = await tx.session.scalar(
                text("SELECT embedding_model FROM organizations WHERE id = :o"), {"o": shop}
            )
            kept = await tx.session.scalars(
                text("SELECT DISTINCT model FROM embeddings WHERE organization_id = :o AND model <> 'm'"), {"o": shop}
            )
            return serving, set(kept)

    def stop(done: int, _: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await index_pending(database, shop, stop, semantic=semantic_of(old))
    first = old.asked
    assert (await index_pending(database, shop, semantic=semantic_of(old)))["complete"]
    texts = old.asked
    assert first == 2
    assert texts == 7, "finished batches are not done again"
    assert (await index_pending(database, shop, semantic=semantic_of(old)))["complete"]
    assert old.asked == texts
    with pytest.raises(KeyboardInterrupt):
        await index_pending(database, shop, stop, semantic=semantic_of(new, old))
    assert await models() == ("old", {"old", "new"})
    half, texts = new.asked, old.asked
    async with database.tx(shop) as tx:
        assert (await search(tx, "merino socks", kinds=("product",), semantic=semantic_of(new, old)))[0].fit > 0
    assert (new.asked, old.asked) == (half, texts + 1), "the old index serves meanwhile"
    assert shop in await organizations_behind(database, semantic_of(new, old)), "a worker that starts takes it up"
    assert (await index_pending(database, shop, semantic=semantic_of(new, old)))["complete"]
    assert await models() == ("new", {"new"})
    assert shop not in await organizations_behind(database, semantic_of(new, old))


async def test_without_the_model_words_answer_and_rows_stay_pending(database: Database, shop: UUID) -> None:
    broken = Letters("broken")
    broken.broken = True
    semantic = semantic_of(broken)
    with pytest.raises(EmbeddingsUnavailable):
        await index_pending(database, shop, semantic=semantic)
    async with database.tx(shop) as tx:
        assert (await status(tx))["pending"] > 0
        await tx.session.execute(text("UPDATE organizations SET embedding_model = 'broken' WHERE id = :o"), {"o": shop})
        hits = await search(tx, "merino socks", kinds=("product",), semantic=semantic)
        assert hits[0].external_id == "socks-merino"


class _Pinecone(BaseHTTPRequestHandler):
    seen: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"] or 0)) or b"{}")
        type(self).seen.append((self.path, body))
        owner = "0193a000-0000-7000-8000-000000000001"
        metadata = {"owner": owner, "chunk": 1, "content": "said"}
        answer = {
            "/query": {
                "matches": [{"id": "x", "score": 0.5, "metadata": metadata}],
                "namespace": body.get("namespace"),
            },
            "/vectors/upsert": {"upsertedCount": len(body.get("vectors", []))},
        }.get(self.path, {})
        content = json.dumps(answer).encode()
        self.send_response(200 if self.headers["api-key"] == "pc-key" else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pinecone() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    handler = type("Handler", (_Pinecone,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler.seen
    server.shutdown()


async def test_pinecone_is_asked_within_the_organizations_namespace_alone(
    database: Database, shop: UUID, pinecone: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    url, seen = pinecone
    store = PineconeVectors(Settings(pinecone_api_key=SecretStr("pc-key"), pinecone_host=url))
    owner = new_id()
    async with database.tx(shop) as tx:
        passage = Passage(owner, 0, "hash", "", unit(1, 0, 0), {"brand": "kestrel", "price_min": 100})
        await store.replace(tx, "m", "product", [owner], [passage])
        near = await store.nearest(tx, "m", "product", unit(1, 0, 0), limit=3)
        filtered = narrowing(SearchFilters(brand="Kestrel", price_max=5000))
        await store.nearest(tx, "m", "product", unit(1, 0, 0), limit=3, narrowing=filtered, only=[owner])
        await store.keep_only(tx, "m")
    assert (near[0].chunk, near[0].score, near[0].content) == (1, 0.5, "said")
    assert [path for path, _ in seen] == ["/vectors/upsert", "/vectors/delete", "/query", "/query", "/vectors/delete"]
    assert {body["namespace"] for _, body in seen} == {str(shop)}, "also with filters missing"
    vector = seen[0][1]["vectors"][0]
    assert vector["id"] == f"m#product#{owner}#0"
    assert vector["metadata"]["brand"] == "kestrel"
    assert seen[1][1]["ids"] == [f"m#product#{owner}#1"], "what a longer version left"
    asked = seen[3][1]["filter"]["$and"]
    for condition in ({"brand": {"$eq": "kestrel"}}, {"price_min": {"$lte": 5000}}, {"owner": {"$in": [str(owner)]}}):
        assert condition in asked


async def test_another_price_is_told_to_a_store_that_filters_by_it(database: Database, shop: UUID) -> None:
    """PostgreSQL's triggers see it; what stands elsewhere beside a vector is written again, its text or not."""
    model = Letters("priced")
    semantic = semantic_of(model)
    written: list[list[dict[str, Any]]] = []

    class Elsewhere(PgVectors):
        keeps_facets = True

        async def replace(self, tx: Tx, model: str, kind: Any, owners: Any, passages: Sequence[Passage]) -> None:
            await super().replace(tx, model, kind, owners, passages)
            written.append([passage.facets for passage in passages])

    semantic.store = Elsewhere()
    id = new_id()
    async with database.tx(shop) as tx:
        tx.session.add(Product(id=id, organization_id=shop, title="Priced"))
        await tx.session.flush()
        tx.session.add(Variant(organization_id=shop, product_id=id, price=500, currency="USD"))
    await index_pending(database, shop, semantic=semantic)
    written.clear()
    change = "UPDATE products SET indexed_at = NULL WHERE id = :id"
    for price in (500, 400):
        async with database.tx(shop) as tx:
            await tx.session.execute(
                text("UPDATE variants SET price = :p WHERE product_id = :id"), {"p": price, "id": id}
            )
            await tx.session.execute(text(change), {"id": id})
        await index_pending(database, shop, semantic=semantic)
    assert written == [[{"price_min": 400, "price_max": 400}]]


async def test_no_search_crosses_organizations(database: Database, shop: UUID) -> None:
    """By words, by meaning, by the names of its products, with filters and without, one by one and by the graph."""
    model = Letters("old")
    semantic = semantic_of(model)
    organization, secret = await other_shop(database)
    await index_pending(database, shop, semantic=semantic)
    await index_pending(database, organization, semantic=semantic)
    filters = (
        None,
        SearchFilters(),
        SearchFilters(in_stock=False),
        SearchFilters(price_min=0),
        SearchFilters(brand="x"),
    )
    async with database.tx(shop) as tx:
        for query in ("secret thing", "secret", "thing", "what do you have?"):
            for narrowed in filters:
                hits = await search(tx, query, limit=100, filters=narrowed, semantic=semantic)
                assert secret not in {hit.id for hit in hits}
        vector = model.encode(["secret thing"])[0]
        for query_of in (PgVectors(), PgVectors(by_graph=False)):
            assert secret not in {n.owner_id for n in await query_of.nearest(tx, "old", "product", vector, limit=100)}
            assert await query_of.nearest(tx, "old", "product", vector, limit=100, only=[secret]) == []
    async with database.tx(organization) as tx:
        assert [hit.id for hit in await search(tx, "secret thing", semantic=semantic)] == [secret]


@pytest.mark.parametrize("by_signs", [0, 5_000], ids=["by the graph", "by signs"])
async def test_graph_and_signs_find_what_comparing_one_by_one_does(
    database: Database, monkeypatch: pytest.MonkeyPatch, by_signs: int
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 150)
    monkeypatch.setattr(vectors, "SIGNS_UP_TO", by_signs)
    monkeypatch.setattr(vector_query, "BY_SIGNS", 180)
    model, size = ("graph:2", 96) if by_signs else ("graph:1", 16)
    chance = np.random.default_rng(3)
    organizations = {new_id(): 400, new_id(): 350}
    async with database.session() as session:
        for organization in organizations:
            session.add(Organization(id=organization, slug=f"o-{organization}", name="Big", currency="USD"))
    owners: dict[UUID, list[UUID]] = {}
    for organization, many in organizations.items():
        owners[organization] = ids = [new_id() for _ in range(many)]
        async with database.tx(organization) as tx:
            for n, id in enumerate(ids):
                tx.session.add(
                    Product(id=id, organization_id=organization, title="T", brand="even" if n % 2 else "odd")
                )
            await tx.session.flush()
            for n, id in enumerate(ids):  # every fourth at two prices, of which one is archived
                tx.session.add(Variant(organization_id=organization, product_id=id, price=n * 10, currency="USD"))
                if n % 4 == 0:
                    other = Variant(
                        organization_id=organization, product_id=id, price=5000, currency="USD", archived=n % 8 == 0
                    )
                    tx.session.add(other)
            await tx.session.flush()
            made = [Passage(id, 0, "h", "", unit(*chance.standard_normal(size))) for id in ids]
            await PgVectors().replace(tx, model, "product", ids, made)
    store = PgVectors()
    await store.optimise(database, model)
    await store.optimise(database, model)
    for organization, ids in owners.items():
        async with database.tx(organization) as tx:
            assert await store._graph(tx, model) > 0
            for filters in (
                None,
                SearchFilters(brand="even"),
                SearchFilters(price_max=2500),
                SearchFilters(price_min=1500, price_max=5000),
                SearchFilters(brand="even", price_max=3400),
            ):
                right = found = 0
                for _ in range(10):
                    query = unit(*chance.standard_normal(size))
                    near = await store.nearest(tx, model, "product", query, limit=10, narrowing=narrowing(filters))
                    exact = await PgVectors(by_graph=False).nearest(
                        tx, model, "product", query, limit=10, narrowing=narrowing(filters)
                    )
                    assert {n.owner_id for n in near} <= set(ids)
                    assert [n.score for n in near] == sorted((n.score for n in near), reverse=True)
                    right += len({n.owner_id for n in near} & {n.owner_id for n in exact})
                    found += len(exact)
                assert right / found >= 0.95


async def test_what_filters_ask_of_a_vector_follows_its_product(database: Database, shop: UUID) -> None:
    id, other = new_id(), new_id()

    async def kept(tx: Tx) -> set[tuple[str | None, int | None]]:
        rows = await tx.session.execute(
            text("SELECT brand, price FROM embedding_facets WHERE product_id = :id"), {"id": id}
        )
        return {(row.brand, row.price) for row in rows}

    async def change(tx: Tx, statement: str) -> set[tuple[str | None, int | None]]:
        await tx.session.execute(text(statement), {"id": id, "org": shop, "other": other})
        return await kept(tx)

    async with database.tx(shop) as tx:
        tx.session.add(Product(id=id, organization_id=shop, title="T", brand="Acme"))
        await tx.session.flush()
        await PgVectors().replace(tx, "m", "product", [id], [Passage(id, n, "h", "", unit(1, n, 0)) for n in range(2)])
        assert await kept(tx) == {("acme", None)}, "nothing of it is on sale"
        added = "INSERT INTO variants (id, organization_id, product_id, price, currency) VALUES (:other, :org, :id, 500, 'USD')"
        assert await change(tx, added) == {("acme", 500)}
        assert await change(tx, added.replace(":other", "gen_random_uuid()").replace("500", "700")) == {
            ("acme", 500),
            ("acme", 700),
        }
        assert await change(tx, "UPDATE variants SET price = 600 WHERE id = :other") == {("acme", 600), ("acme", 700)}
        assert await change(tx, "UPDATE products SET brand = 'Zenith' WHERE id = :id") == {
            ("zenith", 600),
            ("zenith", 700),
        }
        assert await change(tx, "UPDATE variants SET archived = true WHERE id <> :other AND product_id = :id") == {
            ("zenith", 600)
        }
        assert await change(tx, "DELETE FROM variants WHERE product_id = :id") == {("zenith", None)}
        signs = await tx.session.scalars(
            text("SELECT signs::text FROM embedding_facets WHERE product_id = :id ORDER BY 1"), {"id": id}
        )
        assert list(signs) == ["100", "110"], "a row a passage stays"
        assert await change(tx, "DELETE FROM products WHERE id = :id") == set()


async def test_a_price_that_changes_while_vectors_are_written_is_filtered_by(database: Database, shop: UUID) -> None:
    """Neither transaction sees the other's rows: the run that the change has asked for puts it right."""
    model = Letters("race")
    id, variant = new_id(), new_id()
    async with database.tx(shop) as tx:
        tx.session.add(Product(id=id, organization_id=shop, title="Race"))
        await tx.session.flush()
        tx.session.add(Variant(id=variant, organization_id=shop, product_id=id, price=500, currency="USD"))
    async with database.tx(shop) as indexing_tx:
        piece = passages.of_product(
            SimpleNamespace(
                id=id,
                title="Race",
                brand=None,
                category=None,
                description=None,
                conversational_description=None,
                voice_description=None,
            )
        )[0]
        passage = Passage(id, 0, piece.content_hash, "", model.encode([piece.text])[0])
        await PgVectors().replace(indexing_tx, "race", "product", [id], [passage])
        async with database.tx(shop) as tx:
            await tx.session.execute(text("UPDATE variants SET price = 900 WHERE id = :id"), {"id": variant})
            await tx.session.execute(text("UPDATE products SET indexed_at = NULL WHERE id = :id"), {"id": id})
    await index_pending(database, shop, semantic=semantic_of(model))
    async with database.tx(shop) as tx:
        price = await tx.session.scalar(
            text("SELECT price FROM embedding_facets WHERE product_id = :id AND model = 'race'"), {"id": id}
        )
    assert price == 900


async def test_a_small_part_of_a_graph_is_compared_one_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 300)
    async with database.session() as session:
        rows = await session.execute(
            text(
                "SELECT organization_id AS id, count(*) AS n FROM embeddings WHERE model = 'graph:1' GROUP BY 1 ORDER BY 2"
            )
        )
        small, large = [row.id for row in rows]
    for part, by_graph in ((0.01, {small, large}), (0.5, {large}), (0.9, set())):
        monkeypatch.setattr(vectors, "LEAST_PART", part)
        store = PgVectors()
        for organization in (small, large):
            async with database.tx(organization) as tx:
                assert (await store._graph(tx, "graph:1") > 0) == (organization in by_graph)


async def test_a_graph_that_a_crash_left_half_built_is_built_anew(database: Database) -> None:
    async with database.session() as session:
        rows = await session.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(:name) RETURNING indexrelid"),
            {"name": index_name("graph:1")},
        )
        (before,) = [row.indexrelid for row in rows]
    async with database.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await build(connection, "graph:1", 16, 750)
        row = (
            await connection.execute(
                text("SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"),
                {"name": index_name("graph:1")},
            )
        ).one()
    assert row.indisvalid
    assert row.indexrelid != before


async def test_owners_with_many_passages_do_not_hide_others(database: Database, shop: UUID) -> None:
    store = PgVectors()
    async with database.tx(shop) as tx:
        shoe, jacket = await product(tx, "shoe-ridge"), await product(tx, "jacket-squall")
        passages = [Passage(shoe, n, "a", "", unit(1, 0.01 * n, 0)) for n in range(2)]
        await store.replace(tx, "p", "product", [shoe, jacket], [*passages, Passage(jacket, 0, "c", "", unit(0, 0, 1))])
        near = await store.nearest(tx, "p", "product", unit(1, 0, 0), limit=2, only=[shoe, jacket])
        assert [n.owner_id for n in near] == [shoe, jacket]


async def test_what_pinecone_answers_is_looked_up_in_the_organization(
    database: Database, shop: UUID, pinecone: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    """The stub answers another shop's product, as a namespace mixed up by hand would: nothing of it is shown."""
    url, seen = pinecone
    organization, secret = await other_shop(database)
    model = Letters("old")
    semantic = semantic_of(model)
    semantic.store = PineconeVectors(Settings(pinecone_api_key=SecretStr("pc-key"), pinecone_host=url))
    async with database.session() as session:
        await session.execute(
            text("UPDATE products SET id = '0193a000-0000-7000-8000-000000000001' WHERE id = :id"), {"id": secret}
        )
        await session.execute(text("UPDATE organizations SET embedding_model = 'old' WHERE id = :o"), {"o": shop})
    async with database.tx(shop) as tx:
        for filters in (None, SearchFilters(price_max=10**6)):
            hits = await search(tx, "merino secret thing", limit=50, filters=filters, semantic=semantic)
            assert str(organization) not in {body.get("namespace") for _, body in seen}
            assert "secret" not in {hit.external_id for hit in hits}
    assert {body["namespace"] for path, body in seen if path == "/query"} == {str(shop)}
