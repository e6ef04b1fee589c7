"""What is wrong with a store file, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """One bad row: its line (from 1; 0 where the file as a whole is meant), its path in the file, and what is wrong."""

    line: int
    path: str
    message: str
    file: str | None = None
    """Name of the products file, where the row is in it and not in the store file itself."""

    def __str__(self) -> str:
        place = f"{self.file} line {self.line}" if self.file else f"line {self.line}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ImportProblems(Exception):
    """A store file that was refused. Nothing of it was loaded; `problems` are all that were found, in the file's order."""

    def __init__(self, problems: Sequence[ImportProblem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file or "", problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))
