"""Which of a few sentences answers a question in other words: "is the fountain noisy?" and "whisper-quiet pump"."""

from __future__ import annotations

from collections.abc import Sequence

from agentpay.knowledge.semantic import Semantic

LIKE = 0.3
"""Cosine from which a sentence is about what is asked. Of 40 questions to goods, right answers lay at 0.31 and more."""
CLOSE = 0.1
"""A further sentence is told where it is at most so far behind the nearest one."""


async def nearest(semantic: Semantic | None, question: str, sentences: Sequence[str], *, most: int = 2) -> list[str]:
    """The sentences nearest to the question in meaning, best first; none where none is near, or nothing knows meanings."""
    texts = list(dict.fromkeys(sentence for sentence in sentences if sentence.strip()))
    if semantic is None or semantic.current is None or not texts:
        return []
    vectors = await semantic.vectors(semantic.current.model, [question, *texts])
    if vectors is None:
        return []
    scored = sorted(
        ((float(vectors[0] @ one), text) for one, text in zip(vectors[1:], texts, strict=True)), reverse=True
    )
    bound = max(LIKE, scored[0][0] - CLOSE)
    return [text for score, text in scored[:most] if score >= bound]
