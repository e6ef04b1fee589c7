"""The profiles that load.py of the bench folder drives: every service gets the same model, machine and load, in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from agentpay.errors import StartupError
from agentpay.evals.bench.profile import REFERENCE, Bench, Results, ratios
from agentpay.evals.bench.services import (
    FakeModel,
    Target,
    asgi,
    awake,
    create_database,
    fake_model,
    halted,
    ours,
)
from agentpay.evals.service import own_service

FILES = ("fakellm.py", "load.py", "agentpay_adapter.py", "bare_langgraph.py", "bare_proxy.py")
COUNTED = ("tps", "ttft_p50", "tot_p50", "tot_p95", "gap_p99", "srv_cpu_ms", "rss_mb", "foreign")

GROWTH = ("ttft_ms", "total_ms", "cpu_ms", "wal_kb", "total_ms_grown", "cpu_ms_grown", "wal_kb_grown")


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to run our service."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)


AGENTPAY = Variant("agentpay")
EACH_STEP = Variant("agentpay, each step", {"AGENTPAY_DURABILITY": "step"})
GROWN_FROM = 25
"""The turn of a long conversation that later ones are compared with: its row tells of turns 11 to 25."""


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """`load` are the arguments of load.py; `delay_ms` the model's pause between tokens."""

    name: str
    help: str
    mode: Literal["run", "growth"]
    load: tuple[str, ...]
    delay_ms: float = 0.0
    figures: tuple[str, ...] = COUNTED
    variants: tuple[Variant, ...] = (AGENTPAY,)

    def run(self, bench: Bench) -> Results:
        """The services take turns: a machine that others share is not as fast from one minute to the next."""
        bench.require(*FILES)
        rounds: list[dict[str, list[dict[str, Any]]]] = []
        with ExitStack() as stack:
            model = stack.enter_context(fake_model(bench.folder, delay_ms=self.delay_ms))
            targets: list[Target] = []
            for variant in self.variants:
                target, dsn = self._ours(variant, bench, model, stack)
                targets.append(target)
            bare = {"LLM_BASE": model.api, "DSN": dsn}
            if self.mode == "run":
                targets.insert(0, stack.enter_context(asgi(bench.folder, "bare_proxy", "proxy", bare)))
            targets.insert(0, stack.enter_context(asgi(bench.folder, REFERENCE, "bare", bare, dsn)))
            for target in targets:
                stack.enter_context(halted(target.pid))
            for _ in range(bench.repetitions):
                rounds.append({})
                for target in targets:
                    with awake(target.pid):
                        rounds[-1][target.name] = self._measure(target, bench)
        return Results(typical(rounds), typical([ratios(self.figures, each) for each in rounds]))

    def _ours(self, variant: Variant, bench: Bench, model: FakeModel, stack: ExitStack) -> tuple[Target, str]:
        environment = {"OPENAI_BASE_URL": model.api, "OPENAI_API_KEY": "bench", **variant.environment}
        service = stack.enter_context(
            own_service(bench.store, model="openai:fake", environment=environment, data=bench.data)
        )
        return ours(variant.name, service), create_database(service.database_url, "bare")

    def _measure(self, target: Target, bench: Bench) -> list[dict[str, Any]]:
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as out:
            command = [sys.executable, str(bench.folder / "load.py"), self.mode, "--base", target.base_url, *self.load]
            command += ["--adapter", target.adapter, "--plugin", str(bench.folder / "agentpay_adapter.py")]
            command += ["--pid", str(target.pid), "--reps", "1", "--out", out.name]
            command += ["--dsn", target.dsn] if target.dsn and self.mode == "growth" else []
            done = subprocess.run(
                command,
                env={**os.environ, **target.environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            lines = Path(out.name).read_text().splitlines()
            if done.returncode != 0 or not lines:
                raise StartupError(f"The load on {target.name} failed: {done.stderr.strip()[-500:]}")
            measured = json.loads(lines[-1])
        if self.mode == "growth":
            return _grown(measured["growth"])
        return [{"label": f"{row['conc']} at once", **row} for row in measured["results"]]


def typical(rounds: list[dict[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
    """The median of each figure over the rounds; what is no number as the first has it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, rows in rounds[0].items():
        found[name] = []
        for n, row in enumerate(rows):
            measured = {
                figure: [each[name][n].get(figure) for each in rounds]
                for figure, value in row.items()
                if isinstance(value, int | float)
            }
            middle = {
                figure: round(statistics.median(value for value in values if value is not None), 3)
                for figure, values in measured.items()
            }
            found[name].append({**row, **middle})
    return found


def _grown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Figures a turn since the row before (load.py sums them up), and how they compare with those of turn GROWN_FROM."""
    found: list[dict[str, Any]] = []
    for before, row in pairwise(rows):
        turns = row["turn"] - before["turn"]
        figures = {"ttft_ms": row["ttft_ms"], "total_ms": row["total_ms"]}
        figures["cpu_ms"] = round(1000 * (row["srv_cpu_s"] - before["srv_cpu_s"]) / turns, 2)
        if "wal_kb" in row:
            figures["wal_kb"] = round((row["wal_kb"] - before["wal_kb"]) / turns, 2)
        found.append({"label": f"turn {row['turn']}", "turn": row["turn"], **figures})
    base = next((row for row in found if row["turn"] == GROWN_FROM), None)
    for row in found:
        for figure in ("total_ms", "cpu_ms", "wal_kb"):
            if base is not None and base.get(figure):
                row[f"{figure}_grown"] = round(row[figure] / base[figure], 3)
    return found
