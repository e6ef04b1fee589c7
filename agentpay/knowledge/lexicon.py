"""The words of a shop's titles, brands and categories: what a misspelt word is corrected to."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein
from sqlalchemy import select

from agentpay.knowledge.terms import Term, with_synonyms, words
from agentpay.store.session import Tx
from agentpay.store.tables import Organization, Product

_KEPT = 32
"""Shops whose words stay in memory."""
_SHORTEST = 5
"""Shorter words are left as they are: too many of them are one letter from another word."""

_cache: OrderedDict[UUID, tuple[int, frozenset[str]]] = OrderedDict()


async def title_words(tx: Tx) -> frozenset[str]:
    """The lower-cased words of the titles, brands and categories on sale; kept until the catalogue's version changes."""
    version = await tx.session.scalar(select(Organization.catalog_version).where(Organization.id == tx.organization_id))
    kept = _cache.get(tx.organization_id)
    if kept is not None and kept[0] == version:
        _cache.move_to_end(tx.organization_id)
        return kept[1]
    rows = (
        await tx.session.execute(
            select(Product.title, Product.brand, Product.category).where(
                Product.organization_id == tx.organization_id, Product.status == "active"
            )
        )
    ).all()
    texts = [text for row in rows for text in row if text]
    found = await asyncio.to_thread(_distinct, texts)
    _cache[tx.organization_id] = (version or 0, found)
    while len(_cache) > _KEPT:
        _cache.popitem(last=False)
    return found


def _distinct(texts: list[str]) -> frozenset[str]:
    return frozenset(word for text in set(texts) for word in words(text))


def correct(word: str, known: frozenset[str]) -> str | None:
    """
    The shop's word that `word` is a slip of, or None.

    A letter left out, doubled or swapped counts as a slip; a letter replaced by another only in words of eight letters
    and more, since in shorter ones it usually makes another word ("boots" is no slip of "boats").
    """
    if len(word) < _SHORTEST or not word.isalpha() or word in known:
        return None
    allowed = 2 if len(word) >= 9 else 1
    nearby = [other for other in known if abs(len(other) - len(word)) <= allowed and other[:1] == word[:1]]
    for other, distance, _ in process.extract(word, nearby, scorer=OSA.distance, score_cutoff=allowed, limit=5):
        if not other.isalpha() or len(other) < _SHORTEST - 1:
            continue
        replaced = distance == 1 and len(other) == len(word) and Levenshtein.distance(word, other) == 1
        if replaced and len(word) < 8:
            continue
        return str(other)
    return None


async def explained(tx: Tx, terms: list[Term], unknown: set[str]) -> list[Term]:
    """The terms, those of `unknown` with their other names, and else with the shop's spelling where there is one."""
    if not unknown:
        return terms
    known = await title_words(tx)
    found = []
    for term in terms:
        if term.word in unknown:
            named = with_synonyms(term)
            term = named if named.others else replace(named, corrected=correct(term.word, known))
        found.append(term)
    return found
