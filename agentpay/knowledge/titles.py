"""A shop's titles without spaces and signs: what a name is compared with that is run together or misspelt throughout."""

from __future__ import annotations

import asyncio
import re
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rapidfuzz import fuzz, process

from agentpay.knowledge.lexicon import STALE_SECONDS
from agentpay.store import statements
from agentpay.store.session import Tx

ALIKE = 88
"""Likeness (0..100) from which a misspelt or run-together name still counts."""
_SHORTEST = 6
_TITLES = 25_000
_BEST = 10
_KEPT = 8
"""Shops whose titles stay in memory: some 4 MB for 20,000."""
_MANY = 1_000
"""Titles from which on they are read anew at most every `STALE_SECONDS`."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A product on sale whose title holds something very like the name. `likeness` is 0..100."""

    product_id: UUID
    external_id: str | None
    title: str
    likeness: float


@dataclass(frozen=True, slots=True)
class _Titles:
    version: int
    made: float
    squeezed: Sequence[str]
    """Shortest first."""
    ids: Sequence[UUID]

    @classmethod
    def of(cls, version: int, rows: Sequence[tuple[UUID, str]]) -> _Titles:
        ordered = sorted(((squeeze(title), id) for id, title in rows), key=lambda pair: (len(pair[0]), pair[1]))
        return cls(version, time.monotonic(), [name for name, _ in ordered], [id for _, id in ordered])

    def like(self, name: str) -> dict[UUID, float]:
        first = bisect_left(self.squeezed, len(name) - 1, key=len)
        best = process.extract(name, self.squeezed[first:], scorer=fuzz.partial_ratio, score_cutoff=ALIKE, limit=_BEST)
        return {self.ids[first + n]: likeness for _, likeness, n in best}


_cache: OrderedDict[UUID, _Titles] = OrderedDict()


async def alike(tx: Tx, text: str, version: int) -> list[Alike]:
    """
    Titles that contain something very like the text, spaces and hyphens aside ("ridgerunner", "squal jackit"), likest first.

    `version` is the catalogue's. In a big shop a title of the last minute may be missing; what is no longer on sale never is found.
    """
    name = squeeze(text)
    if len(name) < _SHORTEST:
        return []
    likenesses = (await _titles(tx, version)).like(name)
    if not likenesses:
        return []
    rows = await statements.rows(
        tx,
        "SELECT id, external_id, title FROM products"
        " WHERE organization_id = :org AND status = 'active' AND id = ANY(CAST(:ids AS uuid[]))",
        {"org": tx.organization_id, "ids": list(likenesses)},
    )
    found = {id: Alike(id, external_id, title, likenesses[id]) for id, external_id, title in rows}
    return [found[id] for id in likenesses if id in found]


async def _titles(tx: Tx, version: int) -> _Titles:
    kept = _cache.get(tx.organization_id)
    if kept is None or (
        kept.version != version and (len(kept.ids) < _MANY or time.monotonic() - kept.made > STALE_SECONDS)
    ):
        rows = await statements.rows(
            tx,
            "SELECT id, title FROM products WHERE organization_id = :org AND status = 'active' ORDER BY id LIMIT :most",
            {"org": tx.organization_id, "most": _TITLES},
        )
        kept = await asyncio.to_thread(_Titles.of, version, rows)
        _cache[tx.organization_id] = kept
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(tx.organization_id)
    return kept


def squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())
