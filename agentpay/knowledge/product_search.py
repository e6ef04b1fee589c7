"""Products by words and by meaning: what the words rank and the vectors find is blended, and only what fits is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentpay.knowledge import confidence, shown
from agentpay.knowledge.candidates import POOL, Candidate, highest, weighed
from agentpay.knowledge.filters import SearchFilters, narrowing
from agentpay.knowledge.hits import Hit
from agentpay.knowledge.reading import Reading, Shop, read, shop_asked, shop_of, spoken
from agentpay.knowledge.semantic import Semantic
from agentpay.knowledge.shown import Shown
from agentpay.knowledge.terms import content_terms, words
from agentpay.store import statements
from agentpay.store.session import Tx
from agentpay.store.statements import Asked

if TYPE_CHECKING:
    from agentpay.store.vectors import Vector

NEAR = 150
"""The most products that are looked at closely because of their meaning."""
_MORE_BY_WORDS, _MORE_BY_MEANING = (40, 2.0), (30, 1.2)
"""So many are looked at for an answer of `limit` products: a few, and so many times the limit."""
LEXICAL_SHARE = 0.4
"""What the words' rank counts against the cosine; measured on the electronics judgements (docs/search.md)."""
NEAR_STORY = 0.27
"""Cosine from which a product may help somebody who tells a story."""
_MORE = 4
"""Where too many of the first products are sold out, so many times as many are asked for next."""
_CODE_DIGITS = 6


async def search_products(
    tx: Tx, query: str, *, limit: int, filters: SearchFilters | None = None, semantic: Semantic | None = None
) -> list[Hit]:
    """The products that answer the query, best first: exact ids and SKUs, then those in stock, then those sold out."""
    query = query.replace("\x00", " ")
    terms = content_terms(query)
    if not terms:
        return [product.hit(0.5) for product in await shown.browse(tx, limit=limit, filters=filters)]
    told, named = await statements.several(tx, shop_asked(tx), _exactly(tx, query, filters))
    shop, exact = await shop_of(tx, told), [shown.shown(row) for row in named]
    async with _Meaning(semantic, shop, spoken(query)) as meaning:
        reading = await read(tx, terms, query, shop)
        found = await _found(tx, reading, filters, meaning, limit)
    hits = [product.hit(1.0) for product in exact]
    seen = {product.id for product in exact}
    fitting = confidence.fitting(reading, found)
    if seen:
        fitting = [candidate for candidate in fitting if candidate.id not in seen]
    top = max((candidate.rank for candidate in found), default=0.0)
    for candidate in fitting:
        candidate.score = _score(candidate, top)
    # In a small shop the kind of thing asked for says more than all that is said around it
    small = reading.total < confidence.SMALL
    fitting.sort(key=lambda c: (-c.score if small else 0.0, -_blend(c, top), c.title))
    ceiling = 1.0
    for candidate, product in await _in_stock_first(tx, fitting, limit - len(hits), filters):
        fit = round(candidate.score if product.in_stock else candidate.score * 0.6, 4)
        ceiling = min(ceiling, fit)
        hits.append(product.hit(ceiling, fit))
    return hits[:limit]


async def near_products(
    tx: Tx, story: str, *, limit: int, filters: SearchFilters | None = None, semantic: Semantic | None = None
) -> list[Hit]:
    """
    The products nearest in meaning to what somebody tells ("she is stiff in the hips and needs something to sleep on"),
    best first, those in stock before others; none where none is near, or where nothing knows meanings.
    """
    shop = await shop_of(tx)
    vector = await semantic.vector(shop.model, story) if semantic is not None and shop.model is not None else None
    if semantic is None or shop.model is None or vector is None:
        return []
    near = await semantic.store.nearest(tx, shop.model, "product", vector, limit=limit, narrowing=narrowing(filters))
    scores = {found.owner_id: found.score for found in near}
    products = await shown.show(tx, [id for id, score in scores.items() if score >= NEAR_STORY], filters)
    products.sort(key=lambda product: (not product.in_stock, -scores[product.id]))
    return [product.hit(round(scores[product.id], 4)) for product in products]


