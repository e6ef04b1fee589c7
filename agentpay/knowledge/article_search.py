"""Articles by words, down to the sentences that hold the answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from agentpay.knowledge import weights as weighing
from agentpay.knowledge.hits import Hit
from agentpay.knowledge.semantic import Semantic
from agentpay.knowledge.sentences import sentences
from agentpay.knowledge.terms import Term, content_terms, with_synonyms
from agentpay.store.session import Tx
from agentpay.store.tables import Article, Organization

POOL = 24
"""Articles read sentence by sentence for one query."""
MEANT, MEANT_IN_WORDS = 0.4, 0.28
"""Cosine from which a passage answers a question in other words, and the same of one that shares some of its words. Of 58
questions to 17 shops the right page was the nearest for 57, at 0.4 and more for 52; where a shop had no such page, another
lay so near in 1 of 70."""
WORDS = 0.3
"""What the words that an article shares with a question count against its cosine."""
ENOUGH = 0.35
"""Share of the query's weight that an article must hold."""
HOLDS_ALL = 0.5
"""The score from which an article holds every firm word of a query."""
_NEAREST = 8
_WINDOW = 3
_SHORT = 60
"""A passage shorter than this takes its next sentence along, which often finishes the answer."""
_OPENING = 200
"""The same for an article's opening, which stands for the whole of it."""
_LONG = 420
_META = {
    "policy",
    "policies",
    "rule",
    "rules",
    "terms",
    "conditions",
    "information",
    "info",
    "details",
    "explain",
    "faq",
}
_META |= {"long", "take", "takes", "time"}
_OF_SHOPS = {
    "hours": ("open", "opening"), "opening": ("open",), "opened": ("open",), "open": ("opening",), "closed": ("open",),
    "address": ("located", "find"), "located": ("address", "find"), "sizing": ("size",), "parking": ("park",),
}  # fmt: skip
"""Other words for the same in what shops write of themselves: "opening hours" and "we are open"."""
_TITLE = {"t": 1.0, "a": 0.8}
_ANSWERS = (
    (
        re.compile(r"how (long|soon|fast|quick|many days)|\bwhen\b|what time|\bhours\b", re.I),
        re.compile(r"\d[^.]*\b(minute|hour|day|week|month|year|am|pm)s?\b|\bsame day\b", re.I),
    ),
    (re.compile(r"how much|\bcosts?\b|\bfees?\b|\bfree\b", re.I), re.compile(r"[$€£]\s?\d|\d\s?%|\bfree\b", re.I)),
)
"""Kinds of question and what their answers look like."""


async def search_articles(tx: Tx, query: str, *, limit: int, semantic: Semantic | None = None) -> list[Hit]:
    """The articles that answer the query, best first; the snippet is the passage that holds most of it."""
    terms = _about([_named(term) for term in content_terms(query)])
    if not terms:
        return []
    frequencies, total = await _frequencies(tx, terms)
    if not total:
        return []
    weights = weighing.term_weights(terms, frequencies, total)
    found, headed = [], set()
    for row in await _matching(tx, terms):
        fields = tuple(getattr(row, f"f{n}") for n in range(len(terms)))
        if weighing.share(fields, weights) >= ENOUGH:
            found.append((row, fields))
        if any(field in _TITLE and not term.soft for term, field in zip(terms, fields, strict=True)):
            headed.add(row.id)
    hits = await _by_words(tx, query, terms, weights, found)
    if not hits or hits[0].score < HOLDS_ALL:
        hits = await _by_meaning(tx, query, hits, headed, semantic)
    return hits[:limit]


