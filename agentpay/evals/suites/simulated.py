"""Simulated customers in the demo shop (docs/simulated.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentpay.demo import STORE
from agentpay.evals.simulated.figures import BOOKS, books, figures
from agentpay.evals.simulated.goals import plan
from agentpay.evals.simulated.running import case, run
from agentpay.evals.simulated.world import World
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit

_SIZES = {"fast": 24, "sample": 120, "full": 1000}
_A_SHOP = 250
"""Conversations in one shop at most."""
_SECONDS = 0.25
"""A conversation takes, about."""


class Simulated:
    name = "simulated"

    def missing(self, terms: Terms) -> str | None:  # noqa: ARG002 (all of it is in the package)
        return None

    def units(self, terms: Terms) -> list[Unit]:
        ids = [id for id, _ in plan(World(STORE), _SIZES[terms.size])]
        return [
            Unit(f"shop-{n}", (*part, f"{BOOKS}-{n}"), 12 + len(part) * _SECONDS)
            for n, start in enumerate(range(0, len(ids), _A_SHOP), 1)
            if (part := tuple(ids[start : start + _A_SHOP]))
        ]

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        talks = unit.cases[:-1]
        result = run(
            STORE,
            _SIZES[terms.size],
            terms.seed,
            model=terms.model,
            agent=terms.agent,
            data=terms.scratch,
            advance=advance,
            only=talks,
        )
        cases = [case(played, person) for played, person in zip(result.played, result.people, strict=True)]
        advance(unit.cases[-1])
        return Outcome([*cases, books(result.violations, unit.cases[-1])])

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        return figures([case for outcome in outcomes for case in outcome.cases])
