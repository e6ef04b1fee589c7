"""The shop's own words, compiled once a vocabulary: options, attributes, brands, categories, shipping methods."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import OSA

from agentpay.intents.entities.measures import Measure, measure
from agentpay.intents.entities.spellings import (
    amounts,
    for_so_many,
    free_of,
    in_one_word,
    option_names,
    short_words,
    without_units,
)
from agentpay.intents.entities.units import UNIT
from agentpay.intents.entities.ways import Ways
from agentpay.intents.text import KEY_WORDS
from agentpay.intents.types import Vocabulary
from agentpay.intents.words import word_set

_CHUNK = re.compile(r"[^\W\d_]+|(?P<number>\d{2,}|(?<=the )\d|(?<=for )\d|(?<=to )\d)s\b|\d+(?:[.,]\d+)?", re.UNICODE)
_YES = {"yes", "true", "y"}
_NO = {"no", "false", "n"}
_SIZE_WORDS = {
    "xs": ("x-small", "extra small"), "s": ("small",), "m": ("medium",), "l": ("large",),
    "xl": ("x-large", "extra large"), "xxl": ("2xl", "xx-large", "extra extra large", "double xl"), "xxxl": ("3xl",),
}  # fmt: skip
_SPELLINGS = (("grey", "gray"), ("colour", "color"), ("aluminium", "aluminum"), ("litre", "liter"))
_METHOD_NOISE = {"shipping", "delivery", "post", "mail", "service", "postage", "courier", "the"}
_COLOR_NAMES = {"color", "colour", "colors", "colours", "colorway", "colourway"}
_LEAST_SLIP, _LONG_SLIP = 5, 7
_LEAST_SHORT_BRAND = 4
SHORT_BRAND = "first word of a brand"
"""The name of the entries that call a brand by its first word alone."""

_METHOD_WORDS = word_set(
    "standard express priority economy tracked insured overnight signed registered freight pickup collection"
)
EntryKind = Literal["option", "attribute", "brand", "category", "shipping"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a run of words may mean: a `value` of `name`, as the shop spells both."""

    kind: EntryKind
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of letters or of digits; "256GB" is two of them, so that "256 GB" means the same, "the 41s" is 41."""

    text: str
    start: int
    end: int


def chunks(text: str) -> list[Chunk]:
    """Runs of letters and of digits, lower-cased."""
    return [
        Chunk((m["number"] or m.group().lower()).replace(",", "."), m.start(), m.end()) for m in _CHUNK.finditer(text)
    ]


def _key(text: str) -> tuple[str, ...]:
    return tuple(c.text for c in chunks(text))


def _variants(key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield key
    for one, other in _SPELLINGS:
        if one in key:
            yield tuple(other if w == one else w for w in key)
        if other in key:
            yield tuple(one if w == other else w for w in key)


def _numbers(word: str) -> set[str]:
    forms = {word}
    if len(word) > 3:
        forms |= {word[:-1] if word.endswith("s") and not word.endswith("ss") else word + "s"}
        if word.endswith("ies"):
            forms.add(word[:-3] + "y")
        elif word.endswith("y"):
            forms.add(word[:-1] + "ies")
        if word.endswith(("ches", "shes", "sses", "xes")):
            forms.add(word[:-2])
        elif word.endswith(("ch", "sh", "ss", "x")):
            forms.add(word + "es")
    return forms


class Lexicon:
    """What runs of chunks mean in a shop: `entries` by the run; `finding` looks them up in a clause."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.currency = vocabulary.currency
        self.title_words = vocabulary.title_words
        self.countries = tuple(vocabulary.countries)
        self.entries: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        self._of_categories = {word for path in vocabulary.categories for word in _key(path)}
        self.called: dict[tuple[str, ...], str] = {}
        self.yes_no: dict[str, dict[bool, str]] = {}
        self._amounts: dict[int, Entry] = {}
        self.measures: dict[Measure, Entry] = {}
        self._slips: dict[str, list[str]] = defaultdict(list)
        self.options = frozenset(vocabulary.options)
        for name in vocabulary.options:
            for form in _variants(_key(name)):
                self.called[form] = name
        for name, values in vocabulary.options.items():
            self._add_option(name, values)
        for name, values in vocabulary.options.items():
            self._add_short_words(name, values)
        for name, values in vocabulary.attributes.items():
            self._add_attribute(name, values)
        for brand in vocabulary.brands:
            self._add(brand, Entry("brand", "brand", brand))
        self._add_short_brands(vocabulary.brands)
        self._add_categories(vocabulary.categories)
        for method in vocabulary.shipping_methods:
            key = _key(method)
            short = list(key)
            while len(short) > 1 and short[-1] in _METHOD_NOISE and (len(short) > 2 or len(short[0]) > 2):
                short.pop()
            joined = _key(method.replace("&", " and "))
            for form in {key, tuple(short), joined, *self._single_words(method, vocabulary.shipping_methods)}:
                self.entries[form].append(Entry("shipping", "shipping", method))
        self.ways = Ways(vocabulary.shipping_methods)
        self.shipping_words = frozenset(word for method in vocabulary.shipping_methods for word in _key(method))
        self._models = {
            re.sub(r"[\W_]+", "", word): word
            for word in vocabulary.title_words
            if any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
        }
        self.begin = frozenset(key[0] for key in self.entries)
        """The first chunks of all runs."""
        self.begin_called = frozenset(key[0] for key in self.called)
        self.longest = max((len(key) for key in self.entries), default=0)
        names = frozenset(form for key in self.called for word in key for form in _numbers(word))
        # A gift box may have an option "mug": where the shop also sells mugs, the word names a product
        self.option_names = names
        self.option_name_words = names - vocabulary.title_words
        self.color_option = next((name for name in vocabulary.options if _COLOR_NAMES & set(_key(name))), None)
        self.words = frozenset(word for key in self.entries for word in key) | vocabulary.title_words | names

    @staticmethod
    def _single_words(method: str, methods: Sequence[str]) -> list[tuple[str, ...]]:
        """Words that call a method of the shop without the rest of its name ("tracked" for "Tracked 48"), where no other has them."""
        others = {word for other in methods if other != method for word in _key(other)}
        key = _key(method)
        found: list[tuple[str, ...]] = [(word,) for word in key if word in _METHOD_WORDS and word not in others]
        if (
            len(key) > 2
            and key[1] in _METHOD_NOISE
            and all(_key(other)[:2] != key[:2] for other in methods if other != method)
        ):
            found.append(key[:2])  # "Royal Mail" for "Royal Mail Tracked"
        if len(key) > 2 and key[-1].isdigit():
            found.append(key[-2:])  # "tracked 48"
        if len(key) > 3 and all(_key(other)[: len(key) - 1] != key[:-1] for other in methods if other != method):
            found.append(key[:-1])  # "door to door"
        if len(key) == 2 and min(map(len, key)) > 2:
            found.append(("".join(key),))
        return found

    def _add_option(self, name: str, values: Sequence[str]) -> None:
        for called in option_names(name):
            for form in _variants(_key(called)):
                self.called.setdefault(form, name)
        known = {value.lower() for value in values}
        for value in values:
            entry = Entry("option", name, value)
            self._add(value, entry)
            if (size := measure(value)) is not None:
                self.measures.setdefault(size, entry)
            if len(value) >= _LEAST_SLIP and value.isalpha():
                self._slips[value[0].lower()].append(value.lower())
            if len(value) > 3 and value.isalpha() and self._counted_as(value.lower()):
                self._add(f"{value}s", entry)  # "two wedges"
            if "-" in value:
                self._add(value.replace("-", ""), entry)
            self._add_size_words(name, value, known)
            for form in (*without_units(_key(value)), *for_so_many(_key(value)), *in_one_word(_key(value))):
                if entry not in self.entries[form]:
                    self.entries[form].append(entry)
        self._add_bare_numbers(name, values)
        for amount, value in amounts(name, values).items():
            self._amounts.setdefault(amount, Entry("option", name, value))

    def _counted_as(self, value: str) -> bool:
        """Whether the value's plural can only be its own, and is no name or measure of goods ("12 bottles", "filters")."""
        names = {value, f"{value}s"}
        return not (names & (self.title_words | self._of_categories) or re.fullmatch(UNIT, f"{value}s"))

    def _add_short_words(self, name: str, values: Sequence[str]) -> None:
        taken = frozenset(key[0] for key in self.entries if len(key) == 1) | self.title_words
        for word, value in short_words({value: _key(value) for value in values}, taken).items():
            self._add(word, Entry("option", name, value))

    def as_titled(self, query: str) -> str:
        """The query with model numbers as titles spell them: "dx18" and "dx 18" → "dx-18"."""
        words = query.split()
        for size in (2, 1):
            for start in range(len(words) - size + 1):
                run = "".join(words[start : start + size]).lower()
                spelt = self._models.get(re.sub(r"[\W_]+", "", run))
                if spelt is not None and spelt != run:
                    words[start : start + size] = [spelt]
                    break
        return " ".join(words)

    def slip(self, word: str) -> str | None:
        """The option's value that `word` is a slip of the keyboard from: "tortiose" → "tortoise"; never an inflection."""
        if len(word) < _LEAST_SLIP or word in self.words or word in KEY_WORDS or not word.isalpha():
            return None
        for value in self._slips.get(word[0], ()):
            if abs(len(value) - len(word)) > 1 or (value[-1] != word[-1] and sorted(value) != sorted(word)):
                continue
            # Of short words another one may be a single letter away ("write", "white"); letters only change places in slips
            near = sorted(value) == sorted(word) or len(value) != len(word) or len(word) >= _LONG_SLIP
            if near and OSA.distance(word, value, score_cutoff=1) == 1:
                return value
        return None

    def of_amount(self, units: int) -> Entry | None:
        """The option's value that is this much money: the $50 of a gift card."""
        return self._amounts.get(units)

    def _add(self, words: str, entry: Entry) -> None:
        key = _key(words)
        if not key:
            return
        for form in _variants(key):
            if entry not in self.entries[form]:
                self.entries[form].append(entry)

    def _add_size_words(self, name: str, value: str, known: set[str]) -> None:
        lowered = value.lower()
        for letter, words in _SIZE_WORDS.items():
            forms = (letter, *words)
            if lowered in forms:
                for form in forms:
                    if form != lowered and form not in known:
                        self._add(form, Entry("option", name, value))

    def _add_bare_numbers(self, name: str, values: Sequence[str]) -> None:
        """ "256" for "256GB", where no other value of the option has that number."""
        numbers: dict[str, list[str]] = defaultdict(list)
        for value in values:
            key = _key(value)
            if len(key) == 2 and key[0].replace(".", "", 1).isdigit() and len(key[0]) >= 2 and key[1].isalpha():
                numbers[key[0]].append(value)
        for number, owners in numbers.items():
            if len(owners) == 1 and (number,) not in self.entries:
                self._add(number, Entry("option", name, owners[0]))

    def _add_attribute(self, name: str, values: Sequence[str]) -> None:
        spelled: dict[bool, str] = {}
        for value in values:
            if value.lower() in _YES:
                spelled[True] = value
            elif value.lower() in _NO:
                spelled[False] = value
        words = name.replace("_", " ")
        if spelled:
            self.yes_no[name] = spelled
            for form in (words, *free_of(words)):
                self._add(form, Entry("attribute", name, ""))
            return
        for value in values:
            if len(value) >= 3 and not value.replace(".", "").isdigit():
                self._add(value, Entry("attribute", name, value))
            elif value:
                self._add(f"{value} {words}", Entry("attribute", name, value))
                self._add(f"{words} {value}", Entry("attribute", name, value))

    def _add_short_brands(self, brands: Sequence[str]) -> None:
        """ "Marrow" for "Marrow & Sons", where no other brand, title or option has the word."""
        firsts = [_key(brand)[:1] for brand in brands]
        for brand, first in zip(brands, firsts, strict=True):
            word = first[0] if first and len(_key(brand)) > 1 else ""
            known = word in KEY_WORDS or word in self.title_words or first in self.entries or firsts.count(first) > 1
            if len(word) >= _LEAST_SHORT_BRAND and word.isalpha() and not known:
                self._add(word, Entry("brand", SHORT_BRAND, brand))

    def _add_categories(self, categories: Sequence[str]) -> None:
        paths: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for path in categories:
            parts = [part.strip() for part in path.split(">")]
            for depth, part in enumerate(parts, start=1):
                key = _key(part)
                if not key:
                    continue
                prefix = " > ".join(parts[:depth])
                for last in _numbers(key[-1]):
                    form = (*key[:-1], last)
                    if prefix not in paths[form]:
                        paths[form].append(prefix)
        for form, found in paths.items():
            if len(found) == 1:
                self.entries[form].append(Entry("category", "category", found[0]))
