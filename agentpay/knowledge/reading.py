"""A query as read against one shop: its terms, the stems they are found by, and what each weighs there."""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from uuid import UUID

from agentpay.knowledge import weights as weighing
from agentpay.knowledge.lexicon import TitleWords, explained, title_counts
from agentpay.knowledge.terms import FILLER, Term, words
from agentpay.store import statements
from agentpay.store.session import Tx
from agentpay.store.statements import Asked

COUNTED = 20_000
"""Products that hold a word are counted up to here: it is common then, whatever the number."""
OTHER_NAME = 0.9
"""What a product's word counts that is another name, or the right spelling, of the customer's."""
RARE = 5
"""A word that fewer products hold is also looked for in two parts ("smartwatch", "smart watch")."""
_SHOPS = 256
_PREFIXES = (1, 2, 3)
_LONGEST_HYPHENED = 7
"""Of the words that are written with a hyphen or without: e-mail, t-shirt, wi-fi, hi-fi, blu-ray, usb-c."""

_totals: OrderedDict[tuple[UUID, int], int] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Form:
    """One way a term may be written: all of these stems. `weight` is the term's rarity times how well the form stands for it."""

    term: int
    stems: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Reading:
    """`weights` say how much of a query each term is (for coverage), `forms` how much finding one adds to the rank."""

    terms: tuple[Term, ...]
    weights: tuple[float, ...]
    forms: tuple[Form, ...] = ()
    text: str = ""
    """The words that matter, in the customer's order and the shop's spelling: what is compared by meaning."""
    model: str | None = None
    """The embedding model that answers for this shop."""
    total: int = 0
    """Products on sale."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What reading a query needs to know of a shop. `version` is its catalogue's."""

    version: int
    total: int
    synonyms: Sequence[Sequence[str]]
    model: str | None


def spoken(query: str, spelling: Mapping[str, str] | None = None) -> str:
    """The words that matter, in the customer's order and this spelling: what is compared by meaning."""
    spelling = spelling or {}
    bare = [(word, word.removesuffix("'s")) for word in words(query)]
    return " ".join(spelling.get(stem, word) for word, stem in bare if stem not in FILLER) or query


async def read(tx: Tx, terms: Sequence[Term], query: str = "", shop: Shop | None = None) -> Reading:
    """Weigh the terms by how many products hold them; words that none holds are tried by other names and spellings."""
    shop = shop or await shop_of(tx)
    order = [word for word in words(query) if any(term.word == word.removesuffix("'s") for term in terms)]
    terms = _hyphened(_compounded(_of_the_shop(terms, order, shop.synonyms), order))
    found = await _stems(tx, terms)
    unknown = {term.word for n, term in enumerate(terms) if not _frequency(found[n])}
    rare = {term.word for n, term in enumerate(terms) if _frequency(found[n]) < RARE and len(term.word) > 5}
    if (unknown or rare) and shop.total:
        known = await title_counts(tx, shop.version)
        spelt = _split(explained(terms, unknown, known), rare, known)
        if spelt != terms:
            terms = spelt
            found = await _stems(tx, terms)
    frequencies = [_frequency(found[n]) for n in range(len(terms))]
    forms = [
        Form(n, stems, _rarity(term, frequencies[n], shop.total) * (1.0 if first else OTHER_NAME))
        for n, term in enumerate(terms)
        for stems, first, frequency in found[n]
        if frequency
    ]
    spelling = {term.word: term.corrected for term in terms if term.corrected}
    weights = weighing.term_weights(terms, frequencies, shop.total)
    return Reading(tuple(terms), tuple(weights), tuple(forms), spoken(query, spelling), shop.model, shop.total)


def _rarity(term: Term, frequency: int, total: int) -> float:
    """BM25's idf. Praise ("good", "cheap") hardly ranks; a number does: it tells one model from the next."""
    idf = math.log(1 + (max(total, frequency) - frequency + 0.5) / (frequency + 0.5))
    return idf * (weighing.SOFT_WEIGHT if term.soft and not term.word.isdecimal() else 1.0)


def _frequency(forms: Sequence[tuple[tuple[str, ...], bool, int]]) -> int:
    return max((frequency for _, _, frequency in forms), default=0)


def shop_asked(tx: Tx) -> Asked:
    """What `shop_of` needs to be told."""
    statement = "SELECT catalog_version, synonyms, embedding_model FROM organizations WHERE id = :org"
    return statement, {"org": tx.organization_id}


async def shop_of(tx: Tx, told: Sequence[tuple[Any, ...]] | None = None) -> Shop:
    ((version, synonyms, model),) = told or await statements.rows(tx, *shop_asked(tx))
    key = (tx.organization_id, version)
    if key not in _totals:
        ((_totals[key],),) = await statements.rows(
            tx,
            "SELECT count(*) FROM products WHERE organization_id = :org AND status = 'active'",
            {"org": tx.organization_id},
        )
        while len(_totals) > _SHOPS:
            _totals.popitem(last=False)
    return Shop(version, _totals[key], synonyms, model)


