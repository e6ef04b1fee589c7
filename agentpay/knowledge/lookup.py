"""Which product a customer means by a name: "Squall jackets", "merino socks", "RR-42-BL", "shoe-ridge"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from rapidfuzz import fuzz
from sqlalchemy import func, or_, select

from agentpay.knowledge.candidates import Candidate, candidates
from agentpay.knowledge.lexicon import title_counts
from agentpay.knowledge.product_search import codes_in, exact_matches
from agentpay.knowledge.reading import Reading, read, shop_of
from agentpay.knowledge.terms import FILLER, content_terms
from agentpay.knowledge.titles import ALIKE, alike, squeeze
from agentpay.store.session import Tx
from agentpay.store.tables import Variant

ENOUGH = 0.4
"""Below this a name is somebody else's."""
_NAME = {"a": 1.0, "b": 0.8, "o": 0.8, "c": 0.5, "d": 0.3, "-": 0.0}
_BESIDE = 0.7
"""What a word counts that a title has only for what the product goes with."""


@dataclass(frozen=True, slots=True)
class Match:
    """A product that a name may mean. `score` is 0..1; several with close scores are an ambiguity to ask about."""

    product_id: UUID
    external_id: str | None
    title: str
    score: float
    exact: bool
    """The name is an id, a SKU or the whole title."""
    variant_id: UUID | None = None
    """The variant, where the name is its own id or SKU."""
    strange: bool = False
    """The name has a word of other titles that this product has nowhere: a "kettle stand" is no laptop stand."""


async def lookup(tx: Tx, text: str, limit: int = 5) -> list[Match]:
    """The products on sale that `text` may name, likeliest first: exact ids and titles alone, else names, else likenesses."""
    exact = await exact_matches(tx, text)
    if exact:
        named = await _variants_named(tx, text, [candidate.id for candidate in exact])
        return [
            Match(c.id, c.external_id, c.title, score=1.0, exact=True, variant_id=named.get(c.id))
            for c in exact[:limit]
        ]
    terms = content_terms(text)
    if not terms or all(term.soft for term in terms):
        return []
    shop = await shop_of(tx)
    reading = await read(tx, terms, text, shop)
    titled = await title_counts(tx, shop.version)
    scored = [(c, score) for c in await candidates(tx, reading, None) if (score := _score(reading, c)) >= ENOUGH]
    numbered = [(c, score) for c, score in scored if _bears_numbers(reading, c)]
    matches = [
        Match(c.id, c.external_id, c.title, score=score, exact=False, strange=_strange(reading, c, titled))
        for c, score in numbered or scored
    ]
    if not matches:
        matches = [
            Match(like.product_id, like.external_id, like.title, score=round(0.8 * like.likeness / 100, 4), exact=False)
            for like in await alike(tx, text, shop.version)
        ]
    matches.sort(key=lambda match: (-match.score, match.title))
    return matches[:limit]


def _score(reading: Reading, candidate: Candidate) -> float:
    """How much of the name the product bears, above all in its title; a little less for what the title has beyond it."""
    if not candidate.coverage.fits:
        return 0.0
    fields = candidate.coverage.fields
    firm = [(term, field) for term, field in zip(reading.terms, fields, strict=True) if not term.soft]
    if not any(field in "ab" for _, field in firm):
        return 0.0
    whole = sum(reading.weights)
    beside = _beside(candidate.title)
    borne = sum(
        (_BESIDE if field == "a" and beside & {_stem(form) for form in term.forms} else _NAME[field]) * weight
        for term, field, weight in zip(reading.terms, fields, reading.weights, strict=True)
    )
    borne /= whole
    of_title = sum(field == "a" for field in fields) / max(1, len(content_terms(candidate.title)))
    spelt = 0.9 if any(term.corrected for term in reading.terms) else 1.0
    return round(min(0.99, borne * (0.8 + 0.2 * min(1.0, of_title)) * spelt), 4)


def _beside(title: str) -> set[str]:
    """The words that a title has only behind "for": filters for a fountain are no fountain."""
    own, _, others = title.lower().partition(" for ")
    named = {_stem(word) for word in re.findall(r"[^\W_]+", own)}
    return {_stem(word) for word in re.findall(r"[^\W_]+", others)} - named


def _bears_numbers(reading: Reading, candidate: Candidate) -> bool:
    """Whether every number of the name is the product's, too: "the 12 volt drill" is not the one of 18."""
    fields = zip(reading.terms, candidate.coverage.fields, strict=True)
    return all(field != "-" for term, field in fields if term.word.isdecimal())


def _strange(reading: Reading, candidate: Candidate, titled: Mapping[str, int]) -> bool:
    missed = [
        term.corrected or term.word
        for term, field in zip(reading.terms, candidate.coverage.fields, strict=True)
        if field == "-" and not term.soft
    ]
    return any(word in titled or f"{word}s" in titled or word.removesuffix("s") in titled for word in missed)


async def _variants_named(tx: Tx, text: str, product_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    codes = codes_in(text)
    rows = await tx.session.execute(
        select(Variant.product_id, Variant.id).where(
            Variant.organization_id == tx.organization_id,
            Variant.product_id.in_(product_ids),
            Variant.archived.is_(False),
            or_(func.lower(Variant.external_id).in_(codes), func.lower(Variant.sku).in_(codes)),
        )
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append(row.id)
    return {product: variants[0] for product, variants in found.items() if len(variants) == 1}


def title_matches(reference: str, titles: Sequence[str]) -> list[bool]:
    """For each of a few titles, whether `reference` can name it: all its words are there, or something very like them.

    For what a customer already has before them, a cart or an order: no catalogue is asked.
    """
    wanted = {_stem(word) for word in re.findall(r"[^\W_]+", reference.lower())} - FILLER
    if not wanted:
        return [False] * len(titles)
    fits = [wanted <= {_stem(word) for word in re.findall(r"[^\W_]+", title.lower())} for title in titles]
    if any(fits):
        return fits
    name = squeeze(reference)
    return [len(name) >= 4 and fuzz.partial_ratio(name, squeeze(title)) >= ALIKE for title in titles]


def _stem(word: str) -> str:
    """Without a plural's s: enough to compare a name with the few titles before the customer."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