class _Meaning:
    """The query's vector, computed beside the database's work from what was said; again where the shop spells it otherwise."""

    def __init__(self, semantic: Semantic | None, shop: Shop, said: str) -> None:
        self.semantic = semantic if shop.model is not None else None
        self._model = shop.model or ""
        self._said = said
        self._task: asyncio.Task[Vector | None] | None = None

    async def __aenter__(self) -> _Meaning:
        if self.semantic is not None:
            self._task = asyncio.create_task(self.semantic.vector(self._model, self._said))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()

    async def of(self, text: str) -> Vector | None:
        if self.semantic is None or self._task is None:
            return None
        return await self._task if text == self._said else await self.semantic.vector(self._model, text)


async def _found(
    tx: Tx, reading: Reading, filters: SearchFilters | None, meaning: _Meaning, limit: int
) -> list[Candidate]:
    """What the words or the meaning find, each with both."""
    by_words = await highest(tx, reading, filters, _wide(POOL, _MORE_BY_WORDS, limit))
    vector = await meaning.of(reading.text)
    if meaning.semantic is None or reading.model is None or vector is None:
        return await weighed(tx, reading, by_words, filters)
    store, model = meaning.semantic.store, reading.model
    wide = _wide(NEAR, _MORE_BY_MEANING, limit)
    near = await store.nearest(tx, model, "product", vector, limit=wide, narrowing=narrowing(filters), also=by_words)
    cosines = {found.owner_id: found.score for found in near}
    candidates = await weighed(tx, reading, list(dict.fromkeys([*cosines, *by_words])), filters)
    for candidate in candidates:
        candidate.cosine = cosines.get(candidate.id)
    return candidates


def _wide(most: int, more: tuple[int, float], limit: int) -> int:
    least, times = more
    return min(most, least + round(times * limit))


def _blend(candidate: Candidate, top: float) -> float:
    relative = candidate.rank / top if top else 0.0
    if candidate.cosine is None:  # not indexed yet: by its words alone, as if its meaning were as near
        return relative
    return LEXICAL_SHARE * relative + (1 - LEXICAL_SHARE) * candidate.cosine


def _score(candidate: Candidate, top: float) -> float:
    """All firm words held: 0.5..0.99, else below 0.5. The engine's rank decides among equals."""
    relative = candidate.rank / top if top else 0.0
    value = 0.85 * candidate.coverage.quality + 0.15 * relative
    if candidate.cosine is not None and not candidate.rank:  # found by its meaning alone
        value = max(value, 0.8 * candidate.cosine)
    return 0.5 + 0.49 * value if candidate.coverage.holds_all else 0.49 * value


async def _in_stock_first(
    tx: Tx, fitting: Sequence[Candidate], limit: int, filters: SearchFilters | None
) -> list[tuple[Candidate, Shown]]:
    """The first `limit` that can be had, then those that cannot; read in blocks, as few as it takes."""
    available: list[tuple[Candidate, Shown]] = []
    sold_out: list[tuple[Candidate, Shown]] = []
    start, size = 0, limit + 5
    while start < len(fitting) and len(available) < limit:
        block = {candidate.id: candidate for candidate in fitting[start : start + size]}
        for product in await shown.show(tx, list(block), filters):
            (available if product.in_stock else sold_out).append((block[product.id], product))
        start, size = start + size, size * _MORE
    return [*available, *sold_out][: max(0, limit)]


async def exact_matches(tx: Tx, query: str, filters: SearchFilters | None = None) -> list[Shown]:
    """Products whose id, SKU or title the query is, or whose id or SKU is one of its words (one that looks like a code)."""
    return [shown.shown(row) for row in await statements.rows(tx, *_exactly(tx, query, filters))]


def _exactly(tx: Tx, query: str, filters: SearchFilters | None) -> Asked:
    return shown.exactly(tx, codes_in(query), _whole(query), filters)


def codes_in(query: str) -> list[str]:
    """The lower-cased texts of a query that may be an id or a SKU: all of it, and words such as "RR-42-BL".

    A short number within a query is an amount ("9000 btu"), whatever SKU there is.
    """
    return sorted({_whole(query)} | {word for word in words(query) if _looks_like_code(word)})


def _whole(query: str) -> str:
    return " ".join(query.split()).lower()


def _looks_like_code(word: str) -> bool:
    if word.isdecimal() and len(word) < _CODE_DIGITS:
        return False
    return len(word) >= 3 and (any(c.isdigit() for c in word) or "-" in word or "_" in word)
