"""`DIR/report.json` (CONTRACT §1): the same for every suite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Suite:
    """One suite's outcome. `problem` says why a suite that has no case has none."""

    name: str
    cases: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None
    figures: dict[str, Any] | None = None
    """Of a suite that measures: what it measured, by name."""

    @property
    def good(self) -> bool:
        """A suite that held nothing to account is not good."""
        return self.cases > 0 and self.failed == 0 and self.problem is None


def write_report(folder: Path, suites: Sequence[Suite]) -> Path:
    """Writes `report.json`; makes the folder. Answers where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    content = {
        "suites": [{key: value for key, value in asdict(suite).items() if value is not None} for suite in suites]
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")
    return path
