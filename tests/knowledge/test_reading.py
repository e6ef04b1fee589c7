"""A word that is written with a hyphen, without one or in two is one word to a customer."""

from __future__ import annotations

import pytest

from agentpay.knowledge.reading import _hyphened
from agentpay.knowledge.terms import content_terms


@pytest.mark.parametrize(
    ("word", "form"),
    [("wifi", "wi-fi"), ("tshirt", "t-shirt"), ("bluray", "blu-ray"), ("wi-fi", "wifi"), ("e-mail", "email")],
)
def test_the_other_way_of_writing_it_is_looked_for(word: str, form: str) -> None:
    (term,) = _hyphened(content_terms(word))
    assert form in term.forms


def test_long_words_are_left_alone() -> None:
    (term,) = _hyphened(content_terms("refrigerator"))
    assert term.forms == ("refrigerator",)
