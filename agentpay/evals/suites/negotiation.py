"""Buyers who haggle over products with real price histories (docs/negotiation.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

from agentpay.evals.masking import masked, masked_data
from agentpay.evals.negotiation.figures import failure, wrong
from agentpay.evals.negotiation.histories import Product, load
from agentpay.evals.negotiation.running import run
from agentpay.evals.negotiation.talking import Played
from agentpay.evals.report import Case
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit

_FOLDER = "amazon_history_price"
_SAMPLE = "sample"
_PRODUCTS, _BUYERS = 1, 3
"""Of each category, and of each product, in a sample; all stand in one shop."""
_EVERYBODY = 10


class Negotiation:
    name = "negotiation"

    def missing(self, terms: Terms) -> str | None:
        if terms.size == "fast":
            return None
        folder = _folder(terms)
        return (
            None if folder is not None and any(folder.glob("*.json*")) else f"{folder or _FOLDER} has no price history."
        )

    def units(self, terms: Terms) -> list[Unit]:
        return [
            Unit(
                name,
                tuple(f"{product.external_id}/{n}" for product in products for n in range(1, _buyers(terms) + 1)),
                12 + 1.2 * len(products) * _buyers(terms),
            )
            for name, products in _shops(terms).items()
        ]

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        category = run(
            unit.id,
            _shops(terms)[unit.id],
            count=_buyers(terms),
            seed=terms.seed,
            advance=lambda played: advance(_id(played)),
            stop=Event(),
            model=terms.model,
            agent=terms.agent,
            data=terms.scratch,
        )
        overheard = [each.excerpt for each in category.overheard if each.kind == "leak"]
        return Outcome([case_of(played) for played in category.played], {"overheard": masked_data(overheard)})

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        cases = [case for outcome in outcomes for case in outcome.cases]
        roomy = [case for case in cases if case.measures["room"] > 0]
        able = [case for case in roomy if case.measures["able"]]
        deals = [case for case in roomy if case.measures["deal"]]
        overheard = [each for outcome in outcomes for each in outcome.partial["overheard"]]
        return {
            "deal_rate_could_afford": _mean([case.measures["deal"] for case in able]),
            "deal_rate": _mean([case.measures["deal"] for case in roomy]),
            "kept": _mean([case.measures["kept"] for case in deals]),
            "rounds": _mean([case.measures["rounds"] for case in roomy]),
            "below_floor": sum(bool(case.detail["below_floor"]) for case in cases),
            "leaks": len(overheard) + sum(len(case.detail["leaks"]) for case in cases),
        }


def case_of(played: Played) -> Case:
    buyer = played.buyer
    detail = masked_data({**failure(played), "outcome": buyer.outcome})
    detail["transcript"] = [masked(line) for line in played.transcript]
    measures = {
        "room": float(buyer.product.room),
        "able": float(buyer.can_afford),
        "deal": float(played.deal is not None),
        "kept": round(played.kept or 0.0, 4),
        "rounds": float(buyer.rounds),
        "turns": float(sum(line.startswith("> ") for line in played.transcript)),
    }
    return Case(_id(played), not wrong(played), detail, measures)


def _id(played: Played) -> str:
    return f"{played.buyer.product.external_id}/{played.buyer.number}"


def _shops(terms: Terms) -> dict[str, list[Product]]:
    """What is played in which shop: full, a shop a category; else the first products of each that leave room, in one."""
    folder = _folder(terms)
    if terms.size == "fast" or folder is None:
        return {}
    histories = dict(sorted(load([folder]).items()))
    if terms.size == "full":
        return histories
    firsts = [product for rows in histories.values() for product in [row for row in rows if row.room][:_PRODUCTS]]
    return {_SAMPLE: firsts}


def _buyers(terms: Terms) -> int:
    return _EVERYBODY if terms.size == "full" else _BUYERS


def _folder(terms: Terms) -> Path | None:
    return terms.datasets / _FOLDER if terms.datasets is not None else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
