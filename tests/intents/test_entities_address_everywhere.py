"""Addresses of many countries as they are typed: with commas and without, in lower case, the country named or not."""

import pytest

from agentpay.intents.entities.address import find_addresses

SERVED = ["US", "CA", "GB", "IE", "DE", "AT", "CH", "NL", "FR", "ES", "IT", "AU", "SE", "PL"]
CITY_FIRST = {"US", "CA", "GB", "IE", "AU"}
ADDRESSES = [
    ("Bahrenfelder Straße 186", "Hamburg", None, "22765", "DE", "Germany"),
    ("Unter den Linden 5", "Berlin", None, "10117", "DE", "Germany"),
    ("Große Elbstraße 45", "Hamburg", None, "22767", "DE", "Germany"),
    ("Straße des 17. Juni 135", "Berlin", None, "10623", "DE", "Germany"),
    ("Neubaugasse 154", "Wien", None, "1070", "AT", "Austria"),
    ("Mariahilfer Straße 12/3/4", "Wien", None, "1060", "AT", "Austria"),
    ("Bahnhofstrasse 21", "Zürich", None, "8001", "CH", "Switzerland"),
    ("Rue du Rhône 14", "Genève", None, "1204", "CH", "Switzerland"),
    ("Oude Gracht 88", "Utrecht", None, "3511 AX", "NL", "Netherlands"),
    ("Eerste van der Helststraat 10", "Amsterdam", None, "1073 AC", "NL", "the Netherlands"),
    ("12 rue de la Paix", "Paris", None, "75002", "FR", "France"),
    ("8 bis avenue Jean Jaurès", "Lyon", None, "69007", "FR", "France"),
    ("Calle de Alcalá 42", "Madrid", None, "28014", "ES", "Spain"),
    ("Avinguda Diagonal 331", "Barcelona", None, "08037", "ES", "Spain"),
    ("Via Giuseppe Garibaldi 7", "Milano", None, "20121", "IT", "Italy"),
    ("221B Baker Street", "London", None, "NW1 6XE", "GB", "UK"),
    ("14 Queen's Road", "Bristol", None, "BS8 1QE", "GB", "England"),
    ("259 Meath Street", "Dublin", None, "D08 V8H2", "IE", "Ireland"),
    ("12 Shop Street", "Galway", None, "H91 AX23", "IE", "Ireland"),
    ("195 Grand Ave", "Oakland", "CA", "94610", "US", "USA"),
    ("5 Broadway", "Austin", "TX", "78701", "US", "United States"),
    ("730 Spruce Avenue", "Salt Lake City", "UT", "84101", "US", "US"),
    ("100 King St W", "Toronto", "ON", "M5X 1A9", "CA", "Canada"),
    ("4521 Rue Saint-Denis", "Montréal", "QC", "H2J 2L4", "CA", "Canada"),
    ("5 George St", "Sydney", "NSW", "2000", "AU", "Australia"),
    ("Drottninggatan 5", "Stockholm", None, "111 51", "SE", "Sweden"),
    ("ul. Marszałkowska 10", "Warszawa", None, "00-590", "PL", "Poland"),
    ("ulica Długa 5", "Kraków", None, "31-146", "PL", "Poland"),
]
FRAMES = ["{}", "ship to {} please", "The address of order 1001 is wrong, correct is {}.", "link pls to {}"]


