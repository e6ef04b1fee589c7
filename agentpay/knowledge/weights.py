"""How much each word of a query counts, and how much of a query something must hold to be shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agentpay.knowledge.terms import Term

SOFT_WEIGHT = 0.3
HEAD_WEIGHT = 1.5
CONTEXT_WEIGHT = 0.5
"""What something is for matters less than what it is: a shop that has macro lenses need not know insects."""
FIELD_QUALITY = {"a": 1.0, "b": 0.95, "o": 0.95, "c": 0.85, "d": 0.75, "-": 0.0}
"""Where a word was found: title or brand, category, option, attribute, description, nowhere."""

WITH_HEAD = 0.35
"""Share of the query's weight that is enough where the head is found in a name, a category or an option."""
WITHOUT_HEAD = 0.62
"""The same where it is not: a red shoe is no answer to "red kayak"."""


def term_weights(terms: Sequence[Term], frequencies: Sequence[int], total: int) -> list[float]:
    """Inverse document frequency of each term; a word that the shop does not know weighs most."""
    return [
        math.log(1 + total / max(frequency, 0.5)) * _share_of(term)
        for term, frequency in zip(terms, frequencies, strict=True)
    ]


def _share_of(term: Term) -> float:
    if term.soft:
        return SOFT_WEIGHT
    return HEAD_WEIGHT if term.head else CONTEXT_WEIGHT if term.context else 1.0


def share(fields: Sequence[str], weights: Sequence[float]) -> float:
    """The part of the query's weight that was found at all."""
    whole = sum(weights)
    return sum(w for field, w in zip(fields, weights, strict=True) if field != "-") / whole if whole else 0.0


def quality(fields: Sequence[str], weights: Sequence[float]) -> float:
    """The same with where it was found: a title says more than a description."""
    whole = sum(weights)
    found = sum(FIELD_QUALITY[field] * w for field, w in zip(fields, weights, strict=True))
    return found / whole if whole else 0.0


def holds_all(terms: Sequence[Term], fields: Sequence[str]) -> bool:
    """Whether every firm word was found; a query of soft words alone must have one of them."""
    firm = [field for term, field in zip(terms, fields, strict=True) if not term.soft]
    return "-" not in firm if firm else any(field != "-" for field in fields)


def fits(terms: Sequence[Term], fields: Sequence[str], weights: Sequence[float]) -> bool:
    """Whether something is an answer at all; the shop says "nothing fits" rather than show what only looks like one."""
    if holds_all(terms, fields):
        return True
    found = share(fields, weights)
    head = any(term.head and field in "abo" for term, field in zip(terms, fields, strict=True))
    return found >= (WITH_HEAD if head else WITHOUT_HEAD)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one query something holds. `fields` says for each term where (see `FIELD_QUALITY`)."""

    fields: tuple[str, ...]
    share: float
    quality: float
    holds_all: bool
    fits: bool


def coverage(terms: Sequence[Term], fields: tuple[str, ...], weights: Sequence[float]) -> Coverage:
    return Coverage(
        fields,
        share(fields, weights),
        quality(fields, weights),
        holds_all(terms, fields),
        fits(terms, fields, weights),
    )
