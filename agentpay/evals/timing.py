"""Times as a report holds them: milliseconds by name."""

from __future__ import annotations

from collections.abc import Sequence


def spread(name: str, milliseconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile under `name_p50` and `name_p95`; nothing where nothing was timed."""
    if not milliseconds:
        return {}
    ordered = sorted(milliseconds)
    return {f"{name}_p{share}": round(ordered[(len(ordered) - 1) * share // 100], 1) for share in (50, 95)}
