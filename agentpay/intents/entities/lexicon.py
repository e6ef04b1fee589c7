"""The shop's own words, compiled once a vocabulary: options, attributes, brands, categories, shipping methods."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentpay.intents.entities.spans import Span, free
from agentpay.intents.entities.spellings import amounts, option_names, short_words, without_units
from agentpay.intents.types import Vocabulary
from agentpay.intents.words import word_set

_CHUNK = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)?", re.UNICODE)
_YES = {"yes", "true", "y"}
_NO = {"no", "false", "n"}
_SIZE_WORDS = {
    "xs": ("x-small", "extra small"), "s": ("small",), "m": ("medium",), "l": ("large",),
    "xl": ("x-large", "extra large"), "xxl": ("2xl", "xx-large", "extra extra large", "double xl"), "xxxl": ("3xl",),
}  # fmt: skip
_SPELLINGS = (("grey", "gray"), ("colour", "color"), ("aluminium", "aluminum"), ("litre", "liter"))
_METHOD_NOISE = {"shipping", "delivery", "post", "mail", "service", "postage", "the"}
_SHIPPING_NEAR = re.compile(
    r"\b(ship|ships|shipping|shipped|deliver|delivery|post|postage|send|method|mail|courier)\b", re.IGNORECASE
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
    """A run of letters or of digits; "256GB" is two of them, so that "256 GB" means the same."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class Found:
    """What the vocabulary recognises in a clause."""

    spans: list[Span] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    brand: str | None = None
    category: str | None = None
    shipping_method: str | None = None