async def _by_words(
    tx: Tx, query: str, terms: Sequence[Term], weights: Sequence[float], found: Sequence[tuple[Any, tuple[str, ...]]]
) -> list[Hit]:
    """The articles found, best first: one that holds every firm word of the query from `HOLDS_ALL` on, others below."""
    if not found:
        return []
    passages = {row.id: sentences(row.body) for row, _ in found}
    held = await _held_by_passage(tx, terms, passages)
    top = max(float(row.rank) for row, _ in found)
    wanted = expected(query)
    hits = []
    for row, fields in found:
        snippet, together = best_passage(passages[row.id], held[row.id], weights, wanted)
        titled = _titled(fields, weights)
        value = (
            0.45 * weighing.share(fields, weights)
            + 0.2 * max(together, titled)
            + 0.2 * titled
            + 0.1 * (float(row.rank) / top if top else 0.0)
            + (0.05 if wanted is not None and wanted.search(snippet) else 0.0)
        )
        value = HOLDS_ALL + 0.49 * value if weighing.holds_all(terms, fields) else 0.49 * value
        hits.append(
            Hit(
                kind="article",
                id=row.id,
                external_id=row.external_id,
                title=row.title,
                score=round(value, 4),
                snippet=snippet,
            )
        )
    hits.sort(key=lambda hit: (-hit.score, hit.title))
    return hits


async def _by_meaning(tx: Tx, query: str, hits: list[Hit], headed: set[UUID], semantic: Semantic | None) -> list[Hit]:
    """
    Where no article holds all the words: those that say the same in others, and of those that share some (`hits`, and the
    ones that are `headed` by some) what means it too. Without vectors the `hits` as they are.
    """
    model = await tx.session.scalar(select(Organization.embedding_model).where(Organization.id == tx.organization_id))
    vector = await semantic.vector(model, query) if semantic is not None and model is not None else None
    if semantic is None or model is None or vector is None:
        return hits
    worded = {hit.id: hit for hit in hits}
    near = {
        one.owner_id: one
        for one in await semantic.store.nearest(tx, model, "article", vector, limit=_NEAREST, also=[*worded, *headed])
    }
    rows = await tx.session.execute(
        select(Article.id, Article.external_id, Article.title).where(
            Article.organization_id == tx.organization_id, Article.status == "active", Article.id.in_(list(near))
        )
    )
    found = [hit for hit in hits if hit.id not in near]  # whose vectors are still to come
    for row in rows:
        one, hit = near[row.id], worded.get(row.id)
        words = hit.score if hit is not None else 0.0
        if one.score + WORDS * words >= MEANT or (one.score >= MEANT_IN_WORDS and (hit or row.id in headed)):
            score = round(min(0.49, 0.49 * (one.score + WORDS * words)), 4)
            snippet = hit.snippet if hit is not None else one.content
            found.append(
                Hit(
                    kind="article",
                    id=row.id,
                    external_id=row.external_id,
                    title=row.title,
                    score=score,
                    snippet=snippet,
                )
            )
    return sorted(found, key=lambda hit: (-hit.score, hit.title))


def expected(query: str) -> re.Pattern[str] | None:
    """What an answer to the question must hold: a time to "how long", an amount to "how much"; None where any will do."""
    return next((answer for question, answer in _ANSWERS if question.search(query)), None)


def _named(term: Term) -> Term:
    """The term with its other names, those of a shop's pages too."""
    term = with_synonyms(term)
    return replace(term, others=(*term.others, *_OF_SHOPS.get(term.word, ())))


def _about(terms: list[Term]) -> list[Term]:
    """Without the words that name an article's kind instead of its matter, unless there are no others."""
    return [term for term in terms if term.word not in _META] or terms


def _titled(fields: Sequence[str], weights: Sequence[float]) -> float:
    """The part of the query's weight that the title holds; another word for the same thing counts a little less."""
    whole = sum(weights) or 1.0
    return sum(w * _TITLE.get(f, 0.0) for f, w in zip(fields, weights, strict=True)) / whole


