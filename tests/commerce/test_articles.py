"""Articles are written, found by search at once, and archived."""

from __future__ import annotations

from uuid import UUID

import pytest

from agentpay.commerce import articles
from agentpay.commerce.articles import ArticleInput, ArticlePatch
from agentpay.errors import Problem
from agentpay.knowledge.search import search
from agentpay.store.session import Database


async def test_an_article_from_writing_to_archive(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        made = await articles.create(
            tx, ArticleInput(external_id="returns", title="Returns", body="Send it back within 30 days.")
        )
        assert (made.kind, made.status, made.indexed_at) == ("faq", "active", None)
        changed = await articles.update(tx, made.id, ArticlePatch(body="Send parcels back within 14 days."))
        assert (changed.title, changed.body) == ("Returns", "Send parcels back within 14 days.")
        assert [hit.snippet for hit in await search(tx, "parcels back", kinds=("article",))] == [changed.body]
        assert [a.id for a in (await articles.list_articles(tx, external_id="returns")).items] == [made.id]
        with pytest.raises(Problem, match="must not be null"):
            await articles.update(tx, made.id, ArticlePatch.model_validate({"title": None}))
        await articles.archive(tx, made.id)
        assert await search(tx, "parcels back", kinds=("article",)) == []


async def test_an_external_id_is_taken_once(database: Database, organization_id: UUID) -> None:
    given = ArticleInput(external_id="a", title="A", body="B")
    async with database.tx(organization_id) as tx:
        await articles.create(tx, given)
    with pytest.raises(Problem) as refused:
        async with database.tx(organization_id) as tx:
            await articles.create(tx, given)
    assert (refused.value.code, refused.value.status) == ("already_exists", 409)
