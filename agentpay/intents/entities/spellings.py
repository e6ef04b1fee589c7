# ruff: noqa: E501 (a list of words is read in one piece)
"""Other ways in which a customer says an option's value: without its unit, by its last word, by its amount."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from agentpay.intents.words import word_set

_UNITS = word_set("cm mm m km in inch inches ft feet ml l cl g kg lb lbs oz gb tb mb w v ah mah hz pcs")
COLORS = word_set("""
    black white red green blue yellow orange purple violet pink grey gray brown beige gold silver navy cream turquoise teal khaki
    olive sand ivory charcoal bronze copper walnut oak burgundy maroon mustard lavender lilac magenta coral peach mint tan rust graphite aqua indigo crimson
    """)
_NO_HEADS = word_set("""
    only pack packs size box set kit edition version pair piece pieces bundle model cover back plus extra with without standard
    regular normal size sizes color colour one two three card month months year years hour hours minutes
    """)
_NO_BEGINNINGS = word_set("""
    dark light pale bright deep soft warm cool hot cold old new big small large full half single double wide narrow long short high low left right same gift
    with natural classic original royal fine coarse thick thin heavy sweet dry raw whole fresh next day open round square flat black white tea coffee adult child kids
    brushed matte matt glossy satin polished extra very semi super ultra medium mid no
    """)
_AMOUNT = re.compile(r"^(?P<sign>[$€£])?\s?(?P<n>\d{1,4})(?:[.,]00)?\s?(?P<end>[A-Z]{3}|[$€£])?$")
_WORTH = word_set("value amount denomination worth balance credit")

Key = tuple[str, ...]


def without_units(key: Key) -> Iterator[Key]:
    """ "5 x 7 ft" → "5 x 7", with and without the x; a lone number is left to others, it means too much."""
    digits = [position for position, part in enumerate(key) if part[0].isdigit()]
    if not digits:
        return
    bare = key[:-1] if key[-1] in _UNITS else key
    if len(digits) > 1:
        for form in (key, bare):
            plain = tuple(part for part in form if part != "x")
            yield form
            yield plain
            yield tuple(_crossed(plain))
            yield tuple("by" if part == "x" else part for part in _crossed(plain))


_PEOPLE = ("person", "persons", "people", "man", "p")
_COUNTS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def for_so_many(key: Key) -> Iterator[Key]:
    """ "2 Person" → "two persons", "2p", "2 man"."""
    if len(key) == 2 and key[0].isdigit() and key[1] in _PEOPLE and int(key[0]) < len(_COUNTS):
        for count in (key[0], _COUNTS[int(key[0])]):
            for people in _PEOPLE:
                yield count, people


def in_one_word(key: Key) -> Iterator[Key]:
    """ "Tea Bags" → "teabags", "teabag"."""
    if len(key) == 2 and all(part.isalpha() and len(part) > 2 for part in key):
        yield ("".join(key),)
        if key[1].endswith("s"):
            yield ("".join(key)[:-1],)


def _crossed(key: Key) -> Iterator[str]:
    """An x between each two numbers that follow one another."""
    for position, part in enumerate(key):
        if position and part[0].isdigit() and key[position - 1][0].isdigit():
            yield "x"
        yield part


def short_words(values: Mapping[str, Key], taken: frozenset[str]) -> dict[str, str]:
    """
    Words that stand for a longer value: "green" → "forest green", or "green" itself where several values end so.

    Colours, and last words that mean something alone; none of `taken`, which mean something else already.
    """
    owners: dict[str, list[str]] = defaultdict(list)
    for value, key in values.items():
        if not 2 <= len(key) <= 3 or not all(part.isalpha() for part in key):
            continue
        words = {part for part in key if part in COLORS}
        if len(key[-1]) >= 4 and key[-1] not in _NO_HEADS:
            words.add(key[-1])
        if len(key[0]) >= 4 and key[0] not in _NO_HEADS | _NO_BEGINNINGS | COLORS:
            words.add(key[0])
        for word in words - taken:
            owners[word].append(value)
    return {
        word: found[0] if len(found) == 1 else word
        for word, found in owners.items()
        if len(found) == 1 or word in COLORS
    }


_SHORT_NAMES = {"volume": "vol"}


def option_names(name: str) -> list[str]:
    """ "Color / finish" → the name, "Color", "finish"; "US size" → the name, "size"."""
    parts = [part.strip() for part in re.split(r"[/(),|]", name) if part.strip()]
    last = [part.split()[-1] for part in parts if len(part.split()) > 1]
    short = [_SHORT_NAMES[word] for word in (name.lower(), *map(str.lower, last)) if word in _SHORT_NAMES]
    return list(dict.fromkeys([name, *(parts if len(parts) > 1 else []), *last, *short]))


def amounts(name: str, values: Sequence[str]) -> dict[int, str]:
    """Whole units of money → the value of an option that is an amount: {50: "$50"}."""
    found = {}
    for value in values:
        match = _AMOUNT.match(value.strip())
        if match and (match["sign"] or match["end"] or _WORTH & set(name.lower().split())):
            found[int(match["n"])] = value
    return found


_ALIKE = (("fragrance", "perfume", "scent", "parfum"), ("lactose", "dairy"), ("noise", "sound"))
"""Words for one and the same thing that goods may be free of."""


def free_of(name: str) -> list[str]:
    """How customers say that something is "fragrance free": "without perfume", "no scent", "unperfumed"."""
    words = name.lower().split()
    if len(words) != 2 or words[1] != "free":
        return []
    forms: list[str] = []
    for word in next((group for group in _ALIKE if words[0] in group), (words[0],)):
        forms += [f"without {word}", f"without any {word}", f"no {word}", f"free of {word}", f"free from {word}"]
        forms += [f"un{word}d" if word.endswith("e") else f"un{word}ed", f"{word} free"]
    return forms
