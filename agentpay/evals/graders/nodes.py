"""Which nodes of the graph ran in each turn, in order: read from the checkpoints that its turns leave behind.

A checkpoint holds the version of each node's trigger that the node has seen last (LangGraph, `versions_seen`). Versions
grow by one a step, so what is new since the checkpoint before says who ran, and when. Where turns are stored once
(`AGENTPAY_DURABILITY=auto`), a node that ran twice in one shows its last visit alone, and leaves a hole among the
steps; who was there then is told by the turn's `agent` events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Seen = Mapping[str, Mapping[str, str]]
"""Node → channel → version."""
_OWN = ("__input__", "__start__", "__interrupt__")
"""LangGraph's, not the graph's."""


def visits(checkpoints: Iterable[tuple[str, Seen]], agents: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Turn id → nodes. `checkpoints`: (turn id, versions_seen) of one conversation, oldest first.

    `agents`: turn id → agents that its events name, in order.
    """
    steps: dict[str, dict[int, str]] = {}
    before: Seen = {}
    for turn_id, seen in checkpoints:
        for node, channels in seen.items():
            if node not in _OWN and channels != before.get(node):
                steps.setdefault(turn_id, {})[_step(channels)] = node
        before = seen
    return {turn_id: _filled(found, agents.get(turn_id, ())) for turn_id, found in steps.items()}


def _step(channels: Mapping[str, str]) -> int:
    return max(int(version.partition(".")[0]) for version in channels.values())


def _filled(found: Mapping[int, str], agents: Sequence[str]) -> list[str]:
    """The nodes by their steps; in the place of a hole the agent that the events name there."""
    first, last = min(found), max(found)
    nodes = [found.get(step) for step in range(first, last + 1)]
    if None in nodes:
        where = [n for n, node in enumerate(nodes) if node is None or node in agents]
        if len(where) == len(agents):
            for n, agent in zip(where, agents, strict=True):
                nodes[n] = agent
    return [node or "?" for node in nodes]


def agents_of(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The agents that a turn's stored events name, in order."""
    return [event["data"]["agent"] for event in events if event["type"] == "agent"]
