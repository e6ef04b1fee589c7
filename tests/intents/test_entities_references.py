# ruff: noqa: E501 (a table is read in one piece)
"""Order numbers, codes, dates, contacts, quantities, places."""

from datetime import date

import pytest

from agentpay.intents.entities.codes import find_codes, perhaps_codes
from agentpay.intents.entities.contact import find_emails, find_people
from agentpay.intents.entities.counting import find_quantity
from agentpay.intents.entities.dates import find_dates
from agentpay.intents.entities.order_numbers import find_orders
from agentpay.intents.entities.places import country_of, infer_country, postcode_fits, subdivision
from agentpay.intents.entities.pointing import find_ordinals, find_sort
from agentpay.intents.entities.query import product_words


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("where is NT-1001?", ["NT-1001"]),
        ("refund #W2378156", ["W2378156"]),
        ("track A-123-456 please", ["A-123-456"]),
        ("order number 10023", ["10023"]),
        ("ship 204411 to my aunt", ["204411"]),
        ("my order 58213 came late", ["58213"]),
        ("cancel nt-1001", ["nt-1001"]),
        ("order no. ab12cd", ["ab12cd"]),
        ("CF/2024/118 when?", ["CF/2024/118"]),
        ("cancel MR77204, found it elsewhere", ["MR77204"]),
        ("please don't make (order B771)", ["B771"]),
        ("can you add gift wrap to PO-88219?", ["PO-88219"]),
        ("track 58213", ["58213"]),
        ("no. 1002 is late, where is it", ["1002"]),
        ("add the KX-2000 to my cart", []),
        ("is the DX1800 in stock", []),
        ("I'd like to order 2 mugs", []),
        ("order 200 cards", []),
        ("add the XM-4000 headphones", []),
        ("apply TRAIL10", []),
        ("kindly cancel MC/5520", ["MC/5520"]),
        ("do you have the RTX-4090", []),
        ("need 77135 sent to my dorm", ["77135"]),
        ("can you add a siphon to 30562 before it goes", ["30562"]),
        ("add 2 bags, ship to 97201 Portland", []),
    ],
)
def test_order_numbers(text, numbers):
    assert [s.value for s in find_orders(text, {"xm-4000"})] == numbers


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("code TRAIL10", ["TRAIL10"]),
        ("use SPRING24", ["SPRING24"]),
        ("promo: abc5", ["ABC5"]),
        ("my coupon is welcome", ["WELCOME"]),
        ("SAVE20 doesn't work", ["SAVE20"]),
        ("do you have a discount code for students?", []),
        ("the code does not work", []),
        ("use my card", []),
        ("apply the discount", []),
    ],
)
def test_discount_codes(text, codes):
    assert [s.value for s in find_codes(text, frozenset())] == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("get me two mugs. beans15", ["BEANS15"]),
        ("could i use muglove, pls?", ["MUGLOVE"]),
        ("is summer still valid?", ["SUMMER"]),
        ("a mug for summer", []),
        ("does the mug still work?", []),
        ("apply MUG", ["MUG"]),
        ("thanks, welcome", []),
    ],
)
def test_words_that_are_codes_if_the_shop_has_them(text, codes):
    assert [s.value for s in perhaps_codes(text, {"mug"})] == codes
    assert [s.value for s in find_codes(text, {"mug"}, known=frozenset(codes))] == codes


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("on 2026-03-04", "2026-03-04"),
        ("5 March 2025", "2025-03-05"),
        ("March 5th", "2026-03-05"),
        ("24.12.2025", "2025-12-24"),
        ("yesterday", "2026-05-09"),
        ("by Friday", "2026-05-15"),
        ("since Thursday", "2026-05-07"),
        ("by the 20th please", "2026-05-20"),
        ("I sent it back on the 3rd", "2026-05-03"),
        ("the 9th will not do, the 12th would", "2026-05-12"),
        ("here before 12/24?", "2026-12-24"),
        ("3 days ago", "2026-05-07"),
        ("can I have it tmrw", "2026-05-11"),
        ("in time for Christmas", "2026-12-25"),
    ],
)
def test_dates(text, iso):
    assert [s.value for s in find_dates(text, today=date(2026, 5, 10))] == [iso]


