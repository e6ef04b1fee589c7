"""Words that are an option of the goods and a way of shipping alike; goods that are counted by the litre."""

from __future__ import annotations

import pytest

from agentpay.intents.types import Dialogue, Vocabulary
from tests.intents.reading import CLASSIFIER

BEDS = Vocabulary(
    currency="GBP",
    options={"size": ["standard", "king"], "finish": ["oak", "express grey"]},
    shipping_methods=["Standard", "Express"],
    countries=["GB"],
    title_words=["bed", "pillow", "varnish", "per", "litre"],
)


def read(text: str, **state: object) -> list[tuple[str | None, str | None]]:
    acts = CLASSIFIER.read(text, BEDS, Dialogue(**{"stage": "cart", "cart_items": 1, **state})).acts
    return [(act.entities.shipping_method, act.entities.options.get("size")) for act in acts]


@pytest.mark.parametrize(
    "text",
    [
        "standard delivery please",
        "standard to 12 Mill Road, Leeds LS1 4AP, GB",
        "Standard, 12 Mill Road, Leeds LS1 4AP, GB. payment link please",
        "12 Mill Road, Leeds LS1 4AP, GB. Standard. I pay now",
    ],
)
def test_beside_an_address_the_word_is_how_it_is_sent(text: str) -> None:
    read_so = read(text)
    assert ("Standard", None) in read_so
    assert all(size is None for _, size in read_so)


@pytest.mark.parametrize("text", ["the pillow in standard please", "make it the standard one"])
def test_else_it_is_the_option(text: str) -> None:
    assert read(text) == [(None, "standard")]
    assert read("standard", asked_for="variant") == [(None, "standard")]


def test_litres_count_where_titles_are_sold_by_them() -> None:
    (act,) = CLASSIFIER.read("3 litres of the varnish", BEDS, Dialogue()).acts
    assert (act.entities.quantity, act.entities.product_query) == (3, "varnish")
    other = BEDS.model_copy(update={"title_words": frozenset({"tank", "varnish"})})
    assert CLASSIFIER.read("a tank of 3 litres", other, Dialogue()).acts[0].entities.quantity is None
