"""Whether what was found answers the query at all: "nothing fits" is better than the nearest nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentpay.knowledge import weights as weighing
from agentpay.knowledge.reading import Reading

if TYPE_CHECKING:
    from agentpay.knowledge.product_search import Candidate

SHARE, COSINE, BIAS = 2.0, 8.0, -5.0
"""A logistic regression over the share of the query's weight that a product holds and its cosine; fitted by
`agentpay eval search --fit` on the queries marked `fit` (evals/data/electronics_served.csv)."""
ENOUGH = 0.0
"""The best product's logit from which the query counts as served."""
CLOSE = 0.16
"""A product found by its meaning alone is at most so far behind the nearest one."""
NEAR_ENOUGH = 0.35
"""…and at least so near the query."""


def logit(share: float, cosine: float) -> float:
    return SHARE * share + COSINE * cosine + BIAS


def fitting(reading: Reading, found: Sequence[Candidate]) -> list[Candidate]:
    """
    Those that answer the query; none where even the best is not likely enough to.

    Words decide where there is no vector. With vectors the shop must be likely to serve the query; then a product fits by
    its words, or by being nearly as near in meaning as the nearest.
    """
    by_words = [candidate for candidate in found if weighing.fits(reading.terms, candidate.fields, reading.weights)]
    with_meaning = [(candidate, candidate.cosine) for candidate in found if candidate.cosine is not None]
    if not with_meaning:
        return by_words
    best = max(logit(weighing.share(c.fields, reading.weights), cosine) for c, cosine in with_meaning)
    unknown = [candidate for candidate in by_words if candidate.cosine is None]
    if best < ENOUGH:
        return unknown
    bound = max(NEAR_ENOUGH, max(cosine for _, cosine in with_meaning) - CLOSE)
    worded = {candidate.id for candidate in by_words}
    return [c for c in found if c.id in worded or (c.cosine is not None and c.cosine >= bound)]
