"""How many, where words around a number say that goods are counted; values of options said shortly."""

import pytest

from agentpay.intents.entities.counting import find_quantity
from agentpay.intents.entities.dates import find_dates
from agentpay.intents.entities.finding import find_words
from agentpay.intents.entities.lexicon import Lexicon
from agentpay.intents.entities.replacing import find_replaced_count
from agentpay.intents.types import Vocabulary

GOODS = frozenset({"vase", "candle", "berry", "mug"})


def _count(text):
    span = find_quantity(text, [], GOODS)
    return span.value if span else None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("please put in two candles", 2),
        ("if I buy three, what can you do?", 3),
        ("we might need seven", 7),
        ("for me and my brother, so two", 2),
        ("what would the vases come to for five", 5),
        ("what do eight of the mugs come to", 8),
        ("blue mug L 4 nos", 4),
        ("would you do the two vases for 50?", 2),
        ("12 berries please", 12),
    ],
)
def test_counted(text, count):
    assert _count(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "it gets 40 degrees in there",
        "I buy maybe 30 mugs a year",
        "three wrong deliveries",
        "your flyer says 3 for 2 on mugs",
        "the one for 89",
        "I tried 3 candles already",
        "write me 4 verses",
    ],
)
def test_numbers_that_count_no_goods(text):
    assert _count(text) is None


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("from 3 mugs to 5", 3, 5),
        ("instead of two vases only one", 2, 1),
        ("6 -> 4", 6, 4),
        ("qty 4 from 2", 2, 4),
    ],
)
def test_one_count_takes_the_place_of_another(text, old, new):
    replaced = find_replaced_count(text, [])
    assert (replaced.old, replaced.new) == (old, new)


SHOP = Lexicon(
    Vocabulary(
        options={
            "sleeps": ["2 Person", "4 Person"],
            "shade": ["Petrol Grey", "Amber Glow"],
            "form": ["Tea Bags", "Loose Leaf"],
            "length": ["60 m", "70 m"],
            "gauge": ["1.75 mm", "2.85 mm"],
            "hand": ["Left", "Right"],
            "size": ["90x200", "140x200"],
        }
    )
)


def _options(text, asked_for=None):
    return find_words(SHOP, text, asked_for=asked_for).options


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("the 2p please", "sleeps", "2 Person"),
        ("a tent for us, the four man one", "sleeps", "4 Person"),
        ("petrol please", "shade", "Petrol Grey"),
        ("as teabags", "form", "Tea Bags"),
        ("loose please", "form", "Loose Leaf"),
        ("need 2.85 for the old one", "gauge", "2.85 mm"),
        ("90 by 200", "size", "90x200"),
        ("in left please", "hand", "Left"),
    ],
)
def test_values_said_shortly(text, name, value):
    assert _options(text)[name] == value


def test_a_number_in_words_answers_which_one():
    assert _options("seventy", asked_for="variant") == {"length": "70 m"}


@pytest.mark.parametrize("text", ["have you any left", "it left Ohio on Friday", "is there one left?"])
def test_what_is_left_is_no_side(text):
    assert _options(text) == {}


def test_today_of_what_goes_out_is_a_day_and_of_what_is_bought_none():
    days = [len(find_dates(text)) for text in ("if I order by 2 will it go out today?", "if I buy the whole set today")]
    assert days == [1, 0]
