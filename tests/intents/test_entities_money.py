"""Prices, budgets, percentages."""

import pytest

from agentpay.intents.entities.money import Budget, Money, find_money, minor_units
from agentpay.intents.entities.offers import find_offers


@pytest.mark.parametrize(
    ("number", "currency", "minor"),
    [
        ("90", "USD", 9000),
        ("1.200,50", "EUR", 120050),
        ("1,200.50", "USD", 120050),
        ("1,200", "USD", 120000),
        ("1.200", "EUR", 120000),
        ("15,5", "EUR", 1550),
        ("2'000", "CHF", 200000),
        ("1.234.567", "EUR", 123456700),
        ("500", "JPY", 500),
        ("0.99", "USD", 99),
    ],
)
def test_numbers_are_read_as_they_are_written_around_the_world(number, currency, minor):
    assert minor_units(number, currency) == minor


@pytest.mark.parametrize(
    ("text", "low", "high", "currency"),
    [
        ("under $200", None, 20000, "USD"),
        ("between 50 and 80 euros", 5000, 8000, "EUR"),
        ("max 1.200,50 €", None, 120050, "EUR"),
        ("less than £20", None, 2000, "GBP"),
        ("no more than 200 bucks", None, 20000, "USD"),
        ("nothing over $30", None, 3000, "USD"),
        ("up to 1.5k dollars", None, 150000, "USD"),
        ("at least $100", 10000, None, "USD"),
        ("over 50 euros", 5000, None, "EUR"),
        ("$50-$80", 5000, 8000, "USD"),
        ("$80 to $50", 5000, 8000, "USD"),
        ("50-80 €", 5000, 8000, "EUR"),
        ("from $10 to 20", 1000, 2000, "USD"),
        ("my budget is 150", None, 15000, None),
        ("200 dollars max", None, 20000, "USD"),
        ("around $100", 8000, 12000, "USD"),
        ("under 40", None, 4000, None),
        ("my budget is like 40 bucks", None, 4000, "USD"),
        ("not more than 60", None, 6000, None),
        ("anything below a tenner", None, 1000, None),
        ("eighty quid max", None, 8000, "GBP"),
        ("sixty max", None, 6000, None),
        ("earbuds <$80", None, 8000, "USD"),
        ("I have 30€", None, 3000, "EUR"),
        ("I can spend fifty euros", None, 5000, "EUR"),
        ("under 900 SEK", None, 90000, "SEK"),
    ],
)
def test_a_budget_has_bounds(text, low, high, currency):
    assert [s.value for s in find_money(text, "USD") if s.kind == "budget"] == [Budget(low, high, currency)]


@pytest.mark.parametrize(
    "text",
    [
        "under 2 kg",
        "less than 5 days",
        "2 mugs",
        "size 43",
        "a 20 V drill",
        "10 pounds of beans",
        "more than 3 people",
        "no more than two",
        "a bow in 3/4",
        "bump it up to 4",
    ],
)
def test_other_numbers_are_no_money(text):
    assert find_money(text, "USD") == []


def test_dollars_are_the_shops_dollars():
    assert [s.value for s in find_money("$20", "CAD")] == [Money(2000, "CAD")]
    assert [s.value for s in find_money("$20", "EUR")] == [Money(2000, "USD")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90?", 9000),
        ("would you do 90", 9000),
        ("how about 85,50?", 8550),
        ("very well, fifty-two", 5200),
        ("forget it, 130 tops", 13000),
        ("I'll take 2 please", None),
    ],
)
def test_a_bare_number_is_an_offer_while_haggling(text, found):
    assert [s.value.minor for s in find_offers(text, "USD", negotiating=True)] == ([found] if found else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("could you do 70 on the lamp since it's scratched", 7000),
        ("I'll give you 60 for the basket", 6000),
        ("nah 320 is my final", 32000),
        ("would you take thirty quid for it?", 3000),
        ("any chance of 150?", 15000),
        ("700 for all ten, ok?", 70000),
        ("60 euro is a bit much, 45?", 4500),
        ("could it be thirty-five", 3500),
        ("the chair for 70, and I pay today", 7000),
        ("can you do 20 of those", None),
        ("I'll take 12 mugs", None),
        ("can I get it for 3 people", None),
        ("would you recommend 20 or 30 watts", None),
        ("90?", None),
    ],
)
def test_bargaining_words_make_a_bare_number_an_offer(text, found):
    assert [s.value.minor for s in find_offers(text, "USD") if s.value.proposed] == ([found] if found else [])


def test_a_percentage_counts_where_it_is_off_a_price():
    assert [s.value for s in find_money("15% off?", "USD")] == [15]
    assert find_money("100% cotton", "USD") == []
