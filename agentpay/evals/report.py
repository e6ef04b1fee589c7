"""`DIR/report.json` (CONTRACT §1): the same for every suite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Case:
    """
    One case of a suite and how it went; what two runs are compared by.

    `id` is the same in every run of the same files. Nothing here may differ between two runs of one seed but `times`:
    ids, links and order numbers that a run makes up are masked before they come here.
    """

    id: str
    passed: bool | None
    """None: skipped; `detail["reason"]` says why."""
    detail: dict[str, Any] = field(default_factory=dict)
    """Of one that failed: what was expected and what was got. Of a conversation: `transcript`, `tools`, `state`."""
    measures: dict[str, float] = field(default_factory=dict)
    """Turns, tokens, cost in USD, calls of a model …"""
    times: dict[str, float] = field(default_factory=dict)
    """Milliseconds by name (`turn_p50`, `first_text_p95`, `whole`)."""
    attempts: list[bool] = field(default_factory=list)
    """Each try, where a case was repeated (`--repeat`); `passed` says whether all of them passed."""


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
    results: list[Case] = field(default_factory=list)
    """Every case, in order; what `--against` compares."""
    thresholds: list[dict[str, Any]] | None = None
    """`{"name", "bound": "least"|"most", "wanted", "got", "met"}` each; None: every case has to pass."""

    @property
    def good(self) -> bool:
        """A suite that held nothing to account is not good."""
        met = self.failed == 0 if self.thresholds is None else all(bound["met"] for bound in self.thresholds)
        return self.cases > 0 and met and self.problem is None


def report_data(suites: Sequence[Suite], **more: Any) -> dict[str, Any]:
    """What `report.json` holds; `more`: what is said of the run as a whole, where it is given."""
    said = {name: value for name, value in more.items() if value is not None}
    return said | {
        "suites": [{key: value for key, value in asdict(suite).items() if value is not None} for suite in suites]
    }


def timeless(report: Mapping[str, Any]) -> dict[str, Any]:
    """
    A `report.json` without its times: what two runs of one seed, program and data have in common, byte for byte.

    These are all the times there are: when the run `started` and how many `seconds` it took, `times` of a suite's figures
    and of a case, and the thresholds that are called `times.…`.
    """
    found = dict(report)
    if "run" in found:
        found["run"] = _without(found["run"], "started", "seconds")
    found["suites"] = [_timeless(suite) for suite in report["suites"]]
    return found


def _timeless(suite: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(suite)
    if "figures" in found:
        found["figures"] = _without(found["figures"], "times")
    if "thresholds" in found:
        found["thresholds"] = [each for each in found["thresholds"] if not each["name"].startswith("times.")]
    found["results"] = [_without(case, "times") for case in found.get("results", ())]
    return found


def _without(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def plain(value: Any) -> Any:
    """What `json` makes of what it does not know."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def write_report(folder: Path, suites: Sequence[Suite], **more: Any) -> Path:
    """Writes `report.json` (`report_data`); makes the folder. Answers where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    path.write_text(json.dumps(report_data(suites, **more), indent=2, ensure_ascii=False, default=plain) + "\n")
    return path
