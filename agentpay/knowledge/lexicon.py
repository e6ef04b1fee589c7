"""The words of a shop's titles, brands and categories: what a misspelt word is corrected to."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein
from sqlalchemy import select

from agentpay.knowledge.terms import Term, with_synonyms, words
from agentpay.llm.minilm import common_words
from agentpay.store.session import Tx
from agentpay.store.tables import Organization, Product

_KEPT = 32
"""Shops whose words stay in memory."""
_SHORTEST = 3
_SHORT = 5
"""Shorter words are one letter from many others: they are corrected only to a word that is common in the shop."""
_COMMON = 5
"""Titles that such a word stands in."""
_CANDIDATES = 20

_MANY = 5_000
"""Words from which on they are counted anew at most every `STALE_SECONDS`: a slip is set right by yesterday's titles too."""
STALE_SECONDS = 60.0


class TitleWords(Counter[str]):
    """The words of titles, brands and categories, each with the number of texts it stands in."""

    @cached_property
    def by_length(self) -> Mapping[int, Sequence[str]]:
        """Those of letters alone."""
        found: dict[int, list[str]] = defaultdict(list)
        for word in self:
            if word.isalpha():
                found[len(word)].append(word)
        return found


_cache: OrderedDict[UUID, tuple[int, float, TitleWords]] = OrderedDict()


async def title_words(tx: Tx) -> frozenset[str]:
    """The lower-cased words of the titles, brands and categories on sale."""
    return frozenset(await title_counts(tx))


async def title_counts(tx: Tx, version: int | None = None) -> TitleWords:
    """The same with the number of texts each stands in; kept until the catalogue's version (asked for where it is not
    given) changes, of many a while longer."""
    if version is None:
        statement = select(Organization.catalog_version).where(Organization.id == tx.organization_id)
        version = await tx.session.scalar(statement)
    kept = _cache.get(tx.organization_id)
    if kept is not None:
        known, made, found = kept
        if known == version or (len(found) > _MANY and time.monotonic() - made < STALE_SECONDS):
            _cache.move_to_end(tx.organization_id)
            return found
    rows = (
        await tx.session.execute(
            select(Product.title, Product.brand, Product.category).where(
                Product.organization_id == tx.organization_id, Product.status == "active"
            )
        )
    ).all()
    texts = [text for row in rows for text in row if text]
    found = await asyncio.to_thread(_counted, texts)
    _cache[tx.organization_id] = (version or 0, time.monotonic(), found)
    while len(_cache) > _KEPT:
        _cache.popitem(last=False)
    return found


def _counted(texts: list[str]) -> TitleWords:
    return TitleWords(word for text in texts for word in set(words(text)))


def correct(word: str, known: TitleWords, real: frozenset[str] = frozenset()) -> str | None:
    """
    The shop's word that `word` is a slip of, or None. `real` are words that exist, whatever the shop sells.

    A letter left out, doubled, swapped or replaced counts as a slip. A word that exists is only taken for a slip where it
    is long and no letter is replaced: "boots" is none of "boats", nor "shelf" of "shell". Among several the commonest wins.
    """
    if len(word) < _SHORTEST or not word.isalpha() or word in known:
        return None
    exists = word in real
    if exists and len(word) < _SHORT:
        return None
    allowed = 2 if len(word) >= 9 else 1
    lengths = range(len(word) - allowed, len(word) + allowed + 1)
    nearby = [other for length in lengths for other in known.by_length.get(length, ())]
    if len(word) < _SHORT:
        nearby = [other for other in nearby if len(other) > 1 and known[other] >= _COMMON]
    else:
        nearby = [other for other in nearby if len(other) >= _SHORT - 1]
    found = [
        (distance, other[:1] != word[:1], -known[other], other)
        for other, distance, _ in process.extract(
            word, nearby, scorer=OSA.distance, score_cutoff=allowed, limit=_CANDIDATES
        )
        if not exists or not _replaces(word, other, distance)
    ]
    return min(found)[3] if found else None


def _replaces(word: str, other: str, distance: float) -> bool:
    """Whether a letter stands for another: between words that exist that is mostly another word, not a slip."""
    return other[:1] != word[:1] or (
        distance == 1 and len(other) == len(word) and Levenshtein.distance(word, other) == 1 and len(word) < 8
    )


def explained(terms: Sequence[Term], unknown: set[str], known: TitleWords) -> list[Term]:
    """The terms, those of `unknown` with their other names, and else with the shop's spelling where there is one."""
    if not unknown:
        return list(terms)
    real = common_words()
    found = []
    for term in terms:
        if term.word in unknown:
            named = with_synonyms(term)
            term = named if named.others else replace(named, corrected=correct(term.word, known, real))
        found.append(term)
    return found
