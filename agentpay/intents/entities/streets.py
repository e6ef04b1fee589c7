# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""The first line of postal addresses: street and number, number first or last, in any case of letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentpay.intents.entities.places import POSTCODE, country_of_city, known_cities

_SUFFIX = (
    r"street|str|st|avenue|ave|av|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|way|place|pl|plaza|terrace|ter|circle|cir|highway|hwy"
    r"|parkway|pkwy|square|sq|close|crescent|cres|gardens|gdns|grove|row|mews|hill|walk|trail|trl|loop|alley|quay|green|park|parade|rise|view"
    r"|point|bend|pike|broadway|esplanade|wharf|yard|vale|mount"
)
_MIDDLE = r"(?:(?:\d+(?:st|nd|rd|th)|[^\W\d_][\w.'’-]*)\s+)"
_COMPASS = r"(?:\s+(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b\.?(?=\s*[,\n]|\s+\w))?"
_ENGLISH = (
    rf"(?:lot\s+)?\d{{1,6}}[A-Za-z]?(?:\s?[-/]\s?\d{{1,5}}[A-Za-z]?)?,?\s+(?:{_MIDDLE}{{1,5}}?(?:{_SUFFIX})|(?:the\s+)?(?:broadway|esplanade|strand|promenade|crescent|boulevard))\b\.?"
    rf"(?:\s+(?:{_SUFFIX})\b\.?)?{_COMPASS}"
)
_CANADIAN_END = rf"(?=\s+(?:{known_cities('CA')})(?:\s+[A-Z]{{2}})?\s+[A-Z]\d[A-Z]\s?\d[A-Z]\d\b)"
_FRENCH_NAME = rf"(?:[^,\d\n]{{2,40}}?{_CANADIAN_END}|(?:(?!\sapp?t?\b)[^,\d\n]){{2,40}})"
_FRENCH = rf"\d{{1,4}}\s?(?:(?:bis|ter|quater),?\s+[^\W\d_]+|,?\s+(?:rue|chemin|all[ée]e|impasse|quai|cours|passage))\s+{_FRENCH_NAME}"
_FRENCH_TOO = rf"\d{{1,4}},?\s+(?:avenue|av\.|boulevard|bd\.?|place|route)\s+{_FRENCH_NAME}"
_ROMANCE = (
    r"(?:calle|c/|avenida|avinguda|avda\.?|plaza|plaça|paseo|passeig|carrer|ronda|via|viale|piazza|corso|largo|rua|praça|praca|travessa"
    r"|rue|avenue|chemin|boulevard|quai|ulica|ul\.|aleja|al\.|plac|os\.)\s+(?:\d{1,2}\s+)?[^,\d\n]{2,40},?\s+\d{1,4}\w?(?:[-/]\d{1,4}\w?)?(?!\w)"
)
_BOX = r"(?:p\.?\s?o\.?\s+box|postbus|postfach|postboks|packstation|(?:rr\s?\d+\s+)?box|case postale|bo[iî]te postale|apartado(?: de correos)?|casella postale)\s+\d+[A-Z]?"
_BRITISH_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"
_NAME = r"[A-Z][\w'’-]*"
_NAMED_HOUSE = re.compile(
    rf"(?<!\w)(?:{_NAME}\s){{1,3}}(?:Farm|Cottage|House|Hall|Lodge|Barn|Mill|Forge|Manor|Rectory|Vicarage|Grange|Stables|Croft|Villa|Bungalow|Chapel|School|Nurseries)"
    rf"(?:,\s*(?:{_NAME}\s){{1,3}}(?i:{_SUFFIX})\b)?(?=,\s*{_NAME}(?:[ -]{_NAME}|\s(?:on|upon|in|le|by)\b)*,?\s+(?:{_NAME},?\s+)?{_BRITISH_POSTCODE})"
)
"""A house that has a name and no number, as in Britain: "Orchard Farm, Long Lane, Ledbury HR8 2PT"."""
_WITH_WORD = re.compile(rf"(?<![\w#.,-])(?:{_FRENCH}|{_ENGLISH}|{_FRENCH_TOO}|{_ROMANCE}|{_BOX})", re.IGNORECASE)
_LOOSE = re.compile(r"(?<![\w#.-])(?:\d{1,3}-){0,2}\d{1,6}[A-Za-z]?\s+[^\W\d][^,\d\n.!?]{2,40}(?=\s*[,\n])")
"""A number and a name before a comma: "12 The Shambles,", in Japan the numbers of the block: "2-8-1 Tsukiji,"."""
_GERMANIC_SUFFIX = (
    r"(?:stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|damm|ufer|chaussee|stieg|steig|promenade|straat|laan|plein|gracht|kade|dijk|singel"
    r"|weg|hof|vej|gade|plads|gatan|gata|vägen|väg|gränd|veien|vei|rak|katu|tie|markt)"
)
_STREET_WORD = re.compile(rf"^[\w.äöüß'-]*{_GERMANIC_SUFFIX}$", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<=[^\W\d_.])\.?,?\s+(?P<number>\d{1,4}(?:\s?[a-zA-Z](?![\w'-]))?(?:\s?[-/]\s?\d{1,4}[a-zA-Z]?){0,3})(?![\w.]*\w)"
)
_TOKEN = re.compile(
    r"(?P<token>(?<![\w.-])(?:[^\W\d_][^\W\d_.'’-]*(?:[.'’-]+[^\W\d_]+)*\.?|\d{1,3}(?:st|nd|rd|th)|\d{1,2}\.(?=\s)))\s*$"
)
_FOLLOWS = re.compile(rf"\s*[,\n]|\s+(?:{POSTCODE})\s+[^\W\d_]", re.IGNORECASE)
"""What must stand behind a line that no word of its own makes a street."""
_RING = re.compile(r"Ring \d{1,3}\w?, \d{4,5} [A-ZÄÖÜ]")
"""A street that has no other name."""
_LEAD = frozenset(
    re.findall(
        r"\S+",
        """
    to is at it it's its that's this that my the your our address adress addr from with for and or of on by please pls plz ship shipping send sending
    deliver delivery link order number no nr correct right wrong new old now live lives living stay we i i'm i've moved be should goes go going
    hi hello hey thanks thank yes yeah yep ok okay sure sorry oh well so then also here instead want need use email mail e-mail name
    change update put make pay add take buy get me us you have has will would can could
        """,
    )
)
"""Words that lead up to an address, and are no part of its street."""
_MOST = 6


def street_lines(text: str) -> Iterator[tuple[list[tuple[int, int]], bool]]:
    """
    Where street lines may stand, one kind after the other, the surest first: (their (start, end), whether only a guess).
    """
    numbered_last = list(_numbered_last(text))
    yield [match.span() for match in _WITH_WORD.finditer(text)], False
    yield [match.span() for match in _NAMED_HOUSE.finditer(text)], False
    yield [span for span, sure in numbered_last if sure], False
    yield [match.span() for match in _LOOSE.finditer(text)], True
    yield [span for span, sure in numbered_last if not sure], True


def _numbered_last(text: str) -> Iterator[tuple[tuple[int, int], bool]]:
    """ "Große Elbstraße 45", "unter den linden 5": the words before a house number, as far as they can belong to it."""
    for match in _NUMBER.finditer(text):
        words: list[str] = []
        start = match.start()
        while len(words) < _MOST and (found := _TOKEN.search(text, max(0, start - 40), start)) is not None:
            word = found["token"]
            if word.casefold() in _LEAD or (
                word.casefold() == "in" and not (words and words[0] in ("der", "den", "dem"))
            ):
                break
            if text[found.start("token") - 1 : found.start("token")].strip() not in ("", "(", '"'):
                break
            words.insert(0, word)
            start = found.start("token")
            if text[:start].rstrip()[-1:] in ".!?" and not re.search(
                r"(?:\b(?:\w*str|gen|dom|pl|c|st|sankt|ul|al|os|prof|dr|av|bd)\.|\bdes \d{1,2}\.)\s*$",
                text[:start],
                re.I,
            ):
                break
        while words and re.fullmatch(r"\d+\.", words[0]):
            start += len(words.pop(0)) + 1
        if not words or sum(map(len, words)) < 3:
            continue
        sure = any(_STREET_WORD.match(word) for word in words)
        if sure and len(words) == 1 and _is_bare(words[0]) and not _RING.match(text, start):
            continue
        if sure or _FOLLOWS.match(text, match.end("number")):
            yield (start, match.end("number")), sure


def _is_bare(word: str) -> bool:
    """ "Straße 186": the name of the street is missing."""
    return re.fullmatch(_GERMANIC_SUFFIX, word, re.IGNORECASE) is not None and country_of_city(word) is None
