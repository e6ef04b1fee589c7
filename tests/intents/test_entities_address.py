"""Postal addresses of several countries."""

import pytest

from agentpay.intents.entities.address import find_addresses

SERVED = ["US", "DE", "FR", "NL", "GB"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 Elm St, Portland OR 97201, US", ("12 Elm St", None, "Portland", "OR", "97201", "US")),
        (
            "ship to 9 Oak Ave, Boise ID 83702, US, and send me the link",
            ("9 Oak Ave", None, "Boise", "ID", "83702", "US"),
        ),
        (
            "Lindenweg 7, 50668 Köln, and the link please",
            ("Lindenweg 7", None, "Köln", None, "50668", "DE"),
        ),
        ("my address is Hamburg, 20095, Torstraße 3", ("Torstraße 3", None, "Hamburg", None, "20095", "DE")),
        ("send it to Boston, 12 Beacon St, MA 02108", ("12 Beacon St", None, "Boston", "MA", "02108", "US")),
        (
            "Ada Finch, Orchard Farm, Long Lane, Ledbury HR8 2PT",
            ("Orchard Farm, Long Lane", None, "Ledbury", None, "HR8 2PT", "GB"),
        ),
        ("The Old Forge, Whitby YO22 4EX please", ("The Old Forge", None, "Whitby", None, "YO22 4EX", "GB")),
        ("my new address is Ring 12, 1010 Wien", ("Ring 12", None, "Wien", None, "1010", "AT")),
        ("12 elm st portland or 97201", ("12 elm st", None, "Portland", "OR", "97201", "US")),
        (
            "1600 Amphitheatre Parkway, Mountain View, California 94043",
            ("1600 Amphitheatre Parkway", None, "Mountain View", "CA", "94043", "US"),
        ),
        (
            "to 400 W 42nd Street, New York, NY 10036 thanks",
            ("400 W 42nd Street", None, "New York", "NY", "10036", "US"),
        ),
        ("PO Box 123, Austin, TX 78701", ("PO Box 123", None, "Austin", "TX", "78701", "US")),
        ("12 Elm St\nApt 3\nPortland, OR 97201\nUSA", ("12 Elm St", "Apt 3", "Portland", "OR", "97201", "US")),
        ("Hauptstr. 5, 10115 Berlin, Germany", ("Hauptstr. 5", None, "Berlin", None, "10115", "DE")),
        ("Unter den Linden 5, 10117 Berlin", ("Unter den Linden 5", None, "Berlin", None, "10117", "DE")),
        ("10 Downing St, London SW1A 2AA, UK", ("10 Downing St", None, "London", None, "SW1A 2AA", "GB")),
        ("221B Baker Street Apt 4, London NW1 6XE", ("221B Baker Street", "Apt 4", "London", None, "NW1 6XE", "GB")),
        ("12 rue de la Paix, 75002 Paris, France", ("12 rue de la Paix", None, "Paris", None, "75002", "FR")),
        ("Damrak 1, 1012 LG Amsterdam", ("Damrak 1", None, "Amsterdam", None, "1012 LG", "NL")),
        ("Calle Mayor 5, 28013 Madrid, Spain", ("Calle Mayor 5", None, "Madrid", None, "28013", "ES")),
        ("100 King St W, Toronto, ON M5X 1A9", ("100 King St W", None, "Toronto", "ON", "M5X 1A9", "CA")),
        ("deliver to 5 George St, Sydney NSW 2000, Australia", ("5 George St", None, "Sydney", "NSW", "2000", "AU")),
    ],
)
def test_an_address_is_taken_apart(text, expected):
    (span,) = find_addresses(text, SERVED)
    a = span.value
    assert (a.line1, a.line2, a.city, a.region, a.postal_code, a.country) == expected


def test_the_span_ends_where_the_address_does():
    text = "ship to 12 Elm St, Portland OR 97201, US. Standard is fine."
    (span,) = find_addresses(text, SERVED)
    assert text[span.start : span.end] == "12 Elm St, Portland OR 97201, US"


@pytest.mark.parametrize(
    "text",
    [
        "I want a 5 tb hard drive please",
        "add 2 mugs, then pay",
        "3 way street map",
        "a 10 inch saw, 97201 reviews",
        "ship to Portland OR 97201",
    ],
)
def test_no_address_where_there_is_none(text):
    assert find_addresses(text, SERVED) == []


def test_without_a_country_the_shop_decides():
    (german,) = find_addresses("Ringstr. 8, 10115 Berlin", ["DE"])
    (unknown,) = find_addresses("ship to 7 Long Lane, Smalltown", ["GB"])
    assert german.value.country == "DE"
    assert unknown.value.country == "GB"
