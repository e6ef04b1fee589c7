"""Which of a few sentences answers a question in other words: "is the fountain noisy?" and "whisper-quiet pump"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentpay.knowledge.semantic import Semantic

LIKE = 0.3
"""Cosine from which a sentence is about what is asked. Of about ten questions to goods, right answers lay at 0.31 and more."""
_AND_ASKS = re.compile(
    r"(?<=\?)\s+|\s+and\s+(?=(?:how|what|when|which|who|is|are|does|do|can|will|has|have)\b)", re.IGNORECASE
)
"""Where a second question begins."""
CLOSE = 0.1
"""A further sentence is told where it is at most so far behind the nearest one."""


async def nearest(semantic: Semantic | None, question: str, sentences: Sequence[str], *, most: int = 2) -> list[str]:
    """The sentences nearest to the question in meaning, best first; none where none is near, or nothing knows meanings."""
    texts = list(dict.fromkeys(sentence for sentence in sentences if sentence.strip()))
    if semantic is None or semantic.current is None or not texts:
        return []
    asked = [part for part in _AND_ASKS.split(question) if part.strip()] or [question]
    vectors = await semantic.vectors(semantic.current.model, [*asked, *texts])
    if vectors is None:
        return []
    told: dict[str, None] = {}
    for wanted in vectors[: len(asked)]:
        likeness = (float(wanted @ one) for one in vectors[len(asked) :])
        scored = sorted(zip(likeness, texts, strict=True), reverse=True)
        bound = max(LIKE, scored[0][0] - CLOSE)
        told |= dict.fromkeys(text for score, text in scored[: max(1, most // len(asked))] if score >= bound)
    return list(told)
