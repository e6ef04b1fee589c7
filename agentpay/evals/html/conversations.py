"""Cases that did not pass, as the page shows them: what was said turn by turn, with tools, and the state at the end."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from agentpay.evals.html.reading import Report, ReportCase

SHOWN = 150
"""Of one suite at most; the page says how many more there are."""
_LINE = re.compile(r"(?P<who>[a-z_]+)(?: \((?P<about>[^()\n]*)\))?: ?(?P<words>.*)", re.DOTALL)
_APART = ("transcript", "tools", "state", "failures", "nodes", "grades")
"""What of a case's detail has a place of its own."""

_VERDICT = {"expected": "expected", "intents": "expected", "got": "got", "found": "got"}
"""What of a failure, or of a case's detail, says what was wrong."""
_REASONS = ("reason", "error", "errors", "effects", "false_claims", "leaks", "other", "outcome")
"""The same where nothing is compared; the first that is there."""


@dataclass(slots=True)
class Line:
    """One line of a transcript: `assistant (sales, product_search): …`."""

    who: str
    about: str
    words: str


@dataclass(slots=True)
class ToolCall:
    name: str
    status: str
    arguments: str
    result: str


@dataclass(slots=True)
class Turn:
    number: int
    lines: list[Line] = field(default_factory=list)
    tools: list[ToolCall] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Shown:
    """A case on the page. `number` counts over the whole page: it is the case's anchor."""

    number: int
    suite: str
    id: str
    broken: bool
    """Whether it passed in the run that this one is compared with."""
    tries: str
    reason: str
    """What went wrong first, in a line."""
    turns: list[Turn]
    failures: list[dict[str, str]]
    """Those of no turn."""
    facts: list[tuple[str, str]]
    grades: list[tuple[str, Any, str]]
    """What graders found: name, score, comment."""
    state: str | None

    @property
    def anchor(self) -> str:
        return f"case-{self.number}"


def failing(report: Report, broken: set[tuple[str, str]]) -> tuple[list[Shown], dict[str, int]]:
    """What is shown, those that broke first, and how many more failed by suite. `broken`: (suite, case id)."""
    shown: list[Shown] = []
    more: dict[str, int] = {}
    for suite in report.suites:
        failed = [case for case in suite.results if case.passed is False]
        failed.sort(key=lambda case: (case.suite, case.id) not in broken)  # stable: in order otherwise
        for case in failed[:SHOWN]:
            shown.append(_shown(len(shown) + 1, case, (case.suite, case.id) in broken))
        if len(failed) > SHOWN:
            more[suite.name] = len(failed) - SHOWN
    return shown, more


def _shown(number: int, case: ReportCase, broken: bool) -> Shown:
    detail = case.detail
    turns = _turns(detail.get("transcript"))
    _add(turns, "tools", detail.get("tools"))
    _add(turns, "nodes", detail.get("nodes"))
    rest: list[dict[str, str]] = []
    failures = [_texts(failure) for failure in detail.get("failures") or () if isinstance(failure, dict)]
    for failure in failures:
        turn = failure.get("turn", "")
        at = next((each for each in turns if str(each.number) == turn), None)
        (rest if at is None else at.failures).append(failure)
    return Shown(
        number,
        case.suite,
        case.id,
        broken,
        "".join("✓" if passed else "✗" for passed in case.attempts),
        reason(case),
        turns,
        rest,
        [
            (name, text(value))
            for name, value in detail.items()
            if name not in _APART and value not in (None, "", [], {})
        ],
        [
            (name, grade.get("score"), text(grade.get("comment") or ""))
            for name, grade in (detail.get("grades") or {}).items()
        ],
        _pretty(detail["state"]) if detail.get("state") else None,
    )


def reason(case: ReportCase) -> str:
    """What went wrong first, in a line; empty where the case does not say."""
    failures = [each for each in case.detail.get("failures") or () if isinstance(each, dict)]
    about = failures[0] if failures else case.detail
    said = [str(about["check"])] if about.get("check") else []
    said += [f"{word} {text(about[name])}" for name, word in _VERDICT.items() if name in about]
    turn = f"turn {about['turn']}: " if about.get("turn") else ""
    line = turn + ", ".join(said) if said else next((text(about[key]) for key in _REASONS if about.get(key)), "")
    line = " ".join(line.split())
    return line if len(line) <= 160 else line[:159] + "…"


def _turns(transcript: Any) -> list[Turn]:
    """A turn begins with a line of the customer's. What precedes the first is turn 0, and left out where there is nothing."""
    turns = [Turn(0)]
    for said in transcript if isinstance(transcript, list) else ():
        line = _line(str(said))
        if line.who == "customer":
            turns.append(Turn(len(turns)))
        turns[-1].lines.append(line)
    return turns if turns[0].lines else turns[1:]


def _line(said: str) -> Line:
    if said.startswith(("> ", "< ")):
        return Line("customer" if said[0] == ">" else "assistant", "", said[2:])
    match = _LINE.fullmatch(said)
    return Line(match["who"], match["about"] or "", match["words"]) if match else Line("", "", said)


def _add(turns: list[Turn], what: str, by_turn: Any) -> None:
    """Puts the n-th list of `by_turn` to turn n."""
    for number, found in enumerate(by_turn if isinstance(by_turn, list) else (), 1):
        turn = next((each for each in turns if each.number == number), None)
        if turn is None:
            turns.append(turn := Turn(number))
        for each in found if isinstance(found, list) else [found]:
            if what == "nodes":
                turn.nodes.append(str(each))
            else:
                turn.tools.append(_tool(each))


def _tool(call: Any) -> ToolCall:
    if not isinstance(call, dict):
        return ToolCall(text(call), "", "", "")
    return ToolCall(
        str(call.get("name", "")),
        str(call.get("status", "")),
        _pretty(call.get("arguments")),
        _pretty(call.get("result")),
    )


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {str(name): text(value) for name, value in values.items() if value is not None}


def text(value: Any) -> str:
    """A value in a line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _pretty(value: Any) -> str:
    if value is None or value in ("", {}, []):
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
