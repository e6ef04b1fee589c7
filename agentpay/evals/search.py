"""How good a shop's search is, held against judgements: ranking, recall, typos, and what it does not sell."""

from __future__ import annotations

import csv
import gzip
import math
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from agentpay.evals.report import Case, Suite

DEPTH = 100
"""Rankings are cut here."""
TARGETS = {"ndcg@10": 0.76, "condensed@10": 0.88, "recall@100": 0.94, "typo_ratio": 0.85, "refused": 0.90, "kept": 0.97}

Judgements = dict[str, dict[str, int]]
"""Rating (0 wrong … 3 right) by query and external id."""
Ask = Callable[[str, int], Awaitable[Sequence[str]]]
"""(query, limit) → external ids of products, best first."""
Advance = Callable[[str, int, int], None]


class BadJudgements(ValueError):
    """The file cannot be used; the message says why, by line."""


@dataclass(frozen=True, slots=True)
class Served:
    """A query that the shop serves, or cannot."""

    query: str
    served: bool
    part: str


@dataclass(slots=True)
class Figures:
    """Means over the queries with something relevant; recall over those with something rated 3."""

    queries: int = 0
    ndcg: float = 0.0
    condensed: float = 0.0
    recall_10: float = 0.0
    recall_100: float = 0.0
    judged: float = 0.0
    worst: list[tuple[str, float, float]] = field(default_factory=list)
    """(query, nDCG@10, condensed), worst first."""


def _open(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def read_judgements(path: Path) -> Judgements:
    """A CSV with the columns query, docid, rating, maybe gzipped. Raises BadJudgements."""
    found: Judgements = defaultdict(dict)
    try:
        with _open(path) as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                try:
                    found[row["query"]][row["docid"]] = int(row["rating"])
                except (KeyError, ValueError, TypeError):
                    raise BadJudgements(f"{path}, line {line}: not query,docid,rating with a whole number") from None
    except OSError as error:
        raise BadJudgements(f"{path} cannot be read: {error.strerror}") from error
    if not found:
        raise BadJudgements(f"{path} holds no judgement")
    return dict(found)


def read_served(path: Path) -> list[Served]:
    """A CSV with the columns query, served (0 or 1), part. Raises BadJudgements."""
    try:
        with _open(path) as file:
            return [Served(row["query"], row["served"] == "1", row["part"]) for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise BadJudgements(f"{path} cannot be used: {error}") from error


async def rank_all(
    ask: Ask, queries: Mapping[str, str], advance: Advance | None = None, doing: str = "Searching"
) -> tuple[dict[str, list[str]], list[float]]:
    """The ranking for each key of `queries` (key → what is asked), and how long each took in milliseconds."""
    found: dict[str, list[str]] = {}
    times = []
    for done, (key, query) in enumerate(queries.items(), 1):
        started = time.perf_counter()
        found[key] = list(await ask(query, DEPTH))
        times.append((time.perf_counter() - started) * 1000)
        if advance is not None:
            advance(doing, done, len(queries))
    return found, times


def figures(judgements: Judgements, rankings: Mapping[str, Sequence[str]]) -> Figures:
    """nDCG@10 with gain = rating (unjudged 0), the same with unjudged products taken out of the first 100, recall of 3s."""
    result = Figures()
    columns: dict[str, list[float]] = defaultdict(list)
    for query, rated in judgements.items():
        ideal = _dcg(sorted(rated.values(), reverse=True))
        if ideal == 0:
            continue
        ranking = list(rankings[query])[:DEPTH]
        raw = _dcg([rated.get(product, 0) for product in ranking]) / ideal
        condensed = _dcg([rated[product] for product in ranking if product in rated]) / ideal
        columns["ndcg"].append(raw)
        columns["condensed"].append(condensed)
        columns["judged"].append(sum(product in rated for product in ranking[:10]) / 10)
        right = {product for product, rating in rated.items() if rating == 3}
        if right:
            columns["recall_10"].append(len(right & set(ranking[:10])) / min(10, len(right)))
            columns["recall_100"].append(len(right & set(ranking)) / len(right))
        result.worst.append((query, round(raw, 3), round(condensed, 3)))
    result.queries = len(result.worst)
    result.worst.sort(key=lambda row: row[1])
    for name, values in columns.items():
        setattr(result, name, statistics.fmean(values))
    return result


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))


def misspelt(query: str, seed: int = 0) -> str:
    """The query with one slip in its longest word: a letter left out, doubled, swapped with its neighbour or replaced.

    The first letter stays, as it mostly does. Queries of two letters stay as they are. The same query always gets the
    same slip, for one seed.
    """
    chance = random.Random(f"{seed}:{query}")
    parts = query.split(" ")
    at = max(range(len(parts)), key=lambda n: len(parts[n]))
    word = parts[at]
    if len(word) < 3:
        return query
    place = chance.randrange(1, len(word))
    kind = chance.choice(("left out", "doubled", "swapped", "replaced"))
    if kind == "left out":
        word = word[:place] + word[place + 1 :]
    elif kind == "doubled":
        word = word[:place] + word[place] + word[place:]
    elif kind == "swapped" and place + 1 < len(word) and word[place] != word[place + 1]:
        word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    else:
        word = word[:place] + chance.choice("abcdefghijklmnopqrstuvwxyz".replace(word[place], "")) + word[place + 1 :]
    parts[at] = word
    return " ".join(parts)


def suite_of(measured: Mapping[str, float], found: Figures, extra: Mapping[str, object]) -> Suite:
    """Each target is a case. Targets whose data is not there are skipped."""
    failures = [
        {"id": name, "expected": f">= {target}", "got": round(measured[name], 4)}
        for name, target in TARGETS.items()
        if name in measured and round(measured[name], 4) < target
    ]
    cases = sum(name in measured for name in TARGETS)
    rounded = {name: round(value, 4) for name, value in measured.items()}
    return Suite(
        "search",
        cases,
        cases - len(failures),
        len(failures),
        len(TARGETS) - cases,
        list(failures),
        figures={**rounded, **extra, "queries": found.queries, "worst": found.worst[:10]},
        results=[
            Case(name, all(failure["id"] != name for failure in failures)) for name in TARGETS if name in measured
        ],
    )