def chunks(text: str) -> list[Chunk]:
    """Runs of letters and of digits, lower-cased."""
    return [Chunk(m.group().lower(), m.start(), m.end()) for m in _CHUNK.finditer(text)]


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
    """Finds a shop's words in a clause. Matching goes over chunks, the longest run first."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.title_words = vocabulary.title_words
        self.countries = tuple(vocabulary.countries)
        self._entries: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        self._option_names: dict[tuple[str, ...], str] = {}
        self._yes_no: dict[str, dict[bool, str]] = {}
        self._amounts: dict[int, Entry] = {}
        for name in vocabulary.options:
            for form in _variants(_key(name)):
                self._option_names[form] = name
        for name, values in vocabulary.options.items():
            self._add_option(name, values)
        for name, values in vocabulary.options.items():
            self._add_short_words(name, values)
        for name, values in vocabulary.attributes.items():
            self._add_attribute(name, values)
        for brand in vocabulary.brands:
            self._add(brand, Entry("brand", "brand", brand))
        self._add_categories(vocabulary.categories)
        for method in vocabulary.shipping_methods:
            key = _key(method)
            short = list(key)
            while len(short) > 1 and short[-1] in _METHOD_NOISE:
                short.pop()
            for form in {key, tuple(short)}:
                self._entries[form].append(Entry("shipping", "shipping", method))
        self._models = {
            re.sub(r"[\W_]+", "", word): word
            for word in vocabulary.title_words
            if any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
        }
        self._longest = max((len(key) for key in self._entries), default=0)
        names = frozenset(form for key in self._option_names for word in key for form in _numbers(word))
        # A gift box may have an option "mug": where the shop also sells mugs, the word names a product
        self.option_names = names
        self.option_name_words = names - vocabulary.title_words
        self.words = frozenset(word for key in self._entries for word in key) | vocabulary.title_words | names

    def _add_option(self, name: str, values: Sequence[str]) -> None:
        for called in option_names(name):
            for form in _variants(_key(called)):
                self._option_names.setdefault(form, name)
        known = {value.lower() for value in values}
        for value in values:
            entry = Entry("option", name, value)
            self._add(value, entry)
            if "-" in value:
                self._add(value.replace("-", ""), entry)
            self._add_size_words(name, value, known)
            for form in without_units(_key(value)):
                if entry not in self._entries[form]:
                    self._entries[form].append(entry)
        self._add_bare_numbers(name, values)
        for amount, value in amounts(name, values).items():
            self._amounts.setdefault(amount, Entry("option", name, value))

    def _add_short_words(self, name: str, values: Sequence[str]) -> None:
        taken = frozenset(key[0] for key in self._entries if len(key) == 1) | self.title_words
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

    def of_amount(self, units: int) -> Entry | None:
        """The option's value that is this much money: the $50 of a gift card."""
        return self._amounts.get(units)

    def _add(self, words: str, entry: Entry) -> None:
        key = _key(words)
        if not key:
            return
        for form in _variants(key):
            if entry not in self._entries[form]:
                self._entries[form].append(entry)

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
            if len(key) == 2 and key[0].isdigit() and len(key[0]) >= 2 and key[1].isalpha():
                numbers[key[0]].append(value)
        for number, owners in numbers.items():
            if len(owners) == 1 and (number,) not in self._entries:
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
            self._yes_no[name] = spelled
            self._add(words, Entry("attribute", name, ""))
            return
        for value in values:
            if len(value) >= 3 and not value.replace(".", "").isdigit():
                self._add(value, Entry("attribute", name, value))
            elif value:
                self._add(f"{value} {words}", Entry("attribute", name, value))
                self._add(f"{words} {value}", Entry("attribute", name, value))

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
                self._entries[form].append(Entry("category", "category", found[0]))

    def find(self, text: str, taken: Sequence[Span], *, asked_for: str | None = None) -> Found:
        """Everything of the vocabulary in a clause; `taken` are spans already understood otherwise."""
        found = Found()
        parts = [c for c in chunks(text) if free(taken, c.start, c.end)]
        if any(span.kind == "address" for span in taken):
            asked_for = "shipping"
        self._named_values(text, parts, found)
        position = 0
        while position < len(parts):
            step = 1
            for size in range(min(self._longest, len(parts) - position), 0, -1):
                run = parts[position : position + size]
                entries = self._entries.get(tuple(c.text for c in run))
                if (
                    entries
                    and _whole(text, run)
                    and free(found.spans, run[0].start, run[-1].end)
                    and self._take(text, parts, position, run, entries, found, asked_for)
                ):
                    step = size
                    break
            position += step
        return found

    def _named_values(self, text: str, parts: list[Chunk], found: Found) -> None:
        """ "size 43", "color: blue": the option's own name, then a value, known to the shop or not."""
        for position in range(len(parts)):
            for size in (2, 1):
                name = self._option_names.get(tuple(c.text for c in parts[position : position + size]))
                after = position + size
                if name is None or after >= len(parts):
                    continue
                between = text[parts[after - 1].end : parts[after].start]
                if between.strip(" :=#") or name in found.options:
                    continue
                self._named_value(text, parts, position, after, name, found)
                break

    def _named_value(self, text: str, parts: list[Chunk], position: int, after: int, name: str, found: Found) -> None:
        for length in range(min(3, len(parts) - after), 0, -1):
            run = parts[after : after + length]
            for entry in self._entries.get(tuple(c.text for c in run), ()):
                if entry.kind == "option" and entry.name == name and _whole(text, run):
                    found.options[name] = entry.value
                    found.spans.append(Span(parts[position].start, run[-1].end, "option", entry))
                    return
        first = parts[after]
        unknown = text[first.start : first.end]
        if (unknown.isdigit() or (unknown.isupper() and len(unknown) <= 4 and unknown != "I")) and _whole(
            text, [first]
        ):
            found.options[name] = unknown
            found.spans.append(Span(parts[position].start, first.end, "option", Entry("option", name, unknown)))

    def _take(
        self,
        text: str,
        parts: list[Chunk],
        position: int,
        run: list[Chunk],
        entries: list[Entry],
        found: Found,
        asked_for: str | None,
    ) -> bool:
        """Takes what fits of the entries for a run of chunks; True where the run is used up."""
        start, end = run[0].start, run[-1].end
        for entry in entries:
            # A genre may be a category, too: the attribute uses the words up, the category is known nevertheless
            if entry.kind == "category" and found.category is None:
                found.category = entry.value
        for entry in entries:
            if entry.kind == "option" and (entry.name not in found.options or len(run) > 2):
                if not self._is_option(text, parts, position, run, asked_for):
                    continue
                found.options[entry.name] = entry.value
                if not self._part_of_name(parts, position, run):
                    found.spans.append(Span(start, end, "option", entry))
                return True
            if entry.kind == "shipping" and found.shipping_method is None:
                alone = not any(c for c in parts if c not in run and c.text not in _SHIPPING_FILLER)
                if len(run) > 1 or _SHIPPING_NEAR.search(text) or asked_for == "shipping" or alone:
                    found.shipping_method = entry.value
                    found.spans.append(Span(start, end, "shipping", entry))
                    return True
            if (
                entry.kind == "attribute"
                and entry.name not in found.attributes
                and self._take_attribute(text, run, entry, found)
            ):
                return True
            if entry.kind == "brand" and found.brand is None:
                written = text[start:end]
                if len(written) > 3 or written[0].isupper():
                    if entry.value.lower() in _ORDINARY and not written[0].isupper():
                        continue
                    found.brand = entry.value
        return False

    def _take_attribute(self, text: str, run: list[Chunk], entry: Entry, found: Found) -> bool:
        start, end = run[0].start, run[-1].end
        yes_no = self._yes_no.get(entry.name)
        if yes_no is not None:
            before = text[max(0, start - 8) : start].lower()
            negated = re.search(r"(?:\bnot|\bnon|\bisn't)[\s-]+$", before)
            wanted = yes_no.get(negated is None) or ("no" if negated else "yes")
            found.attributes[entry.name] = wanted
            found.spans.append(Span(start - len(negated.group()) if negated else start, end, "attribute", entry))
            return True
        if all(c.text in self.title_words for c in run):
            return False
        found.attributes[entry.name] = entry.value
        found.spans.append(Span(start, end, "attribute", entry))
        return True

    def _part_of_name(self, parts: list[Chunk], position: int, run: list[Chunk]) -> bool:
        """Whether an option's value is also a word of a title ("Rose water") and stands there without "in" or the like."""
        if not all(c.text in self.title_words for c in run):
            return False
        if run[-1].text.isdigit() or len(run[0].text) <= 2:
            return False
        before = parts[position - 1].text if position else ""
        following = parts[position + len(run)].text if position + len(run) < len(parts) else ""
        return before not in {"in", "size", "color", "colour"} and following not in {
            "one",
            "ones",
            "please",
            "version",
        }

    def _is_option(self, text: str, parts: list[Chunk], position: int, run: list[Chunk], asked_for: str | None) -> bool:
        """Short and numeric values count only where they stand like an option: "in M", "size 43", at the end of a phrase."""
        written = text[run[0].start : run[-1].end]
        letters = "".join(c.text for c in run)
        if not letters.isdigit() and len(letters) > 2:
            return True
        before = parts[position - 1].text if position else ""
        after = parts[position + len(run)] if position + len(run) < len(parts) else None
        if before in _SIZE_LEAD or asked_for == "variant":
            return True
        if before == "a" and not letters.isdigit() and written.isupper():
            return True
        ends = (
            after is None
            or after.text in _AFTER_OPTION
            or re.search(r"[,.;!?()/]", text[run[-1].end : after.start]) is not None
        )
        if letters.isdigit():
            single = len(run) == 1 and len(letters) == 1
            digits_before = before.isdigit() or before in _COUNT_LEAD
            follows_name = bool(before) and not digits_before and before not in _VERB_LEAD
            names_next = (
                not ends and after is not None and after.text.isalpha() and digits_before and before not in _VERB_LEAD
            )
            return (ends and follows_name and not single and position > 0) or (
                names_next and not single and before != "to"
            )
        return written.isupper() and before != "i" and not text[run[-1].end :].startswith("'")


