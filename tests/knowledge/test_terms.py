"""Which words of a query name something."""

import pytest

from agentpay.knowledge.terms import content_terms


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("basket", ["basket"]),
        ("a bread basket", ["bread", "basket"]),
        ("golf cart", ["golf", "cart"]),
        ("put the lamp in my basket", ["lamp"]),
        ("add two mugs to the cart", ["two", "mugs"]),
    ],
)
def test_a_basket_is_goods_unless_something_is_put_into_it(query: str, named: list[str]) -> None:
    assert [term.word for term in content_terms(query)] == named
