"""What a search costs, in figures that mean the same on another machine, and on one that does other things as well."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import text

from agentpay.llm.minilm import minilm
from agentpay.store.session import Database

_SENTENCE = "a small tent for two people that stands up to wind and rain"
_PIECES = 40
_ROUNDS = 3


async def search_cost(
    database: Database, ask: Callable[[str], Awaitable[object]], queries: Sequence[str]
) -> dict[str, float]:
    """
    Asks every query, one after the other, in several rounds; `database` is the one that `ask` reads, and nobody else uses
    it meanwhile: its open connections are closed. It is analysed first, as autovacuum does some time after an import:
    plans are then settled.

    - `cpu_ratio`: this process's processor time of a search in units of a fixed piece of work that is done right before
      it: one sentence through the embedding model, and Python at work on strings. The median over queries and rounds, the
      first left out.
    - `rows_read`: rows that PostgreSQL read for a search, the mean of the round that read the least: in the others the
      connection may have read the catalogue, at its first use or because autovacuum made it do so anew.
    - `pages_read`: its 8 kB pages, from memory or disk, likewise.
    """
    await database.engine.dispose()  # one connection serves what follows; others would write down late what they read
    async with database.session() as session:
        await session.execute(text("ANALYZE"))
    ratios: list[float] = []
    rows, pages = [], []
    for number in range(_ROUNDS):
        before = await _read(database)
        spent = [await _spent(ask, query) for query in queries]
        after = await _read(database)
        rows.append((after[0] - before[0]) / max(1, len(queries)))
        pages.append((after[1] - before[1]) / max(1, len(queries)))
        if number:
            ratios += spent
    return {
        "cpu_ratio": round(statistics.median(ratios), 2) if ratios else 0.0,
        "rows_read": round(min(rows)),
        "pages_read": round(min(pages)),
    }


async def _spent(ask: Callable[[str], Awaitable[object]], query: str) -> float:
    started = time.process_time()
    _reference()
    unit = time.process_time() - started
    started = time.process_time()
    await ask(query)
    return (time.process_time() - started) / unit


def _reference() -> None:
    minilm().encode([_SENTENCE])
    row = {"title": _SENTENCE, "words": _SENTENCE.split(), "price": 18900}
    for number in range(_PIECES):
        dumped = json.dumps({**row, "number": number})
        hashlib.sha256("".join(sorted(dumped)).encode()).hexdigest()


async def _read(database: Database) -> tuple[int, int]:
    """Rows and pages that this database has read since it was made, those of the connection that is asked included."""
    async with database.session() as session:
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.session() as session:
        row = (
            await session.execute(
                text(
                    "SELECT tup_returned + tup_fetched AS rows, blks_hit + blks_read AS pages"
                    " FROM pg_stat_database WHERE datname = current_database()"
                )
            )
        ).one()
    return row.rows, row.pages
