"""Personal data and what stands for it: the same value is the same placeholder, in what is said and in what the shop knows.

A placeholder works where the value did: an e-mail address can be written to nobody, an address is of the same country and
region, an order number has the same form. Values are learned first, from the records and from the words; then texts are
masked in one pass.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import phonenumbers

from agentpay.commerce.payments.sandbox.cards import CARD_OF, luhn
from agentpay.evals.export.places import example_address

_NAMES = (
    "Robin Sample",
    "Kim Muster",
    "Sasha Doe",
    "Jules Tester",
    "Noa Public",
    "Toni Roe",
    "Charlie Smith",
    "Alex Jones",
)
_LAST4 = ("4242", "0002", "3155", "0077")
_EMAIL = re.compile(r"[^@\s<>\"'(),;:]+@[^@\s<>\"'(),;:]+\.[^@\s<>\"'(),;:.!?]+")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_EXPIRY = re.compile(r"(?<![\d/])(?:0[1-9]|1[0-2]) ?/ ?(?:20)?\d{2}(?![\d/])")
_CVC = re.compile(r"(?i)\b((?:cvc|cvv|cvn|security code)\W{0,3}(?:is |number )?)\d{3,4}\b")
_ALSO_WORDS = frozenset(
    """
    amber an art august bay bill bob carol chase christian dale daisy dean do don drew eve faith fern frank gene
    grace grant guy hazel heather hope iris ivy jack jade jasmine joy june lee lily link mark may melody mike
    miles olive page pat paul pearl penny ray rich robin rose ruby sage sally see so star sue summer sunny van
    violet will
    """.split()  # noqa: SIM905 - a list would be sixty lines
)
"""First names that English uses for other things."""
_INTRODUCED = (
    r"(?:\b(?:i'?m|i am|this is|it'?s|name'?s|name is|names|call me|regards,?|thanks,?|cheers,?|dear|for|to)\s+)"
)
_TOO_SHORT = 3
"""Digits of an order number that say it alone: fewer may be a quantity or a size."""


class Leak(ValueError):
    """A value that is still there after masking; `kind` says what of."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Mask:
    """Of one conversation. `tag` tells its people from those of others; `catalog` are lower-cased words of goods."""

    def __init__(
        self, tag: str, *, catalog: Collection[str] = (), taken: Collection[str] = (), region: str = "US"
    ) -> None:
        self._tag = tag
        self._catalog = catalog
        self._taken = {value.casefold() for value in taken}
        self.region = region
        self._known: dict[tuple[str, str], str] = {}
        self._rules: list[tuple[str, Callable[[re.Match[str]], str]]] = []
        self._values: list[tuple[str, str]] = []
        self._pattern: re.Pattern[str] | None = None

    def email(self, value: str) -> str:
        local, _, domain = value.strip().casefold().partition("@")
        made, new = self._placeholder("email", f"{local}@{domain}", lambda n: f"customer{n}-{self._tag}@example.com")
        if new:
            at, dot = r"\s*(?:@|\(at\)|\[at\]|\bat\b)\s*", r"\s*(?:\.|\(dot\)|\[dot\]|\bdot\b)\s*"
            parts = [dot.join(re.escape(part) for part in half.split(".")) for half in (local, domain)]
            self._rule(rf"(?<![\w.+-]){at.join(parts)}(?!\w)", lambda _: made)
            self._values.append(("e-mail address", f"{local}@{domain}"))
        return made

    def name(self, value: str) -> str:
        """A person's name; a part of it alone becomes that part of the placeholder."""
        words = value.split()
        made, new = self._placeholder("name", " ".join(words).casefold(), lambda n: _NAMES[(n - 1) % len(_NAMES)])
        first, last = made.split()
        made = made if len(words) > 1 else first
        if new and words:
            if len(words) > 1:
                self._rule(_words(words), lambda found: _as_written(made, found[0]))
                self._part(words[-1], last)
                self._values.append(("name", " ".join(words)))
            self._part(words[0], first)
        return made

    def phone(self, value: str) -> str:
        digits = re.sub(r"\D", "", value)
        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(value, self.region)) or self.region
        except phonenumbers.NumberParseException:
            region = self.region
        example = phonenumbers.example_number(region) or phonenumbers.PhoneNumber(1, 2015550123)
        shown = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        made, new = self._placeholder("phone", digits, lambda n: shown[:-1] + str((int(shown[-1]) + n - 1) % 10))
        if new and len(digits) >= 6:
            self._rule(r"(?<!\w)\+?\(?" + r"[\s().\-/]*".join(digits) + r"(?!\d)", lambda _: made)
            self._values.append(("phone number", digits))
        return made

    def address(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """line1, city, region, postal_code, country: invented but for region and country. A second line is left out."""
        country, region = value.get("country") or self.region, value.get("region")
        line1 = " ".join(str(value.get("line1") or "").split())
        # The number hangs on the street alone: the same house with or without its region is the same house
        _, new = self._placeholder("street", f"{line1}|{country}".casefold(), str)
        number = int(self._known["street", f"{line1}|{country}".casefold()])
        example = example_address(country, region, number)
        if new and line1:
            self._rule(_words(re.findall(r"\w+", line1), r"\W{1,3}"), lambda _: example["line1"])
            self._values.append(("street", line1))
        if value.get("line2"):
            line2 = re.findall(r"\w+", str(value["line2"]))
            self._rule(r"(?:,\s*)?" + _words(line2, r"\W{1,3}"), lambda _: "")
        self._place(str(value.get("postal_code") or ""), example.get("postal_code", ""))
        self._place(str(value.get("city") or ""), example["city"])
        kept = {"region": region, "country": country}
        return {**example, **{key: found for key, found in kept.items() if found}}

    def postal_code(self, value: str, country: str | None, region: str | None) -> str:
        """A postcode that was named without a street."""
        return str(self.address({"postal_code": value, "country": country, "region": region}).get("postal_code", ""))

    def number(self, value: str, kind: str = "order number") -> str:
        """An order's number, or another reference, of the same form: its letters stay, its digits are others."""

        def other(_: int) -> str:
            for attempt in range(1000):
                made = _drawn(value, f"{self._tag}:{attempt}")
                if made.casefold() not in self._taken:
                    self._taken.add(made.casefold())
                    return made
            return f"{value}9"

        made, new = self._placeholder("number", value.casefold(), other)
        if new and not (value.isdigit() and len(value) < _TOO_SHORT):
            runs = re.findall(r"[A-Za-z]+|\d+", value)
            self._rule(
                r"(?<![A-Za-z0-9])" + r"[\s\-_#./]*".join(map(re.escape, runs)) + r"(?![A-Za-z0-9])", lambda _: made
            )
            digits, others = "".join(re.findall(r"\d", value)), "".join(re.findall(r"\d", made))
            if digits != value and len(digits) >= _TOO_SHORT:
                self._rule(rf"(?<![\w.,-]){digits}(?![\w-]|[.,]\d)", lambda _: others)
            if len(value) > _TOO_SHORT:
                self._values.append((kind, value))
        return made

    def method(self, value: str, kind: str) -> str:
        """A stored payment method's id; `kind` is card, paypal or gift_card."""
        if re.fullmatch(rf"(?:credit_)?{kind}[_-]?\d+", value, re.IGNORECASE):
            return self.number(value, "payment method")
        made, new = self._placeholder("method", value.casefold(), lambda n: f"{kind}_{n}")
        if new:
            self._rule(rf"(?<!\w){re.escape(value)}(?!\w)", lambda _: made)
        return made

    def external_id(self, value: str) -> str:
        """A customer's id in the merchant's own books."""
        made, new = self._placeholder("id", value.casefold(), lambda n: f"customer{n}-{self._tag}")
        if new:
            self._rule(rf"(?<!\w){re.escape(value)}(?!\w)", lambda _: made)
        return made

    def last4(self, value: str) -> str:
        """The last digits of a stored card: those of a test card."""
        made, new = self._placeholder("last4", value, lambda n: _LAST4[(n - 1) % len(_LAST4)])
        if new:
            self._rule(rf"(?<![\w.,$€£-]){re.escape(value)}(?![\w-]|[.,]\d)", lambda _: made)
        return made

    def read(self, text: str) -> None:
        """Learn the e-mail addresses and phone numbers that a text holds."""
        for found in _EMAIL.findall(text):
            self.email(found)
        for match in phonenumbers.PhoneNumberMatcher(_CARD.sub("", text), self.region):
            self.phone(match.raw_string)

    def text(self, text: str) -> str:
        """With everything learned so far replaced, and card data by that of a public test card."""
        if self._pattern is None:
            self._rules.sort(key=lambda rule: len(rule[0]), reverse=True)
            whole = "|".join(f"(?P<r{n}>{pattern})" for n, (pattern, _) in enumerate(self._rules))
            self._pattern = re.compile(whole or r"(?!)", re.IGNORECASE)
        return self._pattern.sub(self._replaced, _without_card(text))

    def require_none_left(self, texts: Sequence[str]) -> None:
        """Raises Leak for the first value that is still in one of the texts, written whichever way."""
        for text in map(_bare, texts):
            for kind, value in self._values:
                if _bare(value) in text and not any(_bare(value) in _bare(made) for made in self._known.values()):
                    raise Leak(kind)

    def _replaced(self, found: re.Match[str]) -> str:
        assert found.lastgroup is not None, "every rule is a group, and holds none"
        return self._rules[int(found.lastgroup[1:])][1](found)

    def _placeholder(self, kind: str, value: str, make: Callable[[int], str]) -> tuple[str, bool]:
        known = self._known.get((kind, value))
        if known is not None:
            return known, False
        made = make(1 + sum(of == kind for of, _ in self._known))
        self._known[kind, value] = made
        return made, True

    def _rule(self, pattern: str, replace: Callable[[re.Match[str]], str]) -> None:
        self._rules.append((pattern, replace))
        self._pattern = None

    def _part(self, word: str, made: str) -> None:
        """A first or a last name alone. One that is also a word stands for the person only where they are introduced."""
        if len(word) < 2:
            return
        alone = rf"(?<![\w@.-]){re.escape(word)}(?![\w@]|-\w)"
        if word.casefold() in _ALSO_WORDS or word.casefold() in self._catalog:
            self._rule(_INTRODUCED + alone, lambda found: found[0][: -len(word)] + made)
        else:
            self._rule(alone, lambda found: _as_written(made, found[0]))

    def _place(self, value: str, made: str) -> None:
        """A city or a postcode, but for cities that goods are named after."""
        value = " ".join(value.split())
        words = value.casefold().split()
        if not words or not made or all(word in self._catalog for word in words):
            return
        _, new = self._placeholder("place", value.casefold(), lambda _: made)
        if new and value.casefold() != made.casefold():
            self._rule(_words(words, r"[\s-]*" if any(c.isdigit() for c in value) else r"\s+"), lambda _: made)


def _drawn(value: str, salt: str) -> str:
    """Other digits in the place of its digits, the first not 0."""
    digits = iter(str(int(hashlib.sha256(f"{salt}:{value}".encode()).hexdigest(), 16)))
    return "".join(next(digits) if character.isdigit() else character for character in value)


def _words(words: Sequence[str], between: str = r"\s+") -> str:
    return r"(?<!\w)" + between.join(map(re.escape, words)) + r"(?!\w)"


def _as_written(made: str, found: str) -> str:
    return made.lower() if found.islower() else made.upper() if found.isupper() and len(found) > 2 else made


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _without_card(text: str) -> str:
    if not any(_is_card(found) for found in _CARD.findall(text)):
        return text
    test = CARD_OF["success"]
    text = _CARD.sub(lambda found: test if _is_card(found[0]) else found[0], text)
    return _CVC.sub(r"\g<1>123", _EXPIRY.sub("12/34", text))


def _is_card(digits: str) -> bool:
    return luhn(re.sub(r"\D", "", digits))


def texts_in(value: Any) -> Iterator[str]:
    """Every text somewhere in data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)
