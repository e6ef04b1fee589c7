"""The graph of a turn, from top to bottom, with how often each of its edges was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

START, END = "__start__", "__end__"
Edge = tuple[str, str]

WIDTH, _TOP = 400, 24
_NEAR, _FAR = 78, 132
"""From a layer to the next: far where nodes of one layer hand over to each other, as their edges need the room."""
_HALF_WIDTH, _HALF_HEIGHT = 52, 17


@dataclass(frozen=True, slots=True)
class DrawnNode:
    name: str
    x: float
    y: float
    visits: int
    terminal: bool


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    source: str
    target: str
    count: int
    path: str
    """SVG path data."""
    width: float
    label: tuple[float, float]
    known: bool
    """Whether the graph has it."""


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    nodes: list[DrawnNode]
    edges: list[DrawnEdge]
    """Those that were taken last: they lie above the others."""
    paths: list[tuple[str, int]]
    """The ways turns went through the graph, most frequent first."""
    turns: int

    @property
    def strays(self) -> list[DrawnEdge]:
        return [edge for edge in self.edges if not edge.known]


def graph_edges() -> list[Edge]:
    """Of the graph that the service runs (graphs/commerce.py)."""
    from agentpay.graphs.commerce import build_graph

    return sorted((edge.source, edge.target) for edge in build_graph().get_graph().edges)


def draw(turns: Sequence[Sequence[str]], edges: Iterable[Edge]) -> Drawing:
    """`turns`: the nodes each ran, in order. A turn that waits for a person, or goes on after one, lacks an end of its path."""
    known = set(edges)
    taken: Counter[Edge] = Counter()
    visits: Counter[str] = Counter()
    for nodes in turns:
        if not nodes:
            continue
        visits.update(nodes)
        ends = [(START, nodes[0]), (nodes[-1], END)]
        taken.update([*pairwise(nodes), *(end for end in ends if end in known)])
    places = _places(known, set(visits))
    most = max(taken.values(), default=1)
    drawn = [
        _edge(edge, taken[edge], most, places, known=edge in known)
        for edge in sorted(known | set(taken), key=lambda one: (taken[one], one))
    ]
    drawn_nodes = [
        DrawnNode(name.strip("_"), x, y, visits[name], name in (START, END)) for name, (x, y) in sorted(places.items())
    ]
    height = round(max((y for _, y in places.values()), default=0)) + _TOP
    paths = Counter(" → ".join(nodes) for nodes in turns if nodes)
    ranked = sorted(paths.items(), key=lambda one: (-one[1], one[0]))
    return Drawing(WIDTH, height, drawn_nodes, drawn, ranked, sum(paths.values()))


def _places(edges: set[Edge], visited: set[str]) -> dict[str, tuple[float, float]]:
    """Where each node stands: its layer is how many steps lead to it at least. Those the graph lacks come last."""
    layers: dict[str, int] = {START: 0}
    front, layer = [START], 0
    while front:
        layer += 1
        front = sorted({target for source, target in edges if source in front and target not in layers})
        layers.update(dict.fromkeys(front, layer))
    layers.update(dict.fromkeys(sorted(visited - set(layers)), layer))
    found: dict[str, tuple[float, float]] = {}
    rows = [sorted(node for node, at in layers.items() if at == layer) for layer in sorted(set(layers.values()))]
    y = float(_TOP)
    for row, after in zip_longest(rows, rows[1:], fillvalue=()):
        found.update((node, (WIDTH * (place + 0.5) / len(row), y)) for place, node in enumerate(row))
        y += _NEAR if len(row) == len(after) == 1 else _FAR
    return found


def _edge(edge: Edge, count: int, most: int, places: dict[str, tuple[float, float]], *, known: bool) -> DrawnEdge:
    (x1, y1), (x2, y2) = places[edge[0]], places[edge[1]]
    width = 1 + 5 * (count / most) ** 0.5 if count else 1
    if y1 == y2:
        # Over the row to the right, under it to the left; the further, the higher
        sign = -1 if x2 > x1 else 1
        y1 += sign * _HALF_HEIGHT
        start, end = x1 - sign * 22, x2 + sign * 22
        bend = sign * (16 + abs(x2 - x1) / 7)
        path = f"M{start:.1f} {y1:.1f} C{start:.1f} {y1 + bend:.1f} {end:.1f} {y1 + bend:.1f} {end:.1f} {y1:.1f}"
        label = (start + 0.216 * (end - start), y1 + 0.63 * bend + 4)  # the curve at 0.3 of its way: near its source
    else:
        down = 1 if y2 > y1 else -1
        y1, y2 = y1 + down * _HALF_HEIGHT, y2 - down * _HALF_HEIGHT
        half = (y1 + y2) / 2
        path = f"M{x1:.1f} {y1:.1f} C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {y2:.1f}"
        label = ((x1 + x2) / 2, half + 4)
    return DrawnEdge(edge[0].strip("_"), edge[1].strip("_"), count, path, round(width, 2), label, known)
