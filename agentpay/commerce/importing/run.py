"""What the steps of one import share, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from psycopg import AsyncConnection

from agentpay.commerce.importing.models import StoreFile
from agentpay.commerce.importing.problems import ImportProblem, ImportProblems
from agentpay.commerce.importing.reading import Loaded, Path_, Progress
from agentpay.commerce.importing.upsert import Table, Written, upsert


@dataclass(slots=True)
class Counts:
    """How many rows of a kind an import made, changed and found as they were."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class ImportReport:
    """What an import did, by kind ("products", "variants", "orders", …)."""

    organization_id: UUID
    digest: str
    counts: dict[str, Counts] = field(default_factory=dict)
    archived_variants: int = 0
    orders_kept: list[str] = field(default_factory=list)
    """External ids of orders that the file changes but that were worked on since: they are left as they are."""

    @property
    def changed(self) -> bool:
        return any(counts.created or counts.updated for counts in self.counts.values()) or self.archived_variants > 0


@dataclass(slots=True)
class Run:
    """One import under way, in one transaction."""

    connection: AsyncConnection[Any]
    loaded: Loaded
    organization_id: UUID
    now: datetime
    reset_stock: bool
    report: ImportReport
    progress: Progress | None = None

    @property
    def store(self) -> StoreFile:
        return self.loaded.store

    @property
    def currency(self) -> str:
        return self.store.organization.currency

    def refuse(self, found: list[tuple[Path_, str]]) -> NoReturn:
        raise ImportProblems([self.loaded.problem(path, message) for path, message in found])

    def refuse_all(self, problems: list[ImportProblem]) -> None:
        if problems:
            raise ImportProblems(problems)

    async def write(self, kind: str | None, table: Table, rows: list[tuple[Any, ...]]) -> Written:
        """Upsert rows and count them under `kind` (None: not reported)."""
        if not rows:
            return Written(set(), set())
        step: Callable[[int], None] | None = None
        if self.progress is not None and kind is not None:
            report, name, total = self.progress, kind, len(rows)
            report(name, 0, total)

            def step(done: int) -> None:
                report(name, done, total)

        written = await upsert(self.connection, self.organization_id, table, rows, progress=step)
        if kind is not None:
            counts = self.report.counts.setdefault(kind, Counts())
            counts.created += len(written.created)
            counts.updated += len(written.updated)
            counts.unchanged += len(rows) - len(written.created) - len(written.updated)
            if self.progress is not None:
                self.progress(kind, len(rows), len(rows))
        return written
