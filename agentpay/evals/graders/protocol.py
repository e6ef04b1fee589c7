"""What a grader is, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from agentpay.evals.graders.record import Record


@dataclass(frozen=True, slots=True)
class Grade:
    """`score`: whether it holds, a share from 0 to 1, or a quantity (`unit`); None where it cannot be told."""

    key: str
    score: bool | float | None
    comment: str = ""
    """What is wrong, or how a quantity came about. Says nothing where all is well."""
    unit: str | None = None
    """Of a quantity: `usd`, `tokens`, `ms`. A quantity never passes or fails."""
    binding: bool = True
    """Whether a score of False fails the case. What a model judges never does."""

    @property
    def failed(self) -> bool:
        return self.binding and self.score is False

    def data(self) -> dict[str, Any]:
        return asdict(self)


class Grader(Protocol):
    """Looks at one ended conversation. Answers nothing where it has nothing to say. Never raises for what it looks at."""

    def grade(self, record: Record) -> Sequence[Grade]: ...


def verdict(key: str, problems: Sequence[str]) -> Grade:
    """Holds where there is no problem."""
    return Grade(key, not problems, "; ".join(problems))
