"""Numbers without a mark of their own: orders, sums, lengths of goods, hours, and what is none of these."""

import pytest

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Entities, Vocabulary

_SHOP = Vocabulary(
    currency="GBP",
    options={
        "volume": ["1", "2"],
        "cut": ["wedge", "wheel"],
        "weight": ["50 ml"],
        "voltage": ["12 V", "18 V"],
        "size": ["39", "40"],
        "pack": ["bottle"],
    },
    title_words={"gabardine", "boots", "ply", "sheets", "cheese", "filters"},
    countries=["GB"],
)
_RULES = RuleClassifier()


def _named(text: str, state: Dialogue | None = None) -> list[Entities]:
    return [act.entities for act in _RULES.read(text, _SHOP, state or Dialogue()).acts]


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("Can 66151 go to my office?", ["66151"]),
        ("has 40817 been glazed yet", ["40817"]),
        ("5524 ordered by my toddler. undo please", ["5524"]),
        ("change 5530 from the 38s to the 40s before it's packed", ["5530"]),
        ("bill 66151 to our company", ["66151"]),
        ("has the fencing order 5540 left?", ["5540"]),
        ("would you take 1500 for it?", []),
        ("has 2024 been a good year", []),
        ("is 1200 ok for both?", []),
    ],
)
def test_a_number_is_an_order_where_it_is_treated_as_one(text: str, orders: list[str]):
    assert [number for entities in _named(text) for number in entities.order_numbers] == orders


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("I want the 230 back on my Visa", 230_00),
        ("I want the full 318 back, not a voucher", 318_00),
        ("I'd like the 145 refunded", 145_00),
        ("still waiting for the 12.40 from that flawed piece", 12_40),
        ("9 a metre and we have a deal", 9_00),
        ("when is the 39 back in stock", None),
        ("I'm sending the 40 back", None),
        ("refund the 2 from my order", None),
        ("can I see the 40 for my son", None),
    ],
)
def test_sums_that_are_owed_or_proposed_need_no_currency(text: str, minor: int | None):
    assert next((e.amount for e in _named(text) if e.amount is not None), None) == minor


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("have you got seven metres of the gabardine in one piece", 7),
        ("make it four metres", 4),
        ("cost of sending 6 metres to Norway?", 6),
        ("what's the charge on ten bales to Leitrim", 10),
        ("grand so, I'll settle up now", None),
        ("there's only two of us", None),
        ("1,150 seems crazy for cheese", None),
        ("put my work address on it, 40 Castle Terrace", None),
    ],
)
def test_lengths_count_and_idioms_do_not(text: str, quantity: int | None):
    assert next((e.quantity for e in _named(text, Dialogue(cart_items=1)) if e.quantity), None) == quantity


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("two wedges of cheese", {"cut": "wedge"}),
        ("is vol 2 in my cart", {"volume": "2"}),
        ("three sheets of 18 mm ply", {}),
        ("what would you use on a 50-year-old face", {}),
        ("swap them for a 40", {"size": "40"}),
        ("12 bottles must be cheaper", {}),
    ],
)
def test_values_of_options_in_other_forms(text: str, options: dict[str, str]):
    assert {k: v for e in _named(text) for k, v in e.options.items()} == options


def test_hours_are_no_budget_and_a_code_may_stand_alone():
    assert all(e.price_max is None for e in _named("the truck was meant to come between 8 and 12"))
    assert any(e.price_max == 12_00 for e in _named("cheese between 8 and 12"))
    assert [code for e in _named("Pop the cheese in. Also GLOW20 please.") for code in e.codes] == ["GLOW20"]
    assert [code for e in _named("does FLYAWAY work on sale items") for code in e.codes] == ["FLYAWAY"]
