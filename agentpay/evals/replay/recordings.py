"""Recorded conversations: a line of JSON each, what was said and what came of it turn by turn; and how another run differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from agentpay.evals.replay.holding import Held
from agentpay.evals.replay.replaying import differences
from agentpay.evals.scenarios.models import Scenario

SEED = 7
"""Wordings and margins of haggling are drawn by it in every recording and replay: what differs was changed."""
_BINDING = ("skipped", "tools", "state")
"""What has to be the same; an agent, an intent or words that differ are shown."""


class RecordingProblems(Exception):
    """A file that holds no recordings; the message names the line."""


@dataclass(frozen=True, slots=True)
class Recording:
    """`scenario` without expectations: who spoke, and the steps. `turns`: `Held.kept` of each."""

    scenario: Scenario
    turns: list[dict[str, Any]]

    @property
    def id(self) -> str:
        return self.scenario.id

    @classmethod
    def of(cls, scenario: Scenario, held: Sequence[Held]) -> Recording:
        return cls(scenario, [turn.kept for turn in held])

    def line(self) -> bytes:
        """Steps alone: a recording says what came, not what should have."""
        dumped = self.scenario.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"finally_"})
        dumped["turns"] = [{key: value for key, value in step.items() if key != "expect"} for step in dumped["turns"]]
        return orjson.dumps({"scenario": dumped, "turns": self.turns}) + b"\n"


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one turn, from 1: what was, what is; `binding` where it may not differ."""

    turn: int
    said: str
    name: str
    was: Any
    now: Any
    binding: bool

    def data(self) -> dict[str, Any]:
        return {"turn": self.turn, "said": self.said, "check": self.name, "expected": self.was, "got": self.now}


def load_recordings(path: Path) -> list[Recording]:
    """Those of a file, or of the .jsonl files of a folder by name. Raises RecordingProblems."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    found: list[Recording] = []
    for file in files:
        try:
            lines = file.read_bytes().splitlines()
        except OSError as error:
            raise RecordingProblems(f"{file} cannot be read: {error.strerror or error}.") from error
        for number, line in enumerate(lines, 1):
            try:
                data = orjson.loads(line)
                found.append(Recording(Scenario.model_validate(data["scenario"]), list(data["turns"])))
            except (orjson.JSONDecodeError, ValidationError, KeyError, TypeError) as error:
                raise RecordingProblems(f"{file.name}, line {number}, is no recording.") from error
    repeated = {one.id for n, one in enumerate(found) if one.id in {other.id for other in found[:n]}}
    if repeated:
        raise RecordingProblems(f"{path} has two recordings of {', '.join(sorted(repeated))}.")
    return found


def compare(recording: Recording, held: Sequence[Held]) -> list[Difference]:
    """Everything that went another way, turn by turn; of states each part apart."""
    found: list[Difference] = []
    for number, (step, was, turn) in enumerate(zip(recording.scenario.turns, recording.turns, held, strict=True), 1):
        now = turn.kept
        for name in dict.fromkeys((*was, *now)):
            before, after = was.get(name), now.get(name)
            if before == after:
                continue
            parts = [(name, before, after)]
            if name == "state" and isinstance(before, dict) and isinstance(after, dict):
                keys = dict.fromkeys((*before, *after))
                whole = {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}
                parts = [(f"state.{key}", whole[0][key], whole[1][key]) for key in differences(*whole)]
            found += [Difference(number, str(step), part, one, other, name in _BINDING) for part, one, other in parts]
    return found