def _whole(text: str, run: Sequence[Chunk]) -> bool:
    """Whether the run begins and ends where words do, and holds no sentence's end."""
    start, end = run[0].start, run[-1].end
    if start > 0 and (text[start - 1].isalnum() or text[start - 1] in "'_"):
        return False
    if start > 1 and text[start - 1] == "-" and text[start - 2].isalnum() and len(run[0].text) <= 3:
        return False  # the end of a code: "GG-10", "SQ-M"
    if end < len(text) and (text[end].isalnum() or text[end] in "_" or re.match(r"'[a-zA-Z]", text[end : end + 2])):
        return False
    return not any(set(text[a.end : b.start]) & set(",;!?\n") for a, b in itertools.pairwise(run))


_SHIPPING_FILLER = word_set(
    "please is fine ok works good the a yes i then with will take go for d prefer that "
    "thanks would like just use instead what about how change switch to rather it ok so lets let and"
)
_SIZE_LEAD = word_set("in size sz an eu uk us number")
_AFTER_OPTION = word_set("please in to and for if is or at with now then instead available thanks size from as back by")
_COUNT_LEAD = word_set(
    "one two three four five six seven eight nine ten eleven twelve a an another the of couple dozen x packs pack pairs pair"
)
_VERB_LEAD = word_set(
    "add want take get buy order have need give me make just only about under over than to for like send is it them us around do"
)
_ORDINARY = word_set(
    "next gap apple fossil shell guess champion target north ring nest orange echo mango dove puma dash core basics simple pure "
    "native black white blue red green gold silver royal sun moon vision method origins clinique fresh boss diesel"
)
