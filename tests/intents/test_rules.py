"""Tier 1 over tables of sentences from shops with nothing in common."""

import pytest
from reading import CLASSIFIER, SHOPS, differences, load

from agentpay.intents.types import Dialogue

KNOWN = load("sentences.yaml")


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["say"][:60])
def test_a_sentence_the_rules_were_written_for(case):
    assert differences(case) == []
