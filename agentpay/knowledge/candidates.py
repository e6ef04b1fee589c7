"""What a query's words find in `product_terms`: the products they rank highest, and how much of the query any product holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agentpay.knowledge.filters import SearchFilters, conditions
from agentpay.knowledge.reading import Reading, parameters
from agentpay.knowledge.weights import Coverage, coverage
from agentpay.store import statements
from agentpay.store.session import Tx

POOL = 200
"""The most products that are looked at closely for one query because of their words."""
DEEP = 8_000
"""Products taken for one word when the pool is chosen, those it weighs most in first."""

_FIELDS = "-d-c-oba"
"""Where a term was found, by its three bits. A term that is in a text and an option has the bits of both."""
_BITS = "CASE d.field WHEN 'a' THEN 7 WHEN 'b' THEN 6 WHEN 'o' THEN 5 WHEN 'c' THEN 3 ELSE 1 END::bigint"


@dataclass(slots=True)
class Candidate:
    """A product on sale that may answer a query."""

    id: UUID
    external_id: str | None
    title: str
    brand: str | None
    coverage: Coverage
    rank: float
    """BM25 of the query in the product; comparable within one query."""
    cosine: float | None = None
    """Likeness to the query's meaning, -1..1; None where there is no vector of either."""
    score: float = 0.0
    """How much of the query it answers, 0..1, were it in stock."""


async def highest(tx: Tx, reading: Reading, filters: SearchFilters | None, pool: int = POOL) -> list[UUID]:
    """The `pool` products within the filters that the query's words rank highest."""
    if not reading.forms:
        return []
    where, narrowed = conditions(filters)
    values = {**parameters(reading), **narrowed, "org": tx.organization_id, "pool": pool, "deep": DEEP}
    return [row[0] for row in await statements.rows(tx, _highest(where, simple=_is_simple(reading)), values)]


async def weighed(
    tx: Tx, reading: Reading, product_ids: Sequence[UUID], filters: SearchFilters | None
) -> list[Candidate]:
    """Of these products the ones on sale and within the filters, with what they hold of the query."""
    if not product_ids:
        return []
    where, narrowed = conditions(filters)
    values = {**parameters(reading), **narrowed, "org": tx.organization_id, "ids": list(product_ids)}
    held: dict[int, Coverage] = {}
    found = []
    for id, external_id, title, brand, rank, bits in await statements.rows(
        tx, _weighed(where, simple=_is_simple(reading)), values
    ):
        if bits not in held:
            fields = tuple(_FIELDS[bits >> (3 * n) & 7] for n in range(len(reading.terms)))
            held[bits] = coverage(reading.terms, fields, reading.weights)
        found.append(Candidate(id, external_id, title, brand, held[bits], rank))
    return found


async def candidates(tx: Tx, reading: Reading, filters: SearchFilters | None) -> list[Candidate]:
    """The products that the query's words rank highest, with what they hold of it."""
    return await weighed(tx, reading, await highest(tx, reading, filters), filters)


def _is_simple(reading: Reading) -> bool:
    """Every term is one stem, so that nothing needs counting but what each product adds up to."""
    terms = [form.term for form in reading.forms]
    return len(set(terms)) == len(terms) and all(len(form.stems) == 1 for form in reading.forms)


_QUERY = """q AS (
    SELECT * FROM unnest(CAST(:terms AS int[]), CAST(:form_numbers AS int[]), CAST(:sizes AS int[]),
        CAST(:stems AS text[]), CAST(:stem_weights AS real[])) AS q(term, form, size, stem, weight)
)"""


def _scored(found: str, *, simple: bool) -> str:
    """SQL: product, rank and bits of its terms, of the postings `d` of the query's stems `q` that `found` names.

    A term counts by the best of its forms, a form of several stems by the least of them, where all are there.
    """
    if simple:
        return (
            f"SELECT d.product_id, sum(d.impact * q.weight) AS rank, bit_or({_BITS} << (3 * q.term)) AS held"
            f" {found} GROUP BY d.product_id"
        )
    return f"""
        SELECT product_id, sum(score) AS rank, bit_or(bits << (3 * term)) AS held FROM (
            SELECT product_id, term, max(score) AS score, bit_or(bits) AS bits FROM (
                SELECT d.product_id, q.term, min(d.impact * q.weight) AS score, bit_or({_BITS}) AS bits {found}
                GROUP BY d.product_id, q.term, q.form, q.size
                HAVING q.size = 1 OR count(DISTINCT q.stem) = q.size
            ) forms GROUP BY product_id, term
        ) terms GROUP BY product_id
    """


def _highest(where: str, *, simple: bool) -> str:
    postings = """FROM q CROSS JOIN LATERAL (
        SELECT product_id, impact, field FROM product_terms
        WHERE organization_id = :org AND term = q.stem ORDER BY impact DESC LIMIT :deep) d"""
    scored = _scored(postings, simple=simple)
    if not where:
        return f"WITH {_QUERY} SELECT product_id FROM ({scored}) s ORDER BY rank DESC, product_id LIMIT :pool"
    # Filters are asked of one product after the other, the highest first, until there are enough
    return f"""
        WITH {_QUERY}
        SELECT s.product_id FROM (SELECT * FROM ({scored}) s ORDER BY rank DESC, product_id OFFSET 0) s
        CROSS JOIN LATERAL (
            SELECT FROM products p WHERE p.organization_id = :org AND p.id = s.product_id{where} LIMIT 1) fits
        LIMIT :pool
    """


def _weighed(where: str, *, simple: bool) -> str:
    postings = "FROM q JOIN product_terms d ON d.product_id = p.id AND d.term = q.stem AND d.organization_id = :org"
    return f"""
        WITH {_QUERY}
        SELECT p.id, p.external_id, p.title, p.brand, coalesce(s.rank, 0), coalesce(s.held, 0)
        FROM products p LEFT JOIN LATERAL ({_scored(postings, simple=simple)}) s ON true
        WHERE p.organization_id = :org AND p.id = ANY(:ids) AND p.status = 'active'{where}
    """
