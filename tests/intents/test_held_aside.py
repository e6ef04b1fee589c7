"""
The whole understanding over the held-aside messages; `pytest -s` shows the table.

First run, rules alone, before anything was changed for it: every intent of a message found in .549 of 933 messages, entities F1 .792
(of which the labels' and the scorer's own mistakes were removed: .556 and .801).
"""

import sys

import pytest

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.taxonomy import IntentName
from tests.intents.held_aside import (
    EIGHTH_UNSEEN,
    FINAL,
    FRESH,
    SETS,
    THIRD_UNSEEN,
    UNSEEN,
    measure,
    measure_tiers,
    rows,
    shops,
)


def test_the_messages_are_well_formed_and_of_all_kinds():
    names = {name.value for name in IntentName}
    said = [choice.rstrip("?").split("|") for row in rows() for choice in row["intents"]]
    assert {name for choices in said for name in choices} == names
    assert len(rows()) >= 700
    for name in SETS.values():
        assert {row["shop"] for row in rows(name)} <= set(shops(name))
    assert 0.1 <= sum(row["intents"] == ["other"] for row in rows()) / len(rows()) <= 0.14
    assert sum(len(row["intents"]) > 1 for row in rows()) / len(rows()) >= 0.15


async def test_rules_alone():
    figures = await measure(RuleClassifier())
    sys.stdout.write("\n" + figures.table() + "\n")
    assert figures.intent_accuracy >= 0.5
    assert figures.f1()[2] >= 0.93


async def test_entities_in_further_shops():
    """Of the first run, before anything was changed for it: precision .976, recall .926, F1 .950."""
    figures = await measure(RuleClassifier(), FRESH)
    assert len(rows(FRESH)) >= 150
    assert figures.f1()[2] >= 0.95


async def test_rules_and_head_on_earlier_messages():
    """The ones that were looked at since, and are among the training set now: they must not get worse."""
    figures = await measure_tiers()
    sys.stdout.write("\n" + figures.table() + "\n")
    assert figures.intent_accuracy >= 0.8
    assert figures.f1()[2] >= 0.93


async def test_rules_and_head_on_further_messages():
    """First run: all intents found .831, no other .753, entities F1 .909, rejected .045; among the training set now."""
    figures = await measure_tiers(FINAL)
    sys.stdout.write("\n" + figures.table() + "\n")
    assert figures.intent_accuracy >= 0.82
    assert figures.exact >= 0.74 * figures.messages
    assert figures.f1()[2] >= 0.9
    assert figures.rejected < 0.1 * figures.messages


@pytest.mark.parametrize(
    ("name", "messages", "found", "no_other", "f1"),
    [
        # First run: all intents found .826, no other .792, entities F1 .851, rejected .081 (docs/intents.md)
        pytest.param(UNSEEN, 600, 0.81, 0.77, 0.85, id="unseen"),
        # First run: .920, no other .902, entities F1 .879 (.929 with its labels put right), rejected .042
        pytest.param(THIRD_UNSEEN, 300, 0.9, 0.88, 0.92, id="third-unseen"),
        # First run: .925, no other .891, entities F1 .928, rejected .028
        pytest.param(EIGHTH_UNSEEN, 600, 0.91, 0.87, 0.91, id="eighth-unseen"),
    ],
)
async def test_rules_and_head_on_messages_of_which_none_was_learnt_at_first(
    name: str, messages: int, found: float, no_other: float, f1: float
):
    assert len(rows(name)) >= messages
    figures = await measure_tiers(name)
    sys.stdout.write("\n" + figures.table() + "\n")
    assert figures.intent_accuracy >= found
    assert figures.exact >= no_other * figures.messages
    assert figures.f1()[2] >= f1
    assert figures.rejected < 0.1 * figures.messages
