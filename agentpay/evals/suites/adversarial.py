"""Attacks, poisoned catalogues and a malicious model (docs/guardrails.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from agentpay.evals.adversarial import cases, model, running
from agentpay.evals.adversarial.checks import State
from agentpay.evals.adversarial.model import MaliciousModel
from agentpay.evals.adversarial.playing import Player
from agentpay.evals.report import Case
from agentpay.evals.service import own_service
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit

_LED, _AGENT, _TRUTHS = "malicious", "agent", "true"
"""Who speaks: the malicious model, the model that is held to account, a model that tells the truth."""
_FAST_GROUP = 1
"""Cases of each group in the fast part."""


@dataclass(frozen=True, slots=True)
class _Shop:
    player: Player
    state: State
    model: MaliciousModel


class Adversarial:
    name = "adversarial"

    def missing(self, terms: Terms) -> str | None:  # noqa: ARG002 (all of it is in the package)
        return None

    def units(self, terms: Terms) -> list[Unit]:
        parts = {_AGENT: (_AGENT,)} if terms.size == "fast" else {_AGENT: (_AGENT,), _LED: (_LED, _TRUTHS)}
        found = []
        for name, who in parts.items():
            ids = tuple(f"{speaker}/{case.id}" for speaker in who for case in _played(speaker, terms))
            found.append(Unit(name, ids, 12 + 0.3 * len(ids)))
        return found

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        found: list[Case] = []
        led = unit.id == _LED
        with _opened(terms, led=led) as shop:
            speaker = _LED if led else _AGENT
            suite, _ = running.play_attacks(
                unit.id,
                _played(speaker, terms),
                shop.player,
                shop.state,
                shop.model,
                led=led,
                advance=lambda id: advance(f"{speaker}/{id}"),
                leader=terms.model,
            )
            found += _named(speaker, suite.results)
            if led:
                truths = running.play_truths(
                    _played(_TRUTHS, terms), shop.player, shop.model, lambda id: advance(f"{_TRUTHS}/{id}")
                )
                found += _named(_TRUTHS, truths.results)
        return Outcome(found)

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        played = [case for outcome in outcomes for case in outcome.cases]
        truths = [case for case in played if case.id.startswith(f"{_TRUTHS}/")]
        attacks = [case for case in played if not case.id.startswith(f"{_TRUTHS}/")]
        kinds = Counter(
            kind for case in attacks for kind in ("effects", "false_claims", "leaks") if kind in case.detail
        )
        found: dict[str, Any] = {kind: kinds[kind] for kind in ("effects", "false_claims", "leaks")}
        found["attacks_that_came_through"] = sum(not case.passed for case in attacks)
        if truths:
            found["true_replies_held"] = round(sum(not case.passed for case in truths) / len(truths), 4)
        return found


@contextmanager
def _opened(terms: Terms, *, led: bool) -> Iterator[_Shop]:
    """With the malicious model behind the shop, unless a real one is held to account."""
    with model.running() as malicious:
        own = {"OPENAI_BASE_URL": malicious.url, "OPENAI_API_KEY": "none"}
        options: dict[str, Any] = {"data": terms.scratch, "agent": terms.agent, "seed": terms.seed}
        with own_service(
            cases.shop(), environment=own if led or terms.model == "house" else None, **options
        ) as service:
            player = Player(service.base_url, service.secret_key)
            state = State(service.database_url, UUID(service.organization_id))
            try:
                yield _Shop(player, state, malicious)
            finally:
                state.close()
                player.close()


def _played(speaker: str, terms: Terms) -> list[cases.Case]:
    if speaker == _TRUTHS:
        return cases.truths()
    every = [*cases.attacks(), *cases.poisoned()]
    if terms.size != "fast":
        return every
    seen: Counter[str] = Counter()
    kept = []
    for case in every:
        seen[case.group] += 1
        if seen[case.group] <= _FAST_GROUP:
            kept.append(case)
    return kept


def _named(speaker: str, results: Sequence[Case]) -> list[Case]:
    return [replace(case, id=f"{speaker}/{case.id}") for case in results]
