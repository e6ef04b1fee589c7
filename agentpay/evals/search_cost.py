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
_ROUNDS = 40


async def search_cost(
    database: Database, ask: Callable[[str], Awaitable[object]], queries: Sequence[str]
) -> dict[str, float]:
    """
    Asks each query once, one after the other; `database` is the one that `ask` reads, and nobody else uses it meanwhile.
    It is analysed first, as autovacuum does some time after an import: plans, and with them the figures, are then settled.

    - `cpu_ratio`: this process's processor time of a search in units of a fixed piece of work that is done right before
      it: one sentence through the embedding model, and Python at work on strings. The median over the queries.
    - `rows_read`: rows that PostgreSQL read for a search, the mean.
    - `pages_read`: its 8 kB pages, from memory or disk, the mean.
    """
    async with database.session() as session:
        await session.execute(text("ANALYZE"))
    for query in queries[:3]:  # what is loaded at its first use
        _reference()
        await ask(query)
    ratios = []
    before = await _read(database)
    for query in queries:
        unit = _spent_by_reference()
        started = time.process_time()
        await ask(query)
        ratios.append((time.process_time() - started) / unit)
    after = await _read(database)
    rows, pages = ((now - then) / max(1, len(queries)) for now, then in zip(after, before, strict=True))
    return {
        "cpu_ratio": round(statistics.median(ratios), 2) if ratios else 0.0,
        "rows_read": round(rows),
        "pages_read": round(pages),
    }


def _spent_by_reference() -> float:
    started = time.process_time()
    _reference()
    return time.process_time() - started


def _reference() -> None:
    minilm().encode([_SENTENCE])
    row = {"title": _SENTENCE, "words": _SENTENCE.split(), "price": 18900}
    for number in range(_ROUNDS):
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
