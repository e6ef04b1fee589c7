"""A scenario file is refused with the line and the reason, before anything runs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from agentpay.evals.scenarios import ScenarioProblems, load_scenarios

SOUND = """
- id: one
  customer: {email: a@shopper.example}
  turns:
    - say: hello
      expect: {agent: sales, intent: [greeting, smalltalk], cart: [{}, {a: 1}], cart_shown: {position: 2}}
    - pay: delayed
      expect: {order: {status: paid, total: {min: 1, max: 2}}}
    - approve: false
  finally: {floor_kept: true, stock: {a: null}}
"""


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "scenarios.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioProblems) as error:
        load_scenarios(path)
    return str(error.value)


def test_every_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yaml.gz"
    path.write_bytes(gzip.compress(SOUND.encode()))
    (scenario,) = load_scenarios(path)
    assert [str(step) for step in scenario.turns] == ["hello", "(pays: delayed)", "(approves: False)"]
    assert scenario.finally_.stock == {"a": None}
    assert scenario.turns[0].expect.cart == [{}, {"a": 1}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "- id: a\n  turns:\n    - say: hi\n      expect: {agnet: sales}\n",
            "line 4: 0.turns.0.expect.agnet: unknown key",
        ),
        ("- id: a\n  turns:\n    - {say: hi, pay: success}\n", "a turn is one of say, pay and approve"),
        ("- id: a\n  turns:\n    - pay: cash\n", "line 3"),
        ("- id: a\n  turns: []\n", "line 2"),
        ("- id: a\n  turns:\n    - say: hi\n      expect: {reply_matches: ['(']}\n", "is not a regular expression"),
        ("- id: a\n  turns: [{say: hi}]\n- id: a\n  turns: [{say: hi}]\n", "line 3: the id a is used twice"),
        ("- id: a\n  id: b\n  turns: [{say: hi}]\n", "line 2: id is given twice"),
        ("- id: a\n turns: [", "is not YAML"),
        ("id: a\n", "list"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScenarioProblems, match="cannot be read"):
        load_scenarios(tmp_path / "nowhere.yaml")
