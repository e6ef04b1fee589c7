"""Whether what was found answers the query at all: "nothing fits" is better than the nearest nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentpay.knowledge.reading import Reading
from agentpay.knowledge.terms import words

if TYPE_CHECKING:
    from agentpay.knowledge.candidates import Candidate

SHARE = 0.5
"""What the share of the query's weight that a product holds counts against its cosine, …"""
CROWD = 0.7
"""… what the mean cosine of the nearest ones counts: where one product alone is near, that may be chance, …"""
CROWD_SHARE = 0.2
"""… the mean share of the query that those hold, …"""
LENGTH, BARE, LONGEST = 0.05, 2, 6
"""… and each word of the query beyond a bare name, up to so many: no product is as near to much said as to a name."""
ENOUGH = 1.205
"""From here on a query counts as served. All were learned on the 1,240 queries of evals/data/electronics_served*.csv and
the judged ones. What it does to queries nobody had seen: docs/search.md."""
SMALL = 1_000
"""Products of a shop in which a word hardly names two things."""
NEAREST = 10
ONE_IN = 100
"""A small shop has fewer products of a kind: one of the nearest is asked for every hundred it has, at most `NEAREST`."""
CLOSE = 0.2
"""A product found by its meaning alone is at most so far behind the nearest one."""
NEAR_ENOUGH = 0.35
"""…and at least so near the query."""


def served(evidence: Sequence[tuple[float, float]], total: int, length: int) -> float:
    """How sure it is that a shop of `total` products serves a query of `length` terms; `evidence` is (share, cosine) of
    what was found."""
    nearest = sorted(evidence, key=lambda found: -found[1])[: max(1, min(NEAREST, total // ONE_IN))]
    crowd = sum(CROWD * cosine + CROWD_SHARE * share for share, cosine in nearest) / len(nearest)
    return (
        max(SHARE * share + cosine for share, cosine in evidence) + crowd + LENGTH * max(0, min(LONGEST, length) - BARE)
    )


def _is_named(reading: Reading, candidate: Candidate) -> bool:
    """
    Words that settle it, whatever the meaning: the query is a brand's bare name, or, in a small shop, a product's name
    holds what kind of thing is asked for. Among many thousand products such a name is often another thing's ("drum kit" for a printer).
    """
    if candidate.brand is not None and {t.corrected or t.word for t in reading.terms} == set(words(candidate.brand)):
        return True
    heads = (field in "abo" for term, field in zip(reading.terms, candidate.coverage.fields, strict=True) if term.head)
    return reading.total < SMALL and any(heads)


def fitting(reading: Reading, found: Sequence[Candidate]) -> list[Candidate]:
    """
    Those that answer the query; none where even the best is not likely enough to.

    Words decide where there is no vector. With vectors the shop must be likely to serve the query; then a product fits by
    its words, or by being nearly as near in meaning as the nearest.
    """
    by_words = [candidate for candidate in found if candidate.coverage.fits]
    with_meaning = [(candidate, candidate.cosine) for candidate in found if candidate.cosine is not None]
    if not with_meaning:
        return by_words
    evidence = [(candidate.coverage.share, cosine) for candidate, cosine in with_meaning]
    if served(evidence, reading.total, len(reading.terms)) < ENOUGH and not any(
        _is_named(reading, c) for c in by_words
    ):
        return [candidate for candidate in by_words if candidate.cosine is None]  # whose vectors are still to come
    if by_words and reading.total < SMALL:
        return by_words  # there meaning only helps where words find nothing
    bound = max(NEAR_ENOUGH, max(cosine for _, cosine in with_meaning) - CLOSE)
    worded = {candidate.id for candidate in by_words}
    return [c for c in found if c.id in worded or (c.cosine is not None and c.cosine >= bound)]
