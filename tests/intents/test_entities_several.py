"""More than one value of a thing: set beside each other, wanted instead of each other, or said in several acts."""

import pytest

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Entities, Vocabulary

_SHOP = Vocabulary(
    currency="SEK",
    options={
        "flavour": ["Vanilla", "Salted Caramel", "Mint"],
        "size": ["36", "37", "38", "39", "500 ml", "1 l"],
        "pack": ["12", "24"],
    },
    brands=["Isbar", "Nord & Søn", "Polarkök"],
    shipping_methods=["Frozen Courier", "Locker", "Store Pickup"],
    countries=["SE", "NO", "NZ"],
    title_words={"tub", "cone", "sorbet", "spoon"},
)
_RULES = RuleClassifier()


def _said(text: str, **state: object) -> Entities:
    return _RULES.read(text, _SHOP, Dialogue.model_validate(state)).entities


@pytest.mark.parametrize(
    ("text", "name", "first", "further"),
    [
        ("vanilla or mint for an affogato?", "flavour", "Vanilla", ["Mint"]),
        ("is there a difference between the 500 ml and the 1 l", "size", "500 ml", ["1 l"]),
        ("37 or 38, which one runs truer", "size", "37", ["38"]),
        ("box says 37, inside are 38", "size", "37", ["38"]),
        ("the tub in vanilla, in mint and in salted caramel", "flavour", "Vanilla", ["Mint", "Salted Caramel"]),
        ("vanilla or vanilla", "flavour", "Vanilla", None),
        ("do the cones come in mint", "flavour", "Mint", None),
    ],
)
def test_a_value_beside_the_first_is_kept(text: str, name: str, first: str, further: list[str] | None):
    entities = _said(text)
    assert (entities.options.get(name), entities.also.get(name)) == (first, further)


@pytest.mark.parametrize(
    ("text", "wanted", "had"),
    [
        ("mint, not vanilla", "Mint", "Vanilla"),
        ("swap the vanilla for mint", "Mint", "Vanilla"),
        ("change 37 to 38 please", "38", "37"),
        ("the 37 is too tight, need 38", "38", "37"),
    ],
)
def test_what_is_replaced_is_no_further_value(text: str, wanted: str, had: str):
    entities = _said(text, cart_items=1)
    assert (list(entities.options.values()), list(entities.instead_of.values())) == ([wanted], [had])
    assert entities.also == {}


def test_brands_and_ways_of_sending_are_kept_beside_the_first():
    asked = _said("Isbar against Polarkök, which one melts slower?")
    assert (asked.brand, asked.also) == ("Isbar", {"brand": ["Polarkök"]})
    sent = _said("what does the frozen courier cost, and the locker?")
    assert (sent.shipping_method, sent.also) == ("Frozen Courier", {"shipping_method": ["Locker"]})
    chosen = _said("the locker rather than store pickup, please", cart_items=1)
    assert (chosen.shipping_method, chosen.also) == ("Locker", {})
    assert chosen.instead_of == {"shipping_method": "Store Pickup"}


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("does the Nord one hold its shape", "Nord & Søn"),
        ("is the tub from Nord any good", "Nord & Søn"),
        ("Nord is where we live", None),
        ("we live in the nord", None),
    ],
)
def test_the_first_word_of_a_brand_calls_it_where_it_stands_like_a_name(text: str, brand: str | None):
    assert _said(text).brand == brand


def test_what_later_acts_name_otherwise_is_in_the_joined_entities():
    understood = _RULES.read("two tubs in vanilla, three cones in mint", _SHOP, Dialogue())
    assert [act.entities.options for act in understood.acts] == [{"flavour": "Vanilla"}, {"flavour": "Mint"}]
    assert [act.entities.also for act in understood.acts] == [{}, {}]
    assert understood.entities.also == {"flavour": ["Mint"]}


@pytest.mark.parametrize(
    ("text", "wanted", "had"),
    [
        ("make it nine, not seven", 9, "7"),
        ("three tubs instead of five", 3, "5"),
        ("bump the tubs from 4 to 6 please", 6, "4"),
        ("make it 24 not 12", 24, "12"),
        ("I typed 30 cones but meant 3", 3, "30"),
        ("one spoon is enough, I put ten", 1, "10"),
        ("make it nine", 9, None),
    ],
)
def test_a_count_that_is_replaced(text: str, wanted: int, had: str | None):
    entities = _said(text, cart_items=1)
    assert (entities.quantity, entities.instead_of.get("quantity")) == (wanted, had)


@pytest.mark.parametrize(
    ("text", "code", "had"),
    [
        ("the postcode is wrong on IS-2207, it's 114 20 and not 114 02", "114 20", "114 02"),
        ("zip is 83702, not 83720", "83702", "83720"),
        ("7010's my postcode", "7010", None),
        ("I'd like 12 of the postcode mugs", None, None),
    ],
)
def test_a_postcode_that_is_called_one(text: str, code: str | None, had: str | None):
    entities = _said(text, asked_for="address")
    assert (entities.postal_code, entities.instead_of.get("postal_code")) == (code, had)


def test_two_places_before_one_noun():
    assert _said("how does your first and second tub differ?", shown=4).ordinals == [1, 2]
    assert _said("the last one was all ice", shown=4).ordinals == []
    assert _said("last one please", shown=4).ordinals == [-1]
    assert _said("second one, add it", shown=3).ordinals == [2]


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("can I get 80 kr back for the melted tub", 80_00),
        ("45 kr of my money are missing", 45_00),
        ("90 kr for a plain wafer??", None),
        ("page 12 to 40 are missing", None),
    ],
)
def test_sums_wanted_back_and_prices_complained_of(text: str, minor: int | None):
    assert _said(text, has_offer=True).amount == minor


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the usual, but put in four extra", 4),
        ("are there any tubs left, our canteen needs 40", 40),
        ("have you still got 5 of the Polarkök sorbet", 5),
        ("it came with 3 spoons", None),
        ("we slept on it for 14 nights", None),
        ("it's for 6 ladies of the choir", None),
        ("just one cat sorbet, to 7 Rata Street, Kerikeri 0230", 1),
        ("two dog cones please", 2),
    ],
)
def test_counts_of_goods_and_of_what_is_none(text: str, count: int | None):
    assert _said(text).quantity == count


@pytest.mark.parametrize(
    ("text", "line", "country"),
    [
        ("2-8-1 Tsukiji, Tokyo, 104-0045, Japan", "2-8-1 Tsukiji", "JP"),
        ("3/18 Esplanade, Cairns QLD 4870", "3/18 Esplanade", "AU"),
        ("Bakkegata 5, 0150 Skien", "Bakkegata 5", "NO"),
        ("7 Rata Street, Kerikeri 0230", "7 Rata Street", "NZ"),
    ],
)
def test_addresses_as_other_countries_write_them(text: str, line: str, country: str):
    address = _said(text, asked_for="address").address
    assert address is not None
    assert (address.line1, address.country) == (line, country)


@pytest.mark.parametrize(
    "text",
    [
        "send it to 8 Ferry Lane not 18, 0150 Oslo",
        "8 Ferry Lane, and not 18, 0150 Oslo please",
        "it goes to 8 Ferry Lane instead of 18, 0150 Oslo",
    ],
)
def test_a_house_that_is_replaced_is_no_part_of_the_address(text: str):
    entities = _said(text, asked_for="address")
    assert entities.address is not None
    assert (entities.address.line1, entities.address.postal_code) == ("8 Ferry Lane", "0150")
