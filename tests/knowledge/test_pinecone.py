"""Pinecone: what it is asked, what it is told, and that what it answers is looked up in PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from agentpay.knowledge.filters import SearchFilters, narrowing
from agentpay.knowledge.indexing import index_pending
from agentpay.knowledge.search import search
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.pinecone import PineconeVectors
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Product, Variant
from agentpay.store.vectors import Passage, PgVectors
from tests.knowledge.letters import Letters, other_shop, semantic_of, unit

if TYPE_CHECKING:
    pass


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
    owner, other = new_id(), new_id()
    async with database.tx(shop) as tx:
        passage = Passage(owner, 0, "hash", "", unit(1, 0, 0), {"brand": "kestrel", "price_min": 100})
        await store.replace(tx, "m", "product", [owner], [passage])
        near = await store.nearest(tx, "m", "product", unit(1, 0, 0), limit=3)
        filtered = narrowing(SearchFilters(brand="Kestrel", price_max=5000))
        await store.nearest(
            tx, "m", "product", unit(1, 0, 0), limit=3, narrowing=filtered, also=[near[0].owner_id, other]
        )
        await store.keep_only(tx, "m")
    assert (near[0].chunk, near[0].score, near[0].content) == (1, 0.5, "said")
    queries = ["/query"] * 3
    assert [path for path, _ in seen] == ["/vectors/upsert", "/vectors/delete", *queries, "/vectors/delete"]
    assert {body["namespace"] for _, body in seen} == {str(shop)}, "also with filters missing"
    vector = seen[0][1]["vectors"][0]
    assert vector["id"] == f"m#product#{owner}#0"
    assert vector["metadata"]["brand"] == "kestrel"
    assert seen[1][1]["ids"] == [f"m#product#{owner}#1"], "what a longer version left"
    asked = seen[3][1]["filter"]["$and"]
    for condition in ({"brand": {"$eq": "kestrel"}}, {"price_min": {"$lte": 5000}}):
        assert condition in asked
    assert {"owner": {"$in": [str(other)]}} in seen[4][1]["filter"]["$and"], "of those named, what was not found yet"


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