@pytest.mark.parametrize(
    "text", ["open on Mondays?", "the Sunday paper", "I sat on it", "the 2nd jacket", "the 3rd one", "size 3/4"]
)
def test_no_dates(text):
    assert find_dates(text, today=date(2026, 5, 10)) == []


def test_contacts():
    assert [s.value for s in find_emails("Write to Kim.Lee+shop@Mail.example, thanks")] == ["kim.lee+shop@mail.example"]
    assert [s.value for s in find_people("call me: 020 7946 0018", ["GB"])] == ["+442079460018"]
    assert [s.value for s in find_people("+1 415 555 2671", [])] == ["+14155552671"]
    assert [s.value for s in find_people("my name is Ana de la Cruz and I pay", ["US"])] == ["Ana de la Cruz"]
    assert [s.value for s in find_people("call 0171 2345678", ["NL", "DE"])] == ["+491712345678"]
    assert find_people("I'm looking for 12 mugs", ["US"]) == []


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("two mugs", 2), ("a couple of mugs", 2), ("a dozen eggs", 12), ("3 packs of socks", 3), ("add 4", 4), ("x5", 5), ("2x tea", 2),
        ("make it seven", 7), ("iPhone 15", None), ("size 43", None), ("add the 55 inch tv", None), ("two-person tent", None), ("that one", None),
        ("change the quantity to 6", 6), ("gift card 50", None), ("86 the mustard", None), ("is 399 the price with tripod", None),
        ("do you sell 2 piece cues", None), ("will it hold 80 records", None), ("do I have to be 18 to order", None),
        ("could another ten frames go in", 10), ("what's shipping on two", 2), ("a three quarter cue", None),
    ],
)  # fmt: skip
def test_quantities(text, quantity):
    span = find_quantity(text, [])
    assert (span.value if span else None) == quantity


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("the second one", [2]),
        ("the last one", [-1]),
        ("the first two", [1, 2]),
        ("#2", [2]),
        ("option 3", [3]),
        ("the first aid kit", []),
        ("the third lamp", [3]),
        ("first and second", [1, 2]),
        ("the second from the bottom", [-2]),
        ("next to last", [-2]),
        ("2, 3 and 4 please", [2, 3, 4]),
        ("not the second, the next one", [3]),
        ("photo three", [3]),
    ],
)
def test_places_in_what_was_shown(text, places):
    assert [value for span in find_ordinals(text, [], shown=4, asked_for=None) for value in span.value] == places


def test_sort():
    assert find_sort("the cheapest lamp")[0] == "price_asc"
    assert find_sort("most expensive first")[0] == "price_desc"
    assert find_sort("a cheap lamp") is None


def test_places():
    assert [country_of(w) for w in ("UK", "germany", "US", "Deutschland", "nowhere")] == ["GB", "DE", "US", "DE", None]
    assert subdivision("US", "oregon") == "OR"
    assert postcode_fits("US", "97201")
    assert not postcode_fits("GB", "97201")
    assert infer_country("97201", "OR", ["CA", "US"]) == "US"
    assert infer_country("SW1A 2AA", None, ["US"]) == "GB"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("do you sell kayaks", "kayaks"), ("I'm looking for a lamp", "lamp"), ("tell me about the Blue Harbor", "Blue Harbor"), ("add it to my cart", None),
        ("could I get New Harbor", "New Harbor"), ("how much is the oak table", "oak table"), ("that one please", None), ("jacket with hood", "jacket with hood"),
    ],
)  # fmt: skip
def test_the_words_for_a_product(text, words):
    assert product_words(text, []) == words


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("gel pens 12 pack", None),
        ("I'd like the vegan brownies 6 pack", None),
        ("a 12 pack of gel pens", None),
        ("two gel pen 12 packs", 2),
        ("3 x gel pen 12 pack", 3),
        ("6 packs of brownies", 6),
        ("2 packs of brownies", 2),
        ("the oak one in natural, two please", 2),
        ("gel pens 12 pack, 3", 3),
        ("spark plug set of 4, two of them please", 2),
        ("the boots, 43", None),
    ],
)
def test_a_titles_number_is_no_quantity_and_one_said_at_last_is(text, quantity):
    titles = frozenset(
        {"gel", "pen", "12", "pack", "vegan", "brownies", "6", "spark", "plug", "set", "of", "4", "boots", "oak"}
    )
    found = find_quantity(text, [], titles)
    assert (found.value if found else None) == quantity
