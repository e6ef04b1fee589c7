"""What `agentpay eval all` asks of a suite, and what it tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from agentpay.evals.report import Case

Size = Literal["fast", "sample", "full"]
"""`fast`: what a commit is held to, seconds a suite. `sample`: fixed, stratified. `full`: everything there is."""
Advance = Callable[[str], None]
"""Told the id of each case as it ends; from any thread."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for all suites of a run. Every part of it goes into the run's fingerprint but `scratch`."""

    seed: int = 1
    """Draws simulated people. The cases that are played are the same for every seed."""
    size: Size = "sample"
    model: str = "house"
    """`house` or `openai:<model>`: who plays the agent."""
    agent: dict[str, Any] | None = None
    """Settings that the shops' agents are given (personality, templates, tools); None: the shop file's. Rules are a shop's own."""
    agent_version: int | None = None
    """The version that `agent` was taken from, for suites that hold a shop's own conversations again."""
    datasets: Path | None = None
    """Folder of the public data sets; None where there is none."""
    scratch: Path | None = None
    """Where shops of the run's own keep their data; None: the system's temporary folder."""

    def attempt(self, number: int) -> Terms:
        """The same with other people: the `number`-th try of `--repeat`, from 0."""
        return replace(self, seed=self.seed + 1_000_003 * number)


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a suite that is run in one go, in a process beside others, and kept as soon as it has ended."""

    id: str
    """Stable, unique in its suite."""
    cases: tuple[str, ...]
    """Ids of its cases, in order; unique in the suite."""
    seconds: float = 20.0
    """What it takes, about: the longest units are begun first."""


@dataclass(slots=True)
class Outcome:
    """What came of a unit: a case for each of its ids, in any order, and what else the suite puts together in the end."""

    cases: list[Case]
    partial: dict[str, Any] = field(default_factory=dict)
    """JSON through and through."""


class SuiteKind(Protocol):
    """A suite. Made anew in each process that runs a unit of it: it holds nothing."""

    name: str

    def missing(self, terms: Terms) -> str | None:
        """What of its data is not there, in a sentence; None where all is. A suite that misses something fails the run."""

    def units(self, terms: Terms) -> list[Unit]:
        """What is to be run, the same for the same terms. Reads files only. Raises what `missing` would have named."""

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        """Runs one. Raises StartupError where a shop does not come up; what goes wrong with a case is that case's failure."""

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """What the suite measures over all units, in the order of `units`; thresholds are held against it by name."""
