"""Regressions planted in a copy of the package: the product has no seam for them, and needs none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import agentpay

PACKAGE = Path(agentpay.__file__).parent


@dataclass(frozen=True, slots=True)
class Run:
    """How `agentpay eval …` ended, and its report."""

    code: int
    report: dict[str, Any]
    folder: Path
    said: str

    def suite(self, name: str) -> dict[str, Any]:
        return next(suite for suite in self.report["suites"] if suite["name"] == name)

    def unmet(self, name: str) -> list[str]:
        return [each["name"] for each in self.suite(name)["thresholds"] if not each["met"]]


def plant(folder: Path, module: str, lines: str) -> Path:
    """A copy of the package in `folder`: links, but for the file `module`, which has `lines` at its end. Answers `folder`."""
    copy, source = folder / PACKAGE.name, PACKAGE
    for part in Path(module).parts:
        copy.mkdir(parents=True)
        for child in source.iterdir():
            if child.name not in (part, "__pycache__"):  # what is compiled of the copy stays with the copy
                (copy / child.name).symlink_to(child)
        copy, source = copy / part, source / part
    copy.write_text(f"{source.read_text()}\n\n{lines}", "utf-8")
    for beside in ("alembic", "alembic.ini"):
        if (PACKAGE.parent / beside).exists():
            (folder / beside).symlink_to(PACKAGE.parent / beside)
    return folder


def evaluate(folder: Path, *arguments: str, package: Path | None = None) -> Run:
    """`agentpay eval ARGUMENTS --out FOLDER` in a process of its own, with the package that is planted in `package`."""
    environment = dict(os.environ)
    if package is not None:
        environment["PYTHONPATH"] = str(package)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "agentpay", "eval", *arguments, "--out", str(folder)]
    # Not in the repository: its own package would be found there first
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    said = done.stdout + done.stderr
    report = folder / "report.json"
    assert report.exists(), f"no report was written: {said[-3000:]}"
    return Run(done.returncode, json.loads(report.read_text()), folder, said)
