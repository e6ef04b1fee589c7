"""Who the simulated customers are: names, homes, moods, patience and how they type. No LLM, no real person."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

import pycountry

from agentpay.evals.simulated.reading import words

Mood = Literal["friendly", "matter-of-fact", "hurried", "grumpy", "chatty"]
Habit = Literal["lower_case", "no_punctuation", "typos", "fragments", "slang", "verbose", "two_wishes", "polite"]
MOODS: tuple[Mood, ...] = ("friendly", "friendly", "matter-of-fact", "matter-of-fact", "hurried", "grumpy", "chatty")
_PATIENCE = {"friendly": (4, 6), "matter-of-fact": (3, 5), "hurried": (2, 3), "grumpy": (2, 4), "chatty": (4, 6)}
_CHANCES: dict[Habit, float] = {
    "lower_case": 0.35,
    "no_punctuation": 0.25,
    "typos": 0.22,
    "fragments": 0.22,
    "slang": 0.18,
    "two_wishes": 0.25,
    "polite": 0.3,
}


@dataclass(frozen=True, slots=True)
class Address:
    """As the API has it; `country` is an ISO code."""

    line1: str
    city: str
    postal_code: str
    country: str
    region: str = ""

    def data(self) -> dict[str, str]:
        fields = {name: getattr(self, name) for name in ("line1", "city", "region", "postal_code", "country")}
        return {name: value for name, value in fields.items() if value}

    def written(self, rng: random.Random, *, abroad: bool) -> str:
        """In one line, as people of that country write it; with the country where `abroad`."""
        if self.country in ("US", "CA", "AU"):
            place = (
                f"{self.city}, {self.region} {self.postal_code}"
                if rng.random() < 0.6
                else (f"{self.city} {self.region} {self.postal_code}")
            )
        elif self.country in ("GB", "IE"):
            place = f"{self.city} {self.postal_code}" if rng.random() < 0.5 else f"{self.city}, {self.postal_code}"
        else:
            place = f"{self.postal_code} {self.city}"
        country = country_name(self.country, rng)
        return f"{self.line1}, {place}" + (f", {country}" if abroad else "")


@dataclass(slots=True)
class Person:
    """A customer. `patience`: so many replies that did not help in a row, and they leave. `rng`: their own chance."""

    number: int
    name: str
    email: str
    address: Address
    mood: Mood
    patience: int
    habits: frozenset[Habit]
    rng: random.Random
    signed_in: bool = False
    """Whether the shop's site has told the service who they are."""
    customer: str = ""
    """Their external id, where they are known to the shop."""
    told: set[str] = field(default_factory=set)
    """What they have told so far: `email`, `address`, `country` …"""

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    @property
    def description(self) -> dict[str, Any]:
        """For the report."""
        return {
            "mood": self.mood,
            "patience": self.patience,
            "habits": sorted(self.habits),
            "signed_in": self.signed_in,
        }


def _pools() -> dict[str, Any]:
    return words("people")


def person(number: int, rng: random.Random, countries: Collection[str]) -> Person:
    """The `number`-th customer, at home in one of the countries that the shop ships to (or anywhere where it ships nowhere)."""
    pools = _pools()
    first, last = rng.choice(pools["first_names"]), rng.choice(pools["last_names"])
    mood = rng.choice(MOODS)
    habits = {habit for habit, chance in _CHANCES.items() if rng.random() < chance}
    if mood == "chatty":
        habits.add("verbose")
        habits.discard("fragments")
    if mood == "hurried":
        habits.add("fragments")
        habits.discard("polite")
    handle = f"{_ascii(first)}.{_ascii(last)}{number}".lower()
    return Person(
        number,
        f"{first} {last}",
        f"{handle}@{rng.choice(pools['mail_hosts'])}",
        address(number, rng, countries),
        mood,
        rng.randint(*_PATIENCE[mood]),
        frozenset(habits),
        rng,
    )


def address(number: int, rng: random.Random, countries: Collection[str]) -> Address:
    """A home; house numbers are the customer's own, so that no two customers share one."""
    towns = [town for town in _pools()["towns"] if not countries or town["country"] in countries]
    if not towns:
        return Address(f"{number + 1} Main Street", "Newtown", "1000", sorted(countries)[0])
    # Most live in the country that comes first of the shop's
    home = [town for town in towns if town["country"] == _first(countries)]
    town = rng.choice(home if home and rng.random() < 0.7 else towns)
    street = rng.choice(town["streets"])
    line = street.format(number=10 + number)
    return Address(line, town["city"], str(rng.choice(town["codes"])), town["country"], town.get("region", ""))


def _first(countries: Collection[str]) -> str:
    return next(iter(countries), "")


def country_name(code: str, rng: random.Random | None = None) -> str:
    """A country as people call it."""
    names = _pools()["countries"].get(code)
    if names:
        return str(rng.choice(names) if rng is not None else names[0])
    found = pycountry.countries.get(alpha_2=code)
    return str(getattr(found, "common_name", found.name)) if found is not None else code


def not_served(countries: Collection[str]) -> list[str]:
    """Countries people live in that the shop does not ship to."""
    return [code for code in _pools()["countries"] if code not in countries]


def _ascii(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())
