"""What of a product or an article becomes vectors, and in which pieces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agentpay.knowledge.sentences import sentences

LONG = 420
"""Characters of an article's passage: about three sentences, well within what a model reads."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text to be embedded. `shown` is what an answer may quote of it."""

    owner_id: UUID
    chunk: int
    text: str
    shown: str = ""
    facets: dict[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """Of all that the store keeps of it: where facets stand beside a vector, another price is another piece."""
        kept = self.text + (json.dumps(self.facets, sort_keys=True) if self.facets else "")
        return hashlib.sha256(kept.encode()).hexdigest()


def of_product(row: Any, facets: dict[str, Any] | None = None) -> list[Piece]:
    """What it is called and described as; how the shop talks of it is a piece of its own, in customers' words.

    `row` has id, title, brand, category, description, conversational_description, voice_description.
    """
    title = row.title if not row.brand or row.brand.lower() in row.title.lower() else f"{row.brand} {row.title}"
    texts = [_joined(title, row.category, row.description)]
    spoken = _joined(row.conversational_description, row.voice_description)
    if spoken:
        texts.append(_joined(title, spoken))
    return [Piece(row.id, n, text, facets=facets or {}) for n, text in enumerate(texts)]


def of_article(row: Any) -> list[Piece]:
    """Runs of whole sentences under the article's title. `row` has id, title, body."""
    return [
        Piece(row.id, n, _joined(row.title, passage), passage)
        for n, passage in enumerate(_runs(sentences(row.body)) or [row.title])
    ]


def _joined(*texts: str | None) -> str:
    return ". ".join(" ".join(text.split()).rstrip(".") for text in texts if text and text.strip())


def _runs(texts: Sequence[str]) -> list[str]:
    runs: list[str] = []
    for text in texts:
        if runs and len(runs[-1]) + len(text) < LONG:
            runs[-1] += f" {text}"
        else:
            runs.append(text)
    return runs
