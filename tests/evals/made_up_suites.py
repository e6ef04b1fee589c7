"""Suites for tests of the frame, to be named `tests.evals.made_up_suites:…`: workers import them by that name."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from agentpay.errors import StartupError
from agentpay.evals.report import Case
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit

HERE = "tests.evals.made_up_suites"


class Coins:
    """Two units of two coins each: the same coins for the same seed."""

    name = f"{HERE}:Coins"

    def missing(self, terms: Terms) -> str | None:
        return None if terms.model == "house" else "Nobody has such coins."

    def units(self, terms: Terms) -> list[Unit]:
        return [Unit(unit, (f"{unit}/1", f"{unit}/2")) for unit in ("copper", "silver")]

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        if terms.scratch is not None:
            with (terms.scratch / "thrown").open("a") as file:
                file.write(f"{unit.id} {terms.seed}\n")
        cases = []
        for id in unit.cases:
            side = random.Random(f"{terms.seed}:{id}").choice(("heads", "tails"))
            cases.append(Case(id, side == "heads", {"transcript": [side]}))
            advance(id)
        return Outcome(cases[::-1])

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        return {"thrown": sum(len(outcome.cases) for outcome in outcomes)}


class HalfClosed(Coins):
    """One of its units has no shop to play in."""

    name = f"{HERE}:HalfClosed"

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        if unit.id == "silver":
            raise StartupError("The service did not come up.")
        return super().run(unit, terms, advance)


class Empty(Coins):
    name = f"{HERE}:Empty"

    def units(self, terms: Terms) -> list[Unit]:
        return []


class GoesOut(Coins):
    """Asks somebody else than this machine, and takes no harm from a refusal."""

    name = f"{HERE}:GoesOut"

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        with socket.socket() as client, suppress(OSError):
            client.settimeout(0.1)
            client.connect(("192.0.2.1", 443))  # a documentation address (RFC 5737)
        return super().run(unit, terms, advance)