def best_passage(
    texts: Sequence[str],
    held: Sequence[frozenset[int]],
    weights: Sequence[float],
    wanted: re.Pattern[str] | None = None,
) -> tuple[str, float]:
    """
    The shortest run of up to three sentences that holds the most of the query, and the share it holds.

    Where what is `wanted` stands in one of several, that one is taken; where the sentences hold little of the query (its
    words are the title's), the article's opening says most.
    """
    whole = sum(weights) or 1.0
    best: tuple[float, int, int] | None = None
    start, end, together = 0, 1, 0.0
    for first in range(len(texts)):
        for last in range(first + 1, min(first + _WINDOW, len(texts)) + 1):
            terms: frozenset[int] = frozenset().union(*held[first:last])
            weight = sum(weights[n] for n in terms) / whole
            if sum(len(t) for t in texts[first:last]) > _LONG and last - first > 1:
                break
            fitting = 0.3 if wanted is not None and terms and wanted.search(" ".join(texts[first:last])) else 0.0
            key = (round(weight + fitting, 6), -(last - first), -first)
            if best is None or key > best:
                best, start, end, together = key, first, last, weight
    enough = _SHORT
    if together < 0.3 and (wanted is None or not wanted.search(" ".join(texts[start:end]))):
        start, end, enough = 0, 1, _OPENING
    snippet = " ".join(texts[start:end])
    while len(snippet) < enough and end < len(texts) and len(snippet) + len(texts[end]) <= _LONG:
        snippet = f"{snippet} {texts[end]}"
        end += 1
    return snippet, min(1.0, together)


async def _frequencies(tx: Tx, terms: Sequence[Term]) -> tuple[list[int], int]:
    counts = [f"count(*) FILTER (WHERE a.search @@ to_tsquery('english'::regconfig, :t{n}))" for n in range(len(terms))]
    row = (
        await tx.session.execute(
            text(
                f"SELECT {', '.join(counts)}, count(*) FROM articles a"
                " WHERE a.organization_id = :org AND a.status = 'active'"
            ),
            _parameters(tx, terms),
        )
    ).one()
    return [int(n) for n in row[:-1]], int(row[-1])


async def _matching(tx: Tx, terms: Sequence[Term]) -> list[Any]:
    field = ", ".join(
        f"CASE WHEN ts_filter(a.search, '{{a}}') @@ to_tsquery('english'::regconfig, :w{n}) THEN 't'"
        f" WHEN ts_filter(a.search, '{{a}}') @@ to_tsquery('english'::regconfig, :t{n}) THEN 'a'"
        f" WHEN a.search @@ to_tsquery('english'::regconfig, :t{n}) THEN 'd' ELSE '-' END AS f{n}"
        for n in range(len(terms))
    )
    statement = f"""
        SELECT a.id, a.external_id, a.title, a.body,
            ts_rank(a.search, to_tsquery('english'::regconfig, :any), 1) AS rank, {field}
        FROM articles a
        WHERE a.organization_id = :org AND a.status = 'active' AND a.search @@ to_tsquery('english'::regconfig, :any)
        ORDER BY rank DESC, a.id LIMIT :pool
    """
    parameters = {**_parameters(tx, terms), "any": " | ".join(term.tsquery for term in terms), "pool": POOL}
    return list(await tx.session.execute(text(statement), parameters))


async def _held_by_passage(
    tx: Tx, terms: Sequence[Term], passages: dict[UUID, list[str]]
) -> dict[UUID, list[frozenset[int]]]:
    """Which terms each sentence holds, by PostgreSQL's own stemming."""
    flat = [(identifier, sentence) for identifier, texts in passages.items() for sentence in texts]
    rows = await tx.session.execute(
        text(
            "SELECT s.n AS sentence, q.n AS term FROM unnest(CAST(:sentences AS text[])) WITH ORDINALITY AS s(body, n)"
            " JOIN unnest(CAST(:queries AS text[])) WITH ORDINALITY AS q(query, n)"
            " ON to_tsvector('english'::regconfig, s.body) @@ to_tsquery('english'::regconfig, q.query)"
        ),
        {"sentences": [sentence for _, sentence in flat], "queries": [term.tsquery for term in terms]},
    )
    held: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        held[row.sentence - 1].add(row.term - 1)
    grouped: dict[UUID, list[frozenset[int]]] = {identifier: [] for identifier in passages}
    for n, (identifier, _) in enumerate(flat):
        grouped[identifier].append(frozenset(held[n]))
    return grouped


def _parameters(tx: Tx, terms: Sequence[Term]) -> dict[str, Any]:
    own = {f"w{n}": "'" + (term.corrected or term.word).replace("'", " ") + "'" for n, term in enumerate(terms)}
    return {"org": tx.organization_id, **{f"t{n}": term.tsquery for n, term in enumerate(terms)}, **own}
