"""Products by words: PostgreSQL's full text finds them, what they hold of the query ranks them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from agentpay.knowledge import weights as weighing
from agentpay.knowledge.filters import AVAILABLE, INVENTORY_JOIN, SearchFilters, conditions, variant_conditions
from agentpay.knowledge.hits import Hit
from agentpay.knowledge.lexicon import explained
from agentpay.knowledge.terms import Term, content_terms, words
from agentpay.store.session import Tx

POOL = 300
"""Products that are looked at closely for one query."""
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


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as read against this shop: its terms and what each weighs."""

    terms: tuple[Term, ...]
    weights: tuple[float, ...]


async def search_products(tx: Tx, query: str, *, limit: int, filters: SearchFilters | None = None) -> list[Hit]:
    """The products that answer the query, best first: exact ids and SKUs, then those in stock, then those sold out."""
    terms = content_terms(query)
    if not terms:
        return await browse(tx, limit=limit, filters=filters)
    exact = await exact_matches(tx, query, filters)
    reading = await read(tx, terms)
    found = {candidate.id: candidate for candidate in await candidates(tx, reading, filters)}
    hits = [_hit(candidate, 1.0) for candidate in exact]
    seen = {candidate.id for candidate in exact}
    top = max((candidate.rank for candidate in found.values()), default=0.0)
    scored = [
        (candidate, _score(reading, candidate, top))
        for candidate in found.values()
        if candidate.id not in seen and weighing.fits(reading.terms, candidate.fields, reading.weights)
    ]
    scored.sort(key=lambda pair: (not pair[0].in_stock, -pair[1], pair[0].title))
    ceiling = 1.0
    for candidate, score in scored[: limit - len(hits) if len(hits) < limit else 0]:
        ceiling = min(ceiling, score)
        hits.append(_hit(candidate, ceiling))
    return hits[:limit]


def _score(reading: Reading, candidate: Candidate, top: float) -> float:
    """All firm words held: 0.5..0.99, else below 0.5. The engine's rank decides among equals."""
    relative = candidate.rank / top if top else 0.0
    value = 0.85 * weighing.quality(candidate.fields, reading.weights) + 0.15 * relative
    full = weighing.holds_all(reading.terms, candidate.fields)
    value = 0.5 + 0.49 * value if full else 0.49 * value
    return round(value if candidate.in_stock else value * 0.6, 4)


async def read(tx: Tx, terms: Sequence[Term]) -> Reading:
    """Weigh the terms by how many products hold them; words that none holds are tried by other names."""
    frequencies, total = await _frequencies(tx, terms)
    unknown = {term.word for term, n in zip(terms, frequencies, strict=True) if n == 0}
    if unknown and total:
        spelt = await explained(tx, list(terms), unknown)
        if spelt != list(terms):
            terms = spelt
            frequencies, total = await _frequencies(tx, terms)
    return Reading(tuple(terms), tuple(weighing.term_weights(terms, frequencies, total)))


def _holds(n: int) -> str:
    """SQL: `products p` hold term n somewhere, or a variant on sale does among its options."""
    return (
        f"(p.search @@ to_tsquery('english'::regconfig, :t{n}) OR p.id IN (SELECT o.product_id FROM variants o"
        f" WHERE o.organization_id = :org AND NOT o.archived AND o.search @@ to_tsquery('simple'::regconfig, :t{n})))"
    )


def _parameters(tx: Tx, terms: Sequence[Term]) -> dict[str, Any]:
    return {"org": tx.organization_id, **{f"t{n}": term.tsquery for n, term in enumerate(terms)}}


async def _frequencies(tx: Tx, terms: Sequence[Term]) -> tuple[list[int], int]:
    counts = [
        "(SELECT count(*) FROM (SELECT p.id FROM products p WHERE p.organization_id = :org AND p.status = 'active'"
        f" AND p.search @@ to_tsquery('english'::regconfig, :t{n}) UNION"
        " SELECT o.product_id FROM variants o WHERE o.organization_id = :org AND NOT o.archived"
        f" AND o.search @@ to_tsquery('simple'::regconfig, :t{n})) f)"
        for n in range(len(terms))
    ]
    total = "(SELECT count(*) FROM products p WHERE p.organization_id = :org AND p.status = 'active')"
    row = (await tx.session.execute(text(f"SELECT {', '.join([*counts, total])}"), _parameters(tx, terms))).one()
    return [int(n) for n in row[:-1]], int(row[-1])


