"""What each suite has to reach: `thresholds.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentpay.evals.report import Suite
from agentpay.evals.suites.protocol import Size

_FILE = Path(__file__).with_name("thresholds.toml")
_SIZES = ("fast", "sample", "full")


def bounds(suite: str, size: Size) -> dict[str, Any]:
    """The suite's table for a run of this size."""
    table = tomllib.loads(_FILE.read_text("utf-8")).get(suite, {"passed": 1.0})
    own = {name: value for name, value in table.items() if name not in _SIZES}
    return {**own, **table.get(size, {})}


def held(suite: Suite, bounds: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each bound with what was got: `{"name", "bound": "least"|"most", "wanted", "got", "met"}`.

    A figure that this run did not measure holds nothing to account, unless it is `passed`.
    """
    found = []
    for name, wanted in bounds.items():
        bound = "most" if isinstance(wanted, dict) else "least"
        limit = wanted["most"] if isinstance(wanted, dict) else wanted
        got = _got(suite, name)
        if got is None and name != "passed":
            continue
        met = got is not None and (got <= limit if bound == "most" else got >= limit)
        found.append({"name": name, "bound": bound, "wanted": limit, "got": got, "met": met})
    return found


def _got(suite: Suite, name: str) -> float | None:
    if name == "passed":
        counted = suite.passed + suite.failed
        return round(suite.passed / counted, 4) if counted else None
    value: Any = suite.figures or {}
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) else None
