"""Articles: policies and answers that the agents quote."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from agentpay.api import problems
from agentpay.api.deps import TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import articles
from agentpay.commerce.articles import ArticleInput, ArticlePatch
from agentpay.commerce.shapes import ArticleView

router = ApiRouter(prefix="/v1/articles", tags=["articles"])


@router.get("", summary="List articles, the newest first", responses=problems.responses())
async def list_articles(
    tx: TxDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    external_id: Annotated[str | None, Query(max_length=200)] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[ArticleView]:
    found = await articles.list_articles(tx, external_id=external_id, kind=kind, limit=limit, cursor=cursor)
    return Page(items=found.items, next_cursor=found.next_cursor)


@router.post("", status_code=201, summary="Write an article", responses=problems.responses(409))
async def create(body: ArticleInput, tx: TxDep) -> ArticleView:
    return await articles.create(tx, body)


@router.get("/{article_id}", summary="Show an article", responses=problems.responses(404))
async def show(article_id: UUID, tx: TxDep) -> ArticleView:
    return await articles.get(tx, article_id)


@router.patch("/{article_id}", summary="Change an article", responses=problems.responses(404, 409))
async def update(article_id: UUID, body: ArticlePatch, tx: TxDep) -> ArticleView:
    return await articles.update(tx, article_id, body)


@router.delete("/{article_id}", status_code=204, summary="Archive an article", responses=problems.responses(404))
async def archive(article_id: UUID, tx: TxDep) -> None:
    """It is found no more."""
    await articles.archive(tx, article_id)
