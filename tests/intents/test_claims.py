"""Prices that others ask, sums that are wanted back, what comes off, and numbers that are orders or codes."""

import pytest

from agentpay.intents.entities.extract import find_standing
from agentpay.intents.types import Dialogue, Vocabulary


def _spans(text, currency="EUR", **state):
    return find_standing(text, Vocabulary(currency=currency, countries=["DE"]), Dialogue(**state))


def _money(text, currency="EUR", **state):
    return [
        (span.value.minor, span.value.proposed, span.value.owed, span.value.off)
        for span in _spans(text, currency, **state)
        if span.kind == "money"
    ]


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("the shop opposite has it for 64.50, would you match that?", 64_50),
        ("same lamp is 129 at Lidl. Match it and I buy", 129_00),
        ("they sell it for 88, meet me there", 88_00),
    ],
)
def test_a_price_to_be_matched_is_proposed(text, minor):
    assert _money(text) == [(minor, True, False, False)]


def test_a_price_elsewhere_that_nobody_is_to_match_is_not_proposed():
    assert not any(proposed for _, proposed, _, _ in _money("the shop opposite has it for 64.50, just saying"))


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("please pay back the 310 for the repair", 310_00),
        ("I want cash back, 27.80, for the cup", 27_80),
        ("4.500 to be given back as agreed", 4500_00),
    ],
)
def test_a_sum_wanted_back_is_owed(text, minor):
    assert _money(text) == [(minor, False, True, False)]


@pytest.mark.parametrize("text", ["I'm sending the 42 back", "is the 39 coming back?"])
def test_goods_that_come_back_are_no_sum(text):
    assert _money(text) == []


@pytest.mark.parametrize(
    "text", ["could you knock 25 off if I skip the box", "bring the price down 25 euros", "25 off if I pay now?"]
)
def test_what_comes_off(text):
    assert _money(text) == [(25_00, False, False, True)]


@pytest.mark.parametrize("text", ["sixteen and we're done", "ok 16 then", "16 is fine", "16 last, yes or no?"])
def test_a_number_while_an_offer_stands(text):
    assert [minor for minor, *_ in _money(text, has_offer=True)] == [16_00]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("when will come 208113?", "208113"),
        ("30977 left your warehouse?", "30977"),
        ("scrap 41877, we moved", "41877"),
        ("please add two more on QR4410", "QR4410"),
        ("bitte storno, 2024-5518", "2024-5518"),
        ("no more deliver HZ 70112, we are away", "HZ 70112"),
    ],
)
def test_numbers_that_can_only_be_orders(text, number):
    assert [span.value for span in _spans(text) if span.kind == "order"] == [number]


@pytest.mark.parametrize(
    "text",
    [
        "how much is shipping to 10115?",
        "would you take 12000 for all?",
        "delivery to Hamburg 20099?",
        "a lamp of 10000 lumens",
        "my loyalty number 88120 is missing",
        "minimum order 30000?",
    ],
)
def test_numbers_that_are_something_else(text):
    assert not [span for span in _spans(text) if span.kind == "order"]


def test_a_yen_price_needs_a_word_of_orders_to_be_one():
    assert not [span for span in _spans("12000 ok?", "JPY") if span.kind == "order"]


def test_a_word_with_a_short_number_is_a_code_where_codes_are_spoken_of():
    kinds = [(span.kind, span.value) for span in _spans("code HERBST-15 says it is expired")]
    assert ("code", "HERBST-15") in kinds
    assert not any(kind == "order" for kind, _ in kinds)
