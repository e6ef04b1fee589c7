"""Goods that would harm who they are for."""

import pytest

from agentpay.harm import spares, told_of, warnings


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("my puppy eats everything, which treats are ok?", ["puppy"]),
        ("cake for my niece, she's allergic to hazelnuts", ["hazelnuts"]),
        ("a cushion with cats on it", []),
        ("is the soap safe for a newborn", ["newborn"]),
    ],
)
def test_who_is_told_of(text: str, who: list[str]) -> None:
    assert told_of(text) == who


@pytest.mark.parametrize(
    ("text", "who", "verdict"),
    [
        ("Green leaves. Toxic to dogs and cats when eaten.", ["puppy"], False),
        ("Not toxic to cats.", ["kitten"], True),
        ("Dries quickly.", ["kitten"], None),
        ("Dark chocolate. May contain traces of almonds.", ["hazelnuts"], False),
        ("Oat biscuits, free of nuts.", ["nuts"], True),
        ("Not suitable for children under 3 because of small parts.", ["toddler"], False),
    ],
)
def test_what_the_shop_says_of_it(text: str, who: list[str], verdict: bool | None) -> None:
    assert spares(text, who) is verdict


def test_the_warning_is_told_to_whom_it_concerns() -> None:
    text = "White trumpets. Bad for rabbits: poisonous to pets when eaten. Water weekly."
    assert warnings(text, "my bunny lives in that room") == ["Bad for rabbits: poisonous to pets when eaten."]
    assert warnings(text, "my aunt lives in that room") == []
