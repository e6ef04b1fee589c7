"""Which tools were called and which nodes ran, held against what the scenario expects (agentevals)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from agentpay.evals.graders.protocol import Grade, verdict
from agentpay.evals.graders.record import Record, ToolCall
from agentpay.evals.scenarios.checks import accepts

if TYPE_CHECKING:
    from agentpay.evals.scenarios.models import Trajectory

_WANTED = "(wanted)"
"""Tells the arguments that are expected from those that were given: agentevals compares in both directions."""
START, END = "__start__", "__end__"


class Trajectories:
    """`trajectory` and `nodes` of the scenario. Of a turn: its tools and nodes; in `finally`: those of all turns."""

    def grade(self, record: Record) -> Sequence[Grade]:
        tools, nodes = [], []
        for n, (turn_id, expect) in enumerate(record.wanted.turns, 1):
            turn = record.turn(turn_id) if turn_id is not None else None
            if expect.trajectory is not None:
                tools.append(_tools(f"turn {n}", expect.trajectory, turn.calls if turn else []))
            if expect.nodes is not None:
                nodes.append(_nodes(f"turn {n}", [expect.nodes], [turn.nodes if turn else []]))
        whole = record.wanted.finally_
        if whole.trajectory is not None:
            tools.append(_tools("the conversation", whole.trajectory, [c for turn in record.turns for c in turn.calls]))
        if whole.nodes is not None:
            nodes.append(_nodes("the conversation", whole.nodes, [turn.nodes for turn in record.turns if turn.nodes]))
        kinds = (("trajectory", tools), ("nodes", nodes))
        return [verdict(key, [found for found in each if found]) for key, each in kinds if each]


class GraphPath:
    """Every turn's nodes are a way through the graph, from its start to its end."""

    def grade(self, record: Record) -> Sequence[Grade]:
        return [verdict("graph_path", list(_strays(record)))]


def _tools(where: str, wanted: Trajectory, calls: Sequence[ToolCall]) -> str:
    """What is wrong, "" where nothing is."""
    from agentevals.trajectory.match import create_trajectory_match_evaluator

    got = [_message(call.name, call.arguments) for call in calls]
    reference = [_message(name, {_WANTED: arguments}) for name, arguments in wanted.calls]
    names = {name for name, _ in wanted.calls}
    evaluator = create_trajectory_match_evaluator(
        trajectory_match_mode=wanted.mode, tool_args_match_overrides=dict.fromkeys(names, _agree)
    )
    result = evaluator(outputs=got, reference_outputs=reference)
    if result["score"]:
        return ""
    said = ", ".join(f"{name} {arguments}" if arguments else name for name, arguments in wanted.calls)
    return f"{where}: {wanted.mode} of [{said}] expected, called: [{', '.join(call.name for call in calls)}]"


def _message(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments, default=str)}
    return {"role": "assistant", "content": "", "tool_calls": [{"id": "", "type": "function", "function": function}]}


def _agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the arguments are those that are expected; others may be there too."""
    wanted, got = (one, other) if _WANTED in one else (other, one)
    return accepts(wanted[_WANTED], got) if wanted[_WANTED] else True


def _nodes(where: str, wanted: Sequence[Any], got: Sequence[list[str]]) -> str:
    from agentevals.graph_trajectory.strict import graph_trajectory_strict_match

    expected = {"inputs": None, "results": [], "steps": list(wanted)}
    if graph_trajectory_strict_match(
        outputs={"inputs": None, "results": [], "steps": list(got)}, reference_outputs=expected
    )["score"]:
        return ""
    return f"{where}: {_path(wanted)} expected, ran: {_path(got)}"


def _path(steps: Sequence[Sequence[str]]) -> str:
    return " | ".join(" → ".join(step) or "nothing" for step in steps)


def _strays(record: Record) -> Iterator[str]:
    edges = graph_edges()
    for n, turn in enumerate(record.turns, 1):
        if turn.kind != "message" or turn.status not in ("completed", "interrupted"):
            continue
        way = [START, *turn.nodes, END]
        for edge in pairwise(way):
            if turn.nodes and edge not in edges:
                yield f"turn {n}: {edge[0]} → {edge[1]} is no edge of the graph"


@cache
def graph_edges() -> frozenset[tuple[str, str]]:
    """Of the graph that the service runs."""
    from agentpay.graphs.commerce import build_graph

    return frozenset((edge.source, edge.target) for edge in build_graph().get_graph().edges)
