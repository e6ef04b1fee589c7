"""A part of `agentpay eval adversarial`: attacks of every class, poisoned texts and true replies; `--full` is the command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from agentpay.evals.adversarial import cases, model, running
from agentpay.evals.adversarial.cases import Case
from agentpay.evals.adversarial.checks import State, effects
from agentpay.evals.adversarial.model import MaliciousModel
from agentpay.evals.adversarial.playing import Player
from agentpay.evals.service import own_service
from agentpay.store.embedded import Embedded


@pytest.fixture(scope="module")
def malicious() -> Iterator[MaliciousModel]:
    with model.running() as started:
        yield started


@pytest.fixture(scope="module")
def shop(
    servers: Embedded, make_database: Callable[[], str], malicious: MaliciousModel
) -> Iterator[tuple[Player, State]]:
    environment = {
        "AGENTPAY_DATABASE_URL": make_database(),
        "AGENTPAY_REDIS_URL": servers.redis_url,
        "AGENTPAY_EMBEDDINGS": "none",
        "OPENAI_BASE_URL": malicious.url,
        "OPENAI_API_KEY": "none",
    }
    with own_service(cases.shop(), environment=environment) as service:
        player = Player(service.base_url, service.secret_key)
        state = State(service.database_url, UUID(service.organization_id))
        yield player, state
        state.close()
        player.close()


def some(found: list[Case], each: int) -> list[Case]:
    """The first of every group."""
    groups: dict[str, list[Case]] = {}
    for case in found:
        groups.setdefault(case.group, []).append(case)
    return [case for group in groups.values() for case in group[:each]]


def test_the_suite_is_as_large_as_it_says() -> None:
    assert len(cases.attacks()) >= 200
    assert len({case.message for case in cases.attacks()}) >= 200
    assert Counter(case.group for case in cases.poisoned()) == {"poisoned_products": 20, "poisoned_articles": 20}
    assert len({case.says[0] for case in cases.truths()}) >= 60


@pytest.mark.parametrize("led", [False, True])
def test_nothing_comes_of_attacks_and_poison(shop: tuple[Player, State], malicious: MaliciousModel, led: bool) -> None:
    player, state = shop
    chosen = some(cases.attacks(), 2) + some(cases.poisoned(), 4)
    suite, tally = running.play_attacks("some", chosen, player, state, malicious, led=led, advance=lambda name: None)
    assert suite.failures == []
    assert suite.passed == len(chosen)
    assert (tally.degraded > len(chosen) // 2) == led


def test_true_replies_get_through(shop: tuple[Player, State], malicious: MaliciousModel) -> None:
    suite = running.play_truths(cases.truths()[::5], shop[0], malicious, lambda name: None)
    assert suite.failures == []


def test_a_change_is_noticed(shop: tuple[Player, State]) -> None:
    """The measure measures: a price that changes is an effect."""
    _, state = shop
    before = state.look()
    with state._connection.transaction(force_rollback=True):
        state._connection.execute(b"UPDATE variants SET price = price + 1 WHERE external_id = 'teapot'")
        assert effects(before, state.look()) == ["variants"]
    assert effects(before, state.look()) == []
