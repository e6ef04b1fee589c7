"""Articles, and the vectors of articles and products."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import BIT, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.tables.base import Base, Row, own_id, ref

ARTICLE_SEARCH = "setweight(to_tsvector('english'::regconfig, title), 'A') || setweight(to_tsvector('english'::regconfig, body), 'B')"


class Article(Row, Base):
    __tablename__ = "articles"
    __table_args__ = (
        own_id("articles"),
        UniqueConstraint("organization_id", "external_id"),
        CheckConstraint("status IN ('active', 'archived')", name="status"),
        Index("ix_articles_search", "search", postgresql_using="gin"),
    )

    external_id: Mapped[str | None]
    title: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="faq")
    body: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="active")
    indexed_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(ARTICLE_SEARCH, persisted=True), deferred=True)


product_terms = Table(
    "product_terms",
    Base.metadata,
    Column("organization_id", Uuid, nullable=False),
    Column("term", Text(collation="C"), nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("field", Text, nullable=False),
    Column("impact", REAL, nullable=False),
    Index(
        "ix_product_terms_term",
        "organization_id",
        "term",
        sql("impact DESC"),
        postgresql_include=["product_id", "field"],
    ),
    Index("ix_product_terms_product_id_term", "product_id", "term"),
)
"""
What each stemmed word of an active product weighs there, without the word's rarity (BM25). Triggers on products and
variants keep it (migration 0004), so it is never behind; rows carry the product's own organization and need no foreign key,
which would be checked for some 40 rows a product.
"""


class Embedding(Row, Base):
    """A vector of a passage, with the model that made it: two models' vectors live side by side while one replaces the other."""

    __tablename__ = "embeddings"
    __table_args__ = (
        own_id("embeddings"),
        UniqueConstraint(
            "organization_id", "model", "product_id", "article_id", "chunk", postgresql_nulls_not_distinct=True
        ),
        ref("product_id", "products", ondelete="CASCADE"),
        ref("article_id", "articles", ondelete="CASCADE"),
        CheckConstraint("(product_id IS NULL) <> (article_id IS NULL)", name="one_owner"),
        CheckConstraint("dimension = vector_dims(embedding)", name="dimension"),
    )

    product_id: Mapped[UUID | None]
    article_id: Mapped[UUID | None]
    chunk: Mapped[int]
    model: Mapped[str]
    dimension: Mapped[int]
    content_hash: Mapped[str]
    content: Mapped[str]
    embedding: Mapped[Any] = mapped_column(HALFVEC())


embedding_facets = Table(
    "embedding_facets",
    Base.metadata,
    Column("embedding_id", Uuid, nullable=False),
    Column("organization_id", Uuid, nullable=False),
    Column("model", Text, nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("brand", Text),
    Column("price", BigInteger),
    Column("signs", BIT(varying=True), nullable=False),
    ForeignKeyConstraint(
        ["organization_id", "embedding_id"], ["embeddings.organization_id", "embeddings.id"], ondelete="CASCADE"
    ),
    Index(
        "ix_embedding_facets_embedding_id_price",
        "embedding_id",
        "price",
        unique=True,
        postgresql_include=["brand"],
        postgresql_nulls_not_distinct=True,
    ),
    Index("ix_embedding_facets_product", "organization_id", "product_id"),
    *(
        Index(
            f"ix_embedding_facets_{by}",
            "organization_id",
            "model",
            by,
            postgresql_include=[beside, "signs", "embedding_id"],
        )
        for by, beside in (("brand", "price"), ("price", "brand"))
    ),
)
"""
What filters ask most of a product's vector, in rows a tenth of its size: a row a price of its variants on sale (one without
a price where there are none), its brand in small letters, and the signs of its vector, one bit a dimension. Triggers on
embeddings, products and variants keep it (migration 0008).
"""
