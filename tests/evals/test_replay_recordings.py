"""Recorded conversations held again: nothing differs where nothing was changed, and what was changed is told turn by turn."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from agentpay.demo import STORE
from agentpay.evals.data import RECORDINGS
from agentpay.evals.replay.holding import Held, hold
from agentpay.evals.replay.recordings import Recording, RecordingProblems, compare, load_recordings
from agentpay.evals.scenarios import Scenario, load_scenarios
from agentpay.evals.scenarios.client import ServiceClient
from agentpay.evals.suites.protocol import Terms
from agentpay.evals.suites.replay import Replay, figures, replayed
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from agentpay.store.tables import Agent
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.serving import serving

SCENARIO = Scenario.model_validate(
    {
        "id": "two-jackets",
        "turns": [
            {"say": "add two jackets to my cart"},
            {"say": "ship it to 1 Main Street, Salem, OR 97301, USA, standard shipping, and send me the payment link"},
            {"pay": "decline"},
            {"pay": "success"},
            {"approve": True},
        ],
    }
)


@pytest.fixture(scope="module")
def settings(servers: Embedded, database_url: str) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        worker_in_process=True,
        evaluation_seed=7,
    )


async def a_shop(database: Database) -> tuple[UUID, str]:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        await shop.variant(tx, "jacket", price=18900, stock=50)
    return organization_id, secret


@pytest.mark.timeout(180)
async def test_what_was_changed_is_told(settings: Settings, database: Database, tmp_path: Path) -> None:
    _, first = await a_shop(database)
    _, same = await a_shop(database)
    strict_id, strict = await a_shop(database)
    async with database.tx(strict_id) as tx:
        rules = {"require_email_for_checkout": True}
        await tx.session.execute(update(Agent).where(Agent.organization_id == strict_id).values(rules=rules))
    held: list[list[Held]] = []
    with serving(settings) as running:
        for secret in (first, same, strict):
            async with ServiceClient(running.base_url, secret) as client:
                held.append(await hold(client, SCENARIO))
    file = tmp_path / "recorded.jsonl"
    file.write_bytes(Recording.of(SCENARIO, held[0]).line())
    (recording,) = load_recordings(file)
    assert recording.turns[0]["tools"] == ["update_cart"]
    assert recording.turns[0]["state"]["cart"] == ["2 × jacket-v"]
    assert [turn["state"]["checkout"]["status"] for turn in recording.turns[1:4]] == ["open", "open", "succeeded"]
    assert recording.turns[3]["state"]["order"]["status"] == "paid"
    assert recording.turns[4] == {"skipped": "Nothing waits for a person."}
    assert [one.data() for one in compare(recording, held[1])] == []
    found = compare(recording, held[2])
    assert {one.turn for one in found} == {2, 3, 4}
    tools = next(one for one in found if (one.turn, one.name) == (2, "tools"))
    assert (tools.was[-1], tools.now[-1], tools.binding) == ("create_payment_link", "create_payment_link!", True)
    assert not next(one for one in found if one.name == "text").binding
    cart = next(one for one in found if (one.turn, one.name) == (4, "state"))
    assert (cart.was["order"]["total"], cart.now) == (recording.turns[3]["state"]["order"]["total"], None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}\n", "line 1, is no recording"),
        ("not json\n", "line 1, is no recording"),
        ('{"scenario": {"id": "a", "turns": []}, "turns": []}\n', "line 1, is no recording"),
        ('{"scenario": {"id": "a", "turns": [{"say": "hi"}]}, "turns": []}\n' * 2, "two recordings of a"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "recorded.jsonl"
    file.write_text(text)
    with pytest.raises(RecordingProblems, match=said):
        load_recordings(file)
    with pytest.raises(RecordingProblems, match="cannot be read"):
        load_recordings(tmp_path / "nowhere.jsonl")


def test_ours_are_of_their_conversations() -> None:
    recorded = load_recordings(RECORDINGS)
    written = load_scenarios(RECORDINGS / "conversations.yaml")
    assert [one.scenario.model_dump() for one in recorded] == [one.model_dump() for one in written]
    assert all(len(one.turns) == len(one.scenario.turns) for one in recorded)
    assert not any("skipped" in turn for one in recorded for turn in one.turns)
    suite = Replay()
    assert suite.missing(Terms()) is None
    (unit,) = suite.units(Terms())
    assert len(unit.cases) == len(recorded) >= 12
    assert len(suite.units(Terms(size="fast"))[0].cases) < len(recorded)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ours_go_as_recorded() -> None:
    """Where this fails by what was meant to change: docs/evaluating.md tells how to record them anew."""
    told: list[str] = []
    cases = replayed(load_recordings(RECORDINGS), STORE, Terms(), told.append)
    assert [(case.id, case.detail["failures"]) for case in cases if not case.passed] == []
    assert told == [case.id for case in cases]
    assert figures(cases)["turns"] == sum(len(one.turns) for one in load_recordings(RECORDINGS))
