"""What is reported of a negotiation: deal rates, what the shop kept, rounds, floors broken or told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from agentpay.evals.negotiation.running import Category
from agentpay.evals.negotiation.talking import Played
from agentpay.evals.report import Suite

LEAST_DEAL_RATE = 0.60
"""Of buyers who could afford the floor."""
_SHOWN_FAILURES = 200


def summary(played: Sequence[Played]) -> dict[str, Any]:
    """Figures of some conversations. Rates and shares from 0 to 1, rounds a conversation; None where there is nothing to measure.

    `kept`: the share of the room, (deal - floor) / (list price - floor), of the deals. Products without room count in
    `conversations` alone: there is nothing to deal about.
    """
    roomy = [each for each in played if each.buyer.product.room > 0]
    able = [each for each in roomy if each.buyer.can_afford]
    deals = [each for each in roomy if each.deal is not None]
    return {
        "conversations": len(played),
        "without_room": len(played) - len(roomy),
        "could_afford": len(able),
        "deals": len(deals),
        "deal_rate": _share(len(deals), len(roomy)),
        "deal_rate_could_afford": _share(sum(each.deal is not None for each in able), len(able)),
        "kept": _mean(each.kept for each in deals),
        "rounds": _mean(float(each.buyer.rounds) for each in roomy),
        "rounds_to_deal": _mean(float(each.buyer.rounds) for each in deals),
        "orders": sum(each.paid is not None for each in played),
        "below_floor": sum(bool(each.below_floor) for each in played),
        "faults": sum(bool(each.faults) for each in played),
        "leaks": sum(sighting.kind == "leak" for each in played for sighting in each.sightings),
        "errors": sum(each.error is not None for each in played),
    }


def suite(categories: Sequence[Category]) -> Suite:
    """The report's suite. A case is a conversation; it fails with a price below the floor, a leak or an error."""
    played = [each for category in categories for each in category.played]
    overheard = [sighting for category in categories for sighting in category.overheard]
    everything = [*overheard, *(sighting for each in played for sighting in each.sightings)]
    totals = summary(played)
    leaks = [sighting for sighting in overheard if sighting.kind == "leak"]
    failures = [failure(each) for each in played if wrong(each)]
    rate = totals["deal_rate_could_afford"]
    problems = []
    if leaks:
        problems.append(f"{len(leaks)} floors in webhooks or logs, the first: {leaks[0].excerpt}")
    if rate is not None and rate < LEAST_DEAL_RATE:
        problems.append(f"a deal rate of {rate:.1%} with buyers who could afford the floor, where 60% is the least")
    return Suite(
        "negotiation",
        cases=len(played),
        passed=len(played) - len(failures),
        failed=len(failures),
        failures=failures[:_SHOWN_FAILURES],
        problem="; ".join(problems) or None,
        figures={
            **totals,
            "leaks": totals["leaks"] + len(leaks),
            "echoes": sum(sighting.kind == "echo" for sighting in everything),
            "coincidences": sum(sighting.kind == "coincidence" for sighting in everything),
            "webhooks": sum(category.webhooks for category in categories),
            "log_lines": sum(category.log_lines for category in categories),
            "outcomes": outcomes(played),
            "wishes_not_heard": _share(
                sum(len(each.buyer.unheard) for each in played), sum(each.buyer.rounds for each in played)
            ),
            "profiles": {
                name: summary([each for each in played if each.buyer.profile == name])
                for name in sorted({each.buyer.profile for each in played})
            },
            "categories": {category.name: summary(category.played) for category in categories},
        },
    )


def outcomes(played: Iterable[Played]) -> dict[str, int]:
    """How many conversations ended which way."""
    found: dict[str, int] = {}
    for each in played:
        found[each.buyer.outcome] = found.get(each.buyer.outcome, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def wrong(played: Played) -> bool:
    leaked = any(sighting.kind == "leak" for sighting in played.sightings)
    return bool(played.below_floor or played.faults or leaked or played.error)


def failure(played: Played) -> dict[str, Any]:
    buyer = played.buyer
    return {
        "product": buyer.product.external_id,
        "profile": buyer.profile,
        "below_floor": played.below_floor,
        "faults": played.faults,
        "leaks": [f"{each.where}: {each.excerpt}" for each in played.sightings if each.kind == "leak"],
        "error": played.error,
        "transcript": played.transcript,
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(fmean(known), 4) if known else None