async def candidates(tx: Tx, reading: Reading, filters: SearchFilters | None) -> list[Candidate]:
    """The products that hold most of the query's weight, at most `POOL`."""
    terms = reading.terms
    where, narrowing = conditions(filters)
    numbers = range(len(terms))
    held = " + ".join(f"CASE WHEN {_holds(n)} THEN :w{n} ELSE 0 END" for n in numbers)
    field = ", ".join(
        f"CASE WHEN ts_filter(p.search, '{{a}}') @@ to_tsquery('english'::regconfig, :t{n}) THEN 'a'"
        f" WHEN ts_filter(p.search, '{{b}}') @@ to_tsquery('english'::regconfig, :t{n}) THEN 'b'"
        f" WHEN ts_filter(p.search, '{{c}}') @@ to_tsquery('english'::regconfig, :t{n}) THEN 'c'"
        f" WHEN p.search @@ to_tsquery('english'::regconfig, :t{n}) THEN 'd'"
        f" WHEN EXISTS (SELECT 1 FROM variants o WHERE o.organization_id = p.organization_id AND o.product_id = p.id"
        f" AND NOT o.archived AND o.search @@ to_tsquery('simple'::regconfig, :t{n})) THEN 'o' ELSE '-' END AS f{n}"
        for n in numbers
    )
    statement = f"""
        WITH matching AS (
            SELECT m.id FROM products m WHERE m.organization_id = :org AND m.status = 'active'
                AND m.search @@ to_tsquery('english'::regconfig, :any)
            UNION
            SELECT o.product_id FROM variants o WHERE o.organization_id = :org AND NOT o.archived
                AND o.search @@ to_tsquery('simple'::regconfig, :any)
        ), pool AS (
            SELECT p.id, {held} AS held, ts_rank(p.search, to_tsquery('english'::regconfig, :any), 1) AS rank
            FROM products p
            WHERE p.organization_id = :org AND p.status = 'active' AND p.id IN (SELECT id FROM matching){where}
            ORDER BY held DESC, rank DESC, p.id LIMIT :pool
        )
        SELECT {_COLUMNS}, pool.rank, {field}
        FROM pool JOIN products p ON p.organization_id = :org AND p.id = pool.id {_sale(filters)}
    """
    parameters = {
        **_parameters(tx, terms),
        **narrowing,
        **{f"w{n}": reading.weights[n] for n in numbers},
        "any": " | ".join(term.tsquery for term in terms),
        "pool": POOL,
    }
    rows = await tx.session.execute(text(statement), parameters)
    return [
        _candidate(row, tuple(_denied(terms[n], getattr(row, f"f{n}"), row.attributes) for n in numbers))
        for row in rows
    ]


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
    "p.id, p.external_id, p.title, p.attributes, sale.price, coalesce(sale.in_stock, false) AS in_stock,"
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
    )


def _shorten(description: str) -> str:
    """At most `_SNIPPET` characters, cut between sentences or words."""
    plain = " ".join(description.split())
    if len(plain) <= _SNIPPET:
        return plain
    cut = plain[:_SNIPPET]
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", cut)]
    return cut[: ends[-1]] if ends and ends[-1] > _SNIPPET // 3 else cut.rsplit(" ", 1)[0] + "…"


def _hit(candidate: Candidate, score: float) -> Hit:
    return Hit(
        kind="product",
        id=candidate.id,
        external_id=candidate.external_id,
        title=candidate.title,
        score=min(1.0, max(0.0, score)),
        snippet=candidate.snippet,
        price=candidate.price,
        in_stock=candidate.in_stock,
    )
