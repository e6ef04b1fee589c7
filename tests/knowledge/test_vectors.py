"""Vectors: the nearest come first, within one organization, under filters, while one model takes over from another."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from agentpay.knowledge import indexing
from agentpay.knowledge.filters import SearchFilters, narrowing
from agentpay.knowledge.indexing import index_pending, organizations_behind, status
from agentpay.knowledge.search import search
from agentpay.llm.embedder import EmbeddingsUnavailable
from agentpay.store.session import Database
from agentpay.store.vectors import Passage, PgVectors
from tests.knowledge.letters import Letters, other_shop, product, semantic_of, unit

if TYPE_CHECKING:
    pass


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
        assert [n.owner_id for n in await store.nearest(tx, "m", "product", query, limit=1, also=[jacket, secret])] == [
            shoe,
            jacket,
        ]
        assert await store.hashes(tx, "m", "product", [shoe, secret]) == {shoe: ["a", "b"]}
        dear = narrowing(SearchFilters(price_min=17000))
        assert [n.owner_id for n in await store.nearest(tx, "m", "product", query, limit=5, narrowing=dear)] == [jacket]
        assert await store.nearest(tx, "another", "product", query, limit=5) == []
    async with database.tx(organization) as tx:
        assert [n.owner_id for n in await store.nearest(tx, "m", "product", query, limit=10)] == [secret]


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
            assert secret not in {
                n.owner_id for n in await query_of.nearest(tx, "old", "product", vector, limit=1, also=[secret])
            }
    async with database.tx(organization) as tx:
        assert [hit.id for hit in await search(tx, "secret thing", semantic=semantic)] == [secret]


async def test_owners_with_many_passages_do_not_hide_others(database: Database, shop: UUID) -> None:
    store = PgVectors()
    async with database.tx(shop) as tx:
        shoe, jacket = await product(tx, "shoe-ridge"), await product(tx, "jacket-squall")
        passages = [Passage(shoe, n, "a", "", unit(1, 0.01 * n, 0)) for n in range(2)]
        await store.replace(tx, "p", "product", [shoe, jacket], [*passages, Passage(jacket, 0, "c", "", unit(0, 0, 1))])
        near = await store.nearest(tx, "p", "product", unit(1, 0, 0), limit=1, also=[shoe, jacket])
        assert [n.owner_id for n in near] == [shoe, jacket]
