"""Searches with judgements: the demo shop's with ours, an electronics shop's with those of people (docs/search.md)."""

from __future__ import annotations

import asyncio
import gzip
import html
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentpay.demo import STORE
from agentpay.evals import search as measuring
from agentpay.evals.report import Case
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit
from agentpay.evals.timing import spread

if TYPE_CHECKING:
    from agentpay.evals.search import Ask, Judgements, Served

_DATA = Path(__file__).parents[1] / "data"
_DEMO, _ELECTRONICS = "demo", "electronics"
_FOLDER = "chorus_electronics"
_BESIDES = 12
"""Of the electronics that nobody judged every so many-th is in a sample's shop, so that there is something to choose from."""
_TOP = 10


class Search:
    name = "search"

    def missing(self, terms: Terms) -> str | None:
        if terms.size == "fast":
            return None
        files = ("products.jsonl.gz", "judgements.csv")
        absent = [name for name in files if terms.datasets is None or not (terms.datasets / _FOLDER / name).is_file()]
        where = terms.datasets / _FOLDER if terms.datasets is not None else f"{_FOLDER} (--datasets)"
        return f"{where} has no {', '.join(absent)}." if absent else None

    def units(self, terms: Terms) -> list[Unit]:
        found = []
        for name, seconds in ((_DEMO, 20.0), (_ELECTRONICS, 900.0 if terms.size == "full" else 90.0)):
            if name == _DEMO or terms.size != "fast":
                rated, served = _asked(name, terms)
                found.append(Unit(name, tuple(_ids(name, rated, served)), seconds))
        return found

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        rated, served = _asked(unit.id, terms)
        with tempfile.TemporaryDirectory(
            prefix="agentpay-eval-", dir=terms.scratch, ignore_cleanup_errors=True
        ) as folder:
            place = Path(folder)
            place.chmod(0o755)  # as root the embedded servers run as an account that a private folder keeps out
            store = STORE if unit.id == _DEMO else _electronics(place, rated, terms)
            return asyncio.run(_measured(unit.id, place / "data", store, rated, served, advance))

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """Of the shop that people judged where it is there, under the names that `eval search` has; each shop's below it."""
        shops = {outcome.partial["shop"]: outcome.partial for outcome in outcomes}
        main = shops.get(_ELECTRONICS, shops[_DEMO])
        return {
            **main["figures"],
            **{name: each["figures"] for name, each in shops.items()},
            "times": {f"{name}_{key}": value for name, each in shops.items() for key, value in each["times"].items()},
        }


async def _measured(
    name: str, data: Path, store: Path, rated: Judgements, served: Sequence[Served], advance: Advance
) -> Outcome:
    from agentpay.commerce.importing import import_store
    from agentpay.evals.search_cost import search_cost
    from agentpay.knowledge.indexing import index_pending
    from agentpay.knowledge.search import search as find
    from agentpay.knowledge.semantic import Semantic
    from agentpay.settings import get_settings
    from agentpay.store import embedded
    from agentpay.store.migrate import migrate
    from agentpay.store.session import Database

    with embedded.start(data) as running:
        await asyncio.to_thread(migrate, running.database_url)
        urls = {"database_url": running.database_url, "redis_url": running.redis_url, "data_dir": data}
        # No cache in front of the model: what is timed contains the query's embedding
        semantic = Semantic(get_settings().model_copy(update=urls))
        database = Database(running.database_url)
        try:
            organization = (await import_store(database, store)).organization_id
            await index_pending(database, organization, semantic=semantic)

            async def ask(query: str, limit: int) -> list[str]:
                async with database.tx(organization) as tx:
                    hits = await find(tx, query, limit=limit, kinds=("product",), semantic=semantic)
                return [hit.external_id or str(hit.id) for hit in hits]

            await ask("warm up", 1)
            cases, partial = await _held(name, ask, rated, served, advance)
            cost = await search_cost(database, lambda query: ask(query, _TOP), list(rated)[:20])
        finally:
            await database.close()
    partial["times"] |= cost
    return Outcome(cases, partial)


