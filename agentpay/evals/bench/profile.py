"""What every profile of the bench is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agentpay.errors import StartupError

REFERENCE = "bare_langgraph"
"""What the ratios are to."""


@dataclass(frozen=True, slots=True)
class Bench:
    """`folder` holds the fake model, the load and the reference services; `store` is the shop ours is opened with;
    below `data` lies its temporary data (None: the system's place for that)."""

    folder: Path
    store: Path
    repetitions: int = 3
    data: Path | None = None
    store_given: bool = False
    """Whether `store` was asked for, and is no default."""
    sizes: tuple[int, ...] = ()
    """Numbers of products (`search`); none: the profile's own."""
    advance: Callable[[str, int, int], None] = lambda _stage, _done, _total: None
    """Told (stage, done, total) by profiles that take long; total 0 where it is not known."""

    def require(self, *names: str) -> None:
        """Raises StartupError where a file of the bench folder is missing."""
        missing = [name for name in names if not (self.folder / name).is_file()]
        if missing:
            raise StartupError(
                f"{self.folder} lacks {', '.join(missing)}: `--bench DIR` says where the bench files are."
            )


@dataclass(slots=True)
class Results:
    """Figures of each service, row by row (`label` names a row), and their ratios to the reference's."""

    results: dict[str, list[dict[str, Any]]]
    ratios: dict[str, list[dict[str, float]]]


class Profile(Protocol):
    """One kind of load. `figures` are the members of a row that are shown, and set in ratio where there is a reference."""

    @property
    def name(self) -> str: ...

    @property
    def help(self) -> str: ...

    @property
    def figures(self) -> tuple[str, ...]: ...

    def run(self, bench: Bench) -> Results:
        """Measure. Raises StartupError where a file is missing or a service does not come up."""
        ...


def ratios(
    figures: tuple[str, ...], results: dict[str, list[dict[str, Any]]], reference: str = REFERENCE
) -> dict[str, list[dict[str, float]]]:
    """Each service's figures over the reference's, row by row."""
    return {
        name: [
            {
                figure: round(row[figure] / compared[figure], 3)
                for figure in figures
                if isinstance(row.get(figure), int | float) and compared.get(figure)
            }
            for row, compared in zip(rows, results[reference], strict=False)
        ]
        for name, rows in results.items()
    }
