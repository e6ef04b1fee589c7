"""The one door to what a shop knows (CONTRACT §2, POST /v1/agent/knowledge/search)."""

from __future__ import annotations

from collections.abc import Sequence

from agentpay.knowledge.article_search import search_articles
from agentpay.knowledge.filters import SearchFilters
from agentpay.knowledge.hits import Hit, Kind
from agentpay.knowledge.product_search import search_products
from agentpay.knowledge.semantic import Semantic
from agentpay.store.session import Tx

__all__ = ["Hit", "Kind", "SearchFilters", "Semantic", "search"]

MAX_LIMIT = 100


async def search(
    tx: Tx,
    query: str,
    *,
    limit: int = 10,
    kinds: Sequence[Kind] = ("product", "article"),
    filters: SearchFilters | None = None,
    semantic: Semantic | None = None,
) -> list[Hit]:
    """
    Products and articles that answer the query, best first; none where nothing fits.

    `filters` are about products: with any of them articles are left out. A query without a word that names something
    ("what do you have?") lists products. `limit` is cut to 1..100. Without `semantic` words alone decide.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    hits: list[Hit] = []
    if "product" in kinds:
        hits += await search_products(tx, query, limit=limit, filters=filters, semantic=semantic)
    if "article" in kinds and (filters is None or filters.empty):
        hits += await search_articles(tx, query, limit=limit, semantic=semantic)
    if len(set(kinds)) > 1:
        # Python's sort keeps the order of equals, so that each kind stays in the order its own search gave it.
        hits.sort(key=lambda hit: -hit.score)
    return hits[:limit]