async def _held(
    name: str, ask: Ask, rated: Judgements, served: Sequence[Served], advance: Advance
) -> tuple[list[Case], dict[str, Any]]:
    """Each query, each with a slip, each that the shop serves or not; and the figures over them."""
    cases: list[Case] = []
    slips = {query: measuring.misspelt(query) for query in rated}
    rankings, times = await measuring.rank_all(ask, {query: query for query in rated})
    with_slips, _ = await measuring.rank_all(ask, slips)
    answers, _ = await measuring.rank_all(ask, {row.query: row.query for row in served})
    for kind, found, said in (("query", rankings, {}), ("typo", with_slips, slips)):
        for number, query in enumerate(rankings):
            if any(rated[query].values()):
                cases.append(_case(f"{name}/{kind}/{query}", said.get(query, query), rated[query], found[query]))
                if kind == "query":
                    cases[-1].times["whole"] = round(times[number], 1)
                    rank = measuring.figures({query: rated[query]}, found)
                    cases[-1].measures["ndcg@10"] = round(rank.ndcg, 4)
                advance(cases[-1].id)
    for row in served:
        word = "served" if row.served else "not-served"
        found_ids = answers[row.query][:_TOP]
        detail = {"said": row.query, "got": found_ids}
        cases.append(Case(f"{name}/{word}/{row.query}", bool(found_ids) == row.served, detail))
        advance(cases[-1].id)
    whole, slipped = measuring.figures(rated, rankings), measuring.figures(rated, with_slips)
    figures = {
        "ndcg@10": whole.ndcg,
        "condensed@10": whole.condensed,
        "recall@10": whole.recall_10,
        "recall@100": whole.recall_100,
        "typo_ratio": slipped.ndcg / whole.ndcg if whole.ndcg else 0.0,
        "refused": _share([not answers[row.query] for row in served if not row.served]),
        "kept": _share([bool(answers[row.query]) for row in served if row.served]),
    }
    rounded = {key: round(value, 4) for key, value in figures.items() if value is not None}
    return cases, {"shop": name, "figures": rounded, "times": spread("search_ms", times)}


def _case(id: str, said: str, rated: dict[str, int], ranking: Sequence[str]) -> Case:
    """Passed: something of the best that there is is among the first ten."""
    best = max(rated.values())
    hit = any(rated.get(product, 0) == best for product in ranking[:_TOP])
    expected = sorted(product for product, rating in rated.items() if rating == best)[:_TOP]
    return Case(id, hit, {"said": said, "expected": expected, "got": list(ranking[:_TOP])})


def _ids(name: str, rated: Judgements, served: Sequence[Served]) -> Iterator[str]:
    answerable = [query for query, rows in rated.items() if any(rows.values())]
    for kind in ("query", "typo"):
        yield from (f"{name}/{kind}/{query}" for query in answerable)
    yield from (f"{name}/{'served' if row.served else 'not-served'}/{row.query}" for row in served)


def _asked(name: str, terms: Terms) -> tuple[Judgements, list[Served]]:
    if name == _DEMO:
        return measuring.read_judgements(_DATA / "demo_judgements.csv"), measuring.read_served(
            _DATA / "demo_served.csv"
        )
    assert terms.datasets is not None, "`missing` has looked"
    rated = measuring.read_judgements(terms.datasets / _FOLDER / "judgements.csv")
    served = measuring.read_served(_DATA / "electronics_served.csv")
    # In a sample's shop most of what is served is not there
    held = [row for row in served if row.part == "held" and (terms.size == "full" or not row.served)]
    return rated, held


def _electronics(folder: Path, rated: Judgements, terms: Terms) -> Path:
    """The store file: all products, or in a sample those that were judged and some besides."""
    assert terms.datasets is not None, "`missing` has looked"
    judged = {product for rows in rated.values() for product in rows}
    with (
        gzip.open(terms.datasets / _FOLDER / "products.jsonl.gz", "rt", encoding="utf-8") as source,
        (folder / "products.jsonl").open("w", encoding="utf-8") as products,
    ):
        for number, line in enumerate(source):
            row = json.loads(line)
            if row.get("price") and (terms.size == "full" or str(row["id"]) in judged or number % _BESIDES == 0):
                products.write(json.dumps(_product(row), ensure_ascii=False) + "\n")
    store = {
        "organization": {"slug": "chorus-electronics", "name": "Chorus Electronics", "currency": "USD"},
        "agent": {"name": "Chris"},
        "products": {"file": "products.jsonl"},
    }
    file = folder / "store.yaml"
    file.write_text(json.dumps(store))
    return file


def _product(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the data set as a store file has it: specifications as attributes, flags as yes and no."""
    attributes: dict[str, Any] = {}
    for prefix, suffix in (("attr_t_", ""), ("attr_n_", "_number"), ("attr_b_", "_flag")):
        for key, value in row.items():
            if not key.startswith(prefix):
                continue
            name = key.removeprefix(prefix)
            if isinstance(value, bool):
                value = "yes" if value else "no"
            elif isinstance(value, float) and value.is_integer():
                value = int(value)
            attributes[name + suffix if name in attributes else name] = value
    id = str(row["id"])
    found = {
        "external_id": id,
        "title": _line(row["title"]),
        "brand": row["supplier"],
        "description": _line(row.get("short_description")),
        "attributes": attributes,
        "variants": [{"external_id": id, "sku": id, "price": int(row["price"]), "stock": 10}],
    }
    return {key: value for key, value in found.items() if value not in ("", {}, None)}


def _line(text: str | None) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text or "")).split())


def _share(of: Sequence[bool]) -> float | None:
    return sum(of) / len(of) if of else None