def _of_the_shop(terms: Sequence[Term], order: Sequence[str], synonyms: Sequence[Sequence[str]]) -> list[Term]:
    """The terms with the other names that this shop gives them; those of a phrase ("cell phone") go to its last word."""
    others: dict[str, list[str]] = defaultdict(list)
    for group in synonyms:
        for name in group:
            phrase = words(name)
            starts = range(len(order) - len(phrase) + 1) if phrase else ()
            if any(order[at : at + len(phrase)] == phrase for at in starts):
                others[phrase[-1].removesuffix("'s")] += [other for other in group if other != name]
    return [
        replace(term, others=(*term.others, *dict.fromkeys(others[term.word]))) if term.word in others else term
        for term in terms
    ]


def _compounded(terms: Sequence[Term], order: Sequence[str]) -> list[Term]:
    """Words that stand side by side may be one in the shop: "smart watch" is also looked for as "smartwatch"."""
    joined: dict[str, list[str]] = defaultdict(list)
    for first, second in pairwise(order):
        if first.isalpha() and second.isalpha():
            for word in (first, second):
                joined[word] += [first + second, f"{first}-{second}"]
    return [replace(term, joined=tuple(joined[term.word])) if term.word in joined else term for term in terms]


def _hyphened(terms: Sequence[Term]) -> list[Term]:
    """A short word may have a hyphen in the shop, or none where the customer wrote one: "wifi", "wi-fi"; "tshirt"."""
    found = []
    for term in terms:
        word = term.word
        if word.isalpha() and _PREFIXES[0] < len(word) <= _LONGEST_HYPHENED:
            forms = [f"{word[:n]}-{word[n:]}" for n in _PREFIXES if len(word) - n > 1]
        else:
            bare = word.replace("-", "")
            forms = [bare] if bare != word and bare.isalpha() else []
        found.append(replace(term, joined=(*term.joined, *forms)) if forms else term)
    return found


def _split(terms: Sequence[Term], rare: set[str], known: TitleWords) -> list[Term]:
    """A rare or unknown word may be two in the shop: "smartwatch" is also looked for as "smart" and "watch"."""
    found = []
    for term in terms:
        word = term.word
        parts = (
            [f"{word[:n]} {word[n:]}" for n in range(3, len(word) - 2) if word[:n] in known and word[n:] in known]
            if word in rare and word.isalpha() and not term.corrected
            else []
        )
        found.append(replace(term, others=(*term.others, *parts)) if parts else term)
    return found


async def _stems(tx: Tx, terms: Sequence[Term]) -> list[list[tuple[tuple[str, ...], bool, int]]]:
    """For each term its forms: stems, whether it is the customer's own word, and how many products hold it.

    An unstemmed form is there for the options of variants, which are not stemmed.
    """
    written = [(n, form, m == 0) for n, term in enumerate(terms) for m, form in enumerate(term.forms)]
    values = {"org": tx.organization_id, "forms": [form.replace("\x00", " ") for _, form, _ in written]}
    kinds: Mapping[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for number, kind, lexeme, frequency in await statements.rows(tx, _STEMS, values):
        kinds[(number - 1, kind)][lexeme] = frequency
    found: list[list[tuple[tuple[str, ...], bool, int]]] = [[] for _ in terms]
    for m, (n, form, first) in enumerate(written):
        ours = "-" in form and form != terms[n].word
        for kind in ("english", "simple"):
            stems = _known(kinds[(m, kind)]) if ours else _whole(form, kinds[(m, kind)])
            if stems and all(stems != other for other, _, _ in found[n]):
                frequency = min(kinds[(m, kind)][stem] for stem in stems)
                found[n].append((stems, first, frequency))
    return found


def _known(stems: dict[str, int]) -> tuple[str, ...]:
    """A hyphened form of our own making counts as it is or not at all: "cable" is no "c-able"."""
    return tuple(stem for stem, frequency in stems.items() if "-" in stem and frequency)[:1]


def _whole(form: str, stems: dict[str, int]) -> tuple[str, ...]:
    """The stems a form needs, all of them. PostgreSQL gives "wi-fi" as itself and its parts: itself is enough where known."""
    compound = [stem for stem in stems if "-" in stem or "/" in stem or "." in stem]
    if compound and " " not in form:
        known = [stem for stem in compound if stems[stem]]
        if known:
            return (max(known, key=len),)
        parts = tuple(sorted(set(stems) - set(compound)))
        return parts if len(parts) > 1 else tuple(compound[:1])
    return tuple(sorted(stems))


_STEMS = f"""
    SELECT f.m, l.kind, l.lexeme, d.df
    FROM unnest(CAST(:forms AS text[])) WITH ORDINALITY AS f(form, m)
    CROSS JOIN LATERAL (
        SELECT 'english' AS kind, lexeme FROM unnest(to_tsvector('english'::regconfig, f.form))
        UNION ALL SELECT 'simple', lexeme FROM unnest(to_tsvector('simple'::regconfig, f.form))
    ) l
    CROSS JOIN LATERAL (
        SELECT count(*) AS df FROM (
            SELECT 1 FROM product_terms t WHERE t.organization_id = :org AND t.term = l.lexeme LIMIT {COUNTED}) t
    ) d
"""


def parameters(reading: Reading) -> dict[str, Any]:
    """The forms as arrays of one row a stem: term, form, number of stems in the form, stem, weight."""
    rows = [
        (form.term, m, len(form.stems), stem, form.weight)
        for m, form in enumerate(reading.forms)
        for stem in form.stems
    ]
    names = ("terms", "form_numbers", "sizes", "stems", "stem_weights")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
