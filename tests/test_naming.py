"""A title's own words are no wish."""

import pytest

from agentpay.naming import besides_the_name

TITLE = "Anvil espresso blend coffee beans"


@pytest.mark.parametrize(
    ("name", "title", "options", "wished"),
    [
        ("Anvil espresso beans", TITLE, {"grind": "espresso", "size": "1 kg"}, {"size": "1 kg"}),
        (TITLE, TITLE, {"grind": "espresso"}, {}),
        (TITLE, TITLE, {"grind": "whole bean"}, {"grind": "whole bean"}),
        ("Anvil espresso beans espresso", TITLE, {"grind": "espresso"}, {"grind": "espresso"}),
        ("Anvil beans espresso", TITLE, {"grind": "espresso"}, {"grind": "espresso"}),
        ("espresso", TITLE, {"grind": "espresso"}, {"grind": "espresso"}),
        ("swift kettle", "Swift quick-boil kettle", {"color": "black"}, {"color": "black"}),
    ],
)
def test_values_that_only_name_the_product_are_none(name, title, options, wished):
    assert besides_the_name(name, title, options) == wished
