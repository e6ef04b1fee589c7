"""Products by words and by meaning: what the words rank and the vectors find is blended, and only what fits is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from agentpay.knowledge import confidence
from agentpay.knowledge import weights as weighing
from agentpay.knowledge.filters import (
    AVAILABLE,
    INVENTORY_JOIN,
    SearchFilters,
    conditions,
    narrowing,
    variant_conditions,
)
from agentpay.knowledge.hits import Hit
from agentpay.knowledge.reading import Reading, parameters, read
from agentpay.knowledge.semantic import Semantic
from agentpay.knowledge.terms import Term, content_terms, words
from agentpay.store.session import Tx

POOL = 200
"""Products that are looked at closely for one query because of their words."""
NEAR = 150
"""The same because of their meaning."""
DEEP = 8_000
"""Products taken for one word, those it weighs most in first."""
LEXICAL_SHARE = 0.4
"""What the words' rank counts against the cosine; measured on the electronics judgements (docs/search.md)."""
_SNIPPET = 240
_NO = frozenset({"no", "none", "false", "0"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product with, for each term, the field that holds it (see `weights.FIELD_QUALITY`)."""

    id: UUID
    external_id: str | None
    title: str
    snippet: str
    price: int | None
    in_stock: bool
    fields: tuple[str, ...]
    rank: float
    """BM25 of the query in the product; comparable within one query."""
    cosine: float | None = None
    """Likeness to the query's meaning, -1..1; None where there is no vector of either."""
    brand: str | None = None


async def search_products(
    tx: Tx, query: str, *, limit: int, filters: SearchFilters | None = None, semantic: Semantic | None = None
) -> list[Hit]:
    """The products that answer the query, best first: exact ids and SKUs, then those in stock, then those sold out."""
    terms = content_terms(query)
    if not terms:
        return await browse(tx, limit=limit, filters=filters)
    exact = await exact_matches(tx, query, filters)
    reading = await read(tx, terms, query)
    found = await _found(tx, reading, filters, semantic)
    hits = [_hit(candidate, 1.0) for candidate in exact]
    seen = {candidate.id for candidate in exact}
    top = max((candidate.rank for candidate in found), default=0.0)
    fitting = [candidate for candidate in confidence.fitting(reading, found) if candidate.id not in seen]
    small = (
        reading.total < confidence.SMALL
    )  # where the kind of thing asked for says more than all that is said around it
    fitting.sort(
        key=lambda candidate: (
            not candidate.in_stock,
            -_score(reading, candidate, top) if small else 0.0,
            -_blend(candidate, top),
            candidate.title,
        )
    )
    ceiling = 1.0
    for candidate in fitting[: max(0, limit - len(hits))]:
        fit = _score(reading, candidate, top)
        ceiling = min(ceiling, fit)
        hits.append(_hit(candidate, ceiling, fit))
    return hits[:limit]


async def _found(tx: Tx, reading: Reading, filters: SearchFilters | None, semantic: Semantic | None) -> list[Candidate]:
    """What the words or the meaning find, each with both."""
    model = reading.model
    vector = await semantic.vector(model, reading.text) if semantic is not None and model is not None else None
    if semantic is None or model is None or vector is None:
        return await candidates(tx, reading, filters)
    near = await semantic.store.nearest(tx, model, "product", vector, limit=NEAR, narrowing=narrowing(filters))
    cosines = {found.owner_id: found.score for found in near}
    by_words = await candidates(tx, reading, filters, also=list(cosines))
    rest = [candidate.id for candidate in by_words if candidate.id not in cosines]
    if rest:
        for found in await semantic.store.nearest(tx, model, "product", vector, limit=len(rest), only=rest):
            cosines[found.owner_id] = found.score
    return [replace(candidate, cosine=cosines.get(candidate.id)) for candidate in by_words]


def _blend(candidate: Candidate, top: float) -> float:
    relative = candidate.rank / top if top else 0.0
    if candidate.cosine is None:  # not indexed yet: by its words alone, as if its meaning were as near
        return relative
    return LEXICAL_SHARE * relative + (1 - LEXICAL_SHARE) * candidate.cosine


def _score(reading: Reading, candidate: Candidate, top: float) -> float:
    """All firm words held: 0.5..0.99, else below 0.5. The engine's rank decides among equals."""
    relative = candidate.rank / top if top else 0.0
    value = 0.85 * weighing.quality(candidate.fields, reading.weights) + 0.15 * relative
    if candidate.cosine is not None and not candidate.rank:  # found by its meaning alone
        value = max(value, 0.8 * candidate.cosine)
    full = weighing.holds_all(reading.terms, candidate.fields)
    value = 0.5 + 0.49 * value if full else 0.49 * value
    return round(value if candidate.in_stock else value * 0.6, 4)


async def candidates(
    tx: Tx, reading: Reading, filters: SearchFilters | None, also: Sequence[UUID] = ()
) -> list[Candidate]:
    """The `POOL` products that the query's words rank highest, and those of `also`, all of them within the filters."""
    where, narrowed = conditions(filters)
    rows = await tx.session.execute(
        text(_candidates(where, _sale(filters), simple=_is_simple(reading))),
        {
            **parameters(reading),
            **narrowed,
            "org": tx.organization_id,
            "pool": POOL,
            "deep": DEEP,
            "also": list(also),
        },
    )
    return [_candidate(row, _fields(reading.terms, row)) for row in rows]


def _is_simple(reading: Reading) -> bool:
    terms = [form.term for form in reading.forms]
    return len(set(terms)) == len(terms) and all(len(form.stems) == 1 for form in reading.forms)


def _fields(terms: Sequence[Term], row: Any) -> tuple[str, ...]:
    """Three bits a term say where it was found."""
    return tuple(_denied(term, _FIELDS[row.held >> (3 * n) & 7], row.attributes) for n, term in enumerate(terms))


def _candidates(where: str, sale: str, *, simple: bool) -> str:
    """`simple`: every term is one stem, so that nothing needs counting but what each product adds up to."""
    found = f"FROM q CROSS JOIN LATERAL ({_POSTINGS}) d"
    if simple:
        scored = (
            f"SELECT d.product_id, sum(d.impact * q.weight) AS rank, bit_or({_BITS} << (3 * q.term)) AS held"
            f" {found} GROUP BY d.product_id"
        )
    else:
        scored = f"""
            SELECT product_id, sum(score) AS rank, bit_or(bits << (3 * term)) AS held FROM (
                SELECT product_id, term, max(score) AS score, bit_or(bits) AS bits FROM (
                    SELECT d.product_id, q.term, d.impact * q.weight AS score, {_BITS} AS bits {found} WHERE q.size = 1
                    UNION ALL
                    SELECT d.product_id, q.term, min(d.impact * q.weight), bit_or({_BITS}) {found} WHERE q.size > 1
                    GROUP BY d.product_id, q.term, q.form, q.size HAVING count(DISTINCT q.stem) = q.size
                ) forms GROUP BY product_id, term
            ) terms GROUP BY product_id
        """
    # Filters are asked of every product that holds a word; without any, the best are taken before products are read
    narrowed = (
        "SELECT s.product_id FROM scored s JOIN products p ON p.organization_id = :org AND p.id = s.product_id"
        f" WHERE true{where} ORDER BY s.rank DESC, s.product_id LIMIT :pool"
        if where
        else "SELECT s.product_id FROM scored s ORDER BY s.rank DESC, s.product_id LIMIT :pool"
    )
    return f"""
        WITH q AS (
            SELECT * FROM unnest(CAST(:terms AS int[]), CAST(:form_numbers AS int[]), CAST(:sizes AS int[]),
                CAST(:stems AS text[]), CAST(:stem_weights AS real[])) AS q(term, form, size, stem, weight)
        ), scored AS MATERIALIZED ({scored}
        ), pool AS ({narrowed}), taken AS (
            SELECT product_id FROM pool UNION SELECT unnest(CAST(:also AS uuid[]))
        )
        SELECT {_COLUMNS}, coalesce(s.rank, 0) AS rank, coalesce(s.held, 0) AS held
        FROM taken t JOIN products p ON p.organization_id = :org AND p.id = t.product_id AND p.status = 'active'
        LEFT JOIN scored s ON s.product_id = t.product_id
        {sale} WHERE true{where}
    """


_FIELDS = "-d-c-oba"
"""Where a term was found, by its three bits. A term that is in a text and an option has the bits of both."""
_BITS = "CASE d.field WHEN 'a' THEN 7 WHEN 'b' THEN 6 WHEN 'o' THEN 5 WHEN 'c' THEN 3 ELSE 1 END::bigint"
_POSTINGS = (
    "SELECT product_id, impact, field FROM product_terms"
    " WHERE organization_id = :org AND term = q.stem ORDER BY impact DESC LIMIT :deep"
)


def _denied(term: Term, field: str, attributes: dict[str, Any]) -> str:
    """An attribute that says no is not held: `waterproof: "no"` does not answer "waterproof"."""
    if field != "c":
        return field
    for name, value in attributes.items():
        if term.word in words(name.replace("_", " ")) and str(value).strip().lower() in _NO:
            return "-"
    return field


async def exact_matches(tx: Tx, query: str, filters: SearchFilters | None = None) -> list[Candidate]:
    """Products whose id, SKU or title the query is, or whose id or SKU is one of its words (one that looks like a code)."""
    whole = _whole(query)
    where, narrowing = conditions(filters)
    statement = f"""
        SELECT {_COLUMNS}, 1.0 AS rank
        FROM products p {_sale(filters)}
        WHERE p.organization_id = :org AND p.status = 'active' AND p.id IN (
            SELECT id FROM products WHERE organization_id = :org AND lower(external_id) = ANY(:codes)
            UNION SELECT product_id FROM variants
                WHERE organization_id = :org AND NOT archived AND lower(external_id) = ANY(:codes)
            UNION SELECT product_id FROM variants
                WHERE organization_id = :org AND NOT archived AND lower(sku) = ANY(:codes)
            UNION SELECT id FROM products
                WHERE organization_id = :org AND search @@ plainto_tsquery('english'::regconfig, :whole)
                AND lower(title) = :whole
        ){where}
        ORDER BY p.title, p.id LIMIT 10
    """
    rows = await tx.session.execute(
        text(statement), {"org": tx.organization_id, "codes": codes_in(query), "whole": whole, **narrowing}
    )
    return [_candidate(row, ()) for row in rows]


async def browse(tx: Tx, *, limit: int, filters: SearchFilters | None = None) -> list[Hit]:
    """Products that fit the filters alone, in stock first, then by title; each scores 0.5: nothing was asked of them."""
    where, narrowing = conditions(filters)
    statement = f"""
        SELECT {_COLUMNS}, 0.0 AS rank
        FROM products p {_sale(filters)}
        WHERE p.organization_id = :org AND p.status = 'active'{where}
        ORDER BY sale.in_stock DESC NULLS LAST, p.title, p.id LIMIT :limit
    """
    rows = await tx.session.execute(text(statement), {"org": tx.organization_id, "limit": limit, **narrowing})
    return [_hit(_candidate(row, ()), 0.5) for row in rows]


_COLUMNS = (
    "p.id, p.external_id, p.title, p.brand, p.attributes, sale.price, coalesce(sale.in_stock, false) AS in_stock,"
    f" left(coalesce(nullif(p.description, ''), p.conversational_description, ''), {_SNIPPET + 60}) AS description"
)


def _sale(filters: SearchFilters | None) -> str:
    """SQL: the lowest price that fits the filters, and whether anything can be had."""
    return (
        f"LEFT JOIN LATERAL (SELECT min(v.price) AS price, bool_or({AVAILABLE}) AS in_stock FROM variants v"
        f" {INVENTORY_JOIN} WHERE v.organization_id = p.organization_id AND v.product_id = p.id"
        f" AND NOT v.archived{variant_conditions(filters)}) sale ON true"
    )


def codes_in(query: str) -> list[str]:
    """The lower-cased texts of a query that may be an id or a SKU: all of it, and words such as "RR-42-BL"."""
    return sorted({_whole(query)} | {word for word in words(query) if _looks_like_code(word)})


def _whole(query: str) -> str:
    return " ".join(query.split()).lower()


def _looks_like_code(word: str) -> bool:
    return len(word) >= 3 and (any(c.isdigit() for c in word) or "-" in word or "_" in word)


def _candidate(row: Any, fields: tuple[str, ...]) -> Candidate:
    return Candidate(
        id=row.id,
        external_id=row.external_id,
        title=row.title,
        snippet=_shorten(row.description),
        price=row.price,
        in_stock=row.in_stock,
        fields=fields,
        rank=float(row.rank),
        brand=row.brand,
    )


def _shorten(description: str) -> str:
    """At most `_SNIPPET` characters, cut between sentences or words."""
    plain = " ".join(description.split())
    if len(plain) <= _SNIPPET:
        return plain
    cut = plain[:_SNIPPET]
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", cut)]
    return cut[: ends[-1]] if ends and ends[-1] > _SNIPPET // 3 else cut.rsplit(" ", 1)[0] + "…"


def _hit(candidate: Candidate, score: float, fit: float | None = None) -> Hit:
    return Hit(
        kind="product",
        id=candidate.id,
        external_id=candidate.external_id,
        title=candidate.title,
        score=min(1.0, max(0.0, score)),
        snippet=candidate.snippet,
        price=candidate.price,
        in_stock=candidate.in_stock,
        fit=score if fit is None else fit,
    )