def _written(line1, city, region, postcode, country, name):
    if country in CITY_FIRST:
        state = f" {region}" if region else ""
        yield f"{line1}, {city},{state} {postcode}" if region else f"{line1}, {city} {postcode}"
        yield f"{line1}, {city},{state and state + ','} {postcode}, {name}"
        place = f"{city}{state} {postcode}"
    else:
        place = f"{postcode} {city}"
        yield f"{line1}, {place}"
        yield f"{line1}, {place}, {name}"
    yield f"{line1} {place}"
    yield f"{line1} {place} {name}"


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: f"{address[4]}-{address[0]}")
@pytest.mark.parametrize("served", [SERVED, ["US"]], ids=["many", "one"])
def test_however_it_is_typed_it_is_the_same_address(address, served):
    line1, city, region, postcode, country, _ = address
    for written in _written(*address):
        for frame in FRAMES:
            for text in (frame.format(written), frame.format(written).lower()):
                spans = find_addresses(text, served)
                assert len(spans) == 1, text
                got = spans[0].value
                assert (got.line1.casefold(), got.city.casefold()) == (line1.casefold(), city.casefold()), text
                assert (got.region, got.postal_code, got.country) == (region, postcode, country), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14 Queen's Road, Clifton, Bristol BS8 1QE", ("14 Queen's Road", "Clifton", "Bristol", None, "BS8 1QE", "GB")),
        ("12 Shop Street, Salthill, Co. Galway, H91 AX23",
         ("12 Shop Street", None, "Salthill", "Co. Galway", "H91 AX23", "IE")),
        ("C/ Mayor, 5, 2º B, 28013 Madrid", ("C/ Mayor, 5", "2º B", "Madrid", None, "28013", "ES")),
        ("Kungsgatan 44 lgh 1201, 411 19 Göteborg", ("Kungsgatan 44", "lgh 1201", "Göteborg", None, "411 19", "SE")),
        ("Str. der Nationen 5, 09111 Chemnitz", ("Str. der Nationen 5", None, "Chemnitz", None, "09111", "DE")),
        ("Via Roma, 10, 10121 Torino TO, Italy", ("Via Roma, 10", None, "Torino", "TO", "10121", "IT")),
        ("spui 5, 2511 bt the hague", ("spui 5", None, "The Hague", None, "2511 BT", "NL")),
        ("unit 4, 33 smith st, brisbane qld 4000", ("33 smith st", "unit 4", "Brisbane", "QLD", "4000", "AU")),
        ("10 main st, london on n6a 3k7", ("10 main st", None, "London", "ON", "N6A 3K7", "CA")),
        ("1 Infinite Loop, Cupertino, CA", ("1 Infinite Loop", None, "Cupertino", "CA", "", "US")),
        ("350 5th Ave New York NY 10118", ("350 5th Ave", None, "New York", "NY", "10118", "US")),
    ],
)  # fmt: skip
def test_what_stands_between_street_and_postcode(text, expected):
    (span,) = find_addresses(text, SERVED, asked_for="address")
    a = span.value
    assert (a.line1, a.line2, a.city, a.region, a.postal_code, a.country) == expected


@pytest.mark.parametrize(
    ("text", "served", "country"),
    [
        ("am anger 3, 07743 jena", ["US", "DE", "FR"], None),
        ("am anger 3, 07743 jena", ["US"], None),
        ("am anger 3, 07743 jena", ["US", "DE"], "DE"),
        ("Dorfstrasse 5, 8810 Horgen", ["AT", "CH"], None),
        ("Dorfstrasse 5, 8810 Horgen, Switzerland", ["AT", "CH"], "CH"),
        ("12 Main Street, Dublin", ["US"], "IE"),
        ("12 Main Street, Springfield", ["US", "DE"], None),
        ("259 Meath Street, Dublin D08 V8H2, Ireland", ["US"], "IE"),
    ],
)
def test_a_country_is_never_guessed(text, served, country):
    (span,) = find_addresses(text, served, asked_for="address")
    assert span.value.country == country


@pytest.mark.parametrize(
    "text",
    [
        "add 2 mugs, 3 bowls and a ring 5, thanks",
        "two of the large ring 5, 12 packs",
        "order 1001 was placed on may 5, 2024 right",
        "straße 186, 22765 hamburg",
    ],
)
def test_words_before_a_number_are_not_always_a_street(text):
    assert find_addresses(text, SERVED) == []
