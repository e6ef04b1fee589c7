"""In which country an address lies that names none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentpay.intents.entities.places import country_by_shape, country_of_city, infer_country, postcode_fits

_STREETS_OF = tuple(
    (re.compile(pattern, re.IGNORECASE), countries.split())
    for pattern, countries in (
        (r"stra(?:ß|ss)e\b|str\.?\s|gasse\b|\bplatz\b|allee\b|damm\b|ufer\b", "DE AT CH"),
        (r"straat\b|gracht\b|laan\b|\bplein\b|kade\b|singel\b", "NL BE"),
        (r"\b(?:rue|chemin|impasse|quai|all[ée]e)\b", "FR BE CH LU"),
        (r"\b(?:calle|plaza|paseo|avenida|avda|carrer)\b|\bc/", "ES MX AR"),
        (r"\b(?:via|viale|piazza|corso)\b", "IT"),
        (r"\b(?:rua|pra[çc]a|travessa)\b", "PT BR"),
        (r"\b(?:ulica|ul)\b", "PL"),
        (r"(?:gatan|vägen)\b", "SE"),
        (r"(?:gata|veien|vegen|vei|bakken)\b", "NO"),
        (r"(?:gade|vej|plads)\b", "DK"),
    )
)
_CITY_FIRST = frozenset({"US", "CA", "AU", "GB", "IE", "NZ", "IN", "JP", "BR"})
"""Countries that write the postcode after the city."""


def country_of_address(
    line1: str,
    city: str | None,
    region: str | None,
    postcode: str | None,
    served: Sequence[str],
    *,
    postcode_first: bool,
) -> str | None:
    """
    By its state, its city, the form of its postcode, the language of its street, else by the shop's countries (`served`).

    None where it may lie in several of them: then it is asked, never guessed. `postcode_first`: "10115 Berlin".
    """
    if region and (country := infer_country(postcode, region, served)) is not None:
        return country
    known = country_of_city(city or "")
    if not postcode:
        return known or (served[0] if len(served) == 1 else None)
    if known is not None and postcode_fits(known, postcode):
        return known
    if (country := country_by_shape(postcode)) is not None:
        return country
    fitting = [country for country in served if postcode_fits(country, postcode)]
    if not region:
        fitting = [country for country in fitting if country != "AU"] or fitting  # Australians write their state
    for pattern, countries in _STREETS_OF:
        if pattern.search(line1):
            likely = [country for country in fitting if country in countries]
            return _only(likely or [country for country in countries if postcode_fits(country, postcode)])
    if postcode_first:
        return _only([country for country in fitting if country not in _CITY_FIRST])
    return _only([country for country in fitting if country in _CITY_FIRST]) or _only(fitting)


def _only(countries: Sequence[str]) -> str | None:
    return countries[0] if len(countries) == 1 else None
