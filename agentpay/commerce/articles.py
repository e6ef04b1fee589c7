"""Articles: policies, answers and guides that the shop's agents quote."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from agentpay.commerce.importing.fields import ExternalId, LongText, Text
from agentpay.commerce.shapes import ArticleView
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.queue import enqueue
from agentpay.store.session import Tx
from agentpay.store.tables import Article

Kind = Field("faq", pattern="^[a-z][a-z_-]{0,39}$", description="policy, faq, guide, …")


class ArticleInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    external_id: ExternalId | None = None
    title: Text
    kind: str = Kind
    body: LongText = Field(min_length=1)


class ArticlePatch(BaseModel):
    """Only what is sent changes."""

    model_config = ConfigDict(extra="forbid")

    external_id: ExternalId | None = None
    title: Text | None = None
    kind: str | None = Field(None, pattern="^[a-z][a-z_-]{0,39}$")
    body: LongText | None = Field(None, min_length=1)
    status: Literal["active", "archived"] | None = None


async def get(tx: Tx, article_id: UUID) -> ArticleView:
    """Raises Problem 404."""
    return ArticleView.model_validate(await _row(tx, article_id))


async def list_articles(
    tx: Tx,
    *,
    external_id: str | None = None,
    kind: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ArticleView]:
    """Articles, newest first; archived ones too."""
    statement = select(Article).where(Article.organization_id == tx.organization_id)
    if external_id is not None:
        statement = statement.where(Article.external_id == external_id)
    if kind is not None:
        statement = statement.where(Article.kind == kind)
    found = await page(tx, statement, Article.id, limit=limit, cursor=cursor)
    return Page([ArticleView.model_validate(row) for row in found.items], found.next_cursor)


async def create(tx: Tx, given: ArticleInput) -> ArticleView:
    """Raises Problem 409 `already_exists` where the external id is taken."""
    row = Article(id=new_id(), organization_id=tx.organization_id, **given.model_dump())
    tx.session.add(row)
    return await _written(tx, row)


async def update(tx: Tx, article_id: UUID, patch: ArticlePatch) -> ArticleView:
    """Raises Problem 404, 409 `already_exists`, 422 for a null where none may be."""
    row = await _row(tx, article_id)
    for name in patch.model_fields_set:
        value = getattr(patch, name)
        if value is None and name != "external_id":
            raise Problem("validation_error", f"{name} must not be null.")
        setattr(row, name, value)
    row.indexed_at = None
    return await _written(tx, row)


async def archive(tx: Tx, article_id: UUID) -> None:
    """Take an article out of every search. Raises Problem 404."""
    row = await _row(tx, article_id)
    row.status = "archived"
    await _written(tx, row)


async def _written(tx: Tx, row: Article) -> ArticleView:
    try:
        await tx.session.flush()
    except IntegrityError as error:
        raise Problem("already_exists", "Another article has this external_id.", status=409) from error
    await enqueue(
        tx,
        "indexing.index",
        queueing_lock=f"indexing:{tx.organization_id}",
        lock=f"indexing:{tx.organization_id}",
        organization_id=str(tx.organization_id),
    )
    await tx.session.refresh(row)
    return ArticleView.model_validate(row)


async def _row(tx: Tx, article_id: UUID) -> Article:
    row = await tx.session.scalar(
        select(Article).where(Article.organization_id == tx.organization_id, Article.id == article_id)
    )
    if row is None:
        raise not_found("article", article_id)
    return row
