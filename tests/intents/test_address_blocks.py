"""Addresses whose street no word makes one, names with titles, and phone numbers beside them."""

import pytest

from agentpay.intents.entities.extract import find_standing
from agentpay.intents.entities.names import person, without_title
from agentpay.intents.types import Dialogue, Vocabulary


def _found(text, countries, asked_for=None):
    shop = Vocabulary(countries=list(countries), currency="EUR")
    return find_standing(text, shop, Dialogue(asked_for=asked_for))


def _address(text, countries, asked_for=None):
    return next((span.value for span in _found(text, countries, asked_for) if span.kind == "address"), None)


def _of_kind(text, kind, countries):
    return [span.value for span in _found(text, countries) if span.kind == kind]


@pytest.mark.parametrize(
    ("text", "countries", "expected"),
    [
        (
            "Flat 12, Rose Enclave, 3rd Main, Chennai 600041",
            ["IN"],
            ("Flat 12, Rose Enclave, 3rd Main", "Chennai", "600041", "IN"),
        ),
        ("Postbus 771, 2511 CV Den Haag", ["NL", "BE"], ("Postbus 771", "Den Haag", "2511 CV", "NL")),
        ("Packstation 118, 01067 Dresden", ["DE"], ("Packstation 118", "Dresden", "01067", "DE")),
        (
            "Blk 77 Toa Payoh Lor 4 #11-302 S310077",
            ["SG"],
            ("Blk 77 Toa Payoh Lor 4 #11-302", "Singapore", "310077", "SG"),
        ),
        ("〒530-0001 Osaka, Umeda 3-1-1", ["JP"], ("Umeda 3-1-1", "Osaka", "530-0001", "JP")),
        (
            "The Old Granary, Mill Lane, Ludlow SY8 1AA",
            ["GB"],
            ("The Old Granary, Mill Lane", "Ludlow", "SY8 1AA", "GB"),
        ),
        ("9000 Gent, Korenmarkt 12 bus 4", ["BE", "NL"], ("Korenmarkt 12 bus 4", "Gent", "9000", "BE")),
        ("P.O. Box 5521, Abu Dhabi, UAE", ["AE"], ("P.O. Box 5521", "Abu Dhabi", "", "AE")),
    ],
)
def test_houses_blocks_and_boxes(text, countries, expected):
    address = _address(text, countries, "address")
    lines = address.line1 if address.line2 is None else f"{address.line1} {address.line2}"
    assert (lines, address.city, address.postal_code, address.country) == expected


@pytest.mark.parametrize(
    ("text", "countries", "line"),
    [
        ("Stand 9, Kloof Rd, Nelspruit 1200", ["ZA"], "Stand 9, Kloof Rd"),
        ("Unit 3/18 Banksia Ave, Manly NSW 2095", ["AU"], "Unit 3/18 Banksia Ave"),
        ("2/1 14 Argyle St, Glasgow G2 8AH", ["GB"], "2/1 14 Argyle St"),
        ("RMB 310, Mill Rd, Orbost VIC 3888", ["AU"], "RMB 310, Mill Rd"),
    ],
)
def test_what_stands_before_a_street_is_part_of_its_line(text, countries, line):
    assert _address(text, countries, "address").line1 == line


@pytest.mark.parametrize(
    "text",
    [
        "can you send it by Friday, or is 560041 too far?",
        "I bought the lamp, the rug, and 2 chairs, order 55120",
        "the blue one, size 12, please",
    ],
)
def test_a_list_of_other_things_is_no_address(text):
    assert _address(text, ["IN", "DE"]) is None


def test_titles_are_no_part_of_a_name():
    assert without_title("Herr Dr. Jonas Frei") == "Jonas Frei"
    assert person("Col. (Retd) P. S. Nair") == "P. S. Nair"
    assert person("Garden Road") == "Garden Road"  # two capitalised words may be anybody: what stands around decides
    assert person("the garden gate") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Frau Eva Lindt, Seeweg 4, 8800 Thalwil", "Eva Lindt"),
        ("4 Larch Close, Ripon HG4 1AA, attention of Nora Quill", "Nora Quill"),
        ("please put it under Sipho Dube, 0825550147", "Sipho Dube"),
        ("change name to Hana Sato", "Hana Sato"),
        ("name Omar Haddad, mail omar@post.example", "Omar Haddad"),
    ],
)
def test_names_beside_details(text, name):
    assert _of_kind(text, "name", ["CH", "GB", "ZA", "JP"]) == [name]


def test_a_number_beside_an_address_may_be_a_phone():
    text = "Flat 9, Lotus Towers, MG Road, Pune 411001. 9822012345"
    assert _of_kind(text, "phone", ["IN"]) == ["+919822012345"]
