"""What a product says in other words is found by its meaning, and nothing is where nothing is near."""

from __future__ import annotations

from uuid import UUID

from agentpay.knowledge.indexing import index_pending
from agentpay.knowledge.nearest import nearest
from agentpay.knowledge.search import search
from agentpay.knowledge.semantic import Semantic
from agentpay.settings import Settings
from agentpay.store.session import Database

FOUNTAIN = [
    "Ceramic fountain, 1.8 litres, whisper-quiet pump with USB plug.",
    "Filter lasts four weeks.",
    "material: ceramic",
]


async def test_the_sentence_that_answers_in_other_words() -> None:
    semantic = Semantic(Settings(embeddings="local"))
    await semantic.warm_up()
    assert await nearest(semantic, "is the fountain noisy?", FOUNTAIN) == FOUNTAIN[:1]
    assert (await nearest(semantic, "how often do I change the filter?", FOUNTAIN))[0] == FOUNTAIN[1]
    both = await nearest(semantic, "is the fountain noisy and how often do I change the filter?", FOUNTAIN)
    assert both == FOUNTAIN[:2]
    assert await nearest(semantic, "do you deliver to Norway?", FOUNTAIN) == []


async def test_without_a_model_nothing_is_near() -> None:
    assert await nearest(None, "is the fountain noisy?", FOUNTAIN) == []
    assert await nearest(Semantic(Settings(embeddings="none")), "is the fountain noisy?", FOUNTAIN) == []


async def test_a_page_is_found_in_other_words_and_none_where_none_means_it(database: Database, shop: UUID) -> None:
    semantic = Semantic(Settings(embeddings="local"))
    await semantic.warm_up()
    await index_pending(database, shop, semantic=semantic)
    async with database.tx(shop) as tx:
        assert await search(tx, "how quickly will my parcel turn up?", kinds=("article",)) == []  # by words alone
        hits = await search(tx, "how quickly will my parcel turn up?", kinds=("article",), semantic=semantic)
        assert [hit.external_id for hit in hits][:1] == ["shipping"]
        assert 0 < hits[0].score < 0.5
        assert await search(tx, "who founded your firm?", kinds=("article",), semantic=semantic) == []
