"""Whether a run goes to LangSmith, and handing it over: nothing here imports langsmith, as most runs do not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agentpay.errors import StartupError
from agentpay.evals import offline
from agentpay.evals.report import Suite, write_report

_KEYS = ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")
"""As langsmith itself reads them."""

LangSmith = Annotated[
    bool | None,
    typer.Option("--langsmith/--no-langsmith", help="Publish the run as LangSmith experiments.  [default: with a key]"),
]


def has_key() -> bool:
    return any(os.environ.get(name) for name in _KEYS)


def check_langsmith(asked: bool | None) -> None:
    """Before a run: raises StartupError where it is to be published and cannot be."""
    if asked and not has_key():
        raise StartupError("LANGSMITH_API_KEY is not set: there is no LangSmith to publish to.")


def hand_over(
    suites: Sequence[Suite], out: Path | None, *, asked: bool | None, scenarios: Path | None = None, **said: Any
) -> bool:
    """
    Publishes a run that has ended, where that is asked for or a key is set; answers whether all went well.

    `out`: the folder whose report.json it is; None where it has none, then `said` is what a report says of the run.
    `scenarios`: the file that the cases are from, where it is not one of ours. A process of its own does it: the one that
    ran the suites may be under a guard that lets nothing out.
    """
    if asked is False or not has_key() or offline.VARIABLE in os.environ:
        return True
    with tempfile.TemporaryDirectory(prefix="agentpay-langsmith-") as folder:
        if out is None:
            out = Path(folder)
            write_report(out, suites, **said)
        command = [sys.executable, "-m", "agentpay", "eval", "langsmith", str(out)]
        command += ["--scenarios", str(scenarios)] if scenarios is not None else []
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
